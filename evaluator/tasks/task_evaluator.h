// What a model, dense or pruned, answers to tasks and how well it predicts texts, without LibTorch
// types: for `strata eval`, and for a worker that takes the error on a task as fitness.
//
// Everything is a pure function of (model, calibration text, version, task): measured again, alone
// or after other work, it gives the same bits on one kind of machine with as many threads.
#ifndef STRATA_EVALUATOR_TASKS_TASK_EVALUATOR_H_
#define STRATA_EVALUATOR_TASKS_TASK_EVALUATOR_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "evaluator/evaluator.h"
#include "evaluator/residence.h"
#include "evaluator/tasks/response_store.h"
#include "evaluator/tasks/responses.h"
#include "evaluator/tasks/task.h"
#include "evaluator/tasks/token_requests.h"

namespace strata::tasks {

// The dense model, or what pruning makes of it.
struct ModelVersion {
  std::vector<double> sparsity;  // one for each of ModelSummary::linears; empty: dense
  evaluator::PruningMethod method;
  evaluator::Protocol protocol = evaluator::Protocol::kSequential;
  evaluator::Calibration calibration;

  friend bool operator==(const ModelVersion& one, const ModelVersion& other);
};

struct TaskEvaluatorOptions {
  std::string model_path;             // Hugging Face directory or GGUF file
  std::string calibration_text_path;  // for versions whose pruner looks at activations
  evaluator::Arithmetic arithmetic = evaluator::Arithmetic::kFloat32;
  int threads = 1;
  std::string device = "cpu";
  evaluator::Residence residence = evaluator::Residence::kMemory;
  int64_t maximum_tokens = 0;  // that the model reads at once; 0: ContextLength of the model
};

// Used by one thread at a time. Items are measured in batches of whole items, in the order of the
// task, which depend on nothing but the task and the options; where there is a store, batches that
// it has are not measured again, and new ones are kept in it as soon as they are measured.
//
// A pruned version of a model in memory is kept in memory too, beside the dense one, until another
// version is asked for, so that it is pruned once for any number of tasks. Of a streamed model
// nothing is kept: each batch reads and prunes it anew, but may hold 2 GiB of activations.
class TaskEvaluator {
 public:
  virtual ~TaskEvaluator() = default;
  virtual const evaluator::ModelSummary& model() const = 0;
  virtual int64_t maximum_tokens() const = 0;

  // One response for each item. InvalidArgument for an item that cannot be asked (RequestEncoder),
  // a sparsity that the method cannot have, a pruner without its text, a generation with a streamed
  // model; DataLoss, naming the item, for a likelihood that is not finite; Cancelled; errors of the
  // store.
  virtual absl::StatusOr<std::vector<ItemResponse>> Respond(
      const ModelVersion& version, const Task& task, ResponseStore* store,
      const evaluator::Progress& progress) = 0;

  // Log-likelihoods of token sequences: one for each request. Errors as Respond.
  virtual absl::StatusOr<std::vector<Likelihood>> MeasureLikelihoods(
      const ModelVersion& version, const std::vector<LikelihoodRequest>& requests,
      ResponseStore* store, const evaluator::Progress& progress) = 0;

  // Ids of a text, with the tokens that the tokenizer puts before and behind every text.
  virtual absl::StatusOr<std::vector<int32_t>> Tokenize(const std::string& text) = 0;
};

// LibTorch stays behind this function. Errors as evaluator::OpenModelEvaluator.
absl::StatusOr<std::unique_ptr<TaskEvaluator>> OpenTaskEvaluator(
    const TaskEvaluatorOptions& options);

}  // namespace strata::tasks

#endif  // STRATA_EVALUATOR_TASKS_TASK_EVALUATOR_H_
