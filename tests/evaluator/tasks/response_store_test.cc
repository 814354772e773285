#include "evaluator/tasks/response_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "tests/support/temporary_folder.h"

namespace strata::tasks {
namespace {

using ::testing::HasSubstr;

class ResponseStoreTest : public ::testing::Test {
 protected:
  std::string Text() const {
    std::stringstream text;
    text << std::ifstream(path_).rdbuf();
    return text.str();
  }
  void Write(const std::string& text) { std::ofstream(path_, std::ios::trunc) << text; }

  TemporaryFolder folder_;
  std::string path_ = folder_.path() + "/responses.jsonl";
  std::vector<ItemResponse> one_ = {{{{-0.1, true}, {-1.0 / 3, false}}, "", 4},
                                    {{}, "a \"text\"\n\u00d6", 0}};
  std::vector<ItemResponse> other_ = {{{{-1e-300, false}}, "x", 0}};
};

TEST_F(ResponseStoreTest, WhatIsKeptIsFoundAgainToTheBit) {
  {
    const auto store = ResponseStore::Open(path_);
    ASSERT_TRUE(store.ok()) << store.status();
    EXPECT_EQ((*store)->Find("k"), nullptr);
    ASSERT_TRUE((*store)->Append("k", one_).ok());
    ASSERT_TRUE((*store)->Append("l", other_).ok());
    EXPECT_EQ(*(*store)->Find("k"), one_);
  }
  const auto store = ResponseStore::Open(path_);
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_EQ((*store)->batches(), 2);
  EXPECT_EQ(*(*store)->Find("k"), one_);
  EXPECT_EQ(*(*store)->Find("l"), other_);
  EXPECT_EQ((*store)->Find("m"), nullptr);
}

// Cut anywhere, the file gives the batches that are whole, and then takes the others again.
TEST_F(ResponseStoreTest, ATornTailIsCutOff) {
  {
    const auto store = ResponseStore::Open(path_);
    ASSERT_TRUE((*store)->Append("k", one_).ok());
    ASSERT_TRUE((*store)->Append("l", other_).ok());
  }
  const std::string whole = Text();
  for (size_t size = 0; size < whole.size(); ++size) {
    Write(whole.substr(0, size));
    {
      const auto store = ResponseStore::Open(path_);
      ASSERT_TRUE(store.ok()) << size << ": " << store.status();
      const auto lines = std::count(whole.begin(), whole.begin() + size, '\n');
      ASSERT_EQ((*store)->batches(), std::max<int64_t>(0, lines - 1)) << size;
      if ((*store)->Find("k") == nullptr) {
        ASSERT_TRUE((*store)->Append("k", one_).ok());
      }
      if ((*store)->Find("l") == nullptr) {
        ASSERT_TRUE((*store)->Append("l", other_).ok());
      }
    }
    ASSERT_EQ(Text(), whole) << "cut at " << size;
  }
}

TEST_F(ResponseStoreTest, DamagedAndForeignFilesAreRefused) {
  Write("{\"schema\":\"strata.responses/1\"}\n{\"key\":\"k\",\"responses\":[{}]}\n");
  const absl::Status damaged = ResponseStore::Open(path_).status();
  EXPECT_EQ(damaged.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(damaged.message()), HasSubstr(path_ + ":2:"));
  for (const char* text : {"hello\n", "hello", "{\"schema\":\"strata.other/1\"}\n", "{}"}) {
    Write(text);
    EXPECT_EQ(ResponseStore::Open(path_).status().code(), absl::StatusCode::kInvalidArgument)
        << text;
    EXPECT_EQ(Text(), text) << "a foreign file must stay as it is";
  }
}

TEST_F(ResponseStoreTest, OneProcessAtATime) {
  const auto store = ResponseStore::Open(path_);
  ASSERT_TRUE(store.ok());
  EXPECT_EQ(ResponseStore::Open(path_).status().code(), absl::StatusCode::kAborted);
  EXPECT_EQ(ResponseStore::Open("/no/folder/file").status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace strata::tasks
