// Measures the cost of the engine itself: seconds of Ask and Tell and bytes per candidate, as the
// archive grows.
//
//   search_quality_cost [CANDIDATES]
//
// Evaluations are arithmetic on the allocation, so nearly all time is the engine's. A candidate
// counts once it is bred, resolved, handed out and reported.
#include <fmt/format.h>
#include <malloc.h>

#include <cstdlib>
#include <ctime>

#include "bench/search_quality_problem.h"
#include "expr/status_macros.h"
#include "search/engine/engine.h"

namespace {

using strata::search::EngineOptions;
using strata::search::StrategyKind;

double HeapBytes() { return static_cast<double>(mallinfo2().uordblks + mallinfo2().hblkhd); }

// Returns the processor time of this process, so that other processes on the machine do not count.
double Seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

absl::Status Measure(const char* name, EngineOptions options, int64_t candidates) {
  const auto problem = strata::bench::MakeSyntheticProblem({.seed = 1});
  options.target.sparsity = problem->sparsity();
  options.maximum_evaluations = 0;
  const double before = HeapBytes();
  STRATA_ASSIGN_OR_RETURN(auto engine, strata::search::Engine::Create(options, problem->layout()));
  double engine_seconds = 0, at_report = 0;
  int64_t told = 0, told_at_report = 0;
  int64_t next_report = candidates / 100;
  fmt::print("{}\n{:>12} {:>14} {:>14}\n", name, "candidates", "us each", "bytes each");
  while (static_cast<int64_t>(engine->candidates().size()) < candidates) {
    double start = Seconds();
    const strata::search::Action action = engine->Ask();
    engine_seconds += Seconds() - start;
    if (!std::holds_alternative<strata::search::WorkItem>(action)) break;
    const auto& item = std::get<strata::search::WorkItem>(action);
    strata::search::Outcome outcome;
    if (const auto* profile = std::get_if<strata::search::ProfileWork>(&item.work)) {
      strata::search::ProfileOutcome values;
      for (const std::string& feature : profile->features) {
        values.values.push_back(*problem->Feature(feature));
      }
      outcome = std::move(values);
    } else {
      const auto& work = std::get<strata::search::EvaluateWork>(item.work);
      outcome = strata::search::EvaluateOutcome{*problem->Loss(work.allocation), 0.7};
      ++told;
    }
    start = Seconds();
    const absl::Status status = engine->Tell(item.id, outcome);
    engine_seconds += Seconds() - start;
    if (!status.ok()) return status;
    const auto count = static_cast<int64_t>(engine->candidates().size());
    if (count < next_report || told == told_at_report) continue;
    fmt::print("{:>12} {:>14.1f} {:>14.0f}\n", count,
               1e6 * (engine_seconds - at_report) / static_cast<double>(told - told_at_report),
               (HeapBytes() - before) / static_cast<double>(count));
    std::fflush(stdout);
    at_report = engine_seconds;
    told_at_report = told;
    next_report = next_report < candidates / 10  ? candidates / 10
                  : next_report < candidates / 2 ? candidates / 2
                                                 : candidates;
  }
  return absl::OkStatus();
}

}  // namespace

int main(int argc, char** argv) {
  const int64_t candidates = argc > 1 ? std::atoll(argv[1]) : 100000;
  if (candidates < 1000) {
    fmt::print(stderr, "usage: search_quality_cost [CANDIDATES], at least 1000\n");
    return 2;
  }
  EngineOptions plain;
  plain.strategy.surrogate.enabled = false;
  // Few features are used, so that the measurement is not dominated by the table of features.
  plain.strategy.variation.sources = {"depth", "redundancy", "influence"};
  EngineOptions random = plain;
  random.strategy.kind = StrategyKind::kRandom;
  EngineOptions surrogate = plain;
  surrogate.strategy.surrogate.enabled = true;
  absl::Status status = Measure("strata without its surrogate", plain, candidates);
  status.Update(Measure("random", random, candidates));
  status.Update(Measure("strata with its surrogate", surrogate, candidates / 50));
  if (status.ok()) return 0;
  fmt::print(stderr, "search_quality_cost: {}\n", std::string(status.message()));
  return 1;
}
