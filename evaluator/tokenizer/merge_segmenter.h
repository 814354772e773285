// Finds the byte-pair encoding of a word from left to right, without merging. Private to
// evaluator/tokenizer/.
//
// No merge crosses a boundary between two tokens of an encoding, so merging treats each part
// between two boundaries as if it were alone. Hence a sequence of tokens is the encoding of its
// text if and only if each token is the encoding of its own text and no merge crosses the boundary
// of two neighbours when these two are merged alone: the first merge to cross a boundary would do
// so there, too. The same is true of each prefix that ends at a boundary. One search, longest
// tokens first, that never comes back to a place that it had to leave therefore finds the encoding
// in linear time.
//
// A merge across the boundary of two tokens is found by undoing their merges, the last one first.
// At each step, the merge of the two parts that touch the boundary must not come before the merge
// that was undone last. This test needs ranks that only rise from merge to merge, as in
// vocabularies that were made by merging. For the few other tokens, the two tokens are merged.
#ifndef STRATA_EVALUATOR_TOKENIZER_MERGE_SEGMENTER_H_
#define STRATA_EVALUATOR_TOKENIZER_MERGE_SEGMENTER_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "evaluator/tokenizer/byte_trie.h"
#include "evaluator/tokenizer/merge_table.h"

namespace strata::evaluator {

// Immutable after Finish; may then be used from several threads, each with its own scratch.
class MergeSegmenter {
 public:
  // The last merge of a token's own text, and the parts that it joins. A token that is one symbol
  // has none.
  struct LastMerge {
    int32_t rank = -1;
    int32_t left = -1;
    int32_t right = -1;
  };
  struct Scratch {
    std::vector<int32_t> tokens;
    std::vector<uint8_t> left_places;  // by byte: 1 if no encoding goes on from here
    SymbolMerger merger;
    std::vector<Symbol> symbols;
  };

  // `merges` must outlive this object. Ids are below `vocabulary_size`.
  MergeSegmenter(const MergeTable& merges, int32_t vocabulary_size)
      : merges_(merges), tokens_(static_cast<size_t>(vocabulary_size)) {}

  // Adds a token. Every token that is the encoding of its own text must be added, once. The parts
  // of `last_merge` are such tokens too. `ranks_fall` is true if one merge of the text has a lower
  // rank than the merge before it.
  void Add(std::string_view text, int32_t id, const LastMerge& last_merge, bool ranks_fall);
  void Finish();

  // Appends the encoding of `text`. Returns false and leaves `ids` as they were if the text is not
  // made of symbols that are tokens.
  bool Segment(std::string_view text, Scratch& scratch, std::vector<int32_t>& ids) const;

 private:
  struct Token {
    LastMerge last_merge;
    int32_t bytes = 0;
    int32_t shorter = -1;  // the longest other token that this one begins with
    bool ranks_fall = false;
  };

  bool MayTouch(int32_t left, int32_t right, Scratch& scratch) const;
  bool StayWhenMerged(int32_t left, int32_t right, Scratch& scratch) const;
  int32_t Longest(std::string_view text) const;

  const MergeTable& merges_;
  ByteTrie trie_;
  std::vector<Token> tokens_;  // by id
  std::vector<std::pair<std::string_view, int32_t>> added_;
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_TOKENIZER_MERGE_SEGMENTER_H_
