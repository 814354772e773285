// Measures the cost of a result for the coordinator after it has received it: Ask and Tell of the
// engine, and storing the result durably.
//
//   store_cost FOLDER [RESULTS [GROUP...]]
//
// The search is random, on a synthetic landscape, with both settings of storage.fsync. Its runs are
// created under FOLDER, whose disk is what is measured. GROUP results are stored with one commit.
#include <fmt/format.h>

#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <utility>
#include <vector>

#include "bench/search_quality_problem.h"
#include "evaluator/clock.h"
#include "expr/status_macros.h"
#include "search/session.h"

namespace {

using strata::evaluator::SteadySeconds;
using strata::search::Outcome;
using strata::search::RunStore;
using strata::search::Session;
using strata::search::SessionItem;

double ProcessorSeconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

Outcome Measured(strata::bench::Problem& problem, const strata::search::WorkItem& item) {
  if (const auto* profile = std::get_if<strata::search::ProfileWork>(&item.work)) {
    strata::search::ProfileOutcome values;
    for (const std::string& feature : profile->features) {
      values.values.push_back(*problem.Feature(feature));
    }
    return values;
  }
  const auto& work = std::get<strata::search::EvaluateWork>(item.work);
  strata::search::EvaluateOutcome measured{*problem.Loss(work.allocation), 0.7};
  measured.window_nll.assign(8, measured.mean_nll);
  return measured;
}

absl::Status Measure(const std::string& folder, strata::search::Fsync fsync, int64_t results,
                     int64_t group) {
  const auto problem = strata::bench::MakeSyntheticProblem({.seed = 1});
  strata::search::SessionOptions options;
  options.engine.target.sparsity = problem->sparsity();
  options.engine.maximum_evaluations = 0;
  options.engine.lag = 256;
  options.engine.strategy.kind = strata::search::StrategyKind::kRandom;
  options.engine.strategy.surrogate.enabled = false;
  options.engine.strategy.variation.sources = {"depth", "redundancy", "influence"};
  options.now_seconds = SteadySeconds;
  STRATA_ASSIGN_OR_RETURN(auto store, RunStore::Create(folder, {.fsync = fsync}));
  STRATA_ASSIGN_OR_RETURN(auto session, Session::Create(options, problem->layout(), store.get()));

  fmt::print("{} results a commit, fsync with every {}\n{:>10} {:>14} {:>14} {:>12}\n", group,
             fsync == strata::search::Fsync::kCommit ? "commit" : "checkpoint", "results",
             "us, processor", "us, wall", "results/s");
  double wall = SteadySeconds(), processor = ProcessorSeconds();
  int64_t told = 0, told_at_report = 0, next_report = results / 100;
  std::vector<SessionItem> items;
  while (told < results) {
    STRATA_ASSIGN_OR_RETURN(const auto action, session->Next());
    if (const auto* item = std::get_if<SessionItem>(&action)) {
      items.push_back(*item);
      if (static_cast<int64_t>(items.size()) < group) continue;
    }
    if (items.empty()) break;
    for (const SessionItem& item : std::exchange(items, {})) {
      const absl::Status status = session->Record(item, Measured(*problem, item.item));
      if (!status.ok()) return status;
      ++told;
    }
    const absl::Status committed = session->Commit();
    if (!committed.ok()) return committed;
    if (told < next_report) continue;
    const auto count = static_cast<double>(told - told_at_report);
    const double wall_each = (SteadySeconds() - wall) / count;
    fmt::print("{:>10} {:>14.1f} {:>14.1f} {:>12.0f}\n", told,
               1e6 * (ProcessorSeconds() - processor) / count, 1e6 * wall_each, 1 / wall_each);
    std::fflush(stdout);
    wall = SteadySeconds();
    processor = ProcessorSeconds();
    told_at_report = told;
    next_report = next_report < results / 10  ? results / 10
                  : next_report < results / 2 ? results / 2
                                              : results;
  }
  return absl::OkStatus();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "usage: store_cost FOLDER [RESULTS [GROUP...]]\n");
    return 2;
  }
  const int64_t results = argc > 2 ? std::atoll(argv[2]) : 20000;
  std::vector<int64_t> groups;
  for (int i = 3; i < argc; ++i) groups.push_back(std::atoll(argv[i]));
  if (groups.empty()) groups = {1, 16};
  using strata::search::Fsync;
  for (const int64_t group : groups) {
    const std::string folder = fmt::format("{}/store_cost.run", argv[1]);
    absl::Status status = Measure(folder, Fsync::kCommit, results, group);
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
    if (status.ok()) status = Measure(folder, Fsync::kCheckpoint, results, group);
    std::filesystem::remove_all(folder, ignored);
    if (status.ok()) continue;
    fmt::print(stderr, "store_cost: {}\n", std::string(status.message()));
    return 1;
  }
  return 0;
}
