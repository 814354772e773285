#include "pruning/sparse_gpt.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <limits>
#include <utility>

#include "expr/status_macros.h"
#include "pruning/vector_clones.h"

namespace strata::pruning {
namespace {

// Number of columns whose zeros are chosen together, as in the repository.
constexpr int64_t kGroupColumns = 128;
constexpr int kDampingAttempts = 3;
constexpr double kDampingGrowth = 10;

// One group of columns of the factor, copied so that its rows are contiguous.
struct ColumnGroup {
  int64_t first = 0;
  int64_t count = 0;
  std::vector<float> inverse;   // [count, count], upper triangle
  std::vector<float> diagonal;  // diagonal of `inverse`
};

ColumnGroup GroupAt(const at::Tensor& inverse, int64_t first) {
  ColumnGroup group;
  group.first = first;
  group.count = std::min(kGroupColumns, inverse.size(0) - first);
  const at::Tensor block = inverse.slice(0, first, first + group.count)
                               .slice(1, first, first + group.count)
                               .contiguous();
  const float* values = block.data_ptr<float>();
  group.inverse.assign(values, values + group.count * group.count);
  for (int64_t i = 0; i < group.count; ++i) {
    group.diagonal.push_back(values[i * group.count + i]);
  }
  return group;
}

float Score(float weight, float diagonal) { return (weight * weight) / (diagonal * diagonal); }

// Returns the largest score that is still removed. It is below all scores if none is removed.
float Threshold(const float* weights, int64_t rows, int64_t columns, const ColumnGroup& group,
                double sparsity) {
  const int64_t size = rows * group.count;
  const auto place = static_cast<int64_t>(static_cast<double>(size) * sparsity);
  if (sparsity == 0) return -1.0f;
  std::vector<float> scores(size);
  for (int64_t row = 0; row < rows; ++row) {
    const float* from = weights + row * columns + group.first;
    float* to = scores.data() + row * group.count;
    for (int64_t i = 0; i < group.count; ++i) to[i] = Score(from[i], group.diagonal[i]);
  }
  std::nth_element(scores.begin(), scores.begin() + place, scores.end());
  return scores[place];
}

// Moves the error of column `i` to the columns after it.
STRATA_VECTOR_CLONES void Spread(float error, const float* __restrict factors, int64_t count,
                                 float* __restrict weights) {
  for (int64_t j = 0; j < count; ++j) weights[j] -= error * factors[j];
}

// Chooses which of the `pattern.group` weights at `weights` are removed: those with the lowest
// scores, and the first ones among equal scores.
void ChooseInGroup(const float* weights, const float* diagonal, const SparsityPattern& pattern,
                   bool* removed) {
  for (int64_t i = 0; i < pattern.group; ++i) {
    int64_t before = 0;
    const float score = Score(weights[i], diagonal[i]);
    for (int64_t j = 0; j < pattern.group; ++j) {
      const float other = Score(weights[j], diagonal[j]);
      before += other < score || (other == score && j < i);
    }
    removed[i] = before < pattern.removed;
  }
}

// Prunes one row of one group. `errors` holds the row's weights from before the group, and receives
// the error that each removed column leaves for later groups.
void PruneRow(const ColumnGroup& group, const SparsityPattern& pattern, float threshold, float* row,
              float* errors) {
  std::array<bool, kGroupColumns> removed;
  for (int64_t i = 0; i < group.count; ++i) {
    const float* factors = group.inverse.data() + i * group.count;
    if (!pattern.structured()) {
      removed[i] = Score(errors[i], group.diagonal[i]) <= threshold;
    } else if (i % pattern.group == 0) {
      ChooseInGroup(row + i, group.diagonal.data() + i, pattern, removed.data() + i);
    }
    errors[i] = 0.0f;
    if (!removed[i]) continue;
    const float error = row[i] / group.diagonal[i];
    Spread(error, factors + i, group.count - i, row + i);
    row[i] = 0.0f;
    errors[i] = error;
  }
}

absl::Status CheckShapes(const HessianFactor& factor, const SparsityPattern& pattern,
                         const at::Tensor& weights) {
  if (weights.dim() != 2 || weights.size(1) != factor.inverse.size(0)) {
    return absl::InvalidArgumentError(
        fmt::format("expected weights of {} inputs, as the Hessian has, found {}",
                    factor.inverse.size(0), weights.dim() == 2 ? weights.size(1) : -1));
  }
  if (pattern.structured() &&
      (weights.size(1) % pattern.group != 0 || kGroupColumns % pattern.group != 0)) {
    return absl::InvalidArgumentError(
        fmt::format("expected groups that divide {} and the {} inputs of a row, found groups of {}",
                    kGroupColumns, weights.size(1), pattern.group));
  }
  return absl::OkStatus();
}

}  // namespace

InputHessian::InputHessian(int64_t columns) : sum_(at::zeros({columns, columns}, at::kFloat)) {}

void InputHessian::Add(const at::Tensor& activations) { sum_.addmm_(activations.t(), activations); }

absl::StatusOr<at::Tensor> InputHessian::Matrix(int64_t sequences) && {
  if (sequences < 1) {
    return absl::InvalidArgumentError(
        fmt::format("expected at least one calibration sequence, found {}", sequences));
  }
  at::Tensor hessian = std::move(sum_);
  hessian.mul_(2.0 / static_cast<double>(sequences));
  if (!at::isfinite(hessian.sum()).item<bool>()) {
    return absl::InvalidArgumentError(
        "the calibration activations give a Hessian with an entry that is not finite");
  }
  return hessian;
}

absl::StatusOr<HessianFactor> FactorHessian(at::Tensor hessian, double damping_fraction) {
  if (hessian.dim() != 2 || hessian.size(0) != hessian.size(1)) {
    return absl::InvalidArgumentError("expected a square Hessian");
  }
  HessianFactor factor;
  at::Tensor diagonal = hessian.diagonal();
  for (int64_t i = 0; i < diagonal.size(0); ++i) {
    if (diagonal[i].item<float>() == 0.0f) factor.dead.push_back(i);
  }
  for (const int64_t i : factor.dead) diagonal[i] = 1.0f;
  double added = damping_fraction * diagonal.mean().item<double>();
  for (int attempt = 0; attempt < kDampingAttempts; ++attempt, added *= kDampingGrowth) {
    diagonal.add_(added);
    factor.damping += added;
    // Each matrix is freed as soon as the next one exists.
    auto [lower, failure] = at::linalg_cholesky_ex(hessian);
    if (failure.item<int>() != 0) continue;
    at::Tensor inverse = at::cholesky_inverse(lower);
    lower.reset();
    const auto [upper, second_failure] = at::linalg_cholesky_ex(inverse, /*upper=*/true);
    inverse.reset();
    if (second_failure.item<int>() != 0) continue;
    if (!at::isfinite(upper.sum()).item<bool>()) continue;
    factor.inverse = upper.contiguous();
    return factor;
  }
  return absl::FailedPreconditionError(
      fmt::format("the Hessian of {} inputs is not positive definite even with {} added to its "
                  "diagonal: use more or other calibration text",
                  hessian.size(0), factor.damping));
}

absl::StatusOr<int64_t> SparseGptPrune(const HessianFactor& factor, const SparsityPattern& pattern,
                                       at::Tensor& weights) {
  STRATA_RETURN_IF_ERROR(CheckShapes(factor, pattern, weights));
  const int64_t rows = weights.size(0);
  const int64_t columns = weights.size(1);
  float* values = weights.data_ptr<float>();
  for (const int64_t column : factor.dead) weights.select(1, column).zero_();
  for (int64_t first = 0; first < columns; first += kGroupColumns) {
    const ColumnGroup group = GroupAt(factor.inverse, first);
    const float threshold =
        pattern.structured() ? 0.0f : Threshold(values, rows, columns, group, pattern.sparsity);
    // The choice uses the weights from before this group. Each row's copy of them becomes its
    // errors.
    at::Tensor errors = weights.slice(1, first, first + group.count).clone();
    float* error_values = errors.data_ptr<float>();
    at::parallel_for(0, rows, 16, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        PruneRow(group, pattern, threshold, values + row * columns + first,
                 error_values + row * group.count);
      }
    });
    const int64_t after = first + group.count;
    if (after == columns) continue;
    at::Tensor rest = weights.slice(1, after, columns);
    rest.addmm_(errors, factor.inverse.slice(0, first, after).slice(1, after, columns), 1, -1);
  }
  if (!at::isfinite(weights.sum()).item<bool>()) {
    return absl::FailedPreconditionError(
        "a weight is not finite after pruning: the weights or the Hessian are too badly scaled");
  }
  return (weights == 0).sum().item<int64_t>();
}

}  // namespace strata::pruning
