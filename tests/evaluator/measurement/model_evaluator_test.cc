#include "evaluator/measurement/model_evaluator.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "evaluator/measurement/machine.h"
#include "expr/allocation.h"
#include "expr/expression.h"
#include "expr/feature_table.h"
#include "tests/evaluator/support/reference_data.h"
#include "tests/evaluator/support/small_model.h"
#include "tests/support/temporary_folder.h"

namespace strata::evaluator {
namespace {

Evaluator& Shared() {
  static const std::unique_ptr<Evaluator> evaluator = [] {
    ModelEvaluatorOptions options;
    options.model_path = ModelPath();
    // One speech in place of all: tokenising takes less time.
    options.text_path = TextFolder() + "/1859-Buchanan-1.txt";
    options.threads = 2;
    auto opened = OpenModelEvaluator(options);
    EXPECT_TRUE(opened.ok()) << opened.status();
    return *std::move(opened);
  }();
  return *evaluator;
}

EvaluateRequest SmallRequest() {
  EvaluateRequest request;
  request.calibration = {2, 32};
  request.allocation.assign(30, 0.5);
  request.fidelity.windows = 2;
  request.fidelity.window_tokens = 32;
  return request;
}

TEST(ModelEvaluatorTest, EvaluationsRepeatToTheBitWhateverComesBetween) {
  const EvaluateRequest request = SmallRequest();
  const auto first = Shared().Evaluate(request, nullptr);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->window_nll.size(), 2u);
  EXPECT_EQ(first->tokens, 62);
  EXPECT_DOUBLE_EQ(first->mean_nll, (first->window_nll[0] + first->window_nll[1]) / 2);
  EXPECT_NEAR(first->achieved_sparsity, 0.5, 1e-3);

  EvaluateRequest other = request;
  other.allocation.assign(30, 0.8);
  other.fidelity.arithmetic = Arithmetic::kBFloat16;
  ASSERT_TRUE(Shared().Evaluate(other, nullptr).ok());
  other.fidelity.protocol = Protocol::kSequential;
  ASSERT_TRUE(Shared().Evaluate(other, nullptr).ok());
  const auto second = Shared().Evaluate(request, nullptr);
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second->window_nll, first->window_nll);
}

// Opens the wave model with eight documents. Those of calibration are the same in every text.
std::unique_ptr<Evaluator> WithSplits(const TemporaryFolder& folder, const std::string& fitness,
                                      const std::string& report) {
  const auto write = [](const std::string& path, const std::string& content) {
    std::ofstream(path, std::ios::binary) << content;
  };
  const auto document = [](const std::string& words) {
    std::string text;
    while (text.size() < 400) text += words + std::to_string(text.size());
    return text;
  };
  const std::string texts = folder / ("of " + fitness);
  std::filesystem::create_directory(texts);
  for (int i = 0; i < 8; ++i) {
    const std::string words = i < 4 ? "calibration" : i < 6 ? fitness : report;
    write(fmt::format("{}/{}.txt", texts, i), document(words));
  }
  write(folder / "wave.gguf", WaveModelGguf());
  ModelEvaluatorOptions options;
  options.model_path = folder / "wave.gguf";
  options.text_path = texts;
  options.threads = 1;
  auto opened = OpenModelEvaluator(options);
  EXPECT_TRUE(opened.ok()) << opened.status();
  return *std::move(opened);
}

// The promise that the report split is used for final numbers and for nothing else begins here.
TEST(ModelEvaluatorTest, EachSplitIsMeasuredOnItsOwnDocuments) {
  const TemporaryFolder folder;
  const auto plain = WithSplits(folder, "first words", "second");
  const auto swapped = WithSplits(folder, "second", "first words");
  const auto loss = [](Evaluator& evaluator, Split split, Protocol protocol) {
    EvaluateRequest request;
    request.calibration = {2, 32};
    request.allocation.assign(kWaveBlocks, 0.5);
    request.fidelity = {.split = split, .windows = 3, .window_tokens = 32, .protocol = protocol};
    const auto measured = evaluator.Evaluate(request, nullptr);
    EXPECT_TRUE(measured.ok()) << measured.status();
    return measured.ok() ? measured->window_nll : std::vector<double>();
  };
  for (const Protocol protocol : {Protocol::kOneShot, Protocol::kSequential}) {
    const auto fitness = loss(*plain, Split::kFitness, protocol);
    const auto report = loss(*plain, Split::kReport, protocol);
    EXPECT_NE(fitness, report);
    EXPECT_EQ(fitness, loss(*swapped, Split::kReport, protocol));
    EXPECT_EQ(report, loss(*swapped, Split::kFitness, protocol));
    EXPECT_NE(loss(*plain, Split::kCalibration, protocol), fitness);
  }
}

