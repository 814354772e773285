// Compares how the cheaper fidelities of a search and the exact protocol order allocations.
// Measures the settings of the published functions, and mixtures of the best of them, with every
// protocol and arithmetic on the same windows. Prints for each fidelity, and for its first windows
// alone, the rank correlation with the exact losses, the same among the best third, and the loss
// from choosing by this fidelity. "one-shot bf16 kl" measures the KL divergence from the dense
// model in place of the loss; fidelities with kl are measured only if they are named.
//
//   protocol_report MODEL TEXT [sparsity] [pruner] [threads] [settings of each function]
//   [fidelity,...]
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <iterator>
#include <numeric>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cli/report/rank_correlation.h"
#include "cli/shared/measure_text.h"
#include "evaluator/measurement/model_evaluator.h"
#include "evaluator/names.h"
#include "expr/allocation.h"
#include "expr/baselines.h"
#include "expr/status_macros.h"
#include "workers/wire/measurement_plan.h"

namespace {

using strata::evaluator::Arithmetic;
using strata::evaluator::Evaluator;
using strata::evaluator::Measure;
using strata::evaluator::Protocol;

struct FidelityName {
  const char* name;
  Protocol protocol;
  Arithmetic arithmetic;
  Measure measure = Measure::kLoss;
};

// The last fidelity is the exact one.
constexpr FidelityName kFidelities[] = {
    {"one-shot bf16 kl", Protocol::kOneShot, Arithmetic::kBFloat16, Measure::kKl},
    {"one-shot fp32 kl", Protocol::kOneShot, Arithmetic::kFloat32, Measure::kKl},
    {"sequential bf16 kl", Protocol::kSequential, Arithmetic::kBFloat16, Measure::kKl},
    {"sequential fp32 kl", Protocol::kSequential, Arithmetic::kFloat32, Measure::kKl},
    {"one-shot bf16", Protocol::kOneShot, Arithmetic::kBFloat16},
    {"one-shot fp32", Protocol::kOneShot, Arithmetic::kFloat32},
    {"sequential bf16", Protocol::kSequential, Arithmetic::kBFloat16},
    {"sequential fp32", Protocol::kSequential, Arithmetic::kFloat32},
};
constexpr size_t kExact = std::size(kFidelities) - 1;
using Chosen = std::array<bool, std::size(kFidelities)>;
constexpr int64_t kWindows = 16;
constexpr size_t kMixed = 6;  // number of the best that are mixed in pairs

struct Candidate {
  std::string name;
  std::vector<double> allocation;
  std::vector<double> window_nll[std::size(kFidelities)];

  // Returns the mean loss, or KL divergence, of the first windows.
  double Nll(size_t fidelity, int64_t windows = kWindows) const {
    const auto begin = window_nll[fidelity].begin();
    return std::accumulate(begin, begin + windows, 0.0) / static_cast<double>(windows);
  }
};

constexpr strata::evaluator::Granularity kGranularity = strata::evaluator::Granularity::kBlock;

// Returns settings that need no gradients, at most `settings_of_each` per function. Each distinct
// allocation appears once.
absl::StatusOr<std::vector<Candidate>> Candidates(Evaluator& evaluator, double sparsity,
                                                  size_t settings_of_each) {
  const strata::expr::UnitLayout layout =
      strata::evaluator::LayoutOf(evaluator.model(), kGranularity);
  std::vector<std::pair<std::string, strata::expr::Expression>> settings;
  std::set<std::string> features;
  for (const strata::expr::Baseline& function : strata::expr::Library(layout, sparsity)) {
    if (function.needs.gradients || function.needs.gradient_free || !function.unstructured) {
      continue;
    }
    size_t taken = 0;
    for (const auto* list : {&function.published, &function.widened}) {
      for (const strata::expr::BaselineSetting& setting : *list) {
        if (taken++ == settings_of_each) break;
        settings.emplace_back(function.name + " " + setting.settings, setting.expression);
        const auto required = strata::expr::RequiredFeatures(setting.expression);
        features.insert(required.begin(), required.end());
      }
    }
  }
  strata::evaluator::ProfileRequest request;
  request.granularity = kGranularity;
  request.features.assign(features.begin(), features.end());
  STRATA_ASSIGN_OR_RETURN(const auto profile, evaluator.MeasureFeatures(request, nullptr));
  strata::expr::FeatureTable table(layout);
  for (size_t i = 0; i < request.features.size(); ++i) {
    const absl::Status status = table.Add(request.features[i], profile.values[i]);
    if (!status.ok()) return status;
  }
  std::vector<Candidate> candidates;
  std::set<std::vector<int64_t>> seen;
  for (const auto& [name, expression] : settings) {
    STRATA_ASSIGN_OR_RETURN(const auto allocation, strata::expr::EvaluateAllocation(
                                                       expression, table, {.sparsity = sparsity}));
    std::vector<int64_t> key;
    for (const double value : allocation) key.push_back(std::llround(value * 1e4));
    if (seen.insert(key).second) candidates.push_back({name, allocation, {}});
  }
  return candidates;
}

class Report {
 public:
  Report(Evaluator& evaluator, strata::evaluator::Pruner pruner, const Chosen& chosen)
      : evaluator_(evaluator), pruner_(pruner), chosen_(chosen) {}

