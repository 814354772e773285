#include "expr/n_of_m.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>
#include <string>

#include "expr/grammar.h"

namespace strata::expr {
namespace {

using SizeClass = NOfMScratch::SizeClass;
using Cost = NOfMScratch::Cost;

constexpr int64_t kMostCells = 50'000'000;
constexpr double kMostSteps = 5e8;
constexpr int64_t kMostReachableBits = 50'000'000;
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr Cost kUnreached = {kInfinity, kInfinity};
// Distances that differ by less than this share of the largest possible one are equal: sums of
// equal distances differ by their rounding.
constexpr double kSameDistance = 1e-13;

// The values of n that a unit may have.
struct Range {
  int64_t smallest;
  int64_t largest;
};

Range WholeNumbersWithin(const AllocationTarget& target, int group) {
  const double size = group;
  auto smallest = static_cast<int64_t>(std::floor(target.minimum * size));
  while (static_cast<double>(smallest) / size < target.minimum) ++smallest;
  auto largest = static_cast<int64_t>(std::ceil(target.maximum * size));
  while (static_cast<double>(largest) / size > target.maximum) --largest;
  return {smallest, largest};
}

// Groups units by size and returns the greatest common divisor of the sizes. The sizes of the
// classes are divided by it. The sizes with the most steps come last.
int64_t GroupBySize(std::span<const int64_t> parameters, Range range, KernelScratch& kernels,
                    NOfMScratch& scratch) {
  // Counts below 2^53 are exact as doubles.
  const std::span<double> sizes = kernels.Values(parameters.size());
  std::transform(parameters.begin(), parameters.end(), sizes.begin(),
                 [](int64_t count) { return static_cast<double>(count); });
  scratch.units.clear();
  for (const OrderedUnit& at : AscendingOrder(sizes, kernels)) scratch.units.push_back(at.unit);
  int64_t divisor = 0;
  scratch.classes.clear();
  for (size_t k = 0; k < scratch.units.size(); ++k) {
    const int64_t size = parameters[scratch.units[k]];
    divisor = std::gcd(divisor, size);
    if (scratch.classes.empty() || scratch.classes.back().size != size) {
      scratch.classes.push_back({size, k, 0, 0, 0, 0, 0});
    }
    ++scratch.classes.back().unit_count;
  }
  for (SizeClass& group : scratch.classes) {
    group.size /= divisor;
    group.most_steps = static_cast<int64_t>(group.unit_count) * (range.largest - range.smallest);
  }
  std::sort(
      scratch.classes.begin(), scratch.classes.end(), [](const SizeClass& a, const SizeClass& b) {
        return a.most_steps < b.most_steps || (a.most_steps == b.most_steps && a.size < b.size);
      });
  return divisor;
}

// Returns a bit set for 0 <= k <= most. Bit k is set if some choice of n reaches the sum that is k
// above the smallest one. The steps of each size are split into powers of two and a remainder, so
// that every number of steps is a sum of such parts.
std::vector<uint64_t> ReachableSums(std::span<const SizeClass> classes, int64_t most) {
  std::vector<uint64_t> words(static_cast<size_t>(most / 64 + 1), 0);
  words[0] = 1;
  const auto add = [&words](int64_t shift) {
    const auto whole = static_cast<size_t>(shift / 64);
    const int bits = static_cast<int>(shift % 64);
    for (size_t k = words.size(); k-- > whole;) {
      uint64_t moved = words[k - whole] << bits;
      if (bits != 0 && k > whole) moved |= words[k - whole - 1] >> (64 - bits);
      words[k] |= moved;
    }
  };
  for (const SizeClass& sizes : classes) {
    int64_t left = sizes.most_steps;
    for (int64_t part = 1; left > 0; part *= 2) {
      const int64_t taken = std::min(part, left);
      add(taken * sizes.size);
      left -= taken;
    }
  }
  return words;
}

// One call of RoundToGroups. Sums are in units of the greatest common divisor of the sizes.
class Rounding {
 public:
  Rounding(std::span<const int64_t> parameters, int group, const AllocationTarget& target,
           KernelScratch& kernels, NOfMScratch& scratch, std::span<double> wanted)
      : group_(group),
        target_(target),
        range_(WholeNumbersWithin(target, group)),
        kernels_(kernels),
        scratch_(scratch),
        wanted_(wanted),
        parameters_(parameters) {}

