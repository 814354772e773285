// Applies one threshold on a tensor to the whole model and measures how it divides each unit. The
// threshold is an exact order statistic over the elements of all units, which are never held
// together.
#ifndef STRATA_PRUNING_GLOBAL_THRESHOLD_H_
#define STRATA_PRUNING_GLOBAL_THRESHOLD_H_

#include <cstdint>
#include <span>
#include <vector>

namespace strata::pruning {

// For each p in `probabilities`, the threshold is the k-th smallest of the N elements of all units,
// with k = round(p N), half away from zero. A unit's share is (less + equal * r / E) / n:
//   n      elements of the unit
//   less   elements of the unit below the threshold
//   equal  elements of the unit at the threshold
//   E      elements at the threshold in all units
//   r      places among the k that are left after all smaller elements
// The mean of the shares, weighted by n, is therefore k / N. Elements are ordered by value. Both
// zeros are equal, and NaN comes after infinity.
//
// Every unit is added once in each of kPasses passes, in any order, with the same elements. The
// first pass finds the high 16 bits of the thresholds, the second the low 16 bits, and the third
// counts. All sums are integers, so the result does not depend on threads or order. Holds 512 KiB
// for each p. Not thread-safe; uses LibTorch's threads.
class GlobalThreshold {
 public:
  static constexpr int kPasses = 3;

  // `probabilities` must lie in [0, 1].
  GlobalThreshold(std::vector<double> probabilities, int units);

  void Add(int pass, int unit, std::span<const float> values);
  void EndPass(int pass);  // called once after all units were added

  const std::vector<double>& probabilities() const { return probabilities_; }

  // Share of a unit, after the last pass. `index` is an index into probabilities().
  double Share(size_t index, int unit) const;

 private:
  struct Counts {
    int64_t less = 0;
    int64_t equal = 0;
  };
  struct Threshold {
    int64_t rank = 0;             // k
    int64_t smaller = 0;          // elements below the known bits of the threshold
    uint32_t bits = 0;            // OrderedBits of the threshold, as far as known
    std::vector<int64_t> bucket;  // counts by the low 16 bits, in the second pass
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
