// What search_quality lets strategies search: features of units, and the loss of an allocation.
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
  // What the loss is worth: without what an allocation has by chance alone.
  virtual absl::StatusOr<double> Worth(const expr::Allocation& allocation) {
    return Loss(allocation);
  }
};

// The lowest loss that moving sparsity between two units at a time finds from the uniform
// allocation. Hundreds of thousands of evaluations.
double LocalOptimum(Problem* problem);

// A closed-form model of 24 equal blocks at 70 % that imitates what was seen on real ones. The loss
// is, but for roughness, smooth:
//
//   3 + sum_i w_i d_i + 0.5 sum_i sqrt(w_i w_(i+1) d_i d_(i+1)),   d_i = s_i^2 / (1 - s_i),
//
// so that neighbours make each other's damage worse and a wrong amplitude costs as much as a wrong
// statistic. The sensitivities w_i have a first block that is four times the others' mean, a fall
// with depth, a robust last block and a jagged rest. A feature is an increasing, more or less
// curved function of a mixture of log w_i, of depth, and of noise that it shares with all features
// of the same source or of the same reduction; its sign and its share of signal depend on its
// operators. No feature equals the sensitivities. `seed` draws another landscape of the kind.
//
// The sequential protocol is not smooth: two allocations that differ by a thousandth give losses
// that differ as those of two that differ by a hundredth do. `roughness` is the standard deviation
// of what every allocation has by chance, always the same for the same allocation; Worth is
// without.
std::unique_ptr<Problem> MakeSyntheticProblem(uint64_t seed, double roughness = 0);

// One-shot Wanda on a real model, every measurement and feature kept in memory, so that further
// searches on the object are fast.
struct ModelProblemOptions {
  std::string model;
  std::string text;
  std::string granularity = "block";  // or "kind", "linear"
  double sparsity = 0.6;
};
absl::StatusOr<std::unique_ptr<Problem>> OpenModelProblem(const ModelProblemOptions& options);

}  // namespace strata::bench

#endif  // STRATA_BENCH_SEARCH_QUALITY_PROBLEM_H_
