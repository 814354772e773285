#include "search/engine/scenario.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <utility>

namespace strata::search {
namespace {

constexpr std::string_view kLossPrefix = "loss@";

struct NamedAggregate {
  std::string_view name;
  Aggregate aggregate;
};
constexpr std::array<NamedAggregate, 3> kAggregates = {
    {{"mean", Aggregate::kMean}, {"worst", Aggregate::kWorst}, {"pareto", Aggregate::kPareto}}};

}  // namespace

const Aggregate* FindAggregate(std::string_view name) {
  for (const NamedAggregate& known : kAggregates) {
    if (known.name == name) return &known.aggregate;
  }
  return nullptr;
}

std::string_view NameOf(Aggregate aggregate) {
  for (const NamedAggregate& known : kAggregates) {
    if (known.aggregate == aggregate) return known.name;
  }
  return "";
}

std::string ScenarioLossName(int scenario) { return fmt::format("{}{}", kLossPrefix, scenario); }

int ScenarioOfLossName(std::string_view name) {
  if (!name.starts_with(kLossPrefix)) return -1;
  name.remove_prefix(kLossPrefix.size());
  int scenario = -1;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), scenario);
  return error == std::errc() && end == name.data() + name.size() ? scenario : -1;
}

std::vector<std::string> ScenarioObjectives(const std::vector<std::string>& objectives,
                                            Aggregate aggregate, int scenarios) {
  if (aggregate != Aggregate::kPareto || scenarios == 1 || objectives.empty()) return objectives;
  std::vector<std::string> names;
  for (int i = 0; i < scenarios; ++i) names.push_back(ScenarioLossName(i));
  names.insert(names.end(), objectives.begin() + 1, objectives.end());
  return names;
}

}  // namespace strata::search
