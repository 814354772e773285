#include "evaluator/features/feature_pass.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "evaluator/calibration/block_inputs.h"
#include "evaluator/features/gradient_pass.h"
#include "evaluator/features/sensitivity_pass.h"
#include "evaluator/features/slope_pass.h"
#include "expr/feature_table.h"
#include "pruning/score_features.h"
#include "tests/evaluator/support/wave_model.h"

namespace strata::evaluator {
namespace {

using FeaturePassTest = SingleThreadTest;

// Indices of the linears of each unit of the wave model.
std::vector<UnitLinears> Units(Granularity granularity) {
  ModelSummary summary;
  summary.blocks = kWaveBlocks;
  const TransformerModel& model = WaveModel();
  for (int block = 0; block < kWaveBlocks; ++block) {
    for (int linear = 0; linear < kMaximumLinears; ++linear) {
      const at::Tensor weights = model.matrices(block).Linear(model.config(), linear);
      summary.linears.push_back(
          {std::to_string(linear), block, weights.size(0), weights.size(1),
           linear < 4 ? expr::UnitKind::kAttention : expr::UnitKind::kFeedForward});
    }
  }
  return UnitsOf(summary, granularity);
}

absl::StatusOr<std::vector<std::vector<double>>> Measure(const std::vector<std::string>& features,
                                                         Granularity granularity,
                                                         const Progress& progress = nullptr) {
  const auto plan = pruning::FeaturePlan::Create(features);
  EXPECT_TRUE(plan.ok()) << plan.status();
  const Windows sequences = WaveSequences(2, 12);
  const PlanNeeds needs = NeedsOf(*plan);
  CalibrationStatistics statistics;
  if (needs.any) {
    const auto run = RunCalibration(WaveModel(), sequences, needs.calibration, nullptr);
    EXPECT_TRUE(run.ok()) << run.status();
    statistics = *run;
  }
  return MeasureUnits(WaveModel(), *plan, Units(granularity), statistics, sequences, progress);
}

int64_t WeightsOf(const UnitLinears& unit) {
  int64_t weights = 0;
  for (const int index : unit.linears) {
    weights +=
        WaveModel().matrices(0).Linear(WaveModel().config(), index % kMaximumLinears).numel();
  }
  return weights;
}

TEST_F(FeaturePassTest, EveryFeatureOfTheTableIsMeasuredAtEveryGranularity) {
  std::vector<std::string> features;
  for (const expr::Operator& row : expr::Operators()) {
    std::vector<double> parameters;
    for (const expr::OperatorParameter& parameter : row.parameters) {
      parameters.push_back(parameter.default_value);
    }
    expr::Expression node{expr::IdOf(row.name), parameters, {}};
    if (row.kind == expr::OperatorKind::kStructuralSource) {
      for (std::string& text : expr::RequiredFeatures(node)) features.push_back(std::move(text));
    }
    if (row.kind != expr::OperatorKind::kReduction) continue;
    for (const char* source : {"W", "WX", "X", "G"}) {
      node.children = {{expr::IdOf("abs"), {}, {{expr::IdOf(source), {}, {}}}}};
      features.push_back(expr::PrintExpression(node));
    }
  }
  ASSERT_GT(features.size(), 70u);
  for (const Granularity granularity :
       {Granularity::kBlock, Granularity::kKind, Granularity::kLinear}) {
    const auto values = Measure(features, granularity);
    ASSERT_TRUE(values.ok()) << values.status();
    for (size_t i = 0; i < features.size(); ++i) {
      ASSERT_EQ((*values)[i].size(), Units(granularity).size());
      // X has rank one, hence no tail. Products of all elements overflow, as they do in DSA.
      const bool no_tail = features[i] == "spectraltail(abs(X))";
      const bool overflows = features[i].starts_with("rootprod");
      for (const double value : (*values)[i]) {
        EXPECT_EQ(std::isnan(value), no_tail) << features[i];
        EXPECT_TRUE(std::isfinite(value) || overflows || no_tail) << features[i];
      }
    }
  }
}

TEST_F(FeaturePassTest, GradientsAndSensitivitiesReachTheirUnits) {
  TransformerModel& model = WaveModel();
  const Windows sequences = WaveSequences(2, 12);
  const auto inputs = RecordBlockInputs(model, sequences, nullptr);
  ASSERT_TRUE(inputs.ok());
  auto pass = GradientPass::Begin(model, sequences, *inputs, nullptr);
  ASSERT_TRUE(pass.ok());
  std::vector<BlockMatrices> gradients(kWaveBlocks);
  for (int block = kWaveBlocks - 1; block >= 0; --block) gradients[block] = *pass->Next(nullptr);
  for (const Granularity granularity :
       {Granularity::kBlock, Granularity::kKind, Granularity::kLinear}) {
    const std::vector<UnitLinears> units = Units(granularity);
    const auto values = Measure({"mean(G)", "sensitivity", "mean(W)"}, granularity);
    ASSERT_TRUE(values.ok()) << values.status();
    for (size_t i = 0; i < units.size(); ++i) {
      double gradient = 0;
      double weight = 0;
      for (const int index : units[i].linears) {
        const int block = index / kMaximumLinears;
        const int linear = index % kMaximumLinears;
        const auto sum = [&](const BlockMatrices& matrices) {
          return matrices.Linear(model.config(), linear).sum(at::kDouble).item<double>();
        };
        gradient += sum(gradients[block]);
        weight += sum(model.matrices(block));
      }
      const auto count = static_cast<double>(WeightsOf(units[i]));
      EXPECT_NEAR((*values)[0][i], gradient / count, 1e-9) << units[i].name;
      EXPECT_EQ((*values)[1][i],
                *MeasureSensitivity(model, sequences, *inputs, units[i].linears, nullptr));
      EXPECT_NEAR((*values)[2][i], weight / count, 1e-9);
    }
  }
}

TEST_F(FeaturePassTest, SlopesReachTheirUnits) {
  BlockSparsity of_block;
  of_block.fill(kSlopeSparsity);
  const Windows sequences = WaveSequences(2, 12);
  const SlopeOptions options{{.method = PruningMethod{Pruner::kWanda}}, kSlopeStep};
  for (const Granularity granularity : {Granularity::kKind, Granularity::kLinear}) {
    const std::vector<UnitLinears> units = Units(granularity);
    const auto expected =
        MeasureSlopes(WaveModel(), sequences, options,
                      std::vector<BlockSparsity>(kWaveBlocks, of_block), sequences, units, nullptr);
    ASSERT_TRUE(expected.ok()) << expected.status();
    const auto values = Measure({"mean(W)", "slope"}, granularity);
    ASSERT_TRUE(values.ok()) << values.status();
    EXPECT_EQ((*values)[1], expected->slopes);
  }
}

// One gradient pass for each pass over the units, each from the last block to the first.
TEST_F(FeaturePassTest, AThresholdOnGradientsKeepsTheTarget) {
  const std::vector<UnitLinears> units = Units(Granularity::kLinear);
  const auto values = Measure({"below(G, 0.3)", "below(WX, 0.7)"}, Granularity::kLinear);
  ASSERT_TRUE(values.ok()) << values.status();
  double total = 0;
  double sums[2] = {};
  for (size_t i = 0; i < units.size(); ++i) {
    const auto count = static_cast<double>(WeightsOf(units[i]));
    total += count;
    for (int k = 0; k < 2; ++k) sums[k] += count * (*values)[k][i];
  }
  EXPECT_NEAR(sums[0], std::round(0.3 * total), 1e-6);
  EXPECT_NEAR(sums[1], std::round(0.7 * total), 1e-6);
  EXPECT_NE((*values)[0][0], (*values)[0][1]);
}

// The inputs of a block's linears, compared by the definition.
TEST_F(FeaturePassTest, LinearRedundancyIsThatOfItsDefinition) {
  TransformerModel& model = WaveModel();
  const Windows sequences = WaveSequences(2, 12);
  at::Tensor hidden = model.Embed(sequences);
  BlockForward forward(model.config(), 12, Arithmetic::kFloat32);
  const auto measured = Measure({"linearredundancy"}, Granularity::kLinear);
  const auto by_kind = Measure({"linearredundancy"}, Granularity::kKind);
  ASSERT_TRUE(measured.ok() && by_kind.ok());
  for (int block = 0; block < kWaveBlocks; ++block) {
    at::Tensor inputs[kBlockInputs];
    forward.Run(model.matrices(block), model.vectors(block), hidden,
                [&](BlockInput input, const at::Tensor& rows) {
                  inputs[static_cast<int>(input)] = rows.to(at::kDouble).clone();
                });
    double kinds[2] = {};
    for (int i = 0; i < kMaximumLinears; ++i) {
      double sum = 0;
      for (int j = 0; j < kMaximumLinears; ++j) {
        const at::Tensor& x = inputs[static_cast<int>(InputOf(WaveModel().config(), i))];
        const at::Tensor& y = inputs[static_cast<int>(InputOf(WaveModel().config(), j))];
        const at::Tensor cross = x.t().mm(y);
        sum += (cross.square().sum() / (x.t().mm(x).norm() * y.t().mm(y).norm())).item<double>();
      }
      const double expected = 7 * (1 - 1 / sum);
      EXPECT_NEAR((*measured)[0][block * kMaximumLinears + i], expected, 1e-5);
      kinds[i < 4 ? 0 : 1] += expected / (i < 4 ? 4 : 3);
    }
    EXPECT_NEAR((*by_kind)[0][2 * block], kinds[0], 1e-5);
    EXPECT_NEAR((*by_kind)[0][2 * block + 1], kinds[1], 1e-5);
  }
}

TEST_F(FeaturePassTest, ProgressRisesThroughEveryStageAndStopsIt) {
  const std::vector<std::string> features = {"below(G, 0.3)", "sensitivity", "distortion", "slope",
                                             "stablerank(W)"};
  double last = -1;
  int calls = 0;
  ASSERT_TRUE(Measure(features, Granularity::kKind, [&](double fraction) {
                EXPECT_GE(fraction, last - 1e-12);
                EXPECT_LE(fraction, 1.0 + 1e-12);
                last = fraction;
                ++calls;
                return true;
              }).ok());
  EXPECT_GT(last, 0.9);
  for (int stop = 1; stop < calls; stop += 1 + calls / 40) {
    int count = 0;
    const auto stopped =
        Measure(features, Granularity::kKind, [&](double) { return ++count < stop; });
    ASSERT_EQ(stopped.status().code(), absl::StatusCode::kCancelled) << stop;
    EXPECT_EQ(count, stop);
  }
}

TEST_F(FeaturePassTest, OnlyWhatThePlanNeedsIsComputed) {
  const auto needs = [](const std::string& feature) {
    return NeedsOf(*pruning::FeaturePlan::Create({feature}));
  };
  EXPECT_FALSE(needs("alpha").any);
  EXPECT_FALSE(needs("mean(G)").any);
  EXPECT_TRUE(needs("mean(WX)").any);
  EXPECT_FALSE(needs("mean(WX)").calibration.block_statistics);
  EXPECT_TRUE(needs("influence").calibration.block_statistics);
  EXPECT_TRUE(needs("linearredundancy").calibration.linear_redundancy);
  EXPECT_FALSE(needs("linearredundancy").calibration.block_statistics);
  // Sequences of one token have no loss, so gradients of them would fail.
  const auto plan = pruning::FeaturePlan::Create({"mean(W)", "alpha"});
  EXPECT_TRUE(
      MeasureUnits(WaveModel(), *plan, Units(Granularity::kBlock), {}, {{1}}, nullptr).ok());
}

}  // namespace
}  // namespace strata::evaluator
