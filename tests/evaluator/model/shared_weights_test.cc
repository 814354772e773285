// TransformerModel::ShareWeights.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/evaluator/banks/bank_test_support.h"
#include "tests/evaluator/support/wave_model.h"
#include "tests/support/temporary_folder.h"

namespace strata::evaluator {
namespace {

class SharedWeightsTest : public SingleThreadTest {
 protected:
  SharedWeightsTest() { WriteFile(folder_ / "model.gguf", WaveModelGguf()); }

  std::unique_ptr<TransformerModel> Load() const {
    auto checkpoint = OpenCheckpoint(folder_ / "model.gguf");
    EXPECT_TRUE(checkpoint.ok()) << checkpoint.status();
    auto model = TransformerModel::Load(*std::move(checkpoint));
    EXPECT_TRUE(model.ok()) << model.status();
    return *std::move(model);
  }

  absl::Status Share(TransformerModel* model, const std::string& digest = "a") const {
    return model->ShareWeights(folder_ / "banks", digest, nullptr);
  }

  std::vector<std::string> Banks() const {
    std::vector<std::string> paths;
    for (const auto& entry : std::filesystem::directory_iterator(folder_ / "banks")) {
      if (entry.path().extension() == ".bank") paths.push_back(entry.path());
    }
    return paths;
  }

  const TemporaryFolder folder_;
};

// Of the file that the memory at `place` is mapped from; empty: of none.
std::string FileOf(const void* place) {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    size_t dash = 0, space = 0;
    const uintptr_t begin = std::stoull(line, &dash, 16);
    const uintptr_t end = std::stoull(line.substr(dash + 1), &space, 16);
    const auto address = reinterpret_cast<uintptr_t>(place);
    if (address < begin || address >= end) continue;
    const size_t path = line.find('/');
    return path == std::string::npos ? "" : line.substr(path);
  }
  return "";
}

TEST_F(SharedWeightsTest, TheSameNumbersFromOneFile) {
  const auto own = Load(), first = Load(), second = Load();
  ASSERT_TRUE(Share(first.get()).ok());
  ASSERT_EQ(Banks().size(), 1u);
  const auto written = std::filesystem::last_write_time(Banks()[0]);
  ASSERT_TRUE(Share(second.get()).ok());
  EXPECT_EQ(std::filesystem::last_write_time(Banks()[0]), written);
  for (const TransformerModel* shared : {first.get(), second.get()}) {
    EXPECT_TRUE(at::equal(shared->head(), own->head()));
    EXPECT_TRUE(at::equal(shared->Embed(Windows{{1, 2, 3}}), own->Embed(Windows{{1, 2, 3}})));
    for (int block = 0; block < own->config().blocks; ++block) {
      const BlockMatrices theirs = shared->matrices(block), ours = own->matrices(block);
      EXPECT_TRUE(at::equal(theirs.query_key_value, ours.query_key_value));
      EXPECT_TRUE(at::equal(theirs.attention_output, ours.attention_output));
      EXPECT_TRUE(at::equal(theirs.gate_up, ours.gate_up));
      EXPECT_TRUE(at::equal(theirs.down, ours.down));
      EXPECT_EQ(FileOf(theirs.down.const_data_ptr()), Banks()[0]);
    }
    EXPECT_EQ(FileOf(shared->head().const_data_ptr()), Banks()[0]);
  }
  EXPECT_EQ(FileOf(own->head().const_data_ptr()), "");
}

TEST_F(SharedWeightsTest, AnotherModelHasAnotherFile) {
  const auto first = Load(), second = Load();
  ASSERT_TRUE(Share(first.get(), "a").ok());
  ASSERT_TRUE(Share(second.get(), "b").ok());
  EXPECT_EQ(Banks().size(), 2u);
}

TEST_F(SharedWeightsTest, AnAlteredFileIsFound) {
  const auto first = Load(), second = Load();
  ASSERT_TRUE(Share(first.get()).ok());
  std::string content = ReadFile(Banks()[0]);
  content[content.size() / 2] ^= 1;
  WriteFile(Banks()[0], content);
  const absl::Status status = Share(second.get());
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), testing::HasSubstr("weights-"));
}

}  // namespace
}  // namespace strata::evaluator
