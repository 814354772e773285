#include "cli/run/search_progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "cli/shared/work_progress.h"
#include "search/engine/progress.h"

namespace strata::cli {
namespace {

using search::Candidate;

struct BestLosses {
  double any = std::numeric_limits<double>::infinity();
  double baseline = std::numeric_limits<double>::infinity();
};

BestLosses BestOf(const search::Engine& engine) {
  BestLosses best;
  for (const Candidate& candidate : engine.candidates()) {
    if (!candidate.fitness_nll.has_value()) continue;
    best.any = std::min(best.any, *candidate.fitness_nll);
    if (candidate.lineage.origin == "baseline") {
      best.baseline = std::min(best.baseline, *candidate.fitness_nll);
    }
  }
  return best;
}

std::string PerplexityText(double nll) {
  return std::isfinite(nll) ? fmt::format("{:.1f}", std::exp(nll)) : "-";
}

std::string RefinementLine(const search::RefinementStage& refinement,
                           const workers::CoordinatorStatus& status) {
  int64_t tried = 0, selected = 0;
  double best = std::numeric_limits<double>::infinity();
  for (const search::RefinedResult& result : refinement.results()) {
    if (result.nll) ++tried;
    if (result.selection_nll) ++selected;
    best = std::min(best, result.nll.value_or(best));
  }
  const std::optional<double> start =
      refinement.results().empty() ? std::nullopt : refinement.results().front().nll;
  std::string line =
      fmt::format("refine  {} allocations tried | best {} | started from {} | {} workers", tried,
                  PerplexityText(best), start ? PerplexityText(*start) : std::string("-"),
                  status.connected_workers);
  if (refinement.stage() != search::Stage::kRefine) line += fmt::format(" | {} selected", selected);
  return line;
}

}  // namespace

SearchProgress::SearchProgress(double budget_seconds, int64_t maximum_evaluations)
    : budget_seconds_(budget_seconds),
      maximum_evaluations_(maximum_evaluations),
      terminal_(isatty(STDERR_FILENO) == 1) {}

std::string SearchProgress::Line(const search::Session& session,
                                 const workers::CoordinatorStatus& status) const {
  if (session.refinement() != nullptr) return RefinementLine(*session.refinement(), status);
  const search::Engine& engine = session.engine();
  const BestLosses best = BestOf(engine);
  const double spent = session.seconds_spent();
  const double rate = spent > 0 ? static_cast<double>(engine.evaluations()) / spent : 0;
  double left =
      budget_seconds_ > 0 ? budget_seconds_ - spent : std::numeric_limits<double>::infinity();
  if (maximum_evaluations_ > 0 && rate > 0) {
    left = std::min(left, static_cast<double>(maximum_evaluations_ - engine.evaluations()) / rate);
  }
  std::string line = fmt::format(
      "{:<7} {} evaluations of {} candidates | best {} | best baseline {} | {:.2f}/s | {} workers",
      search::PhaseText(engine.phase(), engine.feature_counts()), engine.evaluations(),
      engine.candidates().size(), PerplexityText(best.any), PerplexityText(best.baseline), rate,
      status.connected_workers);
  if (engine.phase() == search::Phase::kSearching && std::isfinite(left)) {
    line += fmt::format(" | {} left", DurationText(left));
  } else if (engine.phase() == search::Phase::kSelecting ||
             engine.phase() == search::Phase::kVerifying) {
    const auto done = std::count_if(
        engine.candidates().begin(), engine.candidates().end(), [&](const Candidate& candidate) {
          return !candidate.same_as.has_value() &&
                 (engine.phase() == search::Phase::kSelecting ? candidate.selection_nll.has_value()
                                                              : candidate.report_nll.has_value());
        });
    line += fmt::format(" | {} finalists done", done);
  }
  if (status.reissued_items > 0) line += fmt::format(" | {} reissued", status.reissued_items);
  if (status.failed_items > 0) line += fmt::format(" | {} failed", status.failed_items);
  return line;
}

void SearchProgress::Show(const search::Session& session,
                          const workers::CoordinatorStatus& status) {
  const search::Phase phase = session.engine().phase();
  const auto now = std::chrono::steady_clock::now();
  const std::chrono::milliseconds interval(terminal_ ? 500 : 10'000);
  if (last_shown_ && now - *last_shown_ < interval && phase == last_phase_) return;
  last_shown_ = now;
  last_phase_ = phase;
  if (terminal_) {
    fmt::print(stderr, "\r\x1b[K{}", Line(session, status));
  } else {
    fmt::print(stderr, "{}\n", Line(session, status));
  }
  std::fflush(stderr);
}

void SearchProgress::Finish() {
  if (terminal_) fmt::print(stderr, "\n");
}

}  // namespace strata::cli
