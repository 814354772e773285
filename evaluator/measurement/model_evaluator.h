// The Evaluator that loads a real model. LibTorch stays behind this header.
#ifndef STRATA_EVALUATOR_MODEL_EVALUATOR_H_
#define STRATA_EVALUATOR_MODEL_EVALUATOR_H_

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "evaluator/evaluator.h"
#include "evaluator/residence.h"

namespace strata::evaluator {

class TaskScorer;
class TransformerModel;

// Models that evaluators of one process share, by path; what one has loaded the next takes. Not
// thread-safe.
struct ModelCache {
  std::map<std::string, std::shared_ptr<TransformerModel>> models;
};

struct ModelEvaluatorOptions {
  std::string model_path;  // Hugging Face directory or GGUF file
  std::string text_path;   // file or folder, see text_corpus.h
  int threads = 1;         // results are the same bits for the same number of threads
  std::string device = "cpu";
  Residence residence = Residence::kMemory;
  // Of weights (TransformerModel::ShareWeights) and ranks (rank_bank.h) that processes share;
  // empty: each has its own in memory.
  std::string bank_folder = {};
  std::string level_folder = {};  // of a level database for requests that name it; empty: none
  // Makes what scores tasks on the model of a path, for requests that name tasks; they keep a
  // pruned copy of the model in memory. Null: no tasks.
  std::function<absl::StatusOr<std::shared_ptr<TaskScorer>>(const std::string& model_path)>
      open_tasks = nullptr;
  ModelCache* cache = nullptr;  // where others with the same model and residence may have it
};

// Errors: NotFound, DataLoss (truncated or damaged, weights that are not finite), InvalidArgument
// (a header that does not agree with itself), Unimplemented (names what is unsupported).
absl::StatusOr<std::unique_ptr<Evaluator>> OpenModelEvaluator(const ModelEvaluatorOptions& options);

// What the machine can do, for `strata doctor` and for choosing arithmetic.
struct MachineReport {
  std::string libtorch_version;
  std::string cpu_capability;        // LibTorch's: "AVX512"
  std::vector<std::string> devices;  // "cpu", "cuda:0 NVIDIA H100"
  double float32_gflops = 0;         // measured GEMM rate with `threads` threads
  double bfloat16_gflops = 0;
  double memory_gigabytes_per_second = 0;  // measured copy bandwidth, bytes read + written
  int threads = 0;
};
absl::StatusOr<MachineReport> InspectMachine(int threads);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_MODEL_EVALUATOR_H_
