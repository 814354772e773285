// The sparsities at which a level database holds every linear, solved beforehand.
#ifndef STRATA_PRUNING_LEVEL_GRID_H_
#define STRATA_PRUNING_LEVEL_GRID_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace strata::pruning {

// Between 1 and 256 levels, ascending, each at least 0 and below 1. All are fractions of one
// denominator, so that their sums over linears are exact. Immutable.
class LevelGrid {
 public:
  // Rounds each level to the nearest multiple of 1/80000, from which it may differ by 1e-9. These
  // multiples cover four decimals, and n zeros in groups of up to 128. Errors: InvalidArgument,
  // which names the offending level.
  static absl::StatusOr<LevelGrid> Create(std::span<const double> levels);

  // Parses "FIRST:LAST:STEP", as in "0:0.95:0.05", or a list with commas, as in "0,0.5,0.7". Whole
  // steps must lead from FIRST to LAST. Errors: InvalidArgument with what was expected and found.
  static absl::StatusOr<LevelGrid> Parse(std::string_view text);

  // Returns 0/M, 1/M, ... (M-1)/M, which are all sparsities that n:M patterns can have. Errors:
  // InvalidArgument unless `group` is a power of two from 2 to 128.
  static absl::StatusOr<LevelGrid> OfGroup(int64_t group);

  int size() const { return static_cast<int>(levels_.size()); }
  double level(int index) const { return levels_[index]; }
  std::span<const double> levels() const { return levels_; }

  // level(index) is numerator(index) / denominator(), rounded to double.
  int64_t numerator(int index) const { return numerators_[index]; }
  int64_t denominator() const { return denominator_; }

  // Returns a list that Parse reads back to the same grid.
  std::string Text() const;

  friend bool operator==(const LevelGrid&, const LevelGrid&) = default;

 private:
  LevelGrid() = default;
  static absl::StatusOr<LevelGrid> FromUnits(const std::vector<int64_t>& units);

  int64_t denominator_ = 1;
  std::vector<int64_t> numerators_;
  std::vector<double> levels_;
};

}  // namespace strata::pruning

#endif  // STRATA_PRUNING_LEVEL_GRID_H_
