#include "expr/postprocess.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>
#include <vector>

#include "expr/descent.h"
#include "expr/projection.h"
#include "expr/waterfill.h"

namespace strata::expr {
namespace {

// Replaces each m in `values`, which lie in [0, 1], by S + 2 lambda (m - mean m).
void SpreadAround(double target, double lambda, std::span<double> values) {
  const double mean = Mean(values);
  for (double& value : values) value = target + 2 * lambda * (value - mean);
}

void Uniform(const PostprocessInput& input, KernelScratch&, std::span<double> wanted) {
  std::fill(wanted.begin(), wanted.end(), input.target.sparsity);
}

void Span(const PostprocessInput& input, KernelScratch&, std::span<double> wanted) {
  MinMax(input.x, wanted);
  SpreadAround(input.target.sparsity, input.arguments[0], wanted);
}

void Rank(const PostprocessInput& input, KernelScratch& scratch, std::span<double> wanted) {
  Places(input.x, scratch, wanted);
  MinMax(wanted, wanted);
  SpreadAround(input.target.sparsity, input.arguments[0], wanted);
}

void Ramp(const PostprocessInput& input, KernelScratch& scratch, std::span<double> wanted) {
  DensePlaces(input.x, scratch, wanted);
  const double middle = Mean(wanted);
  for (double& value : wanted) {
    value = input.target.sparsity + input.arguments[0] * (value - middle);
  }
}

void WaterfillUnits(const PostprocessInput& input, KernelScratch& scratch,
                    std::span<double> wanted) {
  const AllocationTarget& target = input.target;
  Waterfill(input.x, input.weights, target.sparsity,
            std::max(target.minimum, target.sparsity - input.arguments[0]),
            std::min(target.maximum, target.sparsity + input.arguments[1]), scratch, wanted);
}

void Logistic(const PostprocessInput& input, KernelScratch&, std::span<double> wanted) {
  ZScore(input.x, wanted);
  for (double& value : wanted) value = 1.0 / (1.0 + std::exp(-input.arguments[1] * value));
  SpreadAround(input.target.sparsity, input.arguments[0], wanted);
}

void Proportion(const PostprocessInput& input, KernelScratch& scratch, std::span<double> wanted) {
  const double epsilon = input.arguments[0];
  const std::span<double> shares = scratch.Values(wanted.size());
  MinMax(input.x, shares);
  for (double& share : shares) share = 1 - epsilon + 2 * epsilon * share;
  // Shares are positive. Beyond the largest factor, every unit is at its maximum.
  const double largest = input.target.maximum / *std::min_element(shares.begin(), shares.end());
  const double factor = FitFactor(0, shares, input.weights, input.target, 0, largest);
  for (size_t i = 0; i < wanted.size(); ++i) {
    wanted[i] = std::clamp(factor * shares[i], input.target.minimum, input.target.maximum);
  }
}

void Density(const PostprocessInput& input, KernelScratch& scratch, std::span<double> wanted) {
  const std::span<double> shares = scratch.Values(wanted.size());
  double smallest = std::numeric_limits<double>::infinity();
  for (size_t i = 0; i < shares.size(); ++i) {
    shares[i] = std::max(input.x[i], 0.0);
    if (shares[i] > 0) smallest = std::min(smallest, shares[i]);
  }
  // Below the lowest factor, every unit with a positive share is at its minimum.
  constexpr double kLargest = std::numeric_limits<double>::max();
  const double lowest = -std::min((1 - input.target.minimum) / smallest, kLargest);
  const double factor = FitFactor(1, shares, input.weights, input.target, lowest, 0);
  for (size_t i = 0; i < wanted.size(); ++i) {
    wanted[i] = std::clamp(1 + factor * shares[i], input.target.minimum, input.target.maximum);
  }
}

void Direct(const PostprocessInput& input, KernelScratch&, std::span<double> wanted) {
  for (size_t i = 0; i < wanted.size(); ++i) wanted[i] = std::clamp(input.x[i], -1.0, 2.0);
}

// Calls function(index of first unit, number of units) for each block of the layout.
template <typename Function>
void ForEachBlock(const UnitLayout& layout, Function function) {
  for (size_t first = 0; first < layout.size();) {
    size_t last = first;
    while (last < layout.size() && layout[last].block == layout[first].block) ++last;
    function(first, last - first);
    first = last;
  }
}

absl::Status Within(const PostprocessInput& input, PostprocessScratch& scratch,
                    std::span<double> allocation) {
  const AllocationTarget& target = input.target;
  ForEachBlock(input.layout, [&](size_t first, size_t count) {
    if (count == 1) return;
    const std::span<const double> weights = input.weights.subspan(first, count);
    const std::span<double> block = allocation.subspan(first, count);
    double zeros = 0;
    double total = 0;
    for (size_t i = 0; i < count; ++i) {
      zeros += weights[i] * block[i];
      total += weights[i];
    }
    const double mean = std::clamp(zeros / total, target.minimum, target.maximum);
    Waterfill(input.x.subspan(first, count), weights, mean,
              std::max(target.minimum, mean - input.arguments[0]),
              std::min(target.maximum, mean + input.arguments[1]), scratch.kernels, block);
  });
  return absl::OkStatus();
}

absl::Status Shift(const PostprocessInput& input, PostprocessScratch& scratch,
                   std::span<double> allocation) {
  const std::span<double> places = scratch.kernels.Values(allocation.size());
  MinMax(input.x, places);
  for (size_t i = 0; i < allocation.size(); ++i) allocation[i] += input.arguments[0] * places[i];
  return ProjectInPlace(allocation, input.weights, input.target);
}

absl::Status DescendAlong(const PostprocessInput& input, PostprocessScratch& scratch,
                          std::span<double> allocation) {
  const std::span<double> step = scratch.kernels.Values(allocation.size());
  DescentStep(input.x, input.weights, step);
  for (size_t i = 0; i < allocation.size(); ++i) allocation[i] += input.arguments[1] * step[i];
  return ProjectInPlace(allocation, input.weights, input.target);
}

// Runs a post-process that projects the sparsities it wants.
template <WantedKernel kWanted>
absl::Status Projected(const PostprocessInput& input, PostprocessScratch& scratch,
                       std::span<double> allocation) {
  kWanted(input, scratch.kernels, allocation);
  return ProjectInPlace(allocation, input.weights, input.target);
}

// nm(x, lambda, M) rounds the result of span(x, lambda) to nearby whole groups.
absl::Status GroupsOfM(const PostprocessInput& input, PostprocessScratch& scratch,
                       std::span<double> allocation) {
  absl::Status status = Projected<Span>(input, scratch, allocation);
  if (!status.ok()) return status;
  return RoundToGroups(input.parameters, static_cast<int>(input.arguments[1]), input.target,
                       scratch.kernels, scratch.n_of_m, allocation);
}

struct Row {
  std::string_view name;
  PostprocessKernel kernel = nullptr;
  WantedKernel wanted = nullptr;
};

template <WantedKernel kWanted>
constexpr Row ProjectedRow(std::string_view name) {
  return {name, Projected<kWanted>, kWanted};
}

// `dsa` differs from `span` only in how its operand is computed.
constexpr Row kRows[] = {
    ProjectedRow<Uniform>("uniform"),
    ProjectedRow<Span>("span"),
    ProjectedRow<Rank>("rank"),
    ProjectedRow<Ramp>("ramp"),
    ProjectedRow<WaterfillUnits>("waterfill"),
    ProjectedRow<Span>("dsa"),
    ProjectedRow<Logistic>("logistic"),
    ProjectedRow<Proportion>("proportion"),
    ProjectedRow<Density>("density"),
    ProjectedRow<Direct>("direct"),
    {"nm", GroupsOfM},
    {"within", Within},
    {"shift", Shift},
    {"descend", DescendAlong},
};

const Row& RowOf(OperatorId id) {
  static const std::vector<Row> table = [] {
    std::vector<Row> rows(Operators().size());
    for (const Row& row : kRows) rows[static_cast<size_t>(IdOf(row.name))] = row;
    return rows;
  }();
  return table[static_cast<size_t>(id)];
}

}  // namespace

WantedKernel WantedKernelOf(OperatorId id) { return RowOf(id).wanted; }

PostprocessKernel PostprocessKernelOf(OperatorId id) { return RowOf(id).kernel; }

}  // namespace strata::expr
