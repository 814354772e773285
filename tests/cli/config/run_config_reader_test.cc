#include "cli/config/run_config_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/temporary_folder.h"

namespace strata::cli {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string Message(const absl::Status& status) { return std::string(status.message()); }

constexpr char kOldNames[] = R"(racing:
  levels: [2, 4 one-shot]
variation:
  refine_weight: 3
workers:
  task_minutes: 2.5
)";

TEST(RunConfigReaderTest, OldNamesAreReadWithOneWarningEach) {
  const TemporaryFile file(kOldNames, ".yaml");
  ::testing::internal::CaptureStderr();
  const auto config = LoadRunConfig(file.path(), {});
  const std::string warnings = ::testing::internal::GetCapturedStderr();
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_THAT(config->racing_rungs, ElementsAre("2", "4 one-shot"));
  EXPECT_EQ(config->variation.adjust_weight, 3);
  EXPECT_EQ(config->evaluation_minutes, 2.5);
  EXPECT_EQ(config->origins.at("workers.evaluation_minutes"), file.path() + ":6");
  EXPECT_FALSE(config->origins.contains("workers.task_minutes"));
  EXPECT_EQ(std::count(warnings.begin(), warnings.end(), '\n'), 3) << warnings;
  EXPECT_THAT(
      warnings,
      AllOf(HasSubstr(file.path() + ":2: 'racing.levels' is now called 'racing.rungs'; the old "
                                    "name will not be read by the next version\n"),
            HasSubstr("'variation.refine_weight' is now called 'variation.adjust_weight'"),
            HasSubstr("'workers.task_minutes' is now called 'workers.evaluation_minutes'")));
}

TEST(RunConfigReaderTest, SetTakesOldNamesToo) {
  ::testing::internal::CaptureStderr();
  const auto config = LoadRunConfig("", {"workers.task_minutes=7", "search.seed=3"});
  EXPECT_EQ(::testing::internal::GetCapturedStderr(),
            "--set: 'workers.task_minutes' is now called 'workers.evaluation_minutes'; the old "
            "name will not be read by the next version\n");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->evaluation_minutes, 7);
}

TEST(RunConfigReaderTest, NewNamesGiveNoWarning) {
  ::testing::internal::CaptureStderr();
  const auto config = LoadRunConfig("", {"workers.evaluation_minutes=7"});
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(config->evaluation_minutes, 7);
}

TEST(RunConfigReaderTest, AnOldAndANewNameTogetherAreAnError) {
  const TemporaryFile both("workers:\n  evaluation_minutes: 1\n  task_minutes: 1\n", ".yaml");
  EXPECT_THAT(
      Message(LoadRunConfig(both.path(), {}).status()),
      AllOf(HasSubstr(both.path() + ":3: 'workers.task_minutes'"), HasSubstr(both.path() + ":2"),
            HasSubstr("expected 'workers.evaluation_minutes' alone")));
  const TemporaryFile with_new("racing:\n  rungs: [2]\n", ".yaml");
  EXPECT_THAT(Message(LoadRunConfig(with_new.path(), {"racing.levels=4"}).status()),
              HasSubstr("--set: 'racing.levels' and 'racing.rungs'"));
  ::testing::internal::CaptureStderr();
  EXPECT_THAT(Message(LoadRunConfig("", {"racing.levels=2", "racing.rungs=4"}).status()),
              HasSubstr("expected 'racing.rungs' alone"));
  ::testing::internal::GetCapturedStderr();
}

TEST(RunConfigReaderTest, AMistypedSectionSuggestsASection) {
  const TemporaryFile section("model: a\nserach:\n  seed: 1\n", ".yaml");
  EXPECT_EQ(Message(LoadRunConfig(section.path(), {}).status()),
            section.path() + ":2: unknown section 'serach'; the nearest known section is 'search'");
  const TemporaryFile blank("serach:\n", ".yaml");
  EXPECT_EQ(Message(LoadRunConfig(blank.path(), {}).status()),
            blank.path() + ":1: unknown key 'serach'; the nearest known key is 'search'");
  EXPECT_THAT(Message(LoadRunConfig("", {"serach.seed=1"}).status()),
              HasSubstr("nearest known key is 'search.seed'"));
  const TemporaryFile value("text: {a: b}\n", ".yaml");
  EXPECT_THAT(Message(LoadRunConfig(value.path(), {}).status()),
              HasSubstr("'text' must be a single value, found a section"));
}

TEST(RunConfigReaderTest, FilesWithoutSettingsAreToldApart) {
  EXPECT_EQ(Message(LoadRunConfig("/no/such.yaml", {}).status()),
            "configuration '/no/such.yaml': there is no such file");
  EXPECT_EQ(Message(LoadRunConfig("/tmp", {}).status()),
            "configuration '/tmp': expected a YAML file, found a folder");
  const TemporaryFile empty(" \n", ".yaml");
  EXPECT_THAT(Message(LoadRunConfig(empty.path(), {"search.seed=1"}).status()),
              HasSubstr("found an empty file"));
  for (const char* text : {"# model: a\n", "---\n", "search: {}\n"}) {
    const TemporaryFile none(text, ".yaml");
    EXPECT_THAT(Message(LoadRunConfig(none.path(), {}).status()),
                HasSubstr("found none, only comments or empty sections"))
        << text;
  }
}

TEST(RunConfigReaderTest, LongValuesAreShownShortened) {
  const std::string text(5000, 'x');
  for (const std::string& setting :
       {"search.seed=" + text, "search.strategy=" + text, "search." + text + "=1", text + "=1"}) {
    EXPECT_LT(Message(LoadRunConfig("", {setting}).status()).size(), 300u) << setting.substr(0, 20);
  }
}

TEST(RunConfigReaderTest, ASettingThatWasRemovedSaysSo) {
  for (const std::string key : {"islands", "restart_after", "adaptive_operators"}) {
    const TemporaryFile file("search:\n  " + key + ": 1\n", ".yaml");
    for (const absl::Status& status : {LoadRunConfig(file.path(), {}).status(),
                                       LoadRunConfig("", {"search." + key + "=1"}).status()}) {
      EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
      EXPECT_THAT(Message(status), HasSubstr("'search." + key +
                                             "' was removed, because measurements showed that it "
                                             "is of no use"));
    }
  }
}

// The copies in run folders hold every key, so those of older versions hold keys of this kind.
TEST(RunConfigReaderTest, CopiesOfOlderVersionsAreReadWithoutAWord) {
  ::testing::internal::CaptureStderr();
  const auto config = RunConfigFromYaml(
      std::string(kOldNames) + "search:\n  seed: 5\n  islands: 1\n  restart_after: 0\n", "run");
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->seed, 5);
  EXPECT_EQ(config->evaluation_minutes, 2.5);
}

}  // namespace
}  // namespace strata::cli
