// What the zeros of a pruned model are worth when it is used: the speed of reading a prompt and of
// decoding token by token, dense against compressed, and the memory of both. LibTorch stays behind
// this header.
#ifndef STRATA_EVALUATOR_INFERENCE_BENCHMARK_H_
#define STRATA_EVALUATOR_INFERENCE_BENCHMARK_H_

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
  // Decides which weights are zero, which matters little to speed. Not SparseGPT.
  Pruner pruner = Pruner::kMagnitude;
  std::string text_path;                         // for calibration; magnitude needs none
  Calibration calibration;                       // ditto
  Arithmetic arithmetic = Arithmetic::kFloat32;  // that weights are kept in
  int64_t prompt_tokens = 128;                   // read at once
  int64_t tokens = 32;                           // decoded after the prompt
  int repetitions = 7;
  int threads = 1;
  pruning::InstructionSet instructions = pruning::BestInstructionSet();
};

// Of the repetitions.
struct Spread {
  double lowest = 0;
  double median = 0;
  double highest = 0;
};

// Sorts a copy; the median of an even number is the mean of the middle two. Zeros if empty.
Spread SpreadOf(std::vector<double> values);

// One form of the model.
struct FormMeasurement {
  Spread prompt_tokens_per_second;
  Spread decoded_tokens_per_second;
  Spread linears_share;    // of decoding time, in products with the linears of the blocks
  Spread head_share;       // of decoding time, in the product with the output head
  Spread bandwidth_share;  // bytes of the linears per second of their products, as a share of the
                           // rate at which the same threads read memory and do nothing else
};

// Ratios are taken within a repetition, in which the dense and the compressed form take turns every
// few tokens, so that whatever else the machine does slows both down.
struct SparsityMeasurement {
  double sparsity = 0;           // asked for
  double achieved_sparsity = 0;  // zeros / prunable weights, counted
  int64_t linear_bytes = 0;      // compressed
  FormMeasurement compressed;
  Spread prompt_ratio;   // of tokens per second, compressed / dense
  Spread decode_ratio;   // ditto
  Spread linears_ratio;  // of the time of the products with the blocks' linears, dense / compressed
};

struct InferenceMeasurement {
  std::string model;
  int64_t linear_bytes = 0;  // dense
  int64_t head_bytes = 0;    // dense in all forms
  int64_t cache_bytes_per_token = 0;
  Spread read_gigabytes_per_second;
  FormMeasurement dense;  // over the repetitions of all sparsities
  std::vector<SparsityMeasurement> sparsities;
};

// Both forms do the same work on the same token ids. Errors: as OpenModelEvaluator; InvalidArgument
// for options outside what is said here, more than 65,536 tokens in all, or instructions that this
// processor lacks; ResourceExhausted where the caches would take more than 4 GiB; Cancelled.
absl::StatusOr<InferenceMeasurement> MeasureInference(const InferenceBenchmarkOptions& options,
                                                      const Progress& progress);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_INFERENCE_BENCHMARK_H_
