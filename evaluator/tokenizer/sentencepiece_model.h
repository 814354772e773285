// Reads tokenizer.model, SentencePiece's own format. Private to evaluator/.
#ifndef STRATA_EVALUATOR_SENTENCEPIECE_MODEL_H_
#define STRATA_EVALUATOR_SENTENCEPIECE_MODEL_H_

#include <absl/status/statusor.h>

#include <string>
#include <string_view>

#include "evaluator/tokenizer/tokenizer_description.h"

namespace strata::evaluator {

// The message ModelProto in `bytes`, of a unigram or BPE model; `file` is for messages. Field
// numbers are those of sentencepiece_model.proto. Control and unknown pieces are found in text, as
// transformers does (SentencePiece itself takes them for plain text); user-defined ones are too.
// Texts get the begin token if the model has one. `adds_space_to_all`: the dummy prefix is put
// before the text after every special token, not only at the start (transformers calls it legacy).
//
// DataLoss or InvalidArgument for damage, with the piece or field; Unimplemented for other models
// and spaces that are kept or put behind words.
absl::StatusOr<TokenizerDescription> ReadSentencePieceModel(std::string_view bytes,
                                                            const std::string& file,
                                                            bool adds_space_to_all);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_SENTENCEPIECE_MODEL_H_
