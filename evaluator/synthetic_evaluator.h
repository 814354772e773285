// An Evaluator that computes losses by a formula, for tests and benchmarks of the search and the
// distributed layer. It needs neither a model nor LibTorch. Its optimum is known, and its latency
// and faults can be set.
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
  // Called before every operation with the number of the operation (0, 1, ...), counted by each
  // evaluator. It may sleep, end the process, or return an error, which the operation then returns.
  // Null: nothing is called.
  std::function<absl::Status(int64_t ordinal)> before_operation;
  std::string tasks_digest = {};  // empty: no tasks
};

// Makes an evaluator with mean_nll = 3 + sum_i w_i * s_i^2 / (1 - s_i). The weights w_i > 0 are
// known, and one feature ("var(abslog(WX))") equals them exactly. The best functions therefore
// prune least where that feature is high. Other features are deterministic pseudo-random numbers
// derived from their text. The report and the fitness split differ by a small known perturbation of
// w. If a request names tasks, zero_shot_error = 1 - exp(3 - mean_nll). Slopes are exact
// derivatives. With the measure kKl, mean_nll is the same sum without the 3 of the dense model.
std::unique_ptr<Evaluator> MakeSyntheticEvaluator(const SyntheticOptions& options);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_SYNTHETIC_EVALUATOR_H_
