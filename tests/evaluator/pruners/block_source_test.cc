#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "evaluator/pruners/block_statistics.h"
#include "evaluator/pruners/one_shot_pruner.h"
#include "evaluator/pruners/sequential_pruner.h"
#include "evaluator/pruners/window_losses.h"
#include "tests/evaluator/support/reference_data.h"

namespace strata::evaluator {
namespace {

constexpr const char* kNames[kMaximumLinears] = {
    "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj",
    "mlp.gate_proj",    "mlp.up_proj",      "mlp.down_proj"};

constexpr int kBlocks = 30;

int64_t ReferenceZeros(const std::string& method, int block, int linear) {
  const std::string name = std::to_string(block) + "." + kNames[linear];
  return ReferenceNumbers()["pruned_" + method]["zeros"][name].get<int64_t>();
}

// How a reference was made.
PruningMethod MethodOf(const std::string& name) {
  return {name.starts_with("sparsegpt") ? Pruner::kSparseGpt : Pruner::kWanda,
          name.find("24") == std::string::npos ? 0 : 4};
}

// Sparsities that remove what the reference removed: for SparseGPT and n:M what it was asked for,
// else the fraction of zeros of each linear, up by a hair against rounding.
std::vector<BlockSparsity> ReferenceSparsity(const std::string& method) {
  std::vector<BlockSparsity> sparsity(kBlocks);
  if (MethodOf(method).pruner == Pruner::kSparseGpt || MethodOf(method).group != 0) {
    for (BlockSparsity& block : sparsity) block.fill(method.ends_with("0.7") ? 0.7 : 0.5);
    return sparsity;
  }
  for (int block = 0; block < kBlocks; ++block) {
    for (int linear = 0; linear < kMaximumLinears; ++linear) {
      const at::Tensor weights =
          SharedModel().matrices(block).Linear(SharedModel().config(), linear);
      sparsity[block][linear] = static_cast<double>(ReferenceZeros(method, block, linear)) /
                                    static_cast<double>(weights.numel()) +
                                1e-9;
    }
  }
  return sparsity;
}

// The same sparsity for all linears.
std::vector<BlockSparsity> Uniform(double sparsity) {
  BlockSparsity of_block;
  of_block.fill(sparsity);
  return std::vector<BlockSparsity>(kBlocks, of_block);
}

struct WeightComparison {
  double distance = 0;       // of all rows, as a fraction of their norm
  double same_distance = 0;  // of the rows whose zeros are the reference's
  int other_rows = 0;        // whose zeros are not
};

// Of the first rows of a linear, which are what the reference holds. A near-tie with the threshold
// falls one way or the other with the last bits of a matrix product, which depend on where in
// memory its operands lie; the row is then corrected otherwise from there on.
WeightComparison CompareWeights(const std::string& method, const BlockMatrices& matrices, int block,
                                int linear) {
  const ReferenceTensor reference =
      Reference(method + "." + std::to_string(block) + "." + kNames[linear] + ".weight");
  const at::Tensor weights = matrices.Linear(SharedModel().config(), linear);
  const float* values = weights.const_data_ptr<float>();
  WeightComparison comparison;
  double all = 0, all_norm = 0, same = 0, same_norm = 0;
  for (int64_t row = 0; row < reference.shape[0]; ++row) {
    double distance = 0;
    double norm = 0;
    bool same_zeros = true;
    for (int64_t i = row * reference.shape[1]; i < (row + 1) * reference.shape[1]; ++i) {
      const double expected = reference.floats[i];
      const double difference = static_cast<double>(values[i]) - expected;
      distance += difference * difference;
      norm += expected * expected;
      same_zeros = same_zeros && (values[i] == 0.0f) == (expected == 0.0);
    }
    all += distance;
    all_norm += norm;
    same += same_zeros ? distance : 0;
    same_norm += same_zeros ? norm : 0;
    comparison.other_rows += same_zeros ? 0 : 1;
  }
  comparison.distance = std::sqrt(all / all_norm);
  comparison.same_distance = same_norm > 0 ? std::sqrt(same / same_norm) : 1;
  return comparison;
}

// The first block sees the activations that the reference saw.
void ExpectFirstBlockAgrees(const std::string& method, const BlockMatrices& matrices) {
  for (const int linear : {0, 6}) {
    const WeightComparison comparison = CompareWeights(method, matrices, 0, linear);
    EXPECT_LT(comparison.same_distance, 5e-4) << method << ", " << kNames[linear];
    EXPECT_LE(comparison.other_rows, 2) << method << ", " << kNames[linear];
  }
}

// Compares what a pruner does, block by block, with the reference: zeros exactly where the
// activations cannot move them, masks by the fraction that differs, weights by their norm.
class CheckedPruner : public BlockSource {
 public:
  CheckedPruner(BlockSource& inner, std::string method)
      : inner_(inner), method_(std::move(method)) {}

