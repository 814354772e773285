#include "evaluator/features/slope_pass.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "evaluator/pruners/block_statistics.h"
#include "evaluator/pruners/window_losses.h"
#include "tests/evaluator/support/wave_model.h"

namespace strata::evaluator {
namespace {

constexpr int kLinears = kMaximumLinears;

using SlopePassTest = SingleThreadTest;

Windows Calibration() { return WaveSequences(2, 24); }

Windows FitnessWindows() {
  Windows windows = WaveSequences(5, 20);
  windows.erase(windows.begin(), windows.begin() + 2);
  return windows;
}

// Different in every linear, so that a slope in another's place shows.
std::vector<BlockSparsity> Sparsity(const PruningMethod& method) {
  std::vector<BlockSparsity> sparsity(kWaveBlocks);
  for (int block = 0; block < kWaveBlocks; ++block) {
    for (int linear = 0; linear < kLinears; ++linear) {
      const int eighths = 2 + (3 * block + linear) % 4;
      sparsity[block][linear] = method.group > 0 ? (1 + eighths % 2) / 4.0 : eighths / 8.0;
    }
  }
  return sparsity;
}

SlopeOptions OptionsOf(const PruningMethod& method, Arithmetic arithmetic) {
  return {{method, arithmetic, Protocol::kSequential, arithmetic}, 0.25};
}

std::vector<UnitLinears> SingleLinears() {
  std::vector<UnitLinears> units;
  for (int index = 0; index < kWaveBlocks * kLinears; ++index) {
    units.push_back({std::to_string(index), {index}});
  }
  return units;
}

absl::StatusOr<Measurement> Measure(const SlopeOptions& options,
                                    const std::vector<UnitLinears>& units,
                                    const Progress& progress = nullptr) {
  return MeasureSlopes(WaveModel(), Calibration(), options, Sparsity(options.pruner.method),
                       FitnessWindows(), units, progress);
}

// The pruned model, and for one linear what pruning it more and less would change.
class ChangedModel : public BlockSource {
 public:
  ChangedModel(const SlopeOptions& options, int index, double along)
      : options_(options),
        index_(index),
        along_(along),
        sparsity_(Sparsity(options.pruner.method)),
        source_(WaveModel(), sequences_, sparsity_, options.pruner) {}

  absl::StatusOr<PrunedBlock> Next(int block) override {
    absl::StatusOr<PrunedBlock> pruned = source_.Next(block);
    if (!pruned.ok() || index_ / kLinears != block) return pruned;
    const int linear = index_ % kLinears;
    at::Tensor sides[2];
    double reached[2];
    for (int side = 0; side < 2; ++side) {
      BlockSparsity moved = sparsity_[static_cast<size_t>(block)];
      moved[linear] += side == 0 ? options_.step : -options_.step;
      reached[side] = moved[linear];
      BlockMatrices buffer = BlockMatrices::Allocate(WaveModel().config(), Arithmetic::kFloat32);
      const auto zeros = PruneBlock(WaveModel(), block, options_.pruner.method,
                                    source_.statistics(), moved, buffer);
      if (!zeros.ok()) return zeros.status();
      sides[side] = buffer.Linear(WaveModel().config(), linear).clone();
    }
    at::Tensor weights = pruned->matrices.Linear(WaveModel().config(), linear);
    weights.add_((sides[0] - sides[1]) / (reached[0] - reached[1]), along_);
    return pruned;
  }

