#include "evaluator/measurement/inference_benchmark.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/evaluator/support/small_model.h"
#include "tests/support/temporary_folder.h"

namespace strata::evaluator {
namespace {

class InferenceBenchmarkTest : public testing::Test {
 protected:
  InferenceBenchmarkTest() : file_(WaveModelGguf()) {
    options_.model_path = file_.path();
    options_.sparsities = {0, 0.75};
    options_.prompt_tokens = 9;
    options_.tokens = 6;
    options_.repetitions = 2;
    options_.threads = 2;
  }

  void ExpectError(absl::StatusCode code, const std::string& part) {
    const auto measured = MeasureInference(options_, nullptr);
    EXPECT_EQ(measured.status().code(), code) << measured.status();
    EXPECT_NE(measured.status().message().find(part), std::string::npos) << measured.status();
  }

  TemporaryFile file_;
  InferenceBenchmarkOptions options_;
};

void ExpectOrdered(const Spread& spread) {
  EXPECT_GT(spread.lowest, 0);
  EXPECT_LE(spread.lowest, spread.median);
  EXPECT_LE(spread.median, spread.highest);
  EXPECT_TRUE(std::isfinite(spread.highest));
}

TEST_F(InferenceBenchmarkTest, BytesAndSparsityAreThoseOfTheModel) {
  // Weights of a block: 2 (16 x 16) + 2 (8 x 16) + 3 (24 x 16).
  constexpr int64_t kWeights = kWaveBlocks * (2 * 256 + 2 * 128 + 3 * 384);
  for (const auto& [arithmetic, weight_bytes] :
       {std::pair{Arithmetic::kFloat32, 4}, {Arithmetic::kBFloat16, 2}}) {
    options_.arithmetic = arithmetic;
    const auto measured = MeasureInference(options_, nullptr);
    ASSERT_TRUE(measured.ok()) << measured.status();
    EXPECT_EQ(measured->linear_bytes, kWeights * weight_bytes);
    EXPECT_EQ(measured->head_bytes, 258 * 16 * weight_bytes);
    EXPECT_EQ(measured->cache_bytes_per_token, kWaveBlocks * 2 * 8 * 4);
    ASSERT_EQ(measured->sparsities.size(), 2u);
    EXPECT_EQ(measured->sparsities[0].sparsity, 0);
    EXPECT_EQ(measured->sparsities[0].achieved_sparsity, 0);
    EXPECT_EQ(measured->sparsities[1].sparsity, 0.75);
    EXPECT_EQ(measured->sparsities[1].achieved_sparsity, 0.75);
    EXPECT_EQ(measured->sparsities[0].linear_bytes - measured->sparsities[1].linear_bytes,
              kWeights * weight_bytes * 3 / 4);
  }
}

TEST_F(InferenceBenchmarkTest, EveryNumberIsMeasured) {
  const auto measured = MeasureInference(options_, nullptr);
  ASSERT_TRUE(measured.ok()) << measured.status();
  ExpectOrdered(measured->read_gigabytes_per_second);
  std::vector<FormMeasurement> forms = {measured->dense};
  for (const SparsityMeasurement& at : measured->sparsities) {
    forms.push_back(at.compressed);
    ExpectOrdered(at.prompt_ratio);
    ExpectOrdered(at.decode_ratio);
    ExpectOrdered(at.linears_ratio);
  }
  for (const FormMeasurement& form : forms) {
    ExpectOrdered(form.prompt_tokens_per_second);
    ExpectOrdered(form.decoded_tokens_per_second);
    ExpectOrdered(form.linears_share);
    ExpectOrdered(form.head_share);
    ExpectOrdered(form.bandwidth_share);
    EXPECT_LT(form.linears_share.highest + form.head_share.lowest, 1);
  }
}

TEST_F(InferenceBenchmarkTest, EveryInstructionSetRuns) {
  for (const pruning::InstructionSet set : pruning::SupportedInstructionSets()) {
    options_.instructions = set;
    const auto measured = MeasureInference(options_, nullptr);
    EXPECT_TRUE(measured.ok()) << NameOf(set) << ": " << measured.status();
  }
}

TEST_F(InferenceBenchmarkTest, OptionsOutsideTheirRangeAreErrors) {
  const InferenceBenchmarkOptions good = options_;
  for (const double sparsity : {-0.1, 1.0, 1.5, std::numeric_limits<double>::quiet_NaN()}) {
    options_.sparsities = {0.5, sparsity};
    ExpectError(absl::StatusCode::kInvalidArgument, "at least 0 and below 1, found");
  }
  options_.sparsities = {};
  ExpectError(absl::StatusCode::kInvalidArgument, "at least one number");
  options_ = good;
  for (const int64_t tokens : {int64_t{0}, int64_t{-1}, int64_t{65536}}) {
    options_.tokens = tokens;
    ExpectError(absl::StatusCode::kInvalidArgument,
                "tokens after the prompt: expected 1 to 65527, found " + std::to_string(tokens));
  }
  options_ = good;
  for (const int64_t tokens : {int64_t{0}, std::numeric_limits<int64_t>::max()}) {
    options_.prompt_tokens = tokens;
    ExpectError(absl::StatusCode::kInvalidArgument, "prompt tokens: expected 1 to 65536");
  }
  options_ = good;
  options_.repetitions = 0;
  ExpectError(absl::StatusCode::kInvalidArgument, "repetitions: expected 1 to 1000, found 0");
  options_ = good;
  options_.threads = 0;
  ExpectError(absl::StatusCode::kInvalidArgument, "at least 1 thread, found 0");
  options_ = good;
  options_.pruner = Pruner::kSparseGpt;
  ExpectError(absl::StatusCode::kInvalidArgument, "found sparsegpt");
  options_.pruner = Pruner::kWanda;
  ExpectError(absl::StatusCode::kInvalidArgument, "calibrate");
  options_ = good;
  options_.model_path = "/no/such/model.gguf";
  ExpectError(absl::StatusCode::kNotFound, "/no/such/model.gguf");
}

TEST_F(InferenceBenchmarkTest, StopsWhenProgressSaysSo) {
  std::vector<double> fractions;
  const auto measured = MeasureInference(options_, [&](double fraction) {
    fractions.push_back(fraction);
    return fraction < 0.7;
  });
  EXPECT_EQ(measured.status().code(), absl::StatusCode::kCancelled);
  EXPECT_TRUE(std::ranges::is_sorted(fractions));
}

TEST(SpreadTest, LowestMedianHighest) {
  const Spread odd = SpreadOf({3, 1, 2});
  EXPECT_EQ(odd.lowest, 1);
  EXPECT_EQ(odd.median, 2);
  EXPECT_EQ(odd.highest, 3);
  EXPECT_EQ(SpreadOf({4, 1, 2, 8}).median, 3);
  EXPECT_EQ(SpreadOf({}).highest, 0);
}

}  // namespace
}  // namespace strata::evaluator