  absl::Status Run() {
    absl::Status status = SetUp();
    if (!status.ok()) return status;
    const double sum = target_.sparsity * group_ * static_cast<double>(total_);
    const auto nearest = static_cast<int64_t>(std::llround(sum));
    if (std::fabs(sum - static_cast<double>(nearest)) > 1e-12 * sum) return Unreachable();
    needed_ = nearest - range_.smallest * total_;
    if (needed_ < 0 || needed_ > span_) return Unreachable();
    if (scratch_.classes.size() == 1) {
      scratch_.classes[0].steps = needed_;
    } else {
      status = ChooseSteps();
      if (!status.ok()) return status;
    }
    std::fill(scratch_.counts.begin(), scratch_.counts.end(), range_.smallest);
    for (const SizeClass& sizes : scratch_.classes) Raise(sizes, sizes.steps, [](double) {});
    for (size_t i = 0; i < wanted_.size(); ++i) {
      wanted_[i] = static_cast<double>(scratch_.counts[i]) / group_;
    }
    return absl::OkStatus();
  }

 private:
  absl::Status SetUp() {
    if (range_.smallest > range_.largest) {
      return absl::FailedPreconditionError(fmt::format("no whole n of {} lies within [{}, {}]",
                                                       group_, FormatNumber(target_.minimum),
                                                       FormatNumber(target_.maximum)));
    }
    constexpr double kExact = 0x1p53;
    double weights = 0;
    for (const int64_t count : parameters_) weights += static_cast<double>(count);
    if (weights * group_ > kExact) {
      return absl::FailedPreconditionError(fmt::format(
          "the model has {} weights, more than whole n of {} can be counted for exactly",
          FormatNumber(weights), group_));
    }
    scratch_.counts.resize(parameters_.size());
    scratch_.floors.resize(parameters_.size());
    const int64_t divisor = GroupBySize(parameters_, range_, kernels_, scratch_);
    total_ = std::accumulate(parameters_.begin(), parameters_.end(), int64_t{0}) / divisor;
    span_ = total_ * (range_.largest - range_.smallest);
    return absl::OkStatus();
  }

  absl::Status Unreachable() const {
    const std::string problem = fmt::format("no whole n of {} give the mean sparsity {}", group_,
                                            FormatNumber(target_.sparsity));
    if (span_ > kMostReachableBits) {
      return absl::FailedPreconditionError(
          fmt::format("{}; they have too many sums to name the nearest", problem));
    }
    const std::vector<uint64_t> reachable = ReachableSums(scratch_.classes, span_);
    const double scale = group_ * static_cast<double>(total_);
    const int64_t smallest = range_.smallest * total_;
    const double sum = target_.sparsity * scale - static_cast<double>(smallest);
    std::optional<int64_t> below;
    std::optional<int64_t> above;
    for (int64_t k = 0; k <= span_ && !above.has_value(); ++k) {
      if (((reachable[static_cast<size_t>(k / 64)] >> (k % 64)) & 1) == 0) continue;
      (static_cast<double>(k) < sum ? below : above) = k;
    }
    const auto sparsity = [&](const std::optional<int64_t>& k) {
      return k.has_value() ? FormatNumber(static_cast<double>(smallest + *k) / scale) : "none";
    };
    return absl::FailedPreconditionError(
        fmt::format("{}; the nearest that they reach are {} below and {} above", problem,
                    sparsity(below), sparsity(above)));
  }

  double Wanted(uint32_t unit) const { return wanted_[unit] * group_; }

  std::span<const uint32_t> UnitsOf(const SizeClass& sizes) const {
    return std::span(scratch_.units).subspan(sizes.first_unit, sizes.unit_count);
  }

  // Raises n of the class's units from the smallest n by `steps` single steps. Each step is the
  // cheapest one left. If fewer steps are left than there are equally cheap ones, they are dealt
  // evenly over the units that would take them, so that neither end of the model is favoured. A
  // step from n raises the squared distance by 2 (n - wanted) + 1. Steps with equal
  // n - floor(wanted) differ by less than one in n - wanted, so that the fractions of `wanted` give
  // their order.
  template <typename Visitor>
  void Raise(const SizeClass& sizes, int64_t steps, Visitor visit) {
    const std::span<const uint32_t> units = UnitsOf(sizes);
    const std::span<double> fractions = kernels_.Values(units.size());
    int64_t highest = range_.smallest;
    for (size_t k = 0; k < units.size(); ++k) {
      const double floor = std::floor(Wanted(units[k]));
      scratch_.floors[units[k]] = static_cast<int64_t>(floor);
      highest = std::max(highest, scratch_.floors[units[k]]);
      fractions[k] = floor - Wanted(units[k]);
    }
    const std::span<const OrderedUnit> order = AscendingOrder(fractions, kernels_);
    for (int64_t level = range_.smallest - highest; steps > 0; ++level) {
      for (size_t first = 0, end = 0; first < order.size() && steps > 0; first = end) {
        while (end < order.size() && order[end].key == order[first].key) ++end;
        steps -= RaiseEquals(units, order.subspan(first, end - first), level, steps, visit);
      }
    }
  }

