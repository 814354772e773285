// The unigram language model of Kudo 2018 (SentencePiece). Private to evaluator/.
#ifndef STRATA_EVALUATOR_UNIGRAM_ENCODER_H_
#define STRATA_EVALUATOR_UNIGRAM_ENCODER_H_

#include <memory>

#include "evaluator/tokenizer/piece_encoder.h"
#include "evaluator/tokenizer/tokenizer_description.h"

namespace strata::evaluator {

// The segmentation of a piece into tokens with the highest sum of scores, by dynamic programming
// from the left; of equal ones, that whose last token begins first. A character that is no token
// counts as one of the lowest score of the vocabulary less 10; neighbours of that kind become one
// unknown token, or the tokens of their bytes. `description` is valid, has scores and outlives the
// encoder. Time is proportional to the length of a piece and to that of the longest token.
std::unique_ptr<PieceEncoder> MakeUnigramEncoder(const TokenizerDescription& description);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_UNIGRAM_ENCODER_H_
