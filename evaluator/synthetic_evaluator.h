// A closed-form Evaluator for tests and benchmarks of the search and the distributed layer: no
// model, no LibTorch, a known optimum, settable latency and faults.
#ifndef STRATA_EVALUATOR_SYNTHETIC_EVALUATOR_H_
#define STRATA_EVALUATOR_SYNTHETIC_EVALUATOR_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "evaluator/evaluator.h"

namespace strata::evaluator {

struct SyntheticOptions {
  int blocks = 12;
  // Called before every operation with its ordinal in this process (0, 1, ...): may sleep, or
  // return an error that the operation then returns, or end the process. Null: nothing.
  std::function<absl::Status(int64_t ordinal)> before_operation;
  std::string tasks_digest = {};  // empty: it has no tasks
};

// mean_nll = 3 + sum_i w_i * s_i^2 / (1 - s_i), with w_i > 0 known weights that one feature
// ("var(abslog(WX))") equals exactly; so the best functions prune least where that feature is high.
// Other features are deterministic pseudo-random numbers derived from their text. Report and
// fitness splits differ by a small known perturbation of w. Where tasks are asked for,
// zero_shot_error = 1 - exp(3 - mean_nll). Slopes are exact derivatives.
std::unique_ptr<Evaluator> MakeSyntheticEvaluator(const SyntheticOptions& options);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_SYNTHETIC_EVALUATOR_H_
