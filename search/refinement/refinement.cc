#include "search/refinement/refinement.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "search/strategy/random.h"

namespace strata::search {
namespace {

// Switches tried for one new proposal before none is thought to be left.
constexpr int kTries = 200;

// A proposal is judged by its predicted loss less this many standard deviations.
constexpr double kOptimism = 0.5;

// Sparsities of a grid are compared to this.
constexpr double kTolerance = 1e-9;

SurrogateOptions SurrogateOf(const RefinementOptions& options) {
  SurrogateOptions surrogate;
  surrogate.minimum_points = 8;
  surrogate.proposals = options.proposals;
  return surrogate;
}

absl::Status CheckStart(const RefinementOptions& options, const expr::UnitLayout& layout,
                        const expr::Allocation& start) {
  if (start.size() != layout.size()) {
    return absl::InvalidArgumentError(fmt::format(
        "refinement: expected a start of {} sparsities, found {}", layout.size(), start.size()));
  }
  const int group = options.target.group;
  for (size_t i = 0; i < start.size(); ++i) {
    const double steps = start[i] * group;
    const bool on_grid = group == 0 || std::abs(steps - std::round(steps)) < kTolerance;
    if (start[i] >= options.target.minimum - kTolerance &&
        start[i] <= options.target.maximum + kTolerance && on_grid) {
      continue;
    }
    return absl::InvalidArgumentError(
        fmt::format("refinement: start: unit {}: expected {} from {} to {}, found {}", i,
                    group == 0 ? "a sparsity" : fmt::format("a multiple of 1/{}", group),
                    options.target.minimum, options.target.maximum, start[i]));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ValidateRefinement(const RefinementOptions& options, const expr::UnitLayout& layout) {
  if (absl::Status status = expr::ValidateLayout(layout); !status.ok()) return status;
  if (absl::Status status = expr::ValidateTarget(options.target); !status.ok()) return status;
  const auto refuse = [](const char* name, const std::string& expected, double found) {
    return absl::InvalidArgumentError(
        fmt::format("refinement: {}: expected {}, found {}", name, expected, found));
  };
  if (layout.size() < 2) {
    return absl::InvalidArgumentError("refinement: expected at least 2 units, found 1");
  }
  if (options.evaluations < 1) {
    return refuse("evaluations", "at least 1", static_cast<double>(options.evaluations));
  }
  if (options.lag < 1) return refuse("lag", "at least 1", options.lag);
  if (!(options.smallest_step > 0)) {
    return refuse("smallest_step", "more than 0", options.smallest_step);
  }
  if (!(options.largest_step >= options.smallest_step && options.largest_step < 1)) {
    return refuse("largest_step", "from smallest_step to 1", options.largest_step);
  }
  if (options.maximum_switches < 1) {
    return refuse("maximum_switches", "at least 1", options.maximum_switches);
  }
  if (options.proposals < 1) return refuse("proposals", "at least 1", options.proposals);
  if (!(options.unranked_share >= 0 && options.unranked_share <= 1)) {
    return refuse("unranked_share", "from 0 to 1", options.unranked_share);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Refinement>> Refinement::Create(const RefinementOptions& options,
                                                               const expr::UnitLayout& layout,
                                                               const expr::Allocation& start) {
  absl::Status status = ValidateRefinement(options, layout);
  if (status.ok()) status = CheckStart(options, layout, start);
  if (!status.ok()) return status;
  return std::unique_ptr<Refinement>(new Refinement(options, layout, start));
}

Refinement::Refinement(const RefinementOptions& options, const expr::UnitLayout& layout,
                       const expr::Allocation& start)
    : options_(options),
      parameters_(expr::ParametersOf(layout)),
      mean_parameters_(
          static_cast<double>(std::accumulate(parameters_.begin(), parameters_.end(), int64_t{0})) /
          static_cast<double>(parameters_.size())),
      slabs_(layout),
      random_(MakeRandomGenerator(options.seed)),
      surrogate_(SurrogateOf(options), layout, 1),
      descent_(parameters_, options.target),
      descends_(options.slopes) {
  allocations_.push_back({0, -1, start, std::nullopt, ""});
  seen_.insert(expr::QuantizedKey(start));
}

bool Refinement::IsSpent() const {
  const auto made = static_cast<int64_t>(allocations_.size());
  const int64_t slopes = slopes_measured_ + (slopes_asked_ ? 1 : 0);
  return made + slopes >= options_.evaluations;
}

// A line that was begun is ended.
bool Refinement::Descends() const {
  return descends_ && !(line_.empty() && !slopes_asked_ && IsSpent());
}

std::optional<RefinementRequest> Refinement::Ask() {
  const auto made = static_cast<int64_t>(allocations_.size());
  if (handed_out_ < made) return RefinementRequest{handed_out_++, false};
  if (Descends()) {
    std::optional<RefinementRequest> request = AskDescent();
    if (request || Descends()) return request;
  }
  if (IsSpent() || is_exhausted_) return std::nullopt;
  const int64_t last = std::max<int64_t>(0, made - options_.lag);
  for (int64_t id = learned_; id <= last; ++id) {
    const RefinedAllocation& entry = allocations_[static_cast<size_t>(id)];
    if (!entry.nll.has_value() && entry.failure.empty()) return std::nullopt;
  }
  LearnUpTo(last);
  if (!Propose()) {
    is_exhausted_ = true;
    return std::nullopt;
  }
  return RefinementRequest{handed_out_++, false};
}

std::optional<RefinementRequest> Refinement::AskDescent() {
  if (slopes_asked_) return std::nullopt;
  const auto made = static_cast<int64_t>(allocations_.size());
  // The start is measured while its slopes are.
  const bool begins = made == 1 && slopes_.empty();
  if (!begins && told_ < made) return std::nullopt;
  if (!line_.empty()) EndLine();
  if (!Descends()) return std::nullopt;
  if (slopes_.empty()) {
    if (options_.evaluations - made - slopes_measured_ < 2) {  // of no use without a step
      descends_ = false;
      return std::nullopt;
    }
    slopes_asked_ = parent_;
    return RefinementRequest{parent_, true};
  }
  while (!AddLine()) {
    descent_.Learn(std::nullopt);
    if (!descent_.is_over()) continue;
    descends_ = false;
    return std::nullopt;
  }
  return RefinementRequest{handed_out_++, false};
}

// False where no step leads to an allocation that is not known yet.
bool Refinement::AddLine() {
  const expr::Allocation from = allocations_[static_cast<size_t>(parent_)].allocation;
  for (SlopeDescent::Step& step : descent_.Line(from, slopes_)) {
    if (IsSpent() || seen_.contains(expr::QuantizedKey(step.allocation))) continue;
    line_[static_cast<int64_t>(allocations_.size())] = step.length;
    Add(std::move(step.allocation));
  }
  return !line_.empty();
}

void Refinement::EndLine() {
  const int64_t from = parent_;
  LearnUpTo(static_cast<int64_t>(allocations_.size()) - 1);
  if (parent_ == from) {
    descent_.Learn(std::nullopt);
  } else {
    descent_.Learn(line_.at(parent_));
    slopes_.clear();
  }
  line_.clear();
  if (descent_.is_over()) descends_ = false;
}

void Refinement::Add(expr::Allocation allocation) {
  seen_.insert(expr::QuantizedKey(allocation));
  allocations_.push_back({static_cast<int64_t>(allocations_.size()), parent_, std::move(allocation),
                          std::nullopt, ""});
}

absl::Status Refinement::CheckOutstanding(int64_t id) const {
  if (id >= 0 && id < handed_out_) {
    const RefinedAllocation& entry = allocations_[static_cast<size_t>(id)];
    if (!entry.nll.has_value() && entry.failure.empty()) return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      fmt::format("refinement: allocation {} is not being measured", id));
}

absl::Status Refinement::CheckOutstandingSlopes(int64_t id) const {
  if (slopes_asked_ == id) return absl::OkStatus();
  return absl::InvalidArgumentError(
      fmt::format("refinement: slopes at allocation {} are not being measured", id));
}

absl::Status Refinement::TellSlopes(int64_t id, const std::vector<double>& slopes) {
  if (absl::Status status = CheckOutstandingSlopes(id); !status.ok()) return status;
  const bool finite =
      std::ranges::all_of(slopes, [](double slope) { return std::isfinite(slope); });
  if (slopes.size() != parameters_.size() || !finite) {
    return absl::InvalidArgumentError(
        fmt::format("refinement: slopes at allocation {}: expected {} finite numbers, found {}{}",
                    id, parameters_.size(), slopes.size(), finite ? "" : ", not all finite"));
  }
  slopes_ = slopes;
  slopes_asked_.reset();
  ++slopes_measured_;
  return absl::OkStatus();
}

absl::Status Refinement::Tell(int64_t id, double nll) {
  if (absl::Status status = CheckOutstanding(id); !status.ok()) return status;
  if (!std::isfinite(nll)) {
    return absl::InvalidArgumentError(
        fmt::format("refinement: allocation {}: expected a finite loss, found {}", id, nll));
  }
  allocations_[static_cast<size_t>(id)].nll = nll;
  ++told_;
  return absl::OkStatus();
}

absl::Status Refinement::TellFailure(const RefinementRequest& request, const std::string& reason) {
  absl::Status status =
      request.slopes ? CheckOutstandingSlopes(request.id) : CheckOutstanding(request.id);
  if (!status.ok()) return status;
  const std::string failure = reason.empty() ? "failed without a reason" : reason;
  if (request.slopes) {
    slope_failure_ = failure;
    slopes_asked_.reset();
    ++slopes_measured_;
    descends_ = false;
    return absl::OkStatus();
  }
  allocations_[static_cast<size_t>(request.id)].failure = failure;
  ++told_;
  return absl::OkStatus();
}

bool Refinement::done() const {
  const auto made = static_cast<int64_t>(allocations_.size());
  return told_ == made && !slopes_asked_ && (IsSpent() || is_exhausted_);
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
    surrogate_.Add(entry.allocation, {*entry.nll});
    const std::optional<double>& best = allocations_[static_cast<size_t>(parent_)].nll;
    if (!best.has_value() || *entry.nll < *best) parent_ = learned_;
  }
}

bool Refinement::Propose() {
  const expr::Allocation from = allocations_[static_cast<size_t>(parent_)].allocation;
  const bool ranks = surrogate_.is_ready() && random_->Uniform(0, 1) >= options_.unranked_share;
  std::optional<expr::Allocation> chosen;
  if (!ranks) {
    chosen = Switched(from);
  } else {
    std::vector<expr::Allocation> pending;
    for (size_t id = static_cast<size_t>(learned_); id < allocations_.size(); ++id) {
      pending.push_back(allocations_[id].allocation);
    }
    surrogate_.Fit(pending);
    // The best of a quarter of the proposals is where the others go on from.
    double lowest = 0;
    for (int i = 0; i < options_.proposals; ++i) {
      const bool climbs = chosen.has_value() && 4 * i >= options_.proposals;
      std::optional<expr::Allocation> proposal = Switched(climbs ? *chosen : from);
      if (!proposal.has_value()) break;
      const Prediction predicted = surrogate_.Predict(0, *proposal);
      const double judged = predicted.mean - kOptimism * predicted.deviation;
      if (chosen.has_value() && judged >= lowest) continue;
      lowest = judged;
      chosen = std::move(proposal);
    }
  }
  if (!chosen.has_value()) return false;
  Add(*std::move(chosen));
  return true;
}

std::optional<expr::Allocation> Refinement::Switched(const expr::Allocation& from) {
  for (int i = 0; i < kTries; ++i) {
    expr::Allocation allocation = from;
    const auto maximum = static_cast<uint64_t>(options_.maximum_switches);
    const uint64_t switches = 1 + std::min(random_->Below(maximum), random_->Below(maximum));
    bool moved = true;
    for (uint64_t k = 0; k < switches && moved; ++k) moved = Switch(allocation);
    if (moved && !seen_.contains(expr::QuantizedKey(allocation))) return allocation;
  }
  return std::nullopt;
}

double Refinement::Step() {
  return std::exp(
      random_->Uniform(std::log(options_.smallest_step), std::log(options_.largest_step)));
}

// Moves zeros from one slab to another; false if the two drawn leave no room.
bool Refinement::Switch(expr::Allocation& allocation) {
  if (options_.target.group > 0) return SwitchOnGrid(allocation);
  const std::vector<size_t> raised = slabs_.Draw(*random_);
  std::vector<size_t> lowered = slabs_.Draw(*random_);
  std::erase_if(lowered, [&](size_t unit) { return std::ranges::binary_search(raised, unit); });
  if (lowered.empty()) return false;
  double of_raised = 0, of_lowered = 0;
  double most_raised = 1, most_lowered = 1;
  for (const size_t unit : raised) {
    of_raised += static_cast<double>(parameters_[unit]);
    most_raised = std::min(most_raised, options_.target.maximum - allocation[unit]);
  }
  for (const size_t unit : lowered) {
    of_lowered += static_cast<double>(parameters_[unit]);
    most_lowered = std::min(most_lowered, allocation[unit] - options_.target.minimum);
  }
  const double zeros = std::min({Step() * std::min(of_raised, of_lowered), most_raised * of_raised,
                                 most_lowered * of_lowered});
  if (zeros <= 0) return false;
  for (const size_t unit : raised) {
    allocation[unit] = std::min(allocation[unit] + zeros / of_raised, options_.target.maximum);
  }
  for (const size_t unit : lowered) {
    allocation[unit] = std::max(allocation[unit] - zeros / of_lowered, options_.target.minimum);
  }
  return true;
}

// The same between two units whose sparsities stay multiples of 1 / group.
bool Refinement::SwitchOnGrid(expr::Allocation& allocation) {
  const auto units = static_cast<uint64_t>(allocation.size());
  const auto raised = static_cast<size_t>(random_->Below(units));
  auto lowered = static_cast<size_t>(random_->Below(units - 1));
  if (lowered >= raised) ++lowered;
  const auto of_raised = static_cast<double>(parameters_[raised]);
  const auto of_lowered = static_cast<double>(parameters_[lowered]);
  const double room = std::min((options_.target.maximum - allocation[raised]) * of_raised,
                               (allocation[lowered] - options_.target.minimum) * of_lowered);
  // The fewest zeros that are whole steps of both units.
  const auto group = static_cast<double>(options_.target.group);
  const auto quantum =
      static_cast<double>(std::lcm(parameters_[raised], parameters_[lowered])) / group;
  const double zeros = std::max(1.0, std::round(Step() * mean_parameters_ / quantum)) * quantum;
  if (zeros > room + kTolerance * mean_parameters_) return false;
  allocation[raised] += zeros / of_raised;
  allocation[lowered] -= zeros / of_lowered;
  for (const size_t unit : {raised, lowered}) {
    allocation[unit] = std::round(allocation[unit] * group) / group;
  }
  return true;
}

}  // namespace strata::search
