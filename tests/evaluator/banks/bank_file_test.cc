#include "evaluator/banks/bank_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/evaluator/banks/bank_test_support.h"
#include "tests/support/temporary_folder.h"

namespace strata::evaluator {
namespace {

using testing::HasSubstr;

std::string Message(const absl::Status& status) { return std::string(status.message()); }

std::string TextOf(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST(BankFileTest, GivesBackWhatWasWritten) {
  const TemporaryFolder folder;
  BuildSmall(folder / "a.bank");
  const auto file = BankFile::Open(folder / "a.bank");
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->key(), SmallLayout().key());
  for (int entry = 0; entry < 4; ++entry) {
    const auto bytes = file->Entry(entry);
    ASSERT_TRUE(bytes.ok()) << bytes.status();
    EXPECT_EQ(TextOf(*bytes), EntryBytes(SmallLayout(), entry));
    EXPECT_EQ(reinterpret_cast<uintptr_t>(bytes->data()) % 64, 0u);
  }
  EXPECT_TRUE(file->Verify(nullptr).ok());
  EXPECT_EQ(file->Verify([](double) { return false; }).code(), absl::StatusCode::kCancelled);
}

TEST(BankFileTest, EveryChangedByteIsSeen) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.bank";
  BuildSmall(path);
  const std::string whole = ReadFile(path);
  const BankLayout layout = SmallLayout();
  int altered_entries = 0;
  int altered_files = 0;
  int padding = 0;
  for (size_t i = 0; i < whole.size(); ++i) {
    std::string changed = whole;
    changed[i] = static_cast<char>(changed[i] ^ 16);
    WriteFile(path, changed);
    const auto file = BankFile::Open(path);
    if (!file.ok()) {
      EXPECT_THAT(Message(file.status()), HasSubstr(path));
      ++altered_files;
      continue;
    }
    const absl::Status status = file->Verify(nullptr);
    if (status.ok()) {
      ++padding;
      continue;
    }
    ++altered_entries;
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
    const char* name = static_cast<int64_t>(i) < layout.end(0)   ? "first"
                       : static_cast<int64_t>(i) < layout.end(2) ? "third"
                                                                 : "fourth";
    EXPECT_THAT(Message(status), HasSubstr(name)) << i;
    EXPECT_EQ(file->Entry(1).status(), absl::OkStatus());
  }
  EXPECT_EQ(altered_entries, 100 + 0 + 64 + 1);
  // Nothing but the zeros between entries may change unseen.
  int64_t zeros = layout.footer_offset() - layout.end(3);
  for (int entry = 0; entry < 4; ++entry) {
    zeros += layout.offset(entry) -
             (entry == 0 ? static_cast<int64_t>(layout.header().size()) : layout.end(entry - 1));
  }
  EXPECT_EQ(padding, zeros);
}

TEST(BankFileTest, EveryCutIsSeen) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.bank";
  BuildSmall(path);
  const std::string whole = ReadFile(path);
  for (size_t size = 0; size < whole.size(); ++size) {
    WriteFile(path, whole.substr(0, size));
    EXPECT_FALSE(BankFile::Open(path).ok()) << size;
  }
  WriteFile(path, whole.substr(0, whole.size() - 1));
  EXPECT_THAT(Message(BankFile::Open(path).status()),
              HasSubstr(std::to_string(whole.size()) + " bytes, found " +
                        std::to_string(whole.size() - 1)));
  WriteFile(path, whole + "x");
  EXPECT_EQ(BankFile::Open(path).status().code(), absl::StatusCode::kDataLoss);
}

TEST(BankFileTest, EntriesThatChangedPlacesAreSeen) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.bank";
  const BankLayout layout({}, {{"one", 64}, {"two", 64}});
  BuildSmall(path, layout);
  const std::string whole = ReadFile(path);
  const std::string first = whole.substr(layout.offset(0), 128);
  const std::string second = whole.substr(layout.offset(1), 128);
  ASSERT_NE(first, second);
  std::string changed = whole;
  changed.replace(layout.offset(0), 128, second).replace(layout.offset(1), 128, first);
  WriteFile(path, changed);
  EXPECT_THAT(Message(BankFile::Open(path).status()), HasSubstr("altered"));
}

TEST(BankFileTest, AnotherKeyIsRefusedWithWhatDiffers) {
  const TemporaryFolder folder;
  BuildSmall(folder / "a.bank");
  const auto file = BankFile::Open(folder / "a.bank");
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_TRUE(file->CheckKey(SmallLayout().key()).ok());
  const absl::Status status = file->CheckKey(SmallLayout("b").key());
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Message(status), folder / "a.bank" + ": model: expected b, found a");
}

TEST(BankFileTest, WhatIsNoBankIsRefused) {
  const TemporaryFolder folder;
  EXPECT_EQ(BankFile::Open(folder / "none").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(BankFile::Open(folder.path()).status().code(), absl::StatusCode::kInvalidArgument);
  WriteFile(folder / "text", "a text that is longer than the beginning of a bank file");
  const absl::Status status = BankFile::Open(folder / "text").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(Message(status), HasSubstr("STRATABK"));
}

}  // namespace
}  // namespace strata::evaluator
