// What a model's files say about it, for people who check a model before they use it.
#ifndef STRATA_EVALUATOR_CHECKPOINT_MODEL_DESCRIPTION_H_
#define STRATA_EVALUATOR_CHECKPOINT_MODEL_DESCRIPTION_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "evaluator/checkpoint/model_config.h"

namespace strata::evaluator {

struct ModelDescription {
  std::string name;
  ModelConfig config;
  int64_t parameters = 0;                       // numbers in all tensors that are used
  int64_t prunable_weights = 0;                 // of these, weights of linears
  std::map<std::string, int64_t> type_tensors;  // number of used tensors by number format, such as
                                                // "BF16"; "quantised" for all formats of blocks
  std::vector<std::string> notes;               // as Checkpoint::notes
  std::string keys_file;                        // the GGUF file, or the path of config.json
  // Keys of keys_file that Strata neither reads nor knows to leave the forward pass as it is, in
  // order. Each may mean arithmetic that another program computes and Strata does not.
  std::vector<std::string> unknown_keys;
};

// Opens a Hugging Face directory or a GGUF file and describes it. Reads no weights. Errors of
// OpenCheckpoint.
absl::StatusOr<ModelDescription> DescribeModel(const std::string& path);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_CHECKPOINT_MODEL_DESCRIPTION_H_
