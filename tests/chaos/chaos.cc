// Runs a search in chaos and prints what became of it: chaos EVALUATIONS WORKERS COORDINATOR_KILLS
// FAULTS_PER_SECOND SEED [FAULT], where FAULT is a row of the table, from 1, that alone is done;
// its row is then all that is printed. Exit status 1 where anything was lost, counted twice, or
// different from the undisturbed search.
#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <string>

#include "tests/chaos/chaos_run.h"

namespace strata::chaos {
namespace {

// For a coordinator that the machine lets wait, beyond its term.
constexpr double kPatienceSeconds = 10;

void PrintSummary(const ChaosOptions& options, const ChaosReport& report) {
  fmt::print(
      "\n{} work items, {} workers, {:.0f} s ({:.0f} s undisturbed in one process): {} stored that "
      "the "
      "undisturbed search did not need; archive {} the undisturbed one\n{} leases given again, {} "
      "work items hedged, {} late or duplicate results absorbed\nlongest lease of a killed worker: "
      "{:.2f} s of at most {}\n",
      report.items, options.workers, report.seconds, report.undisturbed_seconds, report.stray,
      report.same_archive ? "equals" : "DIFFERS FROM", report.reissued, report.hedged,
      report.absorbed, report.longest_orphan_seconds, kLeaseSeconds);
}

int Print(const ChaosOptions& options, const ChaosReport& report) {
  if (!report.error.empty()) {
    fmt::print(stderr, "chaos: {}\n", report.error);
    return 1;
  }
  const bool is_one = options.faults.size() == 1;
  if (!is_one) fmt::print("| fault | times injected | lost | counted twice |\n|---|--:|--:|--:|\n");
  for (const auto& [fault, name] : kFaults) {
    if (!options.faults.contains(fault)) continue;
    const auto found = report.injected.find(fault);
    const int injected = found == report.injected.end() ? 0 : found->second;
    fmt::print("| {} | {} | {} |\n", name, injected,
               is_one ? fmt::format("{} | {}", report.lost, report.counted_twice) : "|");
  }
  if (!is_one) {
    fmt::print("| all at once | | {} | {} |\n", report.lost, report.counted_twice);
    PrintSummary(options, report);
  }
  const bool good = report.same_archive && report.lost == 0 && report.counted_twice == 0 &&
                    report.stray == 0 &&
                    report.longest_orphan_seconds < kLeaseSeconds + kPatienceSeconds;
  return good ? 0 : 1;
}

int Main(int argc, char** argv) {
  if (argc < 6) return 2;
  ChaosOptions options;
  options.evaluations = std::stoll(argv[1]);
  options.workers = std::stoi(argv[2]);
  options.coordinator_kills = std::stoi(argv[3]);
  options.faults_per_second = std::stod(argv[4]);
  options.seed = static_cast<unsigned>(std::stoul(argv[5]));
  for (int i = 6; i < argc; ++i) options.faults.insert(kFaults.at(std::stoul(argv[i]) - 1).first);
  if (argc == 6) {
    for (const auto& [fault, name] : kFaults) options.faults.insert(fault);
  }
  options.coordinator_program = CHAOS_COORDINATOR;
  options.worker_program = CHAOS_WORKER;
  return Print(options, RunChaos(options));
}

}  // namespace
}  // namespace strata::chaos

int main(int argc, char** argv) { return strata::chaos::Main(argc, argv); }
