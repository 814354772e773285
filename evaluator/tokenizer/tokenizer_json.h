// Reads tokenizer.json of Hugging Face's tokenizers library. Private to evaluator/tokenizer/.
#ifndef STRATA_EVALUATOR_TOKENIZER_TOKENIZER_JSON_H_
#define STRATA_EVALUATOR_TOKENIZER_TOKENIZER_JSON_H_

#include <absl/status/statusor.h>

#include <nlohmann/json.hpp>
#include <string>

#include "evaluator/files/json_field.h"
#include "evaluator/tokenizer/tokenizer_description.h"
#include "evaluator/tokenizer/vocabulary_builder.h"

namespace strata::evaluator {

// Reads a tokenizer made of these components: models BPE and Unigram; normalizers Sequence, NFC,
// NFD, NFKC, NFKD, Lowercase, StripAccents, Replace, Precompiled, Prepend, Strip, BertNormalizer;
// pre-tokenizers Sequence, Split, Digits, Punctuation, CharDelimiterSplit, WhitespaceSplit,
// Whitespace, Metaspace, ByteLevel, BertPreTokenizer; decoders Sequence, Replace, ByteFallback,
// Fuse, Strip, Metaspace, ByteLevel; post-processors Sequence, TemplateProcessing, BertProcessing,
// RobertaProcessing, ByteLevel. Begin and end tokens are taken from the post-processors. Errors:
// Unimplemented, naming the component, for anything else. `file` is for messages.
absl::StatusOr<TokenizerDescription> ReadTokenizerJson(const nlohmann::json& json,
                                                       const std::string& file);

// Reads the vocabulary of a BPE model: an object of ids by token. vocab.json holds nothing else.
absl::Status ReadVocabularyObject(const JsonField& vocabulary, VocabularyBuilder& builder);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_TOKENIZER_TOKENIZER_JSON_H_
