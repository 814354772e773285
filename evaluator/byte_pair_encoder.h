// Byte-pair encoding: Sennrich et al. 2016 by the rank of merges, SentencePiece's by the score of
// tokens. Private to evaluator/.
#ifndef STRATA_EVALUATOR_BYTE_PAIR_ENCODER_H_
#define STRATA_EVALUATOR_BYTE_PAIR_ENCODER_H_

#include <memory>

#include "evaluator/piece_encoder.h"
#include "evaluator/tokenizer_description.h"

namespace strata::evaluator {

// `description` is valid, of ranked or scored merges, and outlives the encoder. Time grows as
// n log n in the length of a piece at worst, and as n in that of a text whose words repeat.
std::unique_ptr<PieceEncoder> MakeBytePairEncoder(const TokenizerDescription& description);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_BYTE_PAIR_ENCODER_H_