TEST(ModelEvaluatorTest, AnotherCalibrationIsMeasuredAnewAndTheFirstAgain) {
  EvaluateRequest request = SmallRequest();
  const auto first = Shared().Evaluate(request, nullptr);
  request.calibration = {3, 20};
  const auto second = Shared().Evaluate(request, nullptr);
  const auto third = Shared().Evaluate(SmallRequest(), nullptr);
  ASSERT_TRUE(first.ok() && second.ok() && third.ok());
  EXPECT_NE(second->mean_nll, first->mean_nll);
  EXPECT_EQ(third->mean_nll, first->mean_nll);
}

TEST(ModelEvaluatorTest, SparsityZeroIsTheDenseModelInBothProtocols) {
  EvaluateRequest request = SmallRequest();
  request.allocation.assign(30, 0.0);
  const auto one_shot = Shared().Evaluate(request, nullptr);
  request.fidelity.protocol = Protocol::kSequential;
  const auto sequential = Shared().Evaluate(request, nullptr);
  request.allocation.clear();
  const auto dense = Shared().Evaluate(request, nullptr);
  ASSERT_TRUE(one_shot.ok() && sequential.ok() && dense.ok());
  EXPECT_EQ(one_shot->window_nll, dense->window_nll);
  EXPECT_EQ(sequential->window_nll, dense->window_nll);
  EXPECT_EQ(one_shot->achieved_sparsity, dense->achieved_sparsity);
}

TEST(ModelEvaluatorTest, PruningRaisesTheLossAndUnitsArePrunedAsAllocated) {
  EvaluateRequest request = SmallRequest();
  request.granularity = Granularity::kLinear;
  request.allocation.assign(210, 0.0);
  request.allocation[6] = 0.75;  // block 0, down: 576 x 1536 of 106,168,320 weights
  const auto one_linear = Shared().Evaluate(request, nullptr);
  request.allocation[6] = 0.0;
  const auto none = Shared().Evaluate(request, nullptr);
  ASSERT_TRUE(one_linear.ok() && none.ok());
  EXPECT_NEAR(one_linear->achieved_sparsity - none->achieved_sparsity, 0.75 * 884736 / 106168320,
              1e-4);
  const auto half = Shared().Evaluate(SmallRequest(), nullptr);
  ASSERT_TRUE(half.ok());
  EXPECT_GT(half->mean_nll, none->mean_nll);
}

TEST(ModelEvaluatorTest, FeaturesOfBlocksAndLinears) {
  ProfileRequest request;
  request.calibration = {2, 32};
  request.features = {"var(abslog(WX))", "outliers(5)", "redundancy", "influence"};
  const auto blocks = Shared().MeasureFeatures(request, nullptr);
  ASSERT_TRUE(blocks.ok()) << blocks.status();
  ASSERT_EQ(blocks->values.size(), 4u);
  for (const auto& values : blocks->values) {
    ASSERT_EQ(values.size(), 30u);
    for (const double value : values) EXPECT_TRUE(std::isfinite(value));
  }
  request.granularity = Granularity::kLinear;
  const auto linears = Shared().MeasureFeatures(request, nullptr);
  ASSERT_TRUE(linears.ok());
  ASSERT_EQ(linears->values[0].size(), 210u);
  EXPECT_EQ(linears->values[2][7], blocks->values[2][1]);
  EXPECT_EQ(linears->values[2][13], blocks->values[2][1]);
  EXPECT_NE(linears->values[0][0], linears->values[0][1]);
  // Those of blocks, for linears, with others in between.
  request.features = {"blockwise(var(abslog(WX)))", "gini(W)", "blockwise(redundancy)"};
  const auto mixed = Shared().MeasureFeatures(request, nullptr);
  ASSERT_TRUE(mixed.ok()) << mixed.status();
  ASSERT_EQ(mixed->values.size(), 3u);
  for (size_t unit = 0; unit < 210; ++unit) {
    EXPECT_EQ(mixed->values[0][unit], blocks->values[0][unit / 7]);
    EXPECT_EQ(mixed->values[2][unit], blocks->values[2][unit / 7]);
  }
  EXPECT_NE(mixed->values[1][0], mixed->values[1][1]);
  EXPECT_EQ(Shared()
                .MeasureFeatures({{2, 32}, Granularity::kLinear, {"blockwise(depth)"}}, nullptr)
                .status()
                .code(),
            absl::StatusCode::kInvalidArgument);
  request.features = {"var(abslog(WX))", "outliers(5)", "redundancy", "influence"};
  // An evaluation between leaves the statistics as they were.
  ASSERT_TRUE(Shared().Evaluate(SmallRequest(), nullptr).ok());
  request.granularity = Granularity::kBlock;
  const auto again = Shared().MeasureFeatures(request, nullptr);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->values, blocks->values);
}

