// The model of a tokenizer: from a piece of text to ids. Private to evaluator/.
#ifndef STRATA_EVALUATOR_PIECE_ENCODER_H_
#define STRATA_EVALUATOR_PIECE_ENCODER_H_

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "evaluator/tokenizer/merge_segmenter.h"
#include "evaluator/tokenizer/symbol_merger.h"

namespace strata::evaluator {

// Look-up by views of what is stored as strings.
struct TextHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};
using IdByText = std::unordered_map<std::string, int32_t, TextHash, std::equal_to<>>;

// What encoding one text needs on the way. Used by one thread at a time; the views in it are of the
// pieces encoded since it was made, and the runs are of one output.
struct EncodeScratch {
  struct Run {
    size_t begin = 0;
    size_t count = 0;
  };
  struct PathEnd {  // of the best segmentation up to a place
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
  // Appends the ids of `piece`, which is not empty. The same `ids` for all calls with one scratch,
  // which nothing is taken from meanwhile.
  virtual void Encode(std::string_view piece, EncodeScratch& scratch,
                      std::vector<int32_t>& ids) const = 0;
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_PIECE_ENCODER_H_