  absl::StatusOr<PrunedBlock> Next(int block) override {
    absl::StatusOr<PrunedBlock> pruned = inner_.Next(block);
    if (!pruned.ok()) return pruned;
    for (int linear = 0; linear < kMaximumLinears; ++linear) {
      const at::Tensor weights = pruned->matrices.Linear(SharedModel().config(), linear);
      // SparseGPT removes all weights that tie with the threshold, and rounding decides what ties.
      const bool by_threshold =
          MethodOf(method_).pruner == Pruner::kSparseGpt && !MethodOf(method_).group;
      const int64_t ties = !by_threshold ? 0 : block == 0 ? 1 : 3;
      EXPECT_NEAR((weights == 0).sum().item<int64_t>(), ReferenceZeros(method_, block, linear),
                  ties)
          << method_ << ", block " << block << ", " << kNames[linear];
    }
    if (block != 0 && block != 29) return pruned;
    double& worst = block == 0 ? first_block_ : last_block_;
    if (MethodOf(method_).pruner == Pruner::kSparseGpt) {
      if (block == 0) ExpectFirstBlockAgrees(method_, pruned->matrices);
      worst = std::max(CompareWeights(method_, pruned->matrices, block, 0).distance,
                       CompareWeights(method_, pruned->matrices, block, 6).distance);
    } else {
      worst = MaskDistance(pruned->matrices, block, 6);
      if (block == 29) worst = std::max(worst, MaskDistance(pruned->matrices, block, 1));
    }
    return pruned;
  }

  // Of the compared linears of the first or last block, the largest fraction whose mask differs;
  // for SparseGPT the largest distance of the weights as a fraction of their norm.
  double first_block() const { return first_block_; }
  double last_block() const { return last_block_; }

 private:
  double MaskDistance(const BlockMatrices& matrices, int block, int linear) const {
    const ReferenceTensor mask =
        Reference(method_ + "." + std::to_string(block) + "." + kNames[linear] + ".mask");
    const at::Tensor weights = matrices.Linear(SharedModel().config(), linear);
    const float* values = weights.const_data_ptr<float>();
    const int64_t columns = mask.shape[1] * 8;
    int64_t differing = 0;
    for (int64_t i = 0; i < mask.shape[0] * columns; ++i) {
      // The first weight of a byte is its highest bit.
      const bool removed = (mask.bytes[i / 8] >> (7 - i % 8)) & 1;
      differing += removed != (values[i] == 0.0f);
    }
    return static_cast<double>(differing) / static_cast<double>(mask.shape[0] * columns);
  }