// The wave model and a text of many documents.
std::unique_ptr<Evaluator> WaveEvaluator(const TemporaryFolder& folder) {
  std::string text;
  for (int line = 0; line < 600; ++line) text += fmt::format("line {} of the text\n", line * line);
  folder.Write("model.gguf", WaveModelGguf());
  folder.Write("text.txt", text);
  ModelEvaluatorOptions options;
  options.model_path = folder.path() + "/model.gguf";
  options.text_path = folder.path() + "/text.txt";
  auto opened = OpenModelEvaluator(options);
  EXPECT_TRUE(opened.ok()) << opened.status();
  return *std::move(opened);
}

TEST(ModelEvaluatorTest, FeaturesOfEveryKindDoNotDependOnWhatWasMeasuredBefore) {
  const TemporaryFolder folder;
  const std::vector<std::string> features = {"mean(WX)",         "redundancy",      "gini(G)",
                                             "linearredundancy", "below(WX, 0.5)",  "alpha",
                                             "sensitivity",      "quantile(X, 0.5)"};
  for (const Granularity granularity :
       {Granularity::kBlock, Granularity::kKind, Granularity::kLinear}) {
    const std::unique_ptr<Evaluator> evaluator = WaveEvaluator(folder);
    ProfileRequest request;
    request.calibration = {3, 16};
    request.granularity = granularity;
    std::vector<std::vector<double>> one_by_one;
    for (const std::string& feature : features) {
      request.features = {feature};
      const auto profile = evaluator->MeasureFeatures(request, nullptr);
      ASSERT_TRUE(profile.ok()) << feature << ": " << profile.status();
      ASSERT_EQ(profile->values[0].size(), UnitsOf(evaluator->model(), granularity).size());
      one_by_one.push_back(profile->values[0]);
    }
    request.features = features;
    const auto together = WaveEvaluator(folder)->MeasureFeatures(request, nullptr);
    ASSERT_TRUE(together.ok()) << together.status();
    EXPECT_EQ(together->values, one_by_one);
  }
}

