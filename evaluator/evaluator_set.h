// The evaluators of one worker: one for each model that it holds with each text that it holds.
// Models and texts are named by digest.
#ifndef STRATA_EVALUATOR_EVALUATOR_SET_H_
#define STRATA_EVALUATOR_EVALUATOR_SET_H_

#include <absl/status/statusor.h>

#include <memory>
#include <string>
#include <vector>

#include "evaluator/evaluator.h"

namespace strata::evaluator {

// Must be used by one thread only.
class EvaluatorSet {
 public:
  virtual ~EvaluatorSet() = default;
  virtual const ModelSummary& model() const = 0;                      // the first model
  virtual const std::vector<std::string>& model_digests() const = 0;  // at least one, all distinct
  virtual const std::vector<std::string>& text_digests() const = 0;   // likewise

  // Digest of the tasks that every evaluator can score; empty: none.
  virtual const std::string& tasks_digest() const = 0;

  // Returns the evaluator of a model and a text. The set opens an evaluator when it is first asked
  // for, and keeps it. An empty digest means the first model or text. Errors: InvalidArgument for a
  // digest that is not held; those of opening.
  virtual absl::StatusOr<Evaluator*> Find(const std::string& model_digest,
                                          const std::string& text_digest) = 0;
};

// Returns a set that holds only `evaluator`, which must outlive the set.
std::unique_ptr<EvaluatorSet> SetOfOne(Evaluator* evaluator);

// Returns the index of `digest` in `digests`, or 0 if `digest` is empty. Errors: InvalidArgument,
// which names `what`, for a digest that is not in `digests`.
absl::StatusOr<size_t> PlaceOfDigest(const char* what, const std::vector<std::string>& digests,
                                     const std::string& digest);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_EVALUATOR_SET_H_