  BlockSource& inner_;
  std::string method_;
  double first_block_ = 0;
  double last_block_ = 0;
};

// Block 0 sees the same activations as in the reference. From there on near-ties that fall the
// other way change the next block's input: scaling block 0's norm weights by 1 +- 1.2e-7 to 5e-7
// alters 0.5 % of the last block's mask at sparsity 0.5 and up to 8 % at 0.7, where it moves the
// perplexity of this allocation of OWL between 573 and 766; that of SparseGPT, which rewrites the
// weights too, between 55.7 and 58.3 at 0.5, 338 and 452 at 0.7. No two implementations can agree
// better than that.
struct Bounds {
  double first_block;
  double last_block;
  double window_loss;
  double mean_loss;
};

Bounds BoundsOf(const std::string& method) {
  if (MethodOf(method).pruner == Pruner::kSparseGpt) return {0.05, 0.6, 0.09, 0.02};
  if (method.ends_with("0.5")) return {1e-4, method == "wanda_0.5" ? 0.01 : 0.1, 0.03, 0.01};
  return {1e-4, 0.1, 0.08, 0.04};
}

class SequentialReferenceTest : public testing::TestWithParam<const char*> {};

TEST_P(SequentialReferenceTest, AgreesWithTheReferenceImplementation) {
  const std::string method = GetParam();
  TransformerModel& model = SharedModel();
  SequentialPruner sequential(model, CalibrationSequences(), ReferenceSparsity(method),
                              {MethodOf(method)});
  CheckedPruner checked(sequential, method);
  const auto measured =
      MeasureWindows(model, checked, PerplexityWindows(), Arithmetic::kFloat32, nullptr);
  ASSERT_TRUE(measured.ok()) << measured.status();
  const nlohmann::json& reference = ReferenceNumbers()["pruned_" + method];
  const auto expected = reference["nll"].get<std::vector<double>>();
  double worst = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    worst = std::max(worst, RelativeError(measured->window_nll[i], expected[i]));
  }
  const double perplexity = std::exp(measured->mean_nll);
  std::cout << method << ": perplexity " << perplexity << ", reference " << reference["ppl"]
            << "; largest relative difference of a window's loss " << worst
            << "; first block differs by " << checked.first_block() << ", last block by "
            << checked.last_block() << "\n";
  const Bounds bounds = BoundsOf(method);
  EXPECT_LT(checked.first_block(), bounds.first_block);
  EXPECT_LT(checked.last_block(), bounds.last_block);
  EXPECT_LT(worst, bounds.window_loss);
  EXPECT_LT(RelativeError(measured->mean_nll, std::log(reference["ppl"].get<double>())),
            bounds.mean_loss);
}

INSTANTIATE_TEST_SUITE_P(Methods, SequentialReferenceTest,
                         testing::Values("wanda_0.5", "wanda_0.7", "owl_0.7", "dsa_0.7",
                                         "wanda24_0.5", "sparsegpt_0.5", "sparsegpt24_0.5"));

// One-shot and sequential pruning of block 0 see the same activations: no block precedes it.
class FirstBlockTest : public testing::TestWithParam<const char*> {};

TEST_P(FirstBlockTest, OneShotSparseGptAgreesWithTheReference) {
  const std::string method = GetParam();
  TransformerModel& model = SharedModel();
  BlockForward forward(model.config(), 128, Arithmetic::kFloat32);
  at::Tensor hidden = model.Embed(CalibrationSequences());
  const auto factors = RunAndFactor(forward, model.matrices(0), model.vectors(0), 8, hidden);
  ASSERT_TRUE(factors.ok()) << factors.status();
  BlockMatrices pruned = BlockMatrices::Allocate(model.config(), Arithmetic::kFloat32);
  CopyMatrices(model.matrices(0), &pruned);
  const BlockSparsity sparsity = ReferenceSparsity(method)[0];
  const auto zeros =
      PruneBlockBySparseGpt(model.config(), *factors, 0, sparsity, MethodOf(method).group, pruned);
  ASSERT_TRUE(zeros.ok()) << zeros.status();
  int64_t expected_zeros = 0;
  for (int linear = 0; linear < kMaximumLinears; ++linear) {
    expected_zeros += ReferenceZeros(method, 0, linear);
  }
  // One weight more or less ties with a threshold.
  EXPECT_NEAR(*zeros, expected_zeros, MethodOf(method).group == 0 ? 1 : 0);
  ExpectFirstBlockAgrees(method, pruned);
}

INSTANTIATE_TEST_SUITE_P(Methods, FirstBlockTest,
                         testing::Values("sparsegpt_0.5", "sparsegpt_0.7", "sparsegpt24_0.5"));

TEST(OneShotWandaTest, LeavesTheDenseWeightsAndPrunesTheFirstBlockAsTheSequentialProtocol) {
  TransformerModel& model = SharedModel();
  const at::Tensor before = model.matrices(0).gate_up.clone();
  const auto statistics = RunCalibration(model, CalibrationSequences(), {}, nullptr);
  ASSERT_TRUE(statistics.ok());
  const auto bank = RankBank::Build(model, *statistics, {}, nullptr);
  ASSERT_TRUE(bank.ok()) << bank.status();
  OneShotRanks one_shot(model, *bank, Uniform(0.6), Arithmetic::kFloat32);
  SequentialPruner sequential(model, CalibrationSequences(), Uniform(0.6), {});
  const auto first = one_shot.Next(0);
  const auto second = sequential.Next(0);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(first->zeros, second->zeros);
  // No block precedes block 0, so both protocols see the same activations.
  for (int linear = 0; linear < kMaximumLinears; ++linear) {
    EXPECT_TRUE(at::equal(first->matrices.Linear(model.config(), linear),
                          second->matrices.Linear(model.config(), linear)))
        << kNames[linear];
  }
  OneShotRanks rounded(model, *bank, Uniform(0.6), Arithmetic::kBFloat16);
  const auto third = rounded.Next(0);
  ASSERT_TRUE(third.ok());
  EXPECT_EQ(third->zeros, first->zeros);
  EXPECT_TRUE(at::equal(third->matrices.down, first->matrices.down.to(at::kBFloat16)));

  EXPECT_EQ(
      std::memcmp(before.const_data_ptr<float>(), model.matrices(0).gate_up.const_data_ptr<float>(),
                  before.numel() * sizeof(float)),
      0);
}

double Difference(const at::Tensor& first, const at::Tensor& second) {
  const int64_t differing = at::ne(first.ne(0), second.ne(0)).sum().item<int64_t>();
  return static_cast<double>(differing) / static_cast<double>(first.numel());
}

// Calibration in bfloat16 finds nearly the same zeros, and matrices of bfloat16.
TEST(SequentialPrunerTest, CalibratesInBFloat16) {
  TransformerModel& model = SharedModel();
  SequentialPruner exact(model, CalibrationSequences(), Uniform(0.5), {});
  SequentialPruner rounded(
      model, CalibrationSequences(), Uniform(0.5),
      {.arithmetic = Arithmetic::kBFloat16, .calibration = Arithmetic::kBFloat16});
  for (int block = 0; block < 3; ++block) {
    const auto first = exact.Next(block);
    const auto second = rounded.Next(block);
    ASSERT_TRUE(first.ok() && second.ok());
    EXPECT_EQ(first->zeros, second->zeros);
    EXPECT_EQ(second->matrices.down.scalar_type(), at::kBFloat16);
    const double difference =
        Difference(first->matrices.down, second->matrices.down.to(at::kFloat));
    EXPECT_GT(difference, 0);
    EXPECT_LT(difference, 0.02);
  }
}

// Every pruner in both protocols: block 0 gets the same zeros, as many as asked for.
TEST(PrunersTest, BothProtocolsPruneTheFirstBlockAlike) {
  TransformerModel& model = SharedModel();
  const auto statistics = RunCalibration(model, CalibrationSequences(), {}, nullptr);
  ASSERT_TRUE(statistics.ok());
  int64_t weights = 0;
  for (int linear = 0; linear < kMaximumLinears; ++linear) {
    weights += model.matrices(0).Linear(model.config(), linear).numel();
  }
  for (const PruningMethod& method : {PruningMethod{Pruner::kMagnitude, 0},
                                      {Pruner::kMagnitude, 4},
                                      {Pruner::kRia, 0},
                                      {Pruner::kRia, 8},
                                      {Pruner::kWanda, 4}}) {
    const auto bank = RankBank::Build(model, *statistics, method, nullptr);
    ASSERT_TRUE(bank.ok()) << bank.status();
    OneShotRanks one_shot(model, *bank, Uniform(0.5), Arithmetic::kFloat32);
    SequentialPruner sequential(model, CalibrationSequences(), Uniform(0.5), {method});
    const auto first = one_shot.Next(0);
    const auto second = sequential.Next(0);
    ASSERT_TRUE(first.ok() && second.ok()) << first.status() << second.status();
    EXPECT_EQ(first->zeros, second->zeros);
    EXPECT_NEAR(static_cast<double>(first->zeros) / static_cast<double>(weights), 0.5, 1e-4);
    for (int linear = 0; linear < kMaximumLinears; ++linear) {
      EXPECT_TRUE(at::equal(first->matrices.Linear(model.config(), linear),
                            second->matrices.Linear(model.config(), linear)))
          << kNames[linear];
    }
  }
  const auto groups =
      RankBank::Build(model, *statistics, PruningMethod{Pruner::kWanda, 4}, nullptr);
  ASSERT_TRUE(groups.ok());
  OneShotRanks one_shot(model, *groups, Uniform(0.6), Arithmetic::kFloat32);
  const absl::Status status = one_shot.Next(0).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(std::string(status.message()).find("block 0, linear 0"), std::string::npos) << status;
}

}  // namespace
}  // namespace strata::evaluator
