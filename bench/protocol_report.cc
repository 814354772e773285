// How well the one-shot protocol, which a search uses, orders allocations as the sequential one
// does, which decides: measures every setting of the published functions with both on the same
// tokens and prints the pairs and their rank correlation.
//
//   protocol_report MODEL TEXT [sparsity] [pruner] [threads]
#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cli/rank_correlation.h"
#include "evaluator/model_evaluator.h"
#include "expr/allocation.h"
#include "expr/baselines.h"
#include "workers/measurement_plan.h"

namespace {

using strata::evaluator::Evaluator;
using strata::evaluator::Protocol;

struct Candidate {
  std::string name;
  std::vector<double> allocation;
  double nll[2] = {0, 0};  // one-shot, sequential
};

constexpr strata::evaluator::Granularity kGranularity = strata::evaluator::Granularity::kBlock;

// Every setting that needs no gradients, once for each different allocation.
absl::StatusOr<std::vector<Candidate>> Candidates(Evaluator& evaluator, double sparsity) {
  const strata::expr::UnitLayout layout =
      strata::evaluator::LayoutOf(evaluator.model(), kGranularity);
  std::vector<std::pair<std::string, strata::expr::Expression>> settings;
  std::set<std::string> features;
  for (const strata::expr::Baseline& function : strata::expr::Library(layout, sparsity)) {
    if (function.needs.gradients || function.needs.gradient_free || !function.unstructured) {
      continue;
    }
    for (const auto* list : {&function.published, &function.widened}) {
      for (const strata::expr::BaselineSetting& setting : *list) {
        settings.emplace_back(function.name + " " + setting.settings, setting.expression);
        const auto required = strata::expr::RequiredFeatures(setting.expression);
        features.insert(required.begin(), required.end());
      }
    }
  }
  strata::evaluator::ProfileRequest request;
  request.granularity = kGranularity;
  request.features.assign(features.begin(), features.end());
  const auto profile = evaluator.MeasureFeatures(request, nullptr);
  if (!profile.ok()) return profile.status();
  strata::expr::FeatureTable table(layout);
  for (size_t i = 0; i < request.features.size(); ++i) {
    const absl::Status status = table.Add(request.features[i], profile->values[i]);
    if (!status.ok()) return status;
  }
  std::vector<Candidate> candidates;
  std::set<std::vector<int64_t>> seen;
  for (const auto& [name, expression] : settings) {
    const auto allocation =
        strata::expr::EvaluateAllocation(expression, table, {.sparsity = sparsity});
    if (!allocation.ok()) return allocation.status();
    std::vector<int64_t> key;
    for (const double value : *allocation) key.push_back(std::llround(value * 1e4));
    if (seen.insert(key).second) candidates.push_back({name, *allocation, {0, 0}});
  }
  return candidates;
}

absl::Status Report(Evaluator& evaluator, double sparsity, strata::evaluator::Pruner pruner) {
  auto candidates = Candidates(evaluator, sparsity);
  if (!candidates.ok()) return candidates.status();
  fmt::print("{} allocations at {}\n{:<44} {:>10} {:>10}\n", candidates->size(), sparsity,
             "function", "one-shot", "sequential");
  std::vector<std::pair<double, double>> pairs;
  for (Candidate& candidate : *candidates) {
    for (const Protocol protocol : {Protocol::kOneShot, Protocol::kSequential}) {
      strata::evaluator::EvaluateRequest request;
      request.method.pruner = pruner;
      request.allocation = candidate.allocation;
      request.granularity = kGranularity;
      request.fidelity.protocol = protocol;
      const auto measured = evaluator.Evaluate(request, nullptr);
      if (!measured.ok()) return measured.status();
      candidate.nll[protocol == Protocol::kSequential] = measured->mean_nll;
    }
    pairs.emplace_back(candidate.nll[0], candidate.nll[1]);
    fmt::print("{:<44} {:>10.2f} {:>10.2f}\n", candidate.name, std::exp(candidate.nll[0]),
               std::exp(candidate.nll[1]));
    std::fflush(stdout);
  }
  const auto correlation = strata::cli::RankCorrelation(pairs);
  fmt::print("Spearman's rank correlation of {} pairs: {}\n", pairs.size(),
             correlation.has_value() ? fmt::format("{:.3f}", *correlation) : "undefined");
  return absl::OkStatus();
}

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

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    fmt::print(stderr, "usage: protocol_report MODEL TEXT [sparsity] [pruner] [threads]\n");
    return 2;
  }
  const double sparsity = argc > 3 ? Number<double>(argv[3]) : 0.6;
  strata::evaluator::Pruner pruner = strata::evaluator::Pruner::kWanda;
  absl::Status status = argc > 4 ? strata::workers::ParseName(argv[4], &pruner) : absl::OkStatus();
  if (status.ok()) {
    const auto evaluator =
        strata::evaluator::OpenModelEvaluator({.model_path = argv[1],
                                               .text_path = argv[2],
                                               .threads = argc > 5 ? Number<int>(argv[5]) : 1});
    status = evaluator.ok() ? Report(**evaluator, sparsity, pruner) : evaluator.status();
  }
  if (status.ok()) return 0;
  fmt::print(stderr, "protocol_report: {}\n", std::string(status.message()));
  return 2;
}
