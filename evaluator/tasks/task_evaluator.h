// Measures how a dense or pruned model responds to tasks and how well it predicts texts. The
// interface has no LibTorch types. `strata eval` uses it, and so can a worker that takes the error
// on a task as fitness.
//
// Every result is a pure function of (model, calibration text, version, task): a repeated
// measurement, alone or after other work, gives the same bits on the same kind of machine with the
// same number of threads.
#ifndef STRATA_EVALUATOR_TASKS_TASK_EVALUATOR_H_
#define STRATA_EVALUATOR_TASKS_TASK_EVALUATOR_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "evaluator/evaluator.h"
#include "evaluator/tasks/response_store.h"
#include "evaluator/tasks/responses.h"
#include "evaluator/tasks/task.h"
#include "evaluator/tasks/token_requests.h"

namespace strata::tasks {

// The dense model, or a pruned version of it.
struct ModelVersion {
  std::vector<double> sparsity;  // one per ModelSummary::linears; empty: dense
  evaluator::PruningMethod method;
  evaluator::Protocol protocol = evaluator::Protocol::kSequential;
  evaluator::Calibration calibration;

  friend bool operator==(const ModelVersion& one, const ModelVersion& other);
};

struct TaskEvaluatorOptions {
  std::string model_path;             // Hugging Face directory or GGUF file
  std::string calibration_text_path;  // for pruners that need activations
  evaluator::Arithmetic arithmetic = evaluator::Arithmetic::kFloat32;
  int threads = 1;
  std::string device = "cpu";
  evaluator::Residence residence = evaluator::Residence::kMemory;
  int64_t maximum_tokens = 0;  // longest input; 0: ContextLength of the model
};

// May be used by one thread at a time. Items are measured in batches of whole items, in the order
// of the task. The batches depend only on the task and the options. If there is a store, batches
// that it holds are not measured again, and new ones are stored as soon as they are measured.
//
// If the model is held in memory, its pruned version is held beside the dense one until another
// version is requested, so it is pruned once for any number of tasks. If the model is streamed,
// nothing is held: each batch reads and prunes it anew, but may then hold 2 GiB of activations.
class TaskEvaluator {
 public:
  virtual ~TaskEvaluator() = default;
  virtual const evaluator::ModelSummary& model() const = 0;
  virtual int64_t maximum_tokens() const = 0;

  // Returns one response per item. `store` may be null. Errors: InvalidArgument for an item that
  // cannot be encoded (RequestEncoder), a sparsity that the method cannot have, a pruner without
  // its calibration text, or a generation with a streamed model; DataLoss, naming the item, for a
  // likelihood that is not finite; Cancelled; those of the store.
  virtual absl::StatusOr<std::vector<ItemResponse>> Respond(
      const ModelVersion& version, const Task& task, ResponseStore* store,
      const evaluator::Progress& progress) = 0;

  // Returns the log-likelihoods of token sequences, one per request. Errors as Respond.
  virtual absl::StatusOr<std::vector<Likelihood>> MeasureLikelihoods(
      const ModelVersion& version, const std::vector<LikelihoodRequest>& requests,
      ResponseStore* store, const evaluator::Progress& progress) = 0;

  // Returns the number of zeros in the prunable weights of the version that was measured last,
  // counted during the measurement; nullopt for another version, or if the store held every answer
  // and nothing was pruned.
  virtual std::optional<int64_t> CountedZeros(const ModelVersion& version) const = 0;

  // Returns the token ids of a text, with the tokens that the tokenizer puts before and behind
  // every text.
  virtual absl::StatusOr<std::vector<int32_t>> Tokenize(const std::string& text) = 0;
};

// Opens an evaluator. LibTorch stays behind this function. Errors as evaluator::OpenModelEvaluator.
absl::StatusOr<std::unique_ptr<TaskEvaluator>> OpenTaskEvaluator(
    const TaskEvaluatorOptions& options);

}  // namespace strata::tasks

#endif  // STRATA_EVALUATOR_TASKS_TASK_EVALUATOR_H_
