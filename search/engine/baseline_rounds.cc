#include "search/engine/baseline_rounds.h"

#include <algorithm>
#include <cstdlib>

namespace strata::search {

namespace {

constexpr size_t kTunedIfBrief = 3;

// Returns the numbers of a setting such as "owl M=5 lambda=0.08", in their order.
std::vector<double> NumbersOf(const std::string& settings) {
  std::vector<double> numbers;
  for (size_t at = settings.find('='); at != std::string::npos; at = settings.find('=', at + 1)) {
    numbers.push_back(std::strtod(settings.c_str() + at + 1, nullptr));
  }
  return numbers;
}

// Returns all settings of a baseline as seeds: the default first, then the others as listed.
std::vector<Seed> AllSettings(const expr::Baseline& baseline, int index) {
  std::vector<Seed> seeds;
  for (const auto* settings : {&baseline.published, &baseline.widened}) {
    for (const expr::BaselineSetting& setting : *settings) {
      const std::string separator = setting.settings.empty() ? "" : " ";
      seeds.push_back({index, baseline.name + separator + setting.settings, setting.expression});
    }
  }
  return seeds;
}

// Returns the same in the order of the numbers, so that neighbours in the list are neighbours in
// the grid.
std::vector<Seed> SortedSettings(const expr::Baseline& baseline, int index) {
  std::vector<Seed> seeds = AllSettings(baseline, index);
  std::stable_sort(seeds.begin(), seeds.end(), [](const Seed& a, const Seed& b) {
    return NumbersOf(a.name) < NumbersOf(b.name);
  });
  return seeds;
}

// Returns the settings of a baseline that are measured first, the default before all others.
std::vector<Seed> FirstSettings(const expr::Baseline& baseline, int index, BaselineSettings which) {
  const std::vector<Seed> all = AllSettings(baseline, index);
  if (which == BaselineSettings::kAll) return all;
  const std::vector<Seed> sorted = SortedSettings(baseline, index);
  std::vector<Seed> chosen = {all.front()};
  if (which == BaselineSettings::kBrief) return chosen;
  for (const size_t place : {sorted.size() / 4, 3 * sorted.size() / 4}) {
    const Seed& seed = sorted[place];
    const bool is_new = std::none_of(chosen.begin(), chosen.end(),
                                     [&](const Seed& known) { return known.name == seed.name; });
    if (is_new) chosen.push_back(seed);
  }
  return chosen;
}

}  // namespace

std::string_view NameOf(BaselineSettings settings) {
  switch (settings) {
    case BaselineSettings::kAll:
      return "all";
    case BaselineSettings::kTuned:
      return "tuned";
    case BaselineSettings::kBrief:
      return "brief";
  }
  return "";
}

std::vector<Seed> BaselineSeeds(const EngineOptions& options) {
  std::vector<Seed> seeds;
  for (const bool takes_long : {false, true}) {
    std::vector<Seed> others;
    for (size_t b = 0; b < options.baselines.size(); ++b) {
      const expr::Baseline& baseline = options.baselines[b];
      if (baseline.needs.takes_long() != takes_long) continue;
      const std::vector<Seed> settings =
          FirstSettings(baseline, static_cast<int>(b), options.baseline_settings);
      seeds.push_back(settings.front());
      others.insert(others.end(), settings.begin() + 1, settings.end());
    }
    seeds.insert(seeds.end(), others.begin(), others.end());
  }
  return seeds;
}

std::vector<Seed> TuningSeeds(const EngineOptions& options, const std::vector<Seed>& seeds,
                              const std::vector<std::optional<double>>& fitness) {
  if (options.baseline_settings == BaselineSettings::kAll) return {};
  std::map<int, size_t> best;  // seed by baseline
  for (size_t i = 0; i < seeds.size(); ++i) {
    if (!fitness[i]) continue;
    const auto [found, is_first] = best.try_emplace(seeds[i].baseline, i);
    if (!is_first && *fitness[i] < *fitness[found->second]) found->second = i;
  }
  std::vector<size_t> ranked;
  for (const auto& [baseline, seed] : best) ranked.push_back(seed);
  std::stable_sort(ranked.begin(), ranked.end(),
                   [&](size_t a, size_t b) { return *fitness[a] < *fitness[b]; });
  const size_t tuned = options.baseline_settings == BaselineSettings::kBrief
                           ? kTunedIfBrief
                           : (ranked.size() + 1) / 2;
  ranked.resize(std::min(ranked.size(), tuned));
  const auto is_measured = [&](const Seed& setting) {
    return std::any_of(seeds.begin(), seeds.end(),
                       [&](const Seed& seed) { return seed.name == setting.name; });
  };
  std::vector<Seed> tuning;
  for (const size_t seed : ranked) {
    const int b = seeds[seed].baseline;
    const std::vector<Seed> sorted = SortedSettings(options.baselines[static_cast<size_t>(b)], b);
    for (size_t i = 0; i < sorted.size(); ++i) {
      const bool is_neighbour = (i > 0 && sorted[i - 1].name == seeds[seed].name) ||
                                (i + 1 < sorted.size() && sorted[i + 1].name == seeds[seed].name);
      if (is_neighbour && !is_measured(sorted[i])) tuning.push_back(sorted[i]);
    }
  }
  return tuning;
}

void BaselineRounds::PlanTuning(const std::vector<std::optional<double>>& fitness) {
  const std::vector<Seed> tuning = TuningSeeds(options_, first_, fitness);
  tuning_.assign(tuning.begin(), tuning.end());
}

Seed BaselineRounds::TakeTuning() {
  Seed seed = std::move(tuning_.front());
  tuning_.pop_front();
  return seed;
}

}  // namespace strata::search
