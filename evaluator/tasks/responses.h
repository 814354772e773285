// The responses of a model to the items of a task, before they are scored.
#ifndef STRATA_EVALUATOR_TASKS_RESPONSES_H_
#define STRATA_EVALUATOR_TASKS_RESPONSES_H_

#include <cstdint>
#include <string>
#include <vector>

namespace strata::tasks {

struct Likelihood {
  double log_likelihood = 0;  // natural logarithm, summed over the scored tokens
  bool greedy = false;        // each scored token is the likeliest one in its place

  friend bool operator==(const Likelihood&, const Likelihood&) = default;
};

struct ItemResponse {
  std::vector<Likelihood> likelihoods;  // one per ItemRequests::likelihoods
  std::string text;                     // generated text up to the first stop string
  int64_t truncated_tokens = 0;         // see ItemRequests

  friend bool operator==(const ItemResponse&, const ItemResponse&) = default;
};

}  // namespace strata::tasks

#endif  // STRATA_EVALUATOR_TASKS_RESPONSES_H_
