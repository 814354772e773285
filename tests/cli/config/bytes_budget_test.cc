#include "cli/config/bytes_budget.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "pruning/sparse_matrix.h"
#include "tests/support/temporary_folder.h"

namespace strata::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

absl::StatusOr<RunConfig> Load(const std::string& yaml, const std::vector<std::string>& set = {}) {
  const TemporaryFile file(yaml, ".yaml");
  return LoadRunConfig(file.path(), set);
}

std::string Refusal(const std::string& yaml, const std::vector<std::string>& set = {}) {
  const auto config = Load(yaml, set);
  EXPECT_EQ(config.status().code(), absl::StatusCode::kInvalidArgument) << yaml;
  return std::string(config.status().message());
}

TEST(BytesBudget, IsWhatACompressedMatrixTakes) {
  // Whole panels and whole words, so that nothing is filled up. One start per panel comes on top.
  constexpr int64_t kRows = 64, kColumns = 256;
  std::vector<uint16_t> weights(kRows * kColumns, 0x3f80);
  for (size_t i = 0; i < weights.size(); ++i)
    weights[i] = i % 4 == 0 ? weights[i] : 0;  // 75 % zero
  const auto matrix = pruning::SparseMatrix<uint16_t>::Compress(weights, kRows, kColumns);
  ASSERT_TRUE(matrix.ok()) << matrix.status();
  const double dense = 2.0 * kRows * kColumns;
  EXPECT_NEAR(static_cast<double>(matrix->bytes()) / dense, BytesShareOfSparsity(0.75), 0.01);
  EXPECT_EQ(BytesShareOfSparsity(0.75), 0.3125);
  EXPECT_EQ(SparsityOfBytesShare(0.3125), 0.75);
  EXPECT_EQ(SparsityOfBytesShare(0.172), 0.8905);
}

TEST(BytesBudget, FixesTheSparsityAndKeepsItsOrigin) {
  const auto config = Load("model: m\ntarget_bytes_share: 0.38\n");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->target_sparsity, 0.6825);
  EXPECT_THAT(config->origins.at("target_sparsity"), HasSubstr(".yaml:2"));
  const auto given = Load("model: m\n", {"target_bytes_share=0.5"});
  ASSERT_TRUE(given.ok()) << given.status();
  EXPECT_EQ(given->target_sparsity, 0.5625);
  EXPECT_EQ(given->origins.at("target_sparsity"), "--set");
  const auto unused = Load("model: m\ntarget_sparsity: 0.6\ntarget_bytes_share: 0\n");
  ASSERT_TRUE(unused.ok()) << unused.status();
  EXPECT_EQ(unused->target_sparsity, 0.6);
}

// The copy in the run folder holds both keys, and reading it back is no contradiction.
TEST(BytesBudget, TheCopyOfARunReadsBack) {
  const auto config = Load("model: m\ntarget_bytes_share: 0.38\n");
  ASSERT_TRUE(config.ok()) << config.status();
  const auto copy = RunConfigFromYaml(RunConfigToYaml(*config), "copy");
  ASSERT_TRUE(copy.ok()) << copy.status();
  EXPECT_EQ(copy->target_sparsity, 0.6825);
  EXPECT_EQ(copy->target_bytes_share, 0.38);
}

TEST(BytesBudget, IsRefusedBesideASparsity) {
  EXPECT_THAT(Refusal("target_sparsity: 0.7\ntarget_bytes_share: 0.38\n"),
              AllOf(HasSubstr(".yaml:2: 'target_bytes_share'"), HasSubstr(".yaml:1"),
                    HasSubstr("found 0.38")));
  EXPECT_THAT(Refusal("target_sparsity: 0.7\n", {"target_bytes_share=0.38"}),
              AllOf(HasSubstr("--set: 'target_bytes_share'"), HasSubstr(".yaml:1")));
}

TEST(BytesBudget, IsRefusedWhereNoAllocationTakesIt) {
  EXPECT_THAT(Refusal("target_bytes_share: 0.07\n"),
              HasSubstr("at least 0.0725 and less than 1.0625"));
  for (const char* share : {"0.05", "1.0625", "2", "-1", "nan"}) {
    EXPECT_THAT(Refusal(std::string("target_bytes_share: ") + share),
                AllOf(HasSubstr(":1: 'target_bytes_share' must be at least"), HasSubstr("found")));
  }
  EXPECT_THAT(Refusal("target_bytes_share: 0.3\nallocation: {maximum: 0.75}\n"),
              AllOf(HasSubstr("at least 0.3125 and less than 1.0625"),
                    HasSubstr("allocation.maximum 0.75")));
  EXPECT_THAT(Refusal("target_bytes_share: 0.9\nallocation: {minimum: 0.25}\n"),
              HasSubstr("at least 0.0725 and at most 0.8125"));
  // The bounds themselves are allowed.
  EXPECT_TRUE(Load("target_bytes_share: 0.3125\nallocation: {maximum: 0.75}\n").ok());
  EXPECT_TRUE(Load("target_bytes_share: 0.0725\n").ok());
}

TEST(BytesBudget, ReportsNameItOnlyIfItWasGiven) {
  EXPECT_EQ(TargetText(0.7, 0), "0.7");
  EXPECT_EQ(TargetText(0.6825, 0.38), "0.6825 (0.38 of the dense 16-bit bytes)");
}

}  // namespace
}  // namespace strata::cli
