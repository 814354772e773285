// Published allocation functions as expressions, with the settings they were published with and a
// few wider amplitudes. They seed every search and are shown beside every result.
#ifndef STRATA_EXPR_BASELINES_H_
#define STRATA_EXPR_BASELINES_H_

#include <string>
#include <vector>

#include "expr/expression.h"

namespace strata::expr {

struct BaselineSetting {
  std::string settings;  // "M=5 lambda=0.08"
  Expression expression;
};

struct Baseline {
  std::string
      name;  // "uniform", "owl", "als", "arithmetic-progression", "dsa-absvar", "dsa-logvar"
  std::string source;                      // paper
  std::vector<BaselineSetting> published;  // the paper's default first
  std::vector<BaselineSetting> widened;    // further amplitudes, so that it is compared at its best
};

// `units` and the target sparsity bound the step of the arithmetic progression: (its paper) 0 <
// beta <= min(2S/(L-1), 2(1-S)/(L-1)).
std::vector<Baseline> Baselines(int units, double target_sparsity);

}  // namespace strata::expr

#endif  // STRATA_EXPR_BASELINES_H_