 private:
  const Windows sequences_ = Calibration();
  const SlopeOptions options_;
  const int index_;
  const double along_;
  const std::vector<BlockSparsity> sparsity_;
  SequentialPruner source_;
};

double Loss(BlockSource& blocks) {
  const auto measured =
      MeasureWindows(WaveModel(), blocks, FitnessWindows(), Arithmetic::kFloat32, nullptr);
  EXPECT_TRUE(measured.ok()) << measured.status();
  return measured->mean_nll;
}

// Of every linear, by differences of losses along the change of its weights. The pruner has pruned
// the blocks that follow before this linear is changed, as the slope has it: the calibration runs
// through the block that was not changed.
void ExpectDifferencesOfLosses(const PruningMethod& method) {
  const SlopeOptions options = OptionsOf(method, Arithmetic::kFloat32);
  const auto measured = Measure(options, SingleLinears());
  ASSERT_TRUE(measured.ok()) << measured.status();
  ASSERT_EQ(measured->slopes.size(), static_cast<size_t>(kWaveBlocks * kLinears));
  constexpr double kStep = 0.004;
  double largest = 0;
  for (const double slope : measured->slopes) largest = std::max(largest, std::abs(slope));
  ASSERT_GT(largest, 0);
  for (int index = 0; index < kWaveBlocks * kLinears; ++index) {
    ChangedModel more(options, index, kStep), less(options, index, -kStep);
    const double expected = (Loss(more) - Loss(less)) / (2 * kStep);
    EXPECT_NEAR(measured->slopes[static_cast<size_t>(index)], expected, 0.01 * largest)
        << "block " << index / kLinears << ", linear " << index % kLinears;
  }
}

TEST_F(SlopePassTest, AgreesWithDifferencesOfLossesForWanda) {
  ExpectDifferencesOfLosses({Pruner::kWanda, 0});
}

TEST_F(SlopePassTest, AgreesWithDifferencesOfLossesForSparseGpt) {
  ExpectDifferencesOfLosses({Pruner::kSparseGpt, 0});
}

TEST_F(SlopePassTest, AgreesWithDifferencesOfLossesForGroupsAndMagnitude) {
  ExpectDifferencesOfLosses({Pruner::kWanda, 4});
  ExpectDifferencesOfLosses({Pruner::kMagnitude, 0});
}

TEST_F(SlopePassTest, LossesAreThoseOfAnEvaluation) {
  const SlopeOptions options = OptionsOf({Pruner::kWanda, 0}, Arithmetic::kFloat32);
  const auto measured = Measure(options, SingleLinears());
  ASSERT_TRUE(measured.ok()) << measured.status();
  const Windows sequences = Calibration();
  SequentialPruner pruner(WaveModel(), sequences, Sparsity({Pruner::kWanda, 0}), options.pruner);
  const auto plain =
      MeasureWindows(WaveModel(), pruner, FitnessWindows(), Arithmetic::kFloat32, nullptr);
  ASSERT_TRUE(plain.ok()) << plain.status();
  EXPECT_EQ(measured->window_nll, plain->window_nll);
  EXPECT_EQ(measured->achieved_sparsity, plain->achieved_sparsity);
  EXPECT_TRUE(plain->slopes.empty());
}

TEST_F(SlopePassTest, TheSlopeOfAUnitIsTheSumOfItsLinears) {
  const SlopeOptions options = OptionsOf({Pruner::kWanda, 0}, Arithmetic::kFloat32);
  const auto linears = Measure(options, SingleLinears());
  ASSERT_TRUE(linears.ok()) << linears.status();
  const auto units = Measure(options, {{"0.attention", {0, 1, 2, 3}}, {"2.down", {20}}});
  ASSERT_TRUE(units.ok()) << units.status();
  ASSERT_EQ(units->slopes.size(), 2u);
  EXPECT_DOUBLE_EQ(units->slopes[0], linears->slopes[0] + linears->slopes[1] + linears->slopes[2] +
                                         linears->slopes[3]);
  EXPECT_EQ(units->slopes[1], linears->slopes[20]);
}

TEST_F(SlopePassTest, BFloat16TellsTheSameToItsPrecision) {
  const auto exact = Measure(OptionsOf({Pruner::kWanda, 0}, Arithmetic::kFloat32), SingleLinears());
  SlopeOptions options = OptionsOf({Pruner::kWanda, 0}, Arithmetic::kBFloat16);
  options.pruner.calibration = Arithmetic::kFloat32;  // so that the masks are the same
  const auto rounded = Measure(options, SingleLinears());
  ASSERT_TRUE(exact.ok() && rounded.ok()) << exact.status() << rounded.status();
  double distance = 0, norm = 0;
  for (size_t i = 0; i < exact->slopes.size(); ++i) {
    distance += std::pow(rounded->slopes[i] - exact->slopes[i], 2);
    norm += std::pow(exact->slopes[i], 2);
  }
  EXPECT_LT(std::sqrt(distance / norm), 0.1);
  EXPECT_NE(rounded->slopes, exact->slopes);
}

// The difference is one-sided where the sparsity cannot rise or fall by the step.
TEST_F(SlopePassTest, StaysWithinTheBounds) {
  const SlopeOptions options = OptionsOf({Pruner::kWanda, 0}, Arithmetic::kFloat32);
  for (const double sparsity : {0.0, 0.99}) {
    BlockSparsity of_block;
    of_block.fill(sparsity);
    const auto measured = MeasureSlopes(WaveModel(), Calibration(), options,
                                        std::vector<BlockSparsity>(kWaveBlocks, of_block),
                                        FitnessWindows(), SingleLinears(), nullptr);
    ASSERT_TRUE(measured.ok()) << measured.status();
    for (const double slope : measured->slopes) EXPECT_TRUE(std::isfinite(slope));
  }
}

TEST_F(SlopePassTest, RefusesImpossibleStepsAndStops) {
  SlopeOptions options = OptionsOf({Pruner::kWanda, 0}, Arithmetic::kFloat32);
  for (const double step : {0.0, -0.1, 1.0}) {
    options.step = step;
    EXPECT_EQ(Measure(options, SingleLinears()).status().code(), absl::StatusCode::kInvalidArgument)
        << step;
  }
  options.step = 0.25;
  for (const double stop_at : {0.0, 0.5, 0.9}) {
    const auto stopped =
        Measure(options, SingleLinears(), [&](double fraction) { return fraction < stop_at; });
    EXPECT_EQ(stopped.status().code(), absl::StatusCode::kCancelled) << stop_at;
  }
}

}  // namespace
}  // namespace strata::evaluator
