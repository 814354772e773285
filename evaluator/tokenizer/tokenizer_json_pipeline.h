// Reads the steps of tokenizer.json before and after the model. Private to evaluator/tokenizer/.
#ifndef STRATA_EVALUATOR_TOKENIZER_TOKENIZER_JSON_PIPELINE_H_
#define STRATA_EVALUATOR_TOKENIZER_TOKENIZER_JSON_PIPELINE_H_

#include <absl/status/status.h>

#include "evaluator/files/json_field.h"
#include "evaluator/tokenizer/tokenizer_description.h"

namespace strata::evaluator {

// Each function fills a part of the description: normalizer; pre_tokenizer and byte_level; decoder;
// begin and end tokens, and whether they are added. A member that is absent or null has no steps.
absl::Status ReadNormalizers(const JsonField& json, TokenizerDescription& description);
absl::Status ReadPreTokenizers(const JsonField& json, TokenizerDescription& description);
absl::Status ReadDecoders(const JsonField& json, TokenizerDescription& description);
absl::Status ReadPostProcessors(const JsonField& json, TokenizerDescription& description);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_TOKENIZER_TOKENIZER_JSON_PIPELINE_H_
