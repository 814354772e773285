// Measures what the zeros of a pruned model are worth when the model is used: the speed of reading
// a prompt and of decoding token by token, and the memory, for the dense and the compressed form.
// This header exposes no LibTorch types.
#ifndef STRATA_EVALUATOR_MEASUREMENT_INFERENCE_BENCHMARK_H_
#define STRATA_EVALUATOR_MEASUREMENT_INFERENCE_BENCHMARK_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "evaluator/evaluator.h"
#include "pruning/instruction_set.h"

namespace strata::evaluator {

struct InferenceBenchmarkOptions {
  std::string model_path;
  std::vector<double> sparsities = {0, 0.5, 0.6, 0.7, 0.8};  // of every prunable linear, in [0, 1)
  // Decides which weights are zero, which hardly affects the speed. Must not be SparseGPT.
  Pruner pruner = Pruner::kMagnitude;
  std::string text_path;                         // for calibration; magnitude needs none
  Calibration calibration;                       // for the same purpose
  Arithmetic arithmetic = Arithmetic::kFloat32;  // number type of the stored weights
  int64_t prompt_tokens = 128;                   // read at once
  int64_t tokens = 32;                           // decoded after the prompt
  int repetitions = 7;
  int threads = 1;
  pruning::InstructionSet instructions = pruning::BestInstructionSet();
};

// Spread of a number over the repetitions.
struct Spread {
  double lowest = 0;
  double median = 0;
  double highest = 0;
};

// Returns the spread of `values`. The median of an even number of values is the mean of the middle
// two. All three are 0 if `values` is empty.
Spread SpreadOf(std::vector<double> values);

// Measurements of one form of the model, dense or compressed.
struct FormMeasurement {
  Spread prompt_tokens_per_second;
  Spread decoded_tokens_per_second;
  Spread linears_share;    // share of decoding time in products with the linears of the blocks
  Spread head_share;       // share of decoding time in the product with the output head
  Spread bandwidth_share;  // bytes of the linears per second of their products, as a share of the
                           // rate at which the same threads read memory and do nothing else
};

// Comparison of the two forms at one sparsity. Ratios are taken within a repetition. There the
// dense and the compressed form take turns every few tokens, so that other load on the machine
// slows both down.
struct SparsityMeasurement {
  double sparsity = 0;           // requested
  double achieved_sparsity = 0;  // zeros / prunable weights, counted
  int64_t linear_bytes = 0;      // of the compressed form
  FormMeasurement compressed;
  Spread prompt_ratio;   // of tokens per second, compressed / dense
  Spread decode_ratio;   // of tokens per second, compressed / dense
  Spread linears_ratio;  // of the time of the products with the blocks' linears, dense / compressed
};

struct InferenceMeasurement {
  std::string model;
  int64_t linear_bytes = 0;  // of the dense form
  int64_t head_bytes = 0;    // of the head, which is dense in both forms
  int64_t cache_bytes_per_token = 0;
  Spread read_gigabytes_per_second;
  FormMeasurement dense;  // over the repetitions of all sparsities
  std::vector<SparsityMeasurement> sparsities;
};

// Measures both forms of the model, which do the same work on the same token ids. Errors: those of
// OpenModelEvaluator; InvalidArgument for an option outside the limits above, more than 65,536
// tokens in all, or instructions that this processor lacks; ResourceExhausted if the caches would
// take more than 4 GiB; Cancelled.
absl::StatusOr<InferenceMeasurement> MeasureInference(const InferenceBenchmarkOptions& options,
                                                      const Progress& progress);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_MEASUREMENT_INFERENCE_BENCHMARK_H_
