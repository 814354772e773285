// The Evaluator that loads a real model. This header exposes no LibTorch types.
#ifndef STRATA_EVALUATOR_MEASUREMENT_MODEL_EVALUATOR_H_
#define STRATA_EVALUATOR_MEASUREMENT_MODEL_EVALUATOR_H_

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "evaluator/evaluator.h"

namespace strata::evaluator {

class TaskScorer;
class TransformerModel;

// Models, by path, that evaluators of one process share. A model that one evaluator has loaded is
// used by the next. Not thread-safe.
struct ModelCache {
  std::map<std::string, std::shared_ptr<TransformerModel>> models;
};

struct ModelEvaluatorOptions {
  std::string model_path;  // Hugging Face directory or GGUF file
  std::string text_path;   // file or folder, see text_corpus.h
  int threads = 1;         // the same number of threads gives the same bits
  std::string device = "cpu";
  Residence residence = Residence::kMemory;
  // Folder of the weights (TransformerModel::ShareWeights) and ranks (rank_bank.h) that processes
  // share. Empty: each process has its own in memory.
  std::string bank_folder = {};
  std::string level_folder = {};  // of a level database for requests that name it; empty: none
  // Makes the scorer of tasks for the model at a path. It is for requests that name tasks, which
  // keep a pruned copy of the model in memory. Null: no tasks.
  std::function<absl::StatusOr<std::shared_ptr<TaskScorer>>(const std::string& model_path)>
      open_tasks = nullptr;
  ModelCache* cache = nullptr;  // shared with evaluators of the same residence; null: none
};

// Opens an evaluator of a model and a text. Errors: NotFound; DataLoss for a file that is truncated
// or damaged and for weights that are not finite; InvalidArgument for a header that contradicts
// itself; Unimplemented, which names what is not supported.
absl::StatusOr<std::unique_ptr<Evaluator>> OpenModelEvaluator(const ModelEvaluatorOptions& options);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_MEASUREMENT_MODEL_EVALUATOR_H_
