// Byte-pair encoding: Sennrich et al. 2016 by the rank of merges, SentencePiece's by the score of
// tokens. Private to evaluator/.
#ifndef STRATA_EVALUATOR_BYTE_PAIR_ENCODER_H_
#define STRATA_EVALUATOR_BYTE_PAIR_ENCODER_H_

#include <memory>

#include "evaluator/tokenizer/piece_encoder.h"
#include "evaluator/tokenizer/tokenizer_description.h"

namespace strata::evaluator {

// `description` is valid, of ranked or scored merges, and outlives the encoder. Time is linear in
// the length of a piece; n log n for a word with characters that are no tokens.
std::unique_ptr<PieceEncoder> MakeBytePairEncoder(const TokenizerDescription& description);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_BYTE_PAIR_ENCODER_H_
