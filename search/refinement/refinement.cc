#include "search/refinement/refinement.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "expr/status_macros.h"

namespace strata::search {

absl::StatusOr<std::unique_ptr<Refinement>> Refinement::Create(const RefinementOptions& options,
                                                               const expr::UnitLayout& layout,
                                                               const expr::Allocation& start) {
  STRATA_RETURN_IF_ERROR(ValidateRefinement(options, layout));
  STRATA_RETURN_IF_ERROR(ValidateStart(options, layout, start));
  return std::unique_ptr<Refinement>(new Refinement(options, layout, start));
}

Refinement::Refinement(const RefinementOptions& options, const expr::UnitLayout& layout,
                       const expr::Allocation& start)
    : options_(options),
      descent_(expr::ParametersOf(layout), options.target),
      switches_(options, layout) {
  if (!options.slopes) descent_.End();
  allocations_.push_back({0, -1, start, std::nullopt, ""});
  seen_.insert(expr::QuantizedKey(start));
}

bool Refinement::IsSpent() const {
  const auto made = static_cast<int64_t>(allocations_.size());
  const int64_t slopes = descent_.slopes_measured() + (descent_.awaits_slopes() ? 1 : 0);
  return made + slopes >= options_.evaluations;
}

// A line that was begun is measured to its end, although the evaluations are used up.
bool Refinement::Descends() const {
  if (descent_.is_over()) return false;
  return descent_.is_on_line() || descent_.awaits_slopes() || !IsSpent();
}

std::optional<RefinementRequest> Refinement::Ask() {
  if (handed_out_ < static_cast<int64_t>(allocations_.size())) {
    return RefinementRequest{handed_out_++, false};
  }
  if (Descends()) {
    std::optional<RefinementRequest> request = AskDescent();
    if (request || Descends()) return request;
  }
  return AskSwitches();
}

std::optional<RefinementRequest> Refinement::AskDescent() {
  if (descent_.awaits_slopes()) return std::nullopt;
  const auto made = static_cast<int64_t>(allocations_.size());
  // The start is measured while its slopes are.
  const bool begins = made == 1 && !descent_.has_slopes();
  if (!begins && told_ < made) return std::nullopt;
  if (descent_.is_on_line()) {
    LearnUpTo(made - 1);
    descent_.EndLine(parent_);
  }
  if (!Descends()) return std::nullopt;
  if (!descent_.has_slopes()) {
    // Slopes are of no use without at least one step.
    if (options_.evaluations - made - descent_.slopes_measured() < 2) {
      descent_.End();
      return std::nullopt;
    }
    descent_.AskSlopes(parent_);
    return RefinementRequest{parent_, true};
  }
  while (!AddLine()) {
    descent_.EndLine(parent_);  // the next line is shorter
    if (descent_.is_over()) return std::nullopt;
  }
  return RefinementRequest{handed_out_++, false};
}

bool Refinement::AddLine() {
  const expr::Allocation from = allocations_[static_cast<size_t>(parent_)].allocation;
  for (SlopeDescent::Step& step : descent_.Line(from)) {
    if (IsSpent() || seen_.contains(expr::QuantizedKey(step.allocation))) continue;
    descent_.Begin(static_cast<int64_t>(allocations_.size()), step.length);
    Add(std::move(step.allocation));
  }
  return descent_.is_on_line();
}

std::optional<RefinementRequest> Refinement::AskSwitches() {
  if (IsSpent() || is_exhausted_) return std::nullopt;
  const auto made = static_cast<int64_t>(allocations_.size());
  const int64_t last = std::max<int64_t>(0, made - options_.lag);
  for (int64_t id = learned_; id <= last; ++id) {
    if (IsOutstanding(id)) return std::nullopt;
  }
  LearnUpTo(last);
  std::vector<expr::Allocation> pending;
  for (int64_t id = learned_; id < made; ++id) {
    pending.push_back(allocations_[static_cast<size_t>(id)].allocation);
  }
  std::optional<expr::Allocation> proposal =
      switches_.Propose(allocations_[static_cast<size_t>(parent_)].allocation, pending, seen_);
  if (!proposal) {
    is_exhausted_ = true;
    return std::nullopt;
  }
  Add(*std::move(proposal));
  return RefinementRequest{handed_out_++, false};
}

void Refinement::Add(expr::Allocation allocation) {
  seen_.insert(expr::QuantizedKey(allocation));
  allocations_.push_back({static_cast<int64_t>(allocations_.size()), parent_, std::move(allocation),
                          std::nullopt, ""});
}

bool Refinement::IsOutstanding(int64_t id) const {
  const RefinedAllocation& entry = allocations_[static_cast<size_t>(id)];
  return !entry.nll.has_value() && entry.failure.empty();
}

absl::Status Refinement::CheckOutstanding(int64_t id) const {
  if (id >= 0 && id < handed_out_ && IsOutstanding(id)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      fmt::format("refinement: allocation {} is not being measured", id));
}

absl::Status Refinement::Tell(int64_t id, double nll) {
  STRATA_RETURN_IF_ERROR(CheckOutstanding(id));
  if (!std::isfinite(nll)) {
    return absl::InvalidArgumentError(
        fmt::format("refinement: allocation {}: expected a finite loss, found {}", id, nll));
  }
  allocations_[static_cast<size_t>(id)].nll = nll;
  ++told_;
  return absl::OkStatus();
}

absl::Status Refinement::TellSlopes(int64_t id, const std::vector<double>& slopes) {
  return descent_.TellSlopes(id, slopes);
}

absl::Status Refinement::TellFailure(const RefinementRequest& request, const std::string& reason) {
  const std::string failure = reason.empty() ? "failed without a reason" : reason;
  if (request.slopes) return descent_.TellFailure(request.id, failure);
  STRATA_RETURN_IF_ERROR(CheckOutstanding(request.id));
  allocations_[static_cast<size_t>(request.id)].failure = failure;
  ++told_;
  return absl::OkStatus();
}

bool Refinement::done() const {
  const auto made = static_cast<int64_t>(allocations_.size());
  return told_ == made && !descent_.awaits_slopes() && (IsSpent() || is_exhausted_);
}

std::optional<int64_t> Refinement::best() const {
  std::optional<int64_t> best;
  for (const RefinedAllocation& entry : allocations_) {
    if (!entry.nll.has_value()) continue;
    if (!best || *entry.nll < *allocations_[static_cast<size_t>(*best)].nll) best = entry.id;
  }
  return best;
}

void Refinement::LearnUpTo(int64_t last) {
  for (; learned_ <= last; ++learned_) {
    const RefinedAllocation& entry = allocations_[static_cast<size_t>(learned_)];
    if (!entry.nll.has_value()) continue;
    switches_.Learn(entry.allocation, *entry.nll);
    const std::optional<double>& best = allocations_[static_cast<size_t>(parent_)].nll;
    if (!best.has_value() || *entry.nll < *best) parent_ = learned_;
  }
}

}  // namespace strata::search
