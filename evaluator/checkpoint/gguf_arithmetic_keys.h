// Keys of GGUF's metadata that change the forward pass and that Strata does not compute. Private to
// evaluator/checkpoint/.
#ifndef STRATA_EVALUATOR_CHECKPOINT_GGUF_ARITHMETIC_KEYS_H_
#define STRATA_EVALUATOR_CHECKPOINT_GGUF_ARITHMETIC_KEYS_H_

#include <absl/status/status.h>

#include <string_view>

#include "evaluator/checkpoint/model_config.h"
#include "evaluator/formats/gguf_file.h"

namespace strata::evaluator {

// Refuses what the metadata ask for beyond `config`, whatever architecture stands before the key's
// first dot: clamps, scales, soft caps, windows, parallel residuals, attention that is not causal,
// and others of GGUF's specification. A key whose value changes nothing is accepted. `config` holds
// what was read from the other keys. Errors: Unimplemented, naming file, key and value.
absl::Status CheckArithmeticKeys(const GgufFile& file, const ModelConfig& config);

// True for a key, without its architecture, that CheckArithmeticKeys looks at.
bool IsArithmeticKey(std::string_view name);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_CHECKPOINT_GGUF_ARITHMETIC_KEYS_H_
