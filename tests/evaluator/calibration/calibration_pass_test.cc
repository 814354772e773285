#include "evaluator/calibration/calibration_pass.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <numeric>

#include "evaluator/pruners/block_source.h"
#include "expr/expression.h"
#include "expr/feature_table.h"
#include "pruning/feature_plan.h"
#include "pruning/score_features.h"
#include "tests/evaluator/support/reference_data.h"
#include "tests/evaluator/support/wave_model.h"

namespace strata::evaluator {
namespace {

constexpr const char* kNames[kMaximumLinears] = {
    "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj",
    "mlp.gate_proj",    "mlp.up_proj",      "mlp.down_proj"};

const CalibrationStatistics& Statistics() {
  static const CalibrationStatistics statistics =
      *RunCalibration(SharedModel(), CalibrationSequences(), {.block_statistics = true}, nullptr);
  return statistics;
}

TEST(CalibrationPassTest, ScalerRowsAgreeWithTheReference) {
  for (const int block : {0, 14, 29}) {
    for (int linear = 0; linear < kMaximumLinears; ++linear) {
      const std::string name = "scaler_row." + std::to_string(block) + "." + kNames[linear];
      const std::vector<float> expected = Reference(name).floats;
      const std::span<const float> measured = Statistics().ScalerRow(block, linear);
      ASSERT_EQ(measured.size(), expected.size());
      for (size_t i = 0; i < expected.size(); ++i) {
        ASSERT_LT(RelativeError(measured[i], expected[i]), 2e-4) << name << " input " << i;
      }
    }
  }
}

TEST(CalibrationPassTest, SimilarityOfBlockInputsAgreesWithTheReference) {
  const auto expected =
      ReferenceNumbers()["als_redundancy_psi"].get<std::vector<std::vector<double>>>();
  ASSERT_EQ(Statistics().similarity.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    double sum = 0;
    for (size_t j = 0; j < expected.size(); ++j) {
      EXPECT_NEAR(Statistics().similarity[i][j], expected[i][j], 1e-4) << i << ", " << j;
      sum += expected[i][j];
    }
    EXPECT_NEAR(Statistics().redundancy[i], 30 * (1 - 1 / sum), 2e-3) << "block " << i;
  }
}

TEST(CalibrationPassTest, BlockInfluenceAgreesWithTheReference) {
  const nlohmann::json& expected = ReferenceNumbers()["block_influence"];
  // The reference has no number for the last block: it normalises that block's output.
  ASSERT_EQ(expected.size(), 30u);
  for (size_t block = 0; block + 1 < expected.size(); ++block) {
    EXPECT_NEAR(Statistics().influence[block], expected[block].get<double>(), 1e-4)
        << "block " << block;
  }
}

// The inputs are those of a whole run; only what comes after them is left out.
TEST(CalibrationPassTest, ABlockRunForItsInputsAloneShowsTheSame) {
  TransformerModel& model = WaveModel();
  const Windows sequences = WaveSequences(2, 12);
  BlockForward forward(model.config(), 12, Arithmetic::kFloat32);
  at::Tensor whole = model.Embed(sequences);
  at::Tensor part = model.Embed(sequences);
  const BlockScalers expected =
      RunAndObserve(forward, model.matrices(0), model.vectors(0), 2, whole);
  const BlockScalers found = RunAndObserve(forward, model.matrices(0), model.vectors(0), 2, part,
                                           nullptr, BlockExtent::kInputs);
  for (int input = 0; input < kBlockInputs; ++input) EXPECT_EQ(found[input], expected[input]);
  EXPECT_FALSE(std::equal(ValuesOf(whole).begin(), ValuesOf(whole).end(), ValuesOf(part).begin()));
}

TEST(CalibrationPassTest, ProgressStopsThePass) {
  int calls = 0;
  const auto stopped =
      RunCalibration(SharedModel(), {{1, 2, 3}}, {}, [&](double) { return ++calls < 4; });
  EXPECT_EQ(stopped.status().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(calls, 4);
}

// Features of the blocks, in the order of the plan's outputs.
std::vector<std::vector<double>> MeasureBlocks(const std::vector<std::string>& features,
                                               const std::vector<int>& blocks) {
  const auto plan = pruning::FeaturePlan::Create(features);
  EXPECT_TRUE(plan.ok()) << plan.status();
  std::vector<std::vector<double>> values;
  const TransformerModel& model = SharedModel();
  for (const int block : blocks) {
    pruning::FeatureUnit unit;
    for (int linear = 0; linear < kMaximumLinears; ++linear) {
      unit.linears.push_back({ViewOf(model.matrices(block).Linear(model.config(), linear)),
                              Statistics().ScalerRow(block, linear)});
    }
    values.push_back(pruning::MeasureUnit(*plan, unit));
  }
  return values;
}

TEST(ScoreFeaturesOnTheModelTest, OutliersAndMomentsAgreeWithTheReference) {
  std::vector<int> blocks(30);
  std::iota(blocks.begin(), blocks.end(), 0);
  const auto values = MeasureBlocks({"outliers(3)", "outliers(5)", "outliers(7)", "outliers(10)",
                                     "mean(WX)", "var(WX)", "std(WX)"},
                                    blocks);
  const nlohmann::json& numbers = ReferenceNumbers();
  for (size_t block = 0; block < values.size(); ++block) {
    int feature = 0;
    for (const char* multiple : {"3", "5", "7", "10"}) {
      // A few of 3.5 million scores lie within rounding of the threshold.
      EXPECT_NEAR(values[block][feature++],
                  numbers["outlier_percent"][multiple][block].get<double>(), 5e-4)
          << "block " << block << ", M " << multiple;
    }
    for (const char* moment : {"mean", "var", "std"}) {
      EXPECT_LT(RelativeError(values[block][feature++],
                              numbers["wanda_score_moments"][moment][block].get<double>()),
                1e-4)
          << "block " << block << ", " << moment;
    }
  }
}

using SpectraOnTheModelTest = SingleThreadTest;

// AlphaPruning's exponents. The q of block 6 is at a tie of the histogram, and agrees with the rule
// in double precision only.
TEST_F(SpectraOnTheModelTest, SpectralTailsAgreeWithThePublishedCode) {
  const nlohmann::json oracle =
      nlohmann::json::parse(std::ifstream(STRATA_SOURCE_DIR "/tests/oracles/expr/alpha.json"));
  const auto plan = pruning::FeaturePlan::Create({"alpha"});
  ASSERT_TRUE(plan.ok());
  const TransformerModel& model = SharedModel();
  const std::vector<std::pair<int, std::vector<int>>> compared = {
      {0, {0, 1, 2, 3, 4, 5, 6}}, {6, {0, 1}}, {29, {0, 1, 2, 3}}};
  for (const auto& [block, linears] : compared) {
    for (const int linear : linears) {
      pruning::FeatureUnit unit;
      unit.linears.push_back({ViewOf(model.matrices(block).Linear(model.config(), linear))});
      const double measured = pruning::MeasureUnit(*plan, unit)[0];
      EXPECT_LT(RelativeError(measured, oracle["double_precision"][block][linear]), 1e-6)
          << block << ", " << kNames[linear];
      if (block == 6 && linear == 0) continue;
      EXPECT_LT(RelativeError(measured, oracle["published_code"][block][linear]), 2e-5)
          << block << ", " << kNames[linear];
    }
  }
}

// The value of a DSA chain above its reduction, by DSA's own arithmetic.
double Transform(const expr::Expression& node, double reduced) {
  const expr::Operator& op = expr::OperatorOf(node.op);
  if (op.kind == expr::OperatorKind::kReduction) return reduced;
  return expr::ScalarKernelOf(node.op)(Transform(node.children[0], reduced));
}

TEST(ScoreFeaturesOnTheModelTest, DsaStringsAgreeWithTheReference) {
  std::vector<std::string> texts;
  std::vector<expr::Expression> chains;
  std::vector<std::string> features;
  for (const auto& [text, unused] : ReferenceNumbers()["dsa"].items()) {
    // The sine of a norm that was summed in float32, and is off by up to 4e-4; see the test of the
    // norm below.
    if (text == "W:(NO_OP)-(FROBENIUS_NORM)-(SIN)-(8)") continue;
    const auto parsed = expr::ParseExpression(text);
    ASSERT_TRUE(parsed.ok()) << text << ": " << parsed.status();
    const std::vector<std::string> required = expr::RequiredFeatures(*parsed);
    ASSERT_EQ(required.size(), 1u) << text;
    texts.push_back(text);
    chains.push_back(parsed->children[0]);
    features.push_back(required[0]);
  }
  const std::vector<int> blocks = {0, 1, 2, 11, 29};
  const auto values = MeasureBlocks(features, blocks);
  for (size_t i = 0; i < texts.size(); ++i) {
    const auto expected = ReferenceNumbers()["dsa"][texts[i]].get<std::vector<double>>();
    double worst = 0;
    // The sine of a large number has the absolute, not the relative, error of its argument.
    const bool periodic = texts[i].find("(SIN") != std::string::npos;
    for (size_t k = 0; k < blocks.size(); ++k) {
      double value = Transform(chains[i], values[k][i]);
      if (std::isnan(value)) value = 0;
      if (std::isinf(value)) value = -1;
      const double difference = std::abs(value - expected[blocks[k]]);
      const bool absolute = periodic || expected[blocks[k]] == 0;
      worst = std::max(worst, absolute ? difference : difference / std::abs(expected[blocks[k]]));
    }
    std::cout << texts[i] << " as " << features[i] << ": largest difference " << worst << "\n";
    EXPECT_LT(worst, periodic ? 1e-3 : 1e-4) << texts[i];
  }
}

TEST(ScoreFeaturesOnTheModelTest, NormAgreesWithTheReferenceMoments) {
  const nlohmann::json& moments = ReferenceNumbers()["wanda_score_moments"];
  const std::vector<int> blocks = {0, 11, 29};
  const auto values = MeasureBlocks({"l2(WX)"}, blocks);
  for (size_t k = 0; k < blocks.size(); ++k) {
    const auto count = moments["numel"][blocks[k]].get<double>();
    const auto mean = moments["mean"][blocks[k]].get<double>();
    const auto variance = moments["var"][blocks[k]].get<double>();
    EXPECT_LT(RelativeError(values[k][0], std::sqrt((count - 1) * variance + count * mean * mean)),
              1e-5);
  }
}

}  // namespace
}  // namespace strata::evaluator
