#include "evaluator/block_pruner.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "evaluator/window_losses.h"
#include "tests/evaluator/model/reference_data.h"

namespace strata::evaluator {
namespace {

constexpr const char* kNames[kLinearsPerBlock] = {
    "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj",
    "mlp.gate_proj",    "mlp.up_proj",      "mlp.down_proj"};

constexpr int kBlocks = 30;

int64_t ReferenceZeros(const std::string& method, int block, int linear) {
  const std::string name = std::to_string(block) + "." + kNames[linear];
  return ReferenceNumbers()["pruned_" + method]["zeros"][name].get<int64_t>();
}

// Sparsities that remove what the reference removed: the fraction of zeros of each linear, up by a
// hair against rounding.
std::vector<BlockSparsity> ReferenceSparsity(const std::string& method) {
  std::vector<BlockSparsity> sparsity(kBlocks);
  for (int block = 0; block < kBlocks; ++block) {
    for (int linear = 0; linear < kLinearsPerBlock; ++linear) {
      const at::Tensor weights =
          SharedModel().matrices(block).Linear(SharedModel().config(), linear);
      sparsity[block][linear] = static_cast<double>(ReferenceZeros(method, block, linear)) /
                                    static_cast<double>(weights.numel()) +
                                1e-9;
    }
  }
  return sparsity;
}

// Compares what a pruner does, block by block, with the reference: zeros exactly, masks by the
// fraction that differs.
class CheckedPruner : public BlockPruner {
 public:
  CheckedPruner(BlockPruner& inner, std::string method)
      : inner_(inner), method_(std::move(method)) {}

  absl::StatusOr<PrunedBlock> Prune(int block, const BlockSparsity& sparsity) override {
    absl::StatusOr<PrunedBlock> pruned = inner_.Prune(block, sparsity);
    if (!pruned.ok()) return pruned;
    for (int linear = 0; linear < kLinearsPerBlock; ++linear) {
      const at::Tensor weights = pruned->matrices.Linear(SharedModel().config(), linear);
      EXPECT_EQ((weights == 0).sum().item<int64_t>(), ReferenceZeros(method_, block, linear))
          << method_ << ", block " << block << ", " << kNames[linear];
    }
    if (block == 29) CompareMask(pruned->matrices, block, 1);
    if (block == 0 || block == 29) CompareMask(pruned->matrices, block, 6);
    return pruned;
  }

  // Largest fraction of a compared linear of the first or last block whose mask differs.
  double first_block() const { return first_block_; }
  double last_block() const { return last_block_; }

 private:
  void CompareMask(const BlockMatrices& matrices, int block, int linear) {
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
    const double fraction =
        static_cast<double>(differing) / static_cast<double>(mask.shape[0] * columns);
    double& worst = block == 0 ? first_block_ : last_block_;
    worst = std::max(worst, fraction);
  }

  BlockPruner& inner_;
  std::string method_;
  double first_block_ = 0;
  double last_block_ = 0;
};

class SequentialReferenceTest : public testing::TestWithParam<const char*> {};

TEST_P(SequentialReferenceTest, AgreesWithTheReferenceImplementation) {
  const std::string method = GetParam();
  LlamaModel& model = SharedModel();
  SequentialWanda wanda(model, CalibrationSequences(), Arithmetic::kFloat32);
  CheckedPruner checked(wanda, method);
  const auto measured = MeasureWindows(model, checked, ReferenceSparsity(method),
                                       PerplexityWindows(), Arithmetic::kFloat32, nullptr);
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
            << "; of mask bits differ, block 0: " << checked.first_block()
            << ", block 29: " << checked.last_block() << "\n";
  // Block 0 sees the same activations as in the reference. From there on near-ties that fall the
  // other way change the next block's input: scaling block 0's norm weights by 1 +- 1.2e-7 to 5e-7
  // alters 0.5 % of the last block's mask at sparsity 0.5 and up to 8 % at 0.7, where it moves the
  // perplexity of this allocation of OWL between 573 and 766. No two implementations can agree
  // better than that.
  const bool half = method == "wanda_0.5";
  EXPECT_LT(checked.first_block(), 1e-4);
  EXPECT_LT(checked.last_block(), half ? 0.01 : 0.1);
  EXPECT_LT(worst, half ? 0.01 : 0.08);
  EXPECT_LT(RelativeError(measured->mean_nll, std::log(reference["ppl"].get<double>())),
            half ? 0.002 : 0.04);
}

INSTANTIATE_TEST_SUITE_P(Methods, SequentialReferenceTest,
                         testing::Values("wanda_0.5", "wanda_0.7", "owl_0.7", "dsa_0.7"));

TEST(OneShotWandaTest, LeavesTheDenseWeightsAndPrunesTheFirstBlockAsTheSequentialProtocol) {
  LlamaModel& model = SharedModel();
  const at::Tensor before = model.matrices(0).gate_up.clone();
  const auto statistics = RunCalibration(model, CalibrationSequences(), {}, nullptr);
  ASSERT_TRUE(statistics.ok());
  const auto bank = RankBank::Build(model, *statistics, nullptr);
  ASSERT_TRUE(bank.ok()) << bank.status();
  OneShotWanda one_shot(model, *bank, Arithmetic::kFloat32);
  SequentialWanda sequential(model, CalibrationSequences(), Arithmetic::kFloat32);
  BlockSparsity sparsity;
  sparsity.fill(0.6);
  const auto first = one_shot.Prune(0, sparsity);
  const auto second = sequential.Prune(0, sparsity);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(first->zeros, second->zeros);
  // No block precedes block 0, so both protocols see the same activations.
  for (int linear = 0; linear < kLinearsPerBlock; ++linear) {
    EXPECT_TRUE(at::equal(first->matrices.Linear(model.config(), linear),
                          second->matrices.Linear(model.config(), linear)))
        << kNames[linear];
  }
  OneShotWanda rounded(model, *bank, Arithmetic::kBFloat16);
  const auto third = rounded.Prune(0, sparsity);
  ASSERT_TRUE(third.ok());
  EXPECT_EQ(third->zeros, first->zeros);
  EXPECT_TRUE(at::equal(third->matrices.down, first->matrices.down.to(at::kBFloat16)));

  EXPECT_EQ(
      std::memcmp(before.const_data_ptr<float>(), model.matrices(0).gate_up.const_data_ptr<float>(),
                  before.numel() * sizeof(float)),
      0);
}

}  // namespace
}  // namespace strata::evaluator
