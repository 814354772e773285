// Measures the features of a plan on one unit, streaming over its weights: no tensor of the unit's
// size is formed.
#ifndef STRATA_PRUNING_SCORE_FEATURES_H_
#define STRATA_PRUNING_SCORE_FEATURES_H_

#include <span>
#include <vector>

#include "pruning/feature_plan.h"
#include "pruning/rank_bank.h"

namespace strata::pruning {

struct ScoredLinear {
  WeightView weights;
  std::span<const float> scaler_row;  // one entry per column, see WandaScores
};

// A block or a single linear. Its tensors are those of its linears, concatenated.
struct FeatureUnit {
  std::vector<ScoredLinear> linears;
  double redundancy = 0;  // of its block; read only where the plan needs block statistics
  double influence = 0;
};

// One value per output of the plan, NaN and infinities as they arise. All tensors are float32, all
// sums double. A plan with operators that need a whole tensor's statistics takes one pass more for
// each such level. Uses LibTorch's threads; the result does not depend on their number.
std::vector<double> MeasureUnit(const FeaturePlan& plan, const FeatureUnit& unit);

}  // namespace strata::pruning

#endif  // STRATA_PRUNING_SCORE_FEATURES_H_
