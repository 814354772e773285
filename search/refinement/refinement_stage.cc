#include "search/refinement/refinement_stage.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace strata::search {
namespace {

std::optional<double>& LossOn(Rung rung, RefinedResult& result) {
  return rung == Rung::kRefine   ? result.nll
         : rung == Rung::kSelect ? result.selection_nll
                                 : result.report_nll;
}

// Why there is no loss; empty if there is one.
std::string FailureOf(const Outcome& outcome) {
  if (const auto* failed = std::get_if<FailedOutcome>(&outcome)) {
    return failed->reason.empty() ? "failed without a reason" : failed->reason;
  }
  const double nll = std::get<EvaluateOutcome>(outcome).mean_nll;
  return std::isfinite(nll) ? "" : fmt::format("measured a loss of {}; it must be finite", nll);
}

}  // namespace

absl::StatusOr<std::unique_ptr<RefinementStage>> RefinementStage::Create(
    const RefinementOptions& options, const expr::UnitLayout& layout,
    const expr::Allocation& start) {
  absl::StatusOr<std::unique_ptr<Refinement>> refinement =
      Refinement::Create(options, layout, start);
  if (!refinement.ok()) return refinement.status();
  return std::unique_ptr<RefinementStage>(new RefinementStage(*std::move(refinement)));
}

std::optional<EvaluateTask> RefinementStage::Ask() {
  std::optional<int64_t> id;
  Rung rung = rung_;
  if (rung_ == Rung::kRefine) {
    if (const std::optional<RefinementRequest> request = refinement_->Ask()) {
      id = request->id;
      if (request->slopes) {
        rung = Rung::kSlope;
      } else {
        const RefinedAllocation& proposed = refinement_->allocations()[static_cast<size_t>(*id)];
        results_.push_back({proposed.id, proposed.parent, proposed.allocation, "", {}, {}, {}, {}});
      }
    } else {
      Advance();  // nothing may be left to propose although nothing was told since
      rung = rung_;
    }
  }
  if (rung_ != Rung::kRefine && !queue_.empty()) {
    id = queue_.back();
    queue_.pop_back();
  }
  if (!id) return std::nullopt;
  outstanding_.insert({rung, *id});
  return EvaluateTask{*id, rung, results_[static_cast<size_t>(*id)].allocation, 0};
}

absl::Status RefinementStage::Tell(const EvaluateTask& task, const Outcome& outcome) {
  const std::pair key(task.rung, task.candidate);
  if (!outstanding_.contains(key) || std::holds_alternative<ProfileOutcome>(outcome)) {
    return absl::InvalidArgumentError(
        fmt::format("refinement: allocation {} is not being measured so", task.candidate));
  }
  if (task.rung == Rung::kSlope) {
    const auto* failed = std::get_if<FailedOutcome>(&outcome);
    const absl::Status told =
        failed != nullptr
            ? refinement_->TellFailure({task.candidate, true}, failed->reason)
            : refinement_->TellSlopes(task.candidate, std::get<EvaluateOutcome>(outcome).slopes);
    if (told.ok()) outstanding_.erase(key);
    return told;
  }
  RefinedResult& result = results_[static_cast<size_t>(task.candidate)];
  const std::string failure = FailureOf(outcome);
  const auto* measured = failure.empty() ? &std::get<EvaluateOutcome>(outcome) : nullptr;
  if (rung_ == Rung::kRefine) {
    const absl::Status told = measured != nullptr
                                  ? refinement_->Tell(task.candidate, measured->mean_nll)
                                  : refinement_->TellFailure({task.candidate, false}, failure);
    if (!told.ok()) return told;
  }
  if (measured != nullptr) {
    LossOn(rung_, result) = measured->mean_nll;
    result.achieved_sparsity = measured->achieved_sparsity;
  } else {
    result.failure = failure;
  }
  outstanding_.erase(key);
  Advance();
  return absl::OkStatus();
}

std::optional<int64_t> RefinementStage::best() const {
  std::optional<int64_t> best;
  for (const RefinedResult& result : results_) {
    if (!result.selection_nll) continue;
    if (!best || *result.selection_nll < *results_[static_cast<size_t>(*best)].selection_nll) {
      best = result.id;
    }
  }
  return best;
}

std::vector<int64_t> RefinementStage::Finalists() const {
  std::vector<int64_t> ids;
  for (const RefinedResult& result : results_) {
    if (result.nll && result.id != 0) ids.push_back(result.id);
  }
  std::stable_sort(ids.begin(), ids.end(), [&](int64_t a, int64_t b) {
    return *results_[static_cast<size_t>(a)].nll < *results_[static_cast<size_t>(b)].nll;
  });
  if (ids.size() > kRefinedFinalists) ids.resize(kRefinedFinalists);
  ids.push_back(0);
  return ids;
}

void RefinementStage::Advance() {
  if (rung_ == Rung::kRefine && refinement_->done()) {
    rung_ = Rung::kSelect;
    queue_ = Finalists();
  } else if (rung_ == Rung::kSelect && queue_.empty() && outstanding_.empty()) {
    rung_ = Rung::kVerify;
    if (const std::optional<int64_t> chosen = best()) {
      if (*chosen != 0) queue_.push_back(*chosen);
      queue_.push_back(0);
    }
  }
}

}  // namespace strata::search
