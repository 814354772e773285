// The config.json of a Hugging Face directory.
#ifndef STRATA_EVALUATOR_CHECKPOINT_HUGGING_FACE_CONFIG_H_
#define STRATA_EVALUATOR_CHECKPOINT_HUGGING_FACE_CONFIG_H_

#include <absl/status/statusor.h>

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "evaluator/checkpoint/model_config.h"

namespace strata::evaluator {

// Reads a JSON object from a file. Errors: those of FileStatus; DataLoss if the file does not
// hold a JSON object.
absl::StatusOr<nlohmann::json> ReadJsonObject(const std::string& path);

// Returns the numbers of a model of one of ModelFamilies(). Absent keys have the defaults of
// transformers. `path` names the file in errors. Errors: Unimplemented, naming key and value, for
// another model type, a rotary embedding scaled by another rule than linear or LLaMA 3's, capped
// logits, or another activation; InvalidArgument for a key that is missing, of another type or
// impossible. If `unread` is not null, it is set to the keys that play no part here, such as
// "use_cache" or "rope_scaling.beta_fast".
absl::StatusOr<ModelConfig> ReadHuggingFaceConfig(const nlohmann::json& json,
                                                  const std::string& path,
                                                  std::vector<std::string>* unread = nullptr);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_CHECKPOINT_HUGGING_FACE_CONFIG_H_
