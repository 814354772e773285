// How a model-wide threshold on a tensor divides each unit: exact order statistics over the
// elements of all units, without holding them.
#ifndef STRATA_PRUNING_GLOBAL_THRESHOLD_H_
#define STRATA_PRUNING_GLOBAL_THRESHOLD_H_

#include <cstdint>
#include <span>
#include <vector>

namespace strata::pruning {

// For each p asked for, the threshold is the k-th smallest of the N elements of all units, k =
// round(p N), half away from zero. A unit's share is (less + equal * r / E) / n: of its n elements
// `less` are below the threshold and `equal` at it, E are at it in all units, and r are the places
// among the k that all smaller elements leave. So the shares, weighted by n, have mean k / N.
// Elements are ordered by value, both zeros alike, NaN after infinity.
//
// Every unit is added once in each of kPasses passes, in any order, with the same elements: the
// passes find the high 16 bits of the thresholds, then the low 16 bits, then count. Integers only,
// so the result does not depend on threads or order. Holds 512 KiB for each p. Not thread-safe;
// uses LibTorch's threads.
class GlobalThreshold {
 public:
  static constexpr int kPasses = 3;

  // `probabilities` in [0, 1].
  GlobalThreshold(std::vector<double> probabilities, int units);

  void Add(int pass, int unit, std::span<const float> values);
  void EndPass(int pass);  // once all units were added

  const std::vector<double>& probabilities() const { return probabilities_; }

  // After the last pass; `index` into probabilities().
  double Share(size_t index, int unit) const;

 private:
  struct Counts {
    int64_t less = 0;
    int64_t equal = 0;
  };
  struct Threshold {
    int64_t rank = 0;             // k
    int64_t smaller = 0;          // elements below what is known of the threshold
    uint32_t bits = 0;            // OrderedBits of the threshold, as far as known
    std::vector<int64_t> bucket;  // of pass 1: counts by the low 16 bits
    int64_t equal = 0;
    std::vector<Counts> units;
  };

  std::vector<double> probabilities_;
  std::vector<int64_t> elements_;  // per unit
  std::vector<int64_t> high_;      // counts by the high 16 bits
  std::vector<Threshold> thresholds_;
};

}  // namespace strata::pruning

#endif  // STRATA_PRUNING_GLOBAL_THRESHOLD_H_
