// The steps of tokenizer.json before and after the model. Private to evaluator/.
#ifndef STRATA_EVALUATOR_TOKENIZER_JSON_PIPELINE_H_
#define STRATA_EVALUATOR_TOKENIZER_JSON_PIPELINE_H_

#include <absl/status/status.h>

#include "evaluator/files/json_field.h"
#include "evaluator/tokenizer/tokenizer_description.h"

namespace strata::evaluator {

// Fill normalizer, pre_tokenizer with byte_level, decoder, and begin and end tokens with whether
// they are added. A member that is absent or null has no steps.
absl::Status ReadNormalizers(const JsonField& json, TokenizerDescription& description);
absl::Status ReadPreTokenizers(const JsonField& json, TokenizerDescription& description);
absl::Status ReadDecoders(const JsonField& json, TokenizerDescription& description);
absl::Status ReadPostProcessors(const JsonField& json, TokenizerDescription& description);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_TOKENIZER_JSON_PIPELINE_H_
