// The evaluators of one worker: every model it holds with every text it holds, named by digest.
#ifndef STRATA_EVALUATOR_EVALUATOR_SET_H_
#define STRATA_EVALUATOR_EVALUATOR_SET_H_

#include <absl/status/statusor.h>

#include <memory>
#include <string>
#include <vector>

#include "evaluator/evaluator.h"

namespace strata::evaluator {

// Used by one thread.
class EvaluatorSet {
 public:
  virtual ~EvaluatorSet() = default;
  virtual const ModelSummary& model() const = 0;                      // the first
  virtual const std::vector<std::string>& model_digests() const = 0;  // at least one, all distinct
  virtual const std::vector<std::string>& text_digests() const = 0;   // the same

  // Of the tasks that every evaluator can score; empty: none.
  virtual const std::string& tasks_digest() const = 0;

  // Opens it if it is asked for the first time, and keeps it. An empty digest means the first.
  // InvalidArgument for one that is not held; else the errors of opening.
  virtual absl::StatusOr<Evaluator*> Find(const std::string& model_digest,
                                          const std::string& text_digest) = 0;
};

// A set of one, which must outlive it.
std::unique_ptr<EvaluatorSet> SetOfOne(Evaluator* evaluator);

// Where `digest` stands among `digests`; 0 if it is empty. InvalidArgument, naming `what`, for one
// that is not there.
absl::StatusOr<size_t> PlaceOfDigest(const char* what, const std::vector<std::string>& digests,
                                     const std::string& digest);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_EVALUATOR_SET_H_