  // Raises by one those of `equals` that are at floor(wanted) + level, but no more than `most` of
  // them, evenly spaced. Returns the number of steps taken.
  template <typename Visitor>
  int64_t RaiseEquals(std::span<const uint32_t> units, std::span<const OrderedUnit> equals,
                      int64_t level, int64_t most, Visitor& visit) {
    const auto may_rise = [&](const OrderedUnit& at) {
      const int64_t n = scratch_.floors[units[at.unit]] + level;
      return n >= range_.smallest && n < range_.largest;
    };
    const int64_t rising = std::count_if(equals.begin(), equals.end(), may_rise);
    const int64_t steps = std::min(most, rising);
    int64_t taken = 0;
    int64_t place = 0;  // among those that may rise
    for (const OrderedUnit& at : equals) {
      if (taken == steps) break;
      if (!may_rise(at)) continue;
      // Step t goes to the unit in the middle of the t-th of `steps` equal parts.
      if (place++ != (2 * taken + 1) * rising / (2 * steps)) continue;
      const uint32_t unit = units[at.unit];
      const int64_t n = scratch_.floors[unit] + level;
      scratch_.counts[unit] = n + 1;
      visit(2 * (static_cast<double>(n) - Wanted(unit)) + 1);
      ++taken;
    }
    return steps;
  }

  // Replaces `best` by `found` and returns true if `found` is better. The distance kept is the
  // smallest seen, so that choices counted as equal cannot drift away from it.
  bool Improves(const Cost& found, Cost& best) const {
    const double more = found.distance - best.distance;
    if (!(more < -same_distance_ || (more <= same_distance_ && found.imbalance < best.imbalance))) {
      best.distance = std::min(best.distance, found.distance);
      return false;
    }
    best = {std::min(best.distance, found.distance), found.imbalance};
    return true;
  }

  // Returns `base` and the cost of k steps of the class.
  Cost Plus(const Cost& base, const SizeClass& sizes, int64_t k) const {
    const double more = static_cast<double>(k) - sizes.wanted_steps;
    return {base.distance + scratch_.costs[sizes.first_cost + static_cast<size_t>(k)],
            base.imbalance + static_cast<double>(sizes.size) * more * more /
                                 static_cast<double>(sizes.unit_count)};
  }

  // Sets costs[first_cost + k] to the least cost of k steps of the class.
  void FillCosts() {
    same_distance_ =
        kSameDistance * static_cast<double>(group_) * group_ * static_cast<double>(total_);
    scratch_.costs.clear();
    for (SizeClass& sizes : scratch_.classes) {
      for (const uint32_t unit : UnitsOf(sizes)) {
        sizes.wanted_steps += Wanted(unit) - static_cast<double>(range_.smallest);
      }
      sizes.first_cost = scratch_.costs.size();
      double cost = 0;
      scratch_.costs.push_back(cost);
      Raise(sizes, sizes.most_steps, [&](double step) {
        cost += static_cast<double>(sizes.size) * step;
        scratch_.costs.push_back(cost);
      });
    }
  }

  // Computes in `row` the least cost of every sum over all classes except the last two, class by
  // class. `choices` gets one row of steps for each of these classes.
  void FillTable(size_t tabled) {
    const auto width = static_cast<size_t>(needed_ + 1);
    scratch_.row.assign(width, kUnreached);
    scratch_.next_row.resize(width);
    scratch_.choices.resize(width * tabled);
    scratch_.row[0] = {0, 0};
    for (size_t c = 0; c < tabled; ++c) {
      const SizeClass& sizes = scratch_.classes[c];
      uint32_t* choices = scratch_.choices.data() + width * c;
      std::fill(scratch_.next_row.begin(), scratch_.next_row.end(), kUnreached);
      for (size_t sum = 0; sum < width; ++sum) {
        const Cost base = scratch_.row[sum];
        if (base.distance == kInfinity) continue;
        size_t reached = sum;
        for (int64_t k = 0; k <= sizes.most_steps && reached < width; ++k) {
          if (Improves(Plus(base, sizes, k), scratch_.next_row[reached])) {
            choices[reached] = static_cast<uint32_t>(k);
          }
          reached += static_cast<size_t>(sizes.size);
        }
      }
      scratch_.row.swap(scratch_.next_row);
    }
  }