// The operand's sparsities are computed from its features, or come with the request.
TEST(ModelEvaluatorTest, SlopesOfAnAllocationAreThoseOfTheModelThatItPrunes) {
  const TemporaryFolder folder;
  const std::unique_ptr<Evaluator> evaluator = WaveEvaluator(folder);
  const std::string slopes = "slopes(span(mean(WX), 0.1), 0.6)";
  ProfileRequest request;
  request.calibration = {2, 32};
  request.granularity = Granularity::kLinear;
  request.features = {"mean(WX)", slopes, "slopes(uniform(), 0.6)"};
  const auto measured = evaluator->MeasureFeatures(request, nullptr);
  ASSERT_TRUE(measured.ok()) << measured.status();
  EXPECT_NE(measured->values[1], measured->values[2]);
  const expr::UnitLayout layout = LayoutOf(evaluator->model(), request.granularity);
  expr::FeatureTable table(layout);
  ASSERT_TRUE(table.Add("mean(WX)", measured->values[0]).ok());
  const auto allocation = expr::EvaluateAllocation(*expr::ParseExpression("span(mean(WX), 0.1)"),
                                                   table, {.sparsity = 0.6});
  ASSERT_TRUE(allocation.ok()) << allocation.status();
  request.features = {slopes};
  request.pruned = {{slopes, *allocation}};
  const auto given = evaluator->MeasureFeatures(request, nullptr);
  ASSERT_TRUE(given.ok()) << given.status();
  EXPECT_EQ(given->values[0], measured->values[1]);
  request.pruned = {{slopes, std::vector<double>(layout.size(), 0.6)}};
  const auto uniform = evaluator->MeasureFeatures(request, nullptr);
  ASSERT_TRUE(uniform.ok()) << uniform.status();
  EXPECT_EQ(uniform->values[0], measured->values[2]);
  // Nested: the slopes of the inner step are measured first.
  request.pruned.clear();
  request.features = {"slopes(descend(uniform(), 0.6, 0.02), 0.6)"};
  const auto nested = evaluator->MeasureFeatures(request, nullptr);
  ASSERT_TRUE(nested.ok()) << nested.status();
  EXPECT_NE(nested->values[0], measured->values[2]);
  request.features = {slopes};
  request.pruned = {{slopes, {0.6}}};
  EXPECT_EQ(evaluator->MeasureFeatures(request, nullptr).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(ModelEvaluatorTest, DivergencesAreFromTheDenseModelOnTheSameWindows) {
  const TemporaryFolder folder;
  EvaluateRequest request;
  request.calibration = {2, 24};
  request.allocation.assign(kWaveBlocks, 0.0);
  request.fidelity = {.windows = 2, .window_tokens = 20};
  request.fidelity.measure = Measure::kKl;
  const std::unique_ptr<Evaluator> evaluator = WithSplits(folder, "first words", "second");
  for (const auto arithmetic : {Arithmetic::kFloat32, Arithmetic::kBFloat16}) {
    for (const auto split : {Split::kFitness, Split::kReport}) {
      EvaluateRequest dense = request;
      dense.fidelity.arithmetic = arithmetic;
      dense.fidelity.split = split;
      const auto nothing = evaluator->Evaluate(dense, nullptr);
      ASSERT_TRUE(nothing.ok()) << nothing.status();
      EXPECT_LT(nothing->mean_nll, 1e-6);
    }
  }
  request.allocation.assign(kWaveBlocks, 0.5);
  const auto pruned = evaluator->Evaluate(request, nullptr);
  ASSERT_TRUE(pruned.ok()) << pruned.status();
  EXPECT_GT(pruned->mean_nll, 1e-3);
  // An evaluator whose first request this is makes the same predictions of the dense model.
  EXPECT_EQ(WithSplits(folder, "first words", "second")->Evaluate(request, nullptr)->window_nll,
            pruned->window_nll);
  // Another number of windows is another choice of windows, with predictions of its own.
  EvaluateRequest one = request;
  one.fidelity.windows = 1;
  one.allocation.assign(kWaveBlocks, 0.0);
  EXPECT_LT(evaluator->Evaluate(one, nullptr)->mean_nll, 1e-6);
  request.fidelity.measure = Measure::kLoss;
  EXPECT_NE(evaluator->Evaluate(request, nullptr)->mean_nll, pruned->mean_nll);
}

TEST(ModelEvaluatorTest, GradientsOfSequencesWithoutALossAreRefused) {
  const TemporaryFolder folder;
  const std::unique_ptr<Evaluator> evaluator = WaveEvaluator(folder);
  ProfileRequest request;
  request.calibration = {2, 1};
  for (const char* feature : {"mean(G)", "sensitivity"}) {
    request.features = {feature};
    EXPECT_EQ(evaluator->MeasureFeatures(request, nullptr).status().code(),
              absl::StatusCode::kInvalidArgument)
        << feature;
  }
  request.features = {"alpha"};
  EXPECT_TRUE(evaluator->MeasureFeatures(request, nullptr).ok());
  // Also where the features would not need the calibration.
  request.calibration = {0, 1};
  EXPECT_EQ(evaluator->MeasureFeatures(request, nullptr).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(ModelEvaluatorTest, BadRequestsAreRefused) {
  const auto code = [](const EvaluateRequest& request) {
    return Shared().Evaluate(request, nullptr).status().code();
  };
  EvaluateRequest request = SmallRequest();
  request.allocation.pop_back();
  EXPECT_EQ(code(request), absl::StatusCode::kInvalidArgument);
  for (const double sparsity : {-0.1, 1.0, std::nan("")}) {
    request = SmallRequest();
    request.allocation[3] = sparsity;
    EXPECT_EQ(code(request), absl::StatusCode::kInvalidArgument) << sparsity;
  }
  request = SmallRequest();
  request.fidelity.window_tokens = 1;
  EXPECT_EQ(code(request), absl::StatusCode::kInvalidArgument);
  request = SmallRequest();
  request.fidelity.windows = 100000;
  EXPECT_EQ(code(request), absl::StatusCode::kInvalidArgument);
  request = SmallRequest();
  request.calibration.sequences = 0;
  EXPECT_EQ(code(request), absl::StatusCode::kInvalidArgument);
  ProfileRequest profile;
  profile.features = {"no_such(WX)"};
  EXPECT_EQ(Shared().MeasureFeatures(profile, nullptr).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(ModelEvaluatorTest, SlopesComeWithTheLossesOfAnEvaluation) {
  EvaluateRequest request = SmallRequest();
  request.fidelity.protocol = Protocol::kSequential;
  const auto plain = Shared().Evaluate(request, nullptr);
  ASSERT_TRUE(plain.ok()) << plain.status();
  request.fidelity.slope_step = 0.1;
  const auto sloping = Shared().Evaluate(request, nullptr);
  ASSERT_TRUE(sloping.ok()) << sloping.status();
  EXPECT_EQ(sloping->window_nll, plain->window_nll);
  ASSERT_EQ(sloping->slopes.size(), 30u);
  double sum = 0;
  for (const double slope : sloping->slopes) sum += slope;
  // All blocks together: of half of the weights, more pruned costs more.
  request.fidelity.slope_step = 0;
  request.allocation.assign(30, 0.55);
  const auto more = Shared().Evaluate(request, nullptr);
  ASSERT_TRUE(more.ok()) << more.status();
  EXPECT_GT(sum, 0);
  EXPECT_GT(more->mean_nll, plain->mean_nll);
}

TEST(ModelEvaluatorTest, SlopesOfWhatHasNoneAreRefused) {
  EvaluateRequest sloping = SmallRequest();
  sloping.fidelity.slope_step = 0.1;
  const auto error = [](const EvaluateRequest& request) {
    const auto measured = Shared().Evaluate(request, nullptr);
    EXPECT_EQ(measured.status().code(), absl::StatusCode::kInvalidArgument);
    return std::string(measured.status().message());
  };
  EvaluateRequest request = sloping;
  request.allocation.clear();
  EXPECT_NE(error(request).find("found the dense model"), std::string::npos);
  request = sloping;
  request.fidelity.levels = "digest";
  EXPECT_NE(error(request).find("found a level database"), std::string::npos);
  request = sloping;
  request.fidelity.measure = Measure::kKl;
  EXPECT_NE(error(request).find("found the measure kl"), std::string::npos);
  request = sloping;
  request.fidelity.slope_step = -0.1;
  EXPECT_NE(error(request).find("found -0.1"), std::string::npos);
}

TEST(ModelEvaluatorTest, ProgressRisesAndStops) {
  double last = -1;
  EvaluateRequest request = SmallRequest();
  request.calibration = {2, 24};
  ASSERT_TRUE(Shared()
                  .Evaluate(request,
                            [&](double fraction) {
                              EXPECT_GE(fraction, last);
                              EXPECT_LE(fraction, 1.0);
                              last = fraction;
                              return true;
                            })
                  .ok());
  EXPECT_GT(last, 0.9);
  const auto stopped = Shared().Evaluate(request, [](double) { return false; });
  EXPECT_EQ(stopped.status().code(), absl::StatusCode::kCancelled);
  EXPECT_TRUE(Shared().Evaluate(request, nullptr).ok());
}

TEST(ModelEvaluatorTest, WhatCannotBeOpenedIsNamed) {
  ModelEvaluatorOptions options;
  options.model_path = "/no/such/model.gguf";
  options.text_path = TextFolder();
  EXPECT_EQ(OpenModelEvaluator(options).status().code(), absl::StatusCode::kNotFound);
  options.device = "tpu";
  EXPECT_EQ(OpenModelEvaluator(options).status().code(), absl::StatusCode::kUnimplemented);
  options.device = "cpu";
  options.threads = 0;
  EXPECT_EQ(OpenModelEvaluator(options).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(MachineTest, RatesArePositive) {
  const auto report = InspectMachine(1);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_GT(report->float32_gflops, 0);
  EXPECT_GT(report->bfloat16_gflops, 0);
  EXPECT_GT(report->memory_gigabytes_per_second, 0);
  EXPECT_EQ(report->threads, 1);
  EXPECT_FALSE(report->libtorch_version.empty());
  EXPECT_EQ(report->devices.front(), "cpu");
  EXPECT_EQ(InspectMachine(0).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace strata::evaluator
