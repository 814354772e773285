// The config.json of a Hugging Face directory.
#ifndef STRATA_EVALUATOR_HUGGING_FACE_CONFIG_H_
#define STRATA_EVALUATOR_HUGGING_FACE_CONFIG_H_

#include <absl/status/statusor.h>

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "evaluator/checkpoint/model_config.h"

namespace strata::evaluator {

// Reads a JSON object from a file. NotFound or PermissionDenied; DataLoss, with line and column,
// for a file that is none.
absl::StatusOr<nlohmann::json> ReadJsonObject(const std::string& path);

// The numbers of a model of one of ModelFamilies(), with the defaults that transformers gives
// absent keys. Unimplemented, naming key and value: another model type, a rotary embedding scaled
// by another rule than linear or LLaMA 3's, capped logits, another activation. InvalidArgument: a
// key that is missing, of another type or impossible. `path` names the file in errors.
absl::StatusOr<ModelConfig> ReadHuggingFaceConfig(const nlohmann::json& json,
                                                  const std::string& path);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_HUGGING_FACE_CONFIG_H_
