#include "evaluator/tokenizer/added_tokens.h"

#include <algorithm>
#include <deque>
#include <string>

#include "evaluator/text/unicode.h"

namespace strata::evaluator {

AddedTokens::AddedTokens(const std::vector<AddedToken>& tokens, bool normalized,
                         const Normalizer& normalizer) {
  for (const AddedToken& token : tokens) {
    if (token.normalized != normalized) continue;
    std::deque<std::string> storage;
    const std::string_view text =
        normalized ? normalizer.Apply(token.text, false, storage) : token.text;
    if (trie_.Add(text, static_cast<int32_t>(tokens_.size()))) tokens_.push_back(token);
  }
  trie_.Finish();
}

void AddedTokens::Split(std::string_view text, std::vector<Fragment>& fragments) const {
  size_t done = 0;
  size_t position = trie_.empty() ? text.size() : 0;
  while (position < text.size()) {
    size_t bytes = 0;
    int32_t place = -1;
    if (trie_.MayBegin(static_cast<unsigned char>(text[position]))) {
      trie_.ForEachPrefix(text.substr(position), [&](size_t found_bytes, int32_t found) {
        bytes = found_bytes;
        place = found;
      });
    }
    if (place < 0) {
      ++position;
      continue;
    }
    const AddedToken& token = tokens_[place];
    // As in tokenizers, every match is found in the text as it stands and widened afterwards, so
    // a token that takes the white space behind it leaves the next one its match.
    const size_t match = position;
    size_t begin = position;
    size_t end = position + bytes;
    position = end;
    if (token.single_word &&
        (EndsWithWord(text.substr(0, begin)) || BeginsWithWord(text.substr(end)))) {
      continue;
    }
    if (token.strips_left && match > done) {
      begin -= TrailingSpaceBytes(text.substr(done, match - done));
    }
    if (token.strips_right) end += LeadingSpaceBytes(text.substr(end));
    if (begin > done) fragments.push_back({text.substr(done, begin - done), -1});
    fragments.push_back({text.substr(begin, end - begin), token.id});
    done = end;
  }
  if (done < text.size()) fragments.push_back({text.substr(done), -1});
}

}  // namespace strata::evaluator