  // Checks the number of cells of the table, and an upper bound of the steps that it takes to fill
  // the table and to join the last two classes.
  absl::Status CheckEffort(size_t tabled) const {
    double states = 1;
    double steps = 0;
    const double width = static_cast<double>(needed_) + 1;
    for (size_t c = 0; c <= tabled; ++c) {
      const double choices = static_cast<double>(scratch_.classes[c].most_steps) + 1;
      steps += states * choices;
      states = std::min(states * choices, width);
    }
    const double cells = static_cast<double>(tabled) * width;
    if (cells <= kMostCells && steps <= kMostSteps) return absl::OkStatus();
    return absl::FailedPreconditionError(fmt::format(
        "whole n of {} for units of {} sizes need a table of {} cells and {} steps, more "
        "than the {} cells or {} steps allowed",
        group_, scratch_.classes.size(), cells, steps, kMostCells, kMostSteps));
  }

  // Sets `steps` of every class such that the sum is needed_, at the least cost.
  absl::Status ChooseSteps() {
    const size_t tabled = scratch_.classes.size() - 2;
    absl::Status status = CheckEffort(tabled);
    if (!status.ok()) return status;
    FillCosts();
    if (tabled > 0) {
      FillTable(tabled);
    } else {
      scratch_.row.assign(1, Cost{0, 0});
    }
    SizeClass& middle = scratch_.classes[tabled];
    SizeClass& last = scratch_.classes[tabled + 1];
    Cost best = kUnreached;
    int64_t best_sum = 0;
    // The remainder after k steps of the middle size is a multiple of the last size for at most one
    // k in every `period`.
    const int64_t period = last.size / std::gcd(last.size, middle.size);
    for (size_t sum = 0; sum < scratch_.row.size(); ++sum) {
      if (scratch_.row[sum].distance == kInfinity) continue;
      const int64_t left = needed_ - static_cast<int64_t>(sum);
      int64_t k = 0;
      while (k < period && (left - k * middle.size) % last.size != 0) ++k;
      if (k == period) continue;
      for (; k <= middle.most_steps && k * middle.size <= left; k += period) {
        const int64_t last_steps = (left - k * middle.size) / last.size;
        if (last_steps > last.most_steps) continue;
        if (!Improves(Plus(Plus(scratch_.row[sum], middle, k), last, last_steps), best)) continue;
        best_sum = static_cast<int64_t>(sum);
        middle.steps = k;
        last.steps = last_steps;
      }
    }
    if (best.distance == kInfinity) return Unreachable();
    const auto width = static_cast<size_t>(needed_ + 1);
    for (size_t c = tabled; c-- > 0;) {
      SizeClass& sizes = scratch_.classes[c];
      sizes.steps = scratch_.choices[width * c + static_cast<size_t>(best_sum)];
      best_sum -= sizes.steps * sizes.size;
    }
    return absl::OkStatus();
  }

  const int group_;
  const AllocationTarget& target_;
  const Range range_;
  KernelScratch& kernels_;
  NOfMScratch& scratch_;
  const std::span<double> wanted_;
  const std::span<const int64_t> parameters_;
  int64_t total_ = 0;   // sum of the sizes of all units
  int64_t span_ = 0;    // largest sum minus smallest sum
  int64_t needed_ = 0;  // wanted sum minus smallest sum
  double same_distance_ = 0;
};

}  // namespace

void NOfMScratch::Reserve(size_t unit_count) {
  units.reserve(unit_count);
  classes.reserve(unit_count);
  counts.reserve(unit_count);
  floors.reserve(unit_count);
}

absl::Status RoundToGroups(std::span<const int64_t> parameters, int group,
                           const AllocationTarget& target, KernelScratch& kernels,
                           NOfMScratch& scratch, std::span<double> wanted) {
  return Rounding(parameters, group, target, kernels, scratch, wanted).Run();
}

}  // namespace strata::expr
