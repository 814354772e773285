#include "cli/config/run_config_options.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

namespace strata::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(RunConfigOptionsTest, EveryKeyIsListedOnceAndExplained) {
  std::set<std::string> keys;
  for (const ConfigEntry& entry : DescribeRunConfig(RunConfig())) {
    EXPECT_TRUE(keys.insert(entry.key).second) << entry.key;
    EXPECT_NE(entry.meaning, "") << entry.key;
    EXPECT_EQ(entry.origin, "default") << entry.key;
  }
}

// A section that another one interrupts would come twice in the copy of a run folder.
TEST(RunConfigOptionsTest, TheKeysOfASectionStandTogether) {
  std::set<std::string> finished;
  std::string current;
  for (const RunConfigOption& option : RunConfigOptions()) {
    const std::string key = option.key;
    const size_t dot = key.find('.');
    const std::string section = dot == std::string::npos ? "" : key.substr(0, dot);
    if (section == current) continue;
    finished.insert(current);
    EXPECT_FALSE(finished.contains(section)) << key;
    current = section;
  }
}

TEST(RunConfigOptionsTest, NumbersAreRefusedOutsideTheRangeOfTheirRow) {
  int ranges = 0;
  for (const RunConfigOption& option : RunConfigOptions()) {
    const auto* const range = std::get_if<NumberRange>(&option.allowed);
    if (range == nullptr) continue;
    ++ranges;
    RunConfig config;
    config.model = config.text = config.run = "x";
    ASSERT_TRUE(ValidateRunConfig(config).ok());
    const double below = range->excludes_minimum ? range->minimum : range->minimum - 1;
    ASSERT_TRUE(SetOption(option.key, fmt::format("{}", below), "--set", &config).ok());
    EXPECT_THAT(std::string(ValidateRunConfig(config).message()),
                HasSubstr(fmt::format("--set: '{}' must be ", option.key)));
  }
  EXPECT_GE(ranges, 40);
}

TEST(RunConfigOptionsTest, EveryNameOfAnEnumerationIsReadAndWritten) {
  std::map<std::string, Names> names_of;
  for (const RunConfigOption& option : RunConfigOptions()) {
    const auto* const member = std::get_if<EnumMember>(&option.member);
    if (member == nullptr) continue;
    const Names names = names_of[option.key] = member->names();
    EXPECT_EQ(std::count(names.begin(), names.end(), ValueText(option, RunConfig())), 1);
    for (const std::string& name : names) {
      RunConfig config;
      ASSERT_TRUE(SetOption(option.key, name, "--set", &config).ok()) << option.key << name;
      EXPECT_EQ(ValueText(option, config), name) << option.key;
    }
  }
  EXPECT_EQ(names_of.size(), 17u);
  EXPECT_THAT(names_of["search.baseline_settings"], ElementsAre("all", "tuned", "brief"));
  EXPECT_THAT(names_of["pruner"], ElementsAre("magnitude", "wanda", "ria", "sparsegpt"));
  EXPECT_THAT(names_of["fitness.arithmetic"], ElementsAre("fp32", "bf16", "auto"));
  EXPECT_THAT(names_of["fitness.protocol"], ElementsAre("one-shot", "sequential"));
  EXPECT_THAT(names_of["fitness.measure"], ElementsAre("loss", "kl"));
  EXPECT_THAT(names_of["selection.measure"], ElementsAre("loss", "kl"));
  EXPECT_THAT(names_of["search.strategy"],
              ElementsAre("strata", "random", "hill_climbing", "dsa", "evopress"));
  EXPECT_THAT(names_of["refine.start"], ElementsAre("best", "baseline", "uniform"));
  EXPECT_THAT(names_of["refine.method"], ElementsAre("descent", "evopress"));
  EXPECT_THAT(names_of["robust.aggregate"], ElementsAre("mean", "worst", "pareto"));
}

TEST(RunConfigOptionsTest, FewSettingsAreBasic) {
  const auto entries = DescribeRunConfig(RunConfig());
  const auto basic = std::count_if(entries.begin(), entries.end(),
                                   [](const ConfigEntry& entry) { return entry.is_basic; });
  EXPECT_GE(basic, 20);
  EXPECT_LE(basic, 30);
}

TEST(RunConfigOptionsTest, RenamedKeysLeadToRowsAndRemovedKeysDoNot) {
  const auto has_row = [](const std::string& key) {
    return std::any_of(RunConfigOptions().begin(), RunConfigOptions().end(),
                       [&](const RunConfigOption& option) { return option.key == key; });
  };
  for (const RenamedKey& renamed : RenamedKeys()) {
    EXPECT_TRUE(has_row(renamed.key)) << renamed.key;
    EXPECT_FALSE(has_row(renamed.old_key)) << renamed.old_key;
  }
  for (const char* key : RemovedKeys()) EXPECT_FALSE(has_row(key)) << key;
}

}  // namespace
}  // namespace strata::cli
