#include "search/refinement/refinement_stage.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "expr/status_macros.h"
#include "search/refinement/evopress_search.h"
#include "search/refinement/refinement.h"

namespace strata::search {
namespace {

std::optional<double>& LossOn(Stage stage, RefinedResult& result) {
  return stage == Stage::kRefine   ? result.nll
         : stage == Stage::kSelect ? result.selection_nll
                                   : result.report_nll;
}

// Returns why there is no loss; empty if there is one.
std::string FailureOf(const Outcome& outcome) {
  if (const auto* failed = std::get_if<FailedOutcome>(&outcome)) {
    return failed->reason.empty() ? "failed without a reason" : failed->reason;
  }
  const double nll = std::get<EvaluateOutcome>(outcome).mean_nll;
  return std::isfinite(nll) ? "" : fmt::format("measured a loss of {}; it must be finite", nll);
}

absl::StatusOr<std::unique_ptr<AllocationSearch>> MakeSearch(const RefinementOptions& options,
                                                             const expr::UnitLayout& layout,
                                                             const expr::Allocation& start) {
  if (options.method == RefinementMethod::kEvoPress) {
    return EvoPressSearch::Create(options, layout, start);
  }
  return Refinement::Create(options, layout, start);
}

}  // namespace

absl::StatusOr<std::unique_ptr<RefinementStage>> RefinementStage::Create(
    const RefinementOptions& options, const expr::UnitLayout& layout,
    const expr::Allocation& start) {
  STRATA_ASSIGN_OR_RETURN(std::unique_ptr<AllocationSearch> search,
                          MakeSearch(options, layout, start));
  return std::unique_ptr<RefinementStage>(new RefinementStage(std::move(search)));
}

std::optional<EvaluateWork> RefinementStage::Ask() {
  std::optional<int64_t> id;
  Stage stage = stage_;
  int rung = 0;
  if (stage_ == Stage::kRefine) {
    if (const std::optional<RefinementRequest> request = search_->Ask()) {
      id = request->id;
      rung = request->rung;
      if (request->slopes) {
        stage = Stage::kSlope;
      } else if (static_cast<size_t>(*id) == results_.size()) {
        const RefinedAllocation& proposed = search_->allocations()[static_cast<size_t>(*id)];
        results_.push_back({proposed.id, proposed.parent, proposed.allocation, "", {}, {}, {}, {}});
      }
    } else {
      Advance();  // no proposal may be left although no result came since
      stage = stage_;
    }
  }
  if (stage_ != Stage::kRefine && !queue_.empty()) {
    id = queue_.back();
    queue_.pop_back();
  }
  if (!id) return std::nullopt;
  outstanding_.insert({stage, rung, *id});
  return EvaluateWork{*id, stage, results_[static_cast<size_t>(*id)].allocation, rung};
}

absl::Status RefinementStage::Tell(const EvaluateWork& item, const Outcome& outcome) {
  const std::tuple key(item.stage, item.rung, item.candidate);
  if (!outstanding_.contains(key) || std::holds_alternative<ProfileOutcome>(outcome)) {
    return absl::InvalidArgumentError(
        fmt::format("refinement: allocation {} is not being measured so", item.candidate));
  }
  if (item.stage == Stage::kSlope) {
    const auto* failed = std::get_if<FailedOutcome>(&outcome);
    STRATA_RETURN_IF_ERROR(
        failed != nullptr
            ? search_->TellFailure({item.candidate, true}, failed->reason)
            : search_->TellSlopes(item.candidate, std::get<EvaluateOutcome>(outcome).slopes));
    outstanding_.erase(key);
    return absl::OkStatus();
  }
  RefinedResult& result = results_[static_cast<size_t>(item.candidate)];
  const std::string failure = FailureOf(outcome);
  const auto* measured = failure.empty() ? &std::get<EvaluateOutcome>(outcome) : nullptr;
  if (stage_ == Stage::kRefine) {
    STRATA_RETURN_IF_ERROR(measured != nullptr
                               ? search_->Tell(item.candidate, measured->mean_nll)
                               : search_->TellFailure({item.candidate, false, item.rung}, failure));
  }
  if (measured != nullptr) {
    const bool is_full = stage_ != Stage::kRefine || item.rung == search_->last_rung();
    if (is_full) LossOn(stage_, result) = measured->mean_nll;
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
  if (stage_ == Stage::kRefine && search_->done()) {
    stage_ = Stage::kSelect;
    queue_ = Finalists();
  } else if (stage_ == Stage::kSelect && queue_.empty() && outstanding_.empty()) {
    stage_ = Stage::kVerify;
    if (const std::optional<int64_t> chosen = best()) {
      if (*chosen != 0) queue_.push_back(*chosen);
      queue_.push_back(0);
    }
  }
}

}  // namespace strata::search