  absl::Status Run(double sparsity, size_t settings_of_each) {
    STRATA_ASSIGN_OR_RETURN(auto candidates, Candidates(evaluator_, sparsity, settings_of_each));
    fmt::print("perplexity, or KL divergence in nats, of {} windows at {}\n{:<64}", kWindows,
               sparsity, "function");
    for (size_t i = 0; i < std::size(kFidelities); ++i) {
      if (chosen_[i]) fmt::print(" {:>18}", kFidelities[i].name);
    }
    fmt::print("\n");
    for (Candidate& candidate : candidates) {
      STRATA_RETURN_IF_ERROR(Measure(std::move(candidate)));
    }
    for (Candidate& mixture : Mixtures()) {
      STRATA_RETURN_IF_ERROR(Measure(std::move(mixture)));
    }
    PrintCorrelations();
    return absl::OkStatus();
  }

 private:
  absl::Status Measure(Candidate candidate) {
    fmt::print("{:<64}", candidate.name);
    for (size_t i = 0; i < std::size(kFidelities); ++i) {
      if (!chosen_[i]) continue;
      strata::evaluator::EvaluateRequest request;
      request.method.pruner = pruner_;
      request.allocation = candidate.allocation;
      request.granularity = kGranularity;
      request.calibration = {8, 256};
      request.fidelity = {.windows = kWindows,
                          .arithmetic = kFidelities[i].arithmetic,
                          .protocol = kFidelities[i].protocol,
                          .levels = {},
                          .measure = kFidelities[i].measure};
      const std::clock_t start = std::clock();
      STRATA_ASSIGN_OR_RETURN(auto measured, evaluator_.Evaluate(request, nullptr));
      seconds_[i] += static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
      candidate.window_nll[i] = std::move(measured.window_nll);
      fmt::print(" {:>18}", strata::cli::ShownText(candidate.Nll(i), kFidelities[i].measure));
    }
    fmt::print("\n");
    std::fflush(stdout);
    measured_.push_back(std::move(candidate));
    return absl::OkStatus();
  }

  // Returns the measured candidates in the order of their exact loss.
  std::vector<const Candidate*> Ordered() const {
    std::vector<const Candidate*> ordered;
    for (const Candidate& candidate : measured_) ordered.push_back(&candidate);
    std::sort(ordered.begin(), ordered.end(), [](const Candidate* a, const Candidate* b) {
      return a->Nll(kExact) < b->Nll(kExact);
    });
    return ordered;
  }

  // Returns the midpoint of each pair of the best. It is near the front and has the same mean
  // sparsity.
  std::vector<Candidate> Mixtures() const {
    std::vector<const Candidate*> best = Ordered();
    best.resize(std::min(best.size(), kMixed));
    std::vector<Candidate> mixtures;
    for (size_t i = 0; i < best.size(); ++i) {
      for (size_t k = 0; k < i; ++k) {
        Candidate mixture{fmt::format("{} + {}", best[k]->name, best[i]->name), {}, {}};
        for (size_t unit = 0; unit < best[i]->allocation.size(); ++unit) {
          mixture.allocation.push_back((best[i]->allocation[unit] + best[k]->allocation[unit]) / 2);
        }
        mixtures.push_back(std::move(mixture));
      }
    }
    return mixtures;
  }

