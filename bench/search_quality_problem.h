// Problems on which search_quality compares strategies: features of units, and the loss of an
// allocation.
#ifndef STRATA_BENCH_SEARCH_QUALITY_PROBLEM_H_
#define STRATA_BENCH_SEARCH_QUALITY_PROBLEM_H_

#include <absl/status/statusor.h>

#include <memory>
#include <string>
#include <vector>

#include "expr/allocation.h"

namespace strata::bench {

class Problem {
 public:
  virtual ~Problem() = default;
  virtual const expr::UnitLayout& layout() const = 0;
  virtual double sparsity() const = 0;
  virtual absl::StatusOr<std::vector<double>> Feature(const std::string& feature) = 0;
  virtual absl::StatusOr<double> Loss(const expr::Allocation& allocation) = 0;
  // Returns the derivatives of Worth by the units' sparsities.
  virtual absl::StatusOr<std::vector<double>> Slopes(const expr::Allocation& allocation) = 0;
  // Returns the loss without the part that an allocation has by chance alone.
  virtual absl::StatusOr<double> Worth(const expr::Allocation& allocation) {
    return Loss(allocation);
  }
};

// Returns the lowest loss that steps against the slopes find from the uniform allocation. The
// problem must not be rough. Takes thousands of evaluations.
double LocalOptimum(Problem* problem);

struct SyntheticProblemOptions {
  uint64_t seed = 1;
  double roughness = 0;  // see below
  bool linears = false;  // units are the seven linears of each block; false: whole blocks
};

// Returns a closed-form model of 24 equal blocks at 70 % sparsity, which imitates observations on
// real models. Apart from roughness, the loss is smooth:
//
//   3 + sum_i w_i d_i + 0.5 sum_i sqrt(w_i w_(i+1) d_i d_(i+1)),   d_i = s_i^2 / (1 - s_i),
//
// so that neighbours increase each other's damage, and a wrong amplitude costs as much as a wrong
// statistic. The sensitivity w_i of the first block is four times the mean of the others. The rest
// is jagged and falls with depth, and the last block is robust. A feature is an increasing, more or
// less curved function of a mixture of log w_i, depth, and noise. The noise is shared with all
// features of the same source or of the same reduction. The sign of a feature and its share of
// signal depend on its operators. No feature equals the sensitivities. Each `seed` gives another
// landscape of this kind.
//
// If units are linears, the sensitivity per weight of each is that of its block, times a factor of
// its role, times a factor of its own, which vary alike. Neighbours are linears that follow one
// another. The sizes are those of grouped-query attention. Features are noisier, so that functions
// explain a part of the sensitivities only, as on SmolLM2. A feature under blockwise(...) has the
// mean signal of the block.
//
// The sequential protocol on real models is not smooth: two allocations that differ by a thousandth
// give losses as far apart as two that differ by a hundredth. `roughness` imitates this: it is the
// standard deviation of a random part of the loss. That part is always the same for the same
// allocation. Worth and Slopes leave it out.
std::unique_ptr<Problem> MakeSyntheticProblem(const SyntheticProblemOptions& options);

// Options of OpenModelProblem.
struct ModelProblemOptions {
  std::string model;
  std::string text;
  std::string granularity = "block";  // or "kind", "linear"
  double sparsity = 0.6;
};
// Opens one-shot Wanda on a real model. Every measurement and feature is kept in memory, so that
// further searches on the object are fast.
absl::StatusOr<std::unique_ptr<Problem>> OpenModelProblem(const ModelProblemOptions& options);

}  // namespace strata::bench

#endif  // STRATA_BENCH_SEARCH_QUALITY_PROBLEM_H_
