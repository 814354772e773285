// Reads tokenizer.json of Hugging Face's tokenizers library. Private to evaluator/.
#ifndef STRATA_EVALUATOR_TOKENIZER_JSON_H_
#define STRATA_EVALUATOR_TOKENIZER_JSON_H_

#include <absl/status/statusor.h>

#include <nlohmann/json.hpp>
#include <string>

#include "evaluator/files/json_field.h"
#include "evaluator/tokenizer/tokenizer_description.h"
#include "evaluator/tokenizer/vocabulary_builder.h"

namespace strata::evaluator {

// Models BPE and Unigram. Normalizers Sequence, NFC, NFD, NFKC, NFKD, Replace, Prepend, Strip;
// pre-tokenizers Sequence, Split, Digits, Metaspace, ByteLevel; decoders Sequence, Replace,
// ByteFallback, Fuse, Strip, Metaspace, ByteLevel; post-processors Sequence, TemplateProcessing
// and ByteLevel, of which the begin and end tokens are learnt. Anything else is Unimplemented and
// named. `file` is for messages.
absl::StatusOr<TokenizerDescription> ReadTokenizerJson(const nlohmann::json& json,
                                                       const std::string& file);

// The vocabulary of a BPE model, an object of ids by token, which is all of vocab.json.
absl::Status ReadVocabularyObject(const JsonField& vocabulary, VocabularyBuilder& builder);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_TOKENIZER_JSON_H_
