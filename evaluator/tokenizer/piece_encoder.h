// The model of a tokenizer, which turns a piece of text into ids. Private to evaluator/tokenizer/.
#ifndef STRATA_EVALUATOR_TOKENIZER_PIECE_ENCODER_H_
#define STRATA_EVALUATOR_TOKENIZER_PIECE_ENCODER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "evaluator/tokenizer/merge_segmenter.h"
#include "evaluator/tokenizer/symbol_merger.h"
#include "evaluator/tokenizer/tokenizer_description.h"

namespace strata::evaluator {

// Lets keys that are stored as strings be looked up by views.
struct TextHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};
using IdByText = std::unordered_map<std::string, int32_t, TextHash, std::equal_to<>>;

// The buffers for encoding one text. Used by one thread at a time. The views point into the pieces
// encoded since it was made, and the runs are parts of one output.
struct EncodeScratch {
  struct Run {
    size_t begin = 0;
    size_t count = 0;
  };
  struct PathEnd {  // the last token of the best segmentation up to a place
    double score = 0;
    size_t begin = 0;
    int32_t id = -1;
  };
  std::unordered_map<std::string_view, Run> seen;  // words encoded before, as runs of the output
  SymbolMerger merger;
  MergeSegmenter::Scratch segments;
  std::vector<Symbol> symbols;
  std::vector<PathEnd> path;
};

// Immutable; may be used from several threads, each with its own scratch and output.
class PieceEncoder {
 public:
  virtual ~PieceEncoder() = default;
  // Appends the ids of `piece`, which must not be empty. All calls with one scratch must pass the
  // same `ids`, and nothing may be removed from it in between.
  virtual void Encode(std::string_view piece, EncodeScratch& scratch,
                      std::vector<int32_t>& ids) const = 0;
};

// Makes the encoder of the description's scheme. `description` must be valid and outlive the
// encoder.
std::unique_ptr<PieceEncoder> MakePieceEncoder(const TokenizerDescription& description);

// Byte-pair encoding: by the rank of merges (Sennrich et al. 2016), or by the score of tokens as
// SentencePiece does it. Time is linear in the length of a piece, and n log n for a word with
// characters that are no tokens.
std::unique_ptr<PieceEncoder> MakeBytePairEncoder(const TokenizerDescription& description);

// The unigram language model of Kudo 2018 (SentencePiece): the segmentation of a piece into tokens
// with the highest sum of scores, found by dynamic programming from the left. Among equal
// segmentations, the one whose last token begins first is taken. A character that is no token
// counts as one whose score is the lowest of the vocabulary minus 10; neighbouring characters of
// that kind become one unknown token, or the tokens of their bytes. Time is proportional to the
// length of a piece times the length of the longest token.
std::unique_ptr<PieceEncoder> MakeUnigramEncoder(const TokenizerDescription& description);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_TOKENIZER_PIECE_ENCODER_H_
