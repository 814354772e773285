#include "evaluator/banks/bank_layout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "evaluator/files/digest.h"
#include "tests/evaluator/banks/bank_test_support.h"

namespace strata::evaluator {
namespace {

using testing::HasSubstr;

absl::StatusOr<BankLayout> Read(const std::string& bytes) {
  return BankLayout::Read(std::as_bytes(std::span(bytes)), "here.bank");
}

TEST(BankLayoutTest, IsReadBackFromItsHeader) {
  const BankLayout layout = SmallLayout();
  const auto read = Read(layout.header());
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->key(), layout.key());
  EXPECT_EQ(read->entries(), layout.entries());
  EXPECT_EQ(read->file_bytes(), layout.file_bytes());
  EXPECT_EQ(read->offset(2), layout.offset(2));
}

TEST(BankLayoutTest, EntriesAreAlignedAndDoNotOverlap) {
  const BankLayout layout = SmallLayout();
  auto end = static_cast<int64_t>(layout.header().size());
  for (int entry = 0; entry < 4; ++entry) {
    EXPECT_EQ(layout.offset(entry) % 64, 0);
    EXPECT_GE(layout.offset(entry), end);
    end = layout.end(entry);
  }
  EXPECT_GE(layout.footer_offset(), end);
  EXPECT_EQ(layout.file_bytes(), layout.footer_offset() + 8 + kBankChecksumBytes);
}

TEST(BankLayoutTest, EveryDifferenceOfKeysIsNamed) {
  const BankKey expected{{{"model", "a"}, {"text", "b"}, {"group", "0"}}};
  const BankKey found{{{"model", "x"}, {"text", "b"}, {"grid", "0,0.5"}}};
  EXPECT_EQ(DifferencesOf(expected, found),
            "model: expected a, found x; group: expected 0, found none; grid: expected none, found "
            "0,0.5");
  EXPECT_EQ(DifferencesOf(expected, expected), "");
  EXPECT_NE(expected.Digest(), found.Digest());
  EXPECT_EQ(expected.Digest(), BankKey(expected).Digest());
}

TEST(BankLayoutTest, EveryCutAndEveryChangedByteIsSeen) {
  const std::string header = SmallLayout().header();
  for (size_t size = 0; size < header.size(); ++size) {
    EXPECT_FALSE(Read(header.substr(0, size)).ok()) << size;
  }
  for (size_t i = 0; i < header.size(); ++i) {
    std::string changed = header;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(Read(changed).ok()) << i;
  }
}

TEST(BankLayoutTest, AnotherVersionAsksForANewBuild) {
  std::string header = SmallLayout().header();
  header[8] = 2;
  const auto read = Read(header);
  EXPECT_EQ(read.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(read.status().message()),
              HasSubstr("here.bank: expected version 1 of the format, found 2"));
}

// A description that agrees with its checksum and with nothing else.
std::string Forged(uint64_t file_bytes, const std::string& description) {
  std::string header = SmallLayout().header().substr(0, 16);
  const uint64_t sizes[] = {file_bytes, description.size()};
  header.append(reinterpret_cast<const char*>(sizes), sizeof(sizes));
  header += description;
  return header + Sha256(header);
}

TEST(BankLayoutTest, DescriptionsThatMakeNoSenseAreRefused) {
  for (const std::string description :
       {"", "[]", "{}", R"({"key":1,"entries":[]})", R"({"key":[["a",1]],"entries":[]})",
        R"({"key":[],"entries":[["a",-1]]})", R"({"key":[],"entries":[["a",1e30]]})",
        R"({"key":[],"entries":[["a"]]})",
        R"({"key":[],"entries":[["a",9000000000000000000],["b",9000000000000000000]]})"}) {
    EXPECT_FALSE(Read(Forged(4096, description)).ok()) << description;
    EXPECT_FALSE(Read(Forged(uint64_t{1} << 63, description)).ok()) << description;
    EXPECT_FALSE(Read(Forged(~uint64_t{0}, description)).ok()) << description;
  }
}

}  // namespace
}  // namespace strata::evaluator
