#include "search/refinement/evopress_search.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "expr/status_macros.h"
#include "search/strategy/random.h"

namespace strata::search {
namespace {

// Tries to find a unit with room, or an offspring that is new, before it is assumed that none is
// left.
constexpr int kTries = 200;

// More levels than a unit with groups can move: group is at most 128 (expr::ValidateTarget).
constexpr int64_t kNoRoom = 1000;

// An offspring has at most this many switches, as in evo_prune_search.py.
constexpr uint64_t kMaximumSwitches = 3;

// Returns the number of weights of a level. EvoPress' prune.py gives a level half of
// min(sparsity, density) / levels of the weights of a square matrix of the model's width. Of the
// linears of a transformer, that matrix has the median size.
int64_t LevelWeights(const RefinementOptions& options, std::vector<int64_t> parameters) {
  const size_t middle = (parameters.size() - 1) / 2;
  std::ranges::nth_element(parameters, parameters.begin() + static_cast<std::ptrdiff_t>(middle));
  const double target = options.target.sparsity;
  const double step = options.evopress.level_step > 0
                          ? options.evopress.level_step
                          : 0.5 * std::min(target, 1 - target) / options.evopress.levels;
  return std::max<int64_t>(1, static_cast<int64_t>(step * static_cast<double>(parameters[middle])));
}

}  // namespace

absl::StatusOr<std::unique_ptr<EvoPressSearch>> EvoPressSearch::Create(
    const RefinementOptions& options, const expr::UnitLayout& layout,
    const expr::Allocation& start) {
  STRATA_RETURN_IF_ERROR(ValidateRefinement(options, layout));
  STRATA_RETURN_IF_ERROR(ValidateStart(options, layout, start));
  return std::unique_ptr<EvoPressSearch>(new EvoPressSearch(options, layout, start));
}

EvoPressSearch::EvoPressSearch(const RefinementOptions& options, const expr::UnitLayout& layout,
                               const expr::Allocation& start)
    : options_(options),
      parameters_(expr::ParametersOf(layout)),
      level_weights_(LevelWeights(options, parameters_)),
      random_(MakeRandomGenerator(options.seed)),
      parent_levels_(start.size(), 0) {
  allocations_.push_back({0, -1, start, std::nullopt, ""});
  seen_.insert(expr::QuantizedKey(start));
  windows_handed_out_ = options_.evopress.windows;  // of the start
  BeginGeneration();
}

int64_t EvoPressSearch::WindowsOf(int rung) const {
  return rung == last_rung() ? options_.evopress.windows
                             : options_.evopress.rungs[static_cast<size_t>(rung)].windows;
}

int64_t EvoPressSearch::WindowsOfGeneration(int offspring) const {
  int64_t windows = 0;
  int64_t entrants = offspring;
  for (const EvoPressRung& rung : options_.evopress.rungs) {
    windows += entrants * rung.windows;
    entrants = std::min<int64_t>(entrants, rung.survivors);
  }
  return windows + entrants * options_.evopress.windows;
}

std::optional<RefinementRequest> EvoPressSearch::Ask() {
  RefinementRequest request;
  if (!is_start_handed_out_) {
    is_start_handed_out_ = true;
    request = {0, false, last_rung()};
  } else if (next_entrant_ < entrants_.size()) {
    request = {entrants_[next_entrant_++], false, rung_};
    windows_handed_out_ += WindowsOf(rung_);
  } else {
    return std::nullopt;
  }
  outstanding_[request.id] = request.rung;
  return request;
}

absl::StatusOr<int> EvoPressSearch::OutstandingRung(int64_t id) const {
  const auto found = outstanding_.find(id);
  if (found != outstanding_.end()) return found->second;
  return absl::InvalidArgumentError(
      fmt::format("refinement: allocation {} is not being measured", id));
}

absl::Status EvoPressSearch::Tell(int64_t id, double nll) {
  STRATA_ASSIGN_OR_RETURN(const int rung, OutstandingRung(id));
  if (!std::isfinite(nll)) {
    return absl::InvalidArgumentError(
        fmt::format("refinement: allocation {}: expected a finite loss, found {}", id, nll));
  }
  if (rung == last_rung()) allocations_[static_cast<size_t>(id)].nll = nll;
  if (id != 0) losses_[id] = nll;
  outstanding_.erase(id);
  Advance();
  return absl::OkStatus();
}

absl::Status EvoPressSearch::TellSlopes(int64_t id, const std::vector<double>& /*slopes*/) {
  return absl::InvalidArgumentError(
      fmt::format("refinement: slopes at allocation {} are not being measured", id));
}

absl::Status EvoPressSearch::TellFailure(const RefinementRequest& request,
                                         const std::string& reason) {
  STRATA_ASSIGN_OR_RETURN(const int rung, OutstandingRung(request.id));
  if (request.slopes || request.rung != rung) {
    return absl::InvalidArgumentError(
        fmt::format("refinement: allocation {}: expected a loss of rung {}, found {} of rung {}",
                    request.id, rung, request.slopes ? "slopes" : "a loss", request.rung));
  }
  allocations_[static_cast<size_t>(request.id)].failure =
      reason.empty() ? "failed without a reason" : reason;
  outstanding_.erase(request.id);
  Advance();
  return absl::OkStatus();
}

void EvoPressSearch::Advance() {
  while (!is_over_ && next_entrant_ == entrants_.size()) {
    const bool is_last = rung_ == last_rung();
    // The start is measured beside the first generation, and needed at its end.
    const auto awaited = outstanding_.size() - outstanding_.count(0);
    if (awaited > 0 || (is_last && outstanding_.contains(0))) return;
    if (is_last) {
      ChooseParent();
      BeginGeneration();
    } else {
      entrants_ = Survivors();
      ++rung_;
      next_entrant_ = 0;
      losses_.clear();
    }
  }
}

std::vector<int64_t> EvoPressSearch::Survivors() const {
  std::vector<std::pair<double, int64_t>> order;
  for (const auto& [id, loss] : losses_) order.emplace_back(loss, id);
  std::ranges::sort(order);
  const auto limit =
      static_cast<size_t>(options_.evopress.rungs[static_cast<size_t>(rung_)].survivors);
  if (order.size() > limit) order.resize(limit);
  std::vector<int64_t> survivors;
  for (const auto& [loss, id] : order) survivors.push_back(id);
  return survivors;
}

// An offspring with the loss of the parent takes its place, as in evo_prune_search.py.
void EvoPressSearch::ChooseParent() {
  std::optional<double> lowest = allocations_[static_cast<size_t>(parent_)].nll;
  std::optional<int64_t> chosen;
  for (const auto& [id, loss] : losses_) {
    if (lowest && (chosen ? loss >= *lowest : loss > *lowest)) continue;
    lowest = loss;
    chosen = id;
  }
  if (!chosen) return;
  parent_ = *chosen;
  parent_levels_ = levels_.at(*chosen);
}

void EvoPressSearch::BeginGeneration() {
  rung_ = 0;
  entrants_.clear();
  next_entrant_ = 0;
  losses_.clear();
  levels_.clear();
  const int64_t left = options_.evaluations * options_.evopress.windows - windows_handed_out_;
  int size = options_.evopress.offspring;
  while (size > 0 && WindowsOfGeneration(size) > left) --size;
  for (int i = 0; i < size; ++i) {
    std::optional<Levels> levels = Offspring();
    if (!levels) break;
    const auto id = static_cast<int64_t>(allocations_.size());
    expr::Allocation allocation = AllocationOf(*levels);
    seen_.insert(expr::QuantizedKey(allocation));
    allocations_.push_back({id, parent_, std::move(allocation), std::nullopt, ""});
    levels_[id] = *std::move(levels);
    entrants_.push_back(id);
  }
  is_over_ = entrants_.empty();
  if (!is_over_) ++generations_;
}

std::optional<EvoPressSearch::Levels> EvoPressSearch::Offspring() {
  for (int i = 0; i < kTries; ++i) {
    Levels levels = parent_levels_;
    const uint64_t switches =
        1 + std::min(random_->Below(kMaximumSwitches), random_->Below(kMaximumSwitches));
    bool switched = true;
    for (uint64_t k = 0; k < switches && switched; ++k) switched = Switch(levels);
    if (switched && !seen_.contains(expr::QuantizedKey(AllocationOf(levels)))) return levels;
  }
  return std::nullopt;
}

// Takes sparsity from a random unit and gives it to another; false if no two units have room.
bool EvoPressSearch::Switch(Levels& levels) {
  const auto units = static_cast<uint64_t>(levels.size());
  for (int i = 0; i < kTries; ++i) {
    const auto lowered = static_cast<size_t>(random_->Below(units));
    auto raised = static_cast<size_t>(random_->Below(units - 1));
    if (raised >= lowered) ++raised;
    int down = 1, up = 1;
    if (options_.target.group > 0) {
      const int64_t common = std::lcm(parameters_[lowered], parameters_[raised]);
      down = static_cast<int>(std::min<int64_t>(common / parameters_[lowered], kNoRoom));
      up = static_cast<int>(std::min<int64_t>(common / parameters_[raised], kNoRoom));
    }
    if (!HasRoom(levels, lowered, -down) || !HasRoom(levels, raised, up)) continue;
    levels[lowered] -= down;
    levels[raised] += up;
    return true;
  }
  return false;
}

bool EvoPressSearch::HasRoom(const Levels& levels, size_t unit, int change) const {
  const int level = levels[unit] + change;
  if (std::abs(level) > options_.evopress.levels) return false;
  const double sparsity = SparsityAt(unit, level);
  return level == 0 || (sparsity >= options_.target.minimum && sparsity <= options_.target.maximum);
}

expr::Allocation EvoPressSearch::AllocationOf(const Levels& levels) const {
  expr::Allocation allocation;
  for (size_t unit = 0; unit < levels.size(); ++unit) {
    allocation.push_back(SparsityAt(unit, levels[unit]));
  }
  return allocation;
}

double EvoPressSearch::SparsityAt(size_t unit, int level) const {
  const double start = allocations_.front().allocation[unit];
  const int group = options_.target.group;
  if (group > 0) return std::round(start * group + level) / group;
  return start +
         static_cast<double>(level * level_weights_) / static_cast<double>(parameters_[unit]);
}

}  // namespace strata::search
