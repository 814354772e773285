// Finds added tokens, which stand for themselves in text, before the text is cut. Private to
// evaluator/tokenizer/.
#ifndef STRATA_EVALUATOR_TOKENIZER_ADDED_TOKENS_H_
#define STRATA_EVALUATOR_TOKENIZER_ADDED_TOKENS_H_

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

// Finds tokens as Hugging Face does: leftmost first, and the longest of those that begin at the
// same place. Immutable; may be used from several threads.
class AddedTokens {
 public:
  // Takes those of the tokens whose flag `normalized` has this value, and leaves out empty ones.
  // Normalised tokens are looked for in the form that `normalizer` gives them.
  AddedTokens(const std::vector<AddedToken>& tokens, bool normalized, const Normalizer& normalizer);

  // Appends the fragments of `text` in order. None is empty, and together they cover the text. A
  // token that takes the spaces behind it may share them with a token that begins there.
  void Split(std::string_view text, std::vector<Fragment>& fragments) const;

  bool empty() const { return trie_.empty(); }

 private:
  std::vector<AddedToken> tokens_;
  ByteTrie trie_;  // its ids are places in tokens_
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_TOKENIZER_ADDED_TOKENS_H_
