// Finds the tokens that stand for themselves in text, before anything is cut. Private to
// evaluator/.
#ifndef STRATA_EVALUATOR_ADDED_TOKENS_H_
#define STRATA_EVALUATOR_ADDED_TOKENS_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "evaluator/tokenizer/byte_trie.h"
#include "evaluator/tokenizer/normalizer.h"
#include "evaluator/tokenizer/tokenizer_description.h"

namespace strata::evaluator {

// A part of a text: one added token, or text between them.
struct Fragment {
  std::string_view text;
  int32_t token = -1;  // id, or -1 for ordinary text
};

// Found as Hugging Face's are: leftmost first, and the longest of those that begin at one place.
// Immutable; may be used from several threads.
class AddedTokens {
 public:
  // Of the tokens that have `normalized` so. Those that are normalised are looked for in the form
  // that `normalizer` gives them. Empty ones are left out.
  AddedTokens(const std::vector<AddedToken>& tokens, bool normalized, const Normalizer& normalizer);

  // Appends the fragments of `text` in order, none empty, which together are all of it.
  void Split(std::string_view text, std::vector<Fragment>& fragments) const;

  bool empty() const { return trie_.empty(); }

 private:
  std::vector<AddedToken> tokens_;
  ByteTrie trie_;  // of places in tokens_
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_ADDED_TOKENS_H_
