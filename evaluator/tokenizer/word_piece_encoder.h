// BERT's word pieces. Private to evaluator/.
#ifndef STRATA_EVALUATOR_WORD_PIECE_ENCODER_H_
#define STRATA_EVALUATOR_WORD_PIECE_ENCODER_H_

#include <memory>

#include "evaluator/tokenizer/piece_encoder.h"
#include "evaluator/tokenizer/tokenizer_description.h"

namespace strata::evaluator {

// `description` is valid, of word pieces, and outlives the encoder. A piece of text is a word. Time
// is at worst the length of a word times that of the longest token.
std::unique_ptr<PieceEncoder> MakeWordPieceEncoder(const TokenizerDescription& description);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_WORD_PIECE_ENCODER_H_
