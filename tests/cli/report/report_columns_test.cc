#include "cli/report/report_columns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace strata::cli {
namespace {

using ::testing::HasSubstr;

RunConfig Config() {
  RunConfig config;
  config.fitness_windows = 3;
  config.fitness_window_tokens = 48;
  config.fitness_arithmetic = evaluator::Arithmetic::kBFloat16;
  config.selection_windows = 5;
  config.report_windows = 7;
  config.report_window_tokens = 96;
  return config;
}

TEST(ReportColumnsTest, EveryColumnSaysHowItWasMeasured) {
  const std::string text = DescribeMeasurements(Config(), {});
  EXPECT_THAT(text,
              HasSubstr("fitness    3 windows of 48 tokens, fitness split, one-shot protocol, "
                        "bf16: "));
  EXPECT_THAT(text, HasSubstr("selection  5 windows of 96 tokens, fitness split, sequential "
                              "protocol, fp32: "));
  EXPECT_THAT(text, HasSubstr("report     7 windows of 96 tokens, report split, sequential "
                              "protocol, fp32: "));
  EXPECT_THAT(text, HasSubstr("wanda, one sparsity per block, statistics of 8 sequences of 256"));
}

TEST(ReportColumnsTest, SaysThatUniformIsAMixtureOfGroups) {
  RunConfig config = Config();
  config.group = 4;
  config.target_sparsity = 0.6;
  EXPECT_THAT(DescribeMeasurements(config, {}),
              HasSubstr("no n:4 has the sparsity 0.6: uniform() mixes n:4 patterns"));
  config.target_sparsity = 0.75;
  EXPECT_THAT(DescribeMeasurements(config, {}), ::testing::Not(HasSubstr("mixes")));
}

TEST(ReportColumnsTest, JsonSaysTheSame) {
  const auto json = MeasurementsJson(Config(), {});
  EXPECT_EQ(json["fitness"]["windows"], 3);
  EXPECT_EQ(json["fitness"]["arithmetic"], "bf16");
  EXPECT_EQ(json["fitness"]["protocol"], "one-shot");
  EXPECT_EQ(json["selection"]["split"], "fitness");
  EXPECT_EQ(json["selection"]["protocol"], "sequential");
  EXPECT_EQ(json["report"]["split"], "report");
  EXPECT_EQ(json["report"]["window_tokens"], 96);
  EXPECT_EQ(json["pruning"]["calibration_sequence_tokens"], 256);
}

TEST(ReportColumnsTest, SaysWhatIsADivergence) {
  RunConfig config = Config();
  config.fitness_measure = evaluator::Measure::kKl;
  const std::string text = DescribeMeasurements(config, {});
  EXPECT_THAT(text, HasSubstr("one-shot protocol, bf16, KL divergence from the dense model: "));
  EXPECT_THAT(text, HasSubstr("sequential protocol, fp32: what chooses"));
  const auto json = MeasurementsJson(config, {});
  EXPECT_EQ(json["fitness"]["measure"], "kl");
  EXPECT_EQ(json["selection"]["measure"], "loss");
  EXPECT_EQ(json["report"]["measure"], "loss");
}

TEST(ReportColumnsTest, ZeroShotErrorsSayTheirItems) {
  RunConfig config = Config();
  const RunTasks tasks = {"digest", {{"arc", "acc_norm", 20, 30}, {"lambada", "acc", 10, 15}}};
  EXPECT_THAT(DescribeMeasurements(config, tasks),
              HasSubstr("report error: 1 - mean accuracy over tasks, report half of their items, "
                        "sequential protocol, fp32: arc (acc_norm of 30 items), lambada (acc of 15 "
                        "items)"));
  EXPECT_THAT(DescribeMeasurements(config, tasks), ::testing::Not(HasSubstr("fitness error")));
  config.objectives = {"loss", "zero_shot_error"};
  EXPECT_THAT(DescribeMeasurements(config, tasks),
              HasSubstr("fitness error: 1 - mean accuracy over tasks, fitness half of their items, "
                        "one-shot protocol, bf16: arc (acc_norm of 20 items), lambada"));
  const auto json = MeasurementsJson(config, tasks)["zero_shot_errors"];
  EXPECT_EQ(json["fitness"]["half"], "fitness");
  EXPECT_EQ(json["report"]["protocol"], "sequential");
  EXPECT_EQ(json["tasks"][1]["report_items"], 15);
  EXPECT_FALSE(MeasurementsJson(config, {}).contains("zero_shot_errors"));
}

}  // namespace
}  // namespace strata::cli
