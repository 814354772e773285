#include "cli/run/search_progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

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

// Returns what is shown of a mean in nats; "-" for infinity, which means that there is none.
std::string ShownOrDash(double nats, evaluator::Measure measure) {
  return ShownText(std::isfinite(nats) ? std::optional(nats) : std::nullopt, measure,
                   /*perplexity_decimals=*/1);
}

std::vector<std::string> RefinementParts(const search::RefinementStage& refinement,
                                         const workers::CoordinatorStatus& status,
                                         evaluator::Measure selection) {
  int64_t tried = 0, selected = 0;
  double best = std::numeric_limits<double>::infinity();
  for (const search::RefinedResult& result : refinement.results()) {
    if (result.nll) ++tried;
    if (result.selection_nll) ++selected;
    best = std::min(best, result.nll.value_or(best));
  }
  double start = std::numeric_limits<double>::infinity();
  if (!refinement.results().empty()) start = refinement.results().front().nll.value_or(start);
  std::vector<std::string> parts = {
      fmt::format("refine  {} allocations tried", tried),
      fmt::format("best {}, from {}", ShownOrDash(best, selection), ShownOrDash(start, selection))};
  if (refinement.stage() != search::Stage::kRefine) {
    parts.push_back(fmt::format("{} selected", selected));
  }
  parts.push_back(fmt::format("{} workers", status.connected_workers));
  return parts;
}

int64_t FinalistsDone(const search::Engine& engine) {
  return std::count_if(
      engine.candidates().begin(), engine.candidates().end(), [&](const Candidate& candidate) {
        return !candidate.same_as.has_value() &&
               (engine.phase() == search::Phase::kSelecting ? candidate.selection_nll.has_value()
                                                            : candidate.report_nll.has_value());
      });
}

}  // namespace

std::vector<std::string> SearchProgressParts(const search::Engine& engine,
                                             const workers::CoordinatorStatus& status,
                                             double seconds_spent, double budget_seconds,
                                             int64_t maximum_evaluations,
                                             evaluator::Measure fitness) {
  const BestLosses best = BestOf(engine);
  const double rate =
      seconds_spent > 0 ? static_cast<double>(engine.evaluations()) / seconds_spent : 0;
  double left =
      budget_seconds > 0 ? budget_seconds - seconds_spent : std::numeric_limits<double>::infinity();
  if (maximum_evaluations > 0 && rate > 0) {
    left = std::min(left, static_cast<double>(maximum_evaluations - engine.evaluations()) / rate);
  }
  std::vector<std::string> parts = {
      fmt::format("{:<7} {} evaluations",
                  search::PhaseText(engine.phase(), engine.feature_counts()), engine.evaluations()),
      fmt::format("best {}, baseline {}", ShownOrDash(best.any, fitness),
                  ShownOrDash(best.baseline, fitness))};
  if (engine.phase() == search::Phase::kSearching && std::isfinite(left)) {
    parts.push_back(fmt::format("{} left", DurationText(left)));
  } else if (engine.phase() == search::Phase::kSelecting ||
             engine.phase() == search::Phase::kVerifying) {
    parts.push_back(fmt::format("{} finalists done", FinalistsDone(engine)));
  }
  // What goes wrong matters more than the rate.
  if (status.failed_items > 0) parts.push_back(fmt::format("{} failed", status.failed_items));
  parts.push_back(fmt::format("{} workers", status.connected_workers));
  parts.push_back(fmt::format("{:.2f}/s", rate));
  parts.push_back(fmt::format("{} candidates", engine.candidates().size()));
  if (status.reissued_items > 0) parts.push_back(fmt::format("{} reissued", status.reissued_items));
  return parts;
}

SearchProgress::SearchProgress(double budget_seconds, int64_t maximum_evaluations,
                               const RunMeasures& measures)
    : budget_seconds_(budget_seconds),
      maximum_evaluations_(maximum_evaluations),
      measures_(measures) {}

std::vector<std::string> SearchProgress::Parts(const search::Session& session,
                                               const workers::CoordinatorStatus& status) const {
  if (session.refinement() != nullptr) {
    return RefinementParts(*session.refinement(), status, measures_.selection);
  }
  return SearchProgressParts(session.engine(), status, session.seconds_spent(), budget_seconds_,
                             maximum_evaluations_, measures_.fitness);
}

void SearchProgress::Show(const search::Session& session,
                          const workers::CoordinatorStatus& status) {
  const search::Phase phase = session.engine().phase();
  if (!line_.IsDue() && phase == last_phase_) return;
  last_phase_ = phase;
  line_.Show(Parts(session, status));
}

void SearchProgress::Finish() { line_.Finish(); }

}  // namespace strata::cli