  void PrintCorrelations() const {
    const std::vector<const Candidate*> all = Ordered();
    const std::vector<const Candidate*> best(all.begin(),
                                             all.begin() + static_cast<long>(all.size() / 3));
    fmt::print(
        "\n{} allocations. Spearman's rank correlation with {} on {} windows; loss: how far the "
        "exact perplexity of the one it would choose is above the best\n"
        "{:<18} {:>7} {:>6} {:>10} {:>6} {:>12}\n",
        all.size(), kFidelities[kExact].name, kWindows, "fidelity", "windows", "all", "best third",
        "loss", "seconds each");
    for (size_t i = 0; i < std::size(kFidelities); ++i) {
      if (!chosen_[i]) continue;
      for (const int64_t windows : {int64_t{2}, int64_t{4}, int64_t{8}, kWindows}) {
        const auto correlation = [&](const std::vector<const Candidate*>& candidates) {
          std::vector<std::pair<double, double>> pairs;
          for (const Candidate* one : candidates) {
            pairs.emplace_back(one->Nll(i, windows), one->Nll(kExact));
          }
          const auto value = strata::cli::RankCorrelation(pairs);
          return value ? fmt::format("{:.3f}", *value) : std::string("-");
        };
        const Candidate* chosen =
            *std::min_element(all.begin(), all.end(), [&](const Candidate* a, const Candidate* b) {
              return a->Nll(i, windows) < b->Nll(i, windows);
            });
        fmt::print("{:<18} {:>7} {:>6} {:>10} {:>5.1f}% {:>12}\n", kFidelities[i].name, windows,
                   correlation(all), correlation(best),
                   100 * (std::exp(chosen->Nll(kExact) - all.front()->Nll(kExact)) - 1),
                   windows == kWindows
                       ? fmt::format("{:.2f}", seconds_[i] / static_cast<double>(all.size()))
                       : "");
      }
    }
  }

  Evaluator& evaluator_;
  const strata::evaluator::Pruner pruner_;
  const Chosen chosen_;
  std::vector<Candidate> measured_;
  double seconds_[std::size(kFidelities)] = {};  // processor time of all evaluations
};

template <typename T>
T Number(const char* text) {
  T value{};
  const std::string_view view(text);
  const auto [end, error] = std::from_chars(view.data(), view.data() + view.size(), value);
  if (error != std::errc() || end != view.data() + view.size()) {
    fmt::print(stderr, "expected a number, found '{}'\n", text);
    std::exit(2);
  }
  return value;
}

// Returns the named fidelities and the exact one.
Chosen ChosenOf(std::string_view names) {
  Chosen chosen{};
  chosen[kExact] = true;
  while (!names.empty()) {
    const std::string_view name = names.substr(0, names.find(','));
    names.remove_prefix(std::min(names.size(), name.size() + 1));
    const auto found = std::find_if(std::begin(kFidelities), std::end(kFidelities),
                                    [&](const FidelityName& known) { return known.name == name; });
    if (found == std::end(kFidelities)) {
      fmt::print(stderr,
                 "expected the name of a fidelity, as \"one-shot bf16\" or \"sequential bf16 kl\", "
                 "found '{}'\n",
                 name);
      std::exit(2);
    }
    chosen[static_cast<size_t>(found - std::begin(kFidelities))] = true;
  }
  return chosen;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    fmt::print(stderr,
               "usage: protocol_report MODEL TEXT [sparsity] [pruner] [threads] "
               "[settings of each function] [fidelity,...]\n");
    return 2;
  }
  Chosen chosen{};
  for (size_t i = 0; i < std::size(kFidelities); ++i) {
    chosen[i] = kFidelities[i].measure == Measure::kLoss;
  }
  if (argc > 7) chosen = ChosenOf(argv[7]);
  const double sparsity = argc > 3 ? Number<double>(argv[3]) : 0.6;
  strata::evaluator::Pruner pruner = strata::evaluator::Pruner::kWanda;
  absl::Status status =
      argc > 4 ? strata::evaluator::ParseName(argv[4], &pruner) : absl::OkStatus();
  if (status.ok()) {
    const auto evaluator =
        strata::evaluator::OpenModelEvaluator({.model_path = argv[1],
                                               .text_path = argv[2],
                                               .threads = argc > 5 ? Number<int>(argv[5]) : 1});
    status = evaluator.ok() ? Report(**evaluator, pruner, chosen)
                                  .Run(sparsity, argc > 6 ? Number<size_t>(argv[6]) : 4)
                            : evaluator.status();
  }
  if (status.ok()) return 0;
  fmt::print(stderr, "protocol_report: {}\n", std::string(status.message()));
  return 2;
}
