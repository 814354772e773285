#include "evaluator/tokenizer/piece_encoder.h"

namespace strata::evaluator {

std::unique_ptr<PieceEncoder> MakePieceEncoder(const TokenizerDescription& description) {
  return description.scheme == TokenizerScheme::kUnigram ? MakeUnigramEncoder(description)
                                                         : MakeBytePairEncoder(description);
}

}  // namespace strata::evaluator
