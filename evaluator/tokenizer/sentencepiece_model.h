// Reads tokenizer.model, SentencePiece's own format. Private to evaluator/tokenizer/.
#ifndef STRATA_EVALUATOR_TOKENIZER_SENTENCEPIECE_MODEL_H_
#define STRATA_EVALUATOR_TOKENIZER_SENTENCEPIECE_MODEL_H_

#include <absl/status/statusor.h>

#include <string>
#include <string_view>

#include "evaluator/tokenizer/tokenizer_description.h"

namespace strata::evaluator {

// Reads the message ModelProto in `bytes`, which must be a unigram or BPE model. `file` is for
// messages. Field numbers are those of sentencepiece_model.proto. Control, unknown and user-defined
// pieces are found in text, as in transformers; SentencePiece itself takes control and unknown
// pieces for plain text. Texts get the begin token if the model has one. If `adds_space_to_all` is
// true, the dummy prefix is put before the text after every special token, not only at the start
// (transformers calls this legacy).
//
// Errors: DataLoss or InvalidArgument for damage, naming the piece or field; Unimplemented for
// other models and for spaces that are kept or put behind words.
absl::StatusOr<TokenizerDescription> ReadSentencePieceModel(std::string_view bytes,
                                                            const std::string& file,
                                                            bool adds_space_to_all);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_TOKENIZER_SENTENCEPIECE_MODEL_H_
