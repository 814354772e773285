#include "evaluator/tokenizer/word_piece_encoder.h"

#include <algorithm>

#include "evaluator/tokenizer/byte_trie.h"

namespace strata::evaluator {
namespace {

class WordPieceEncoder final : public PieceEncoder {
 public:
  explicit WordPieceEncoder(const TokenizerDescription& description)
      : unknown_(*description.unknown), longest_word_(description.longest_word) {
    const std::string& prefix = description.continuing_prefix;
    for (int32_t id = 0; id < description.size(); ++id) {
      const std::string& token = description.tokens[id];
      first_.Add(token, id);
      if (token.starts_with(prefix)) next_.Add(std::string_view(token).substr(prefix.size()), id);
    }
    first_.Finish();
    next_.Finish();
  }

  void Encode(std::string_view piece, EncodeScratch& scratch,
              std::vector<int32_t>& ids) const override {
    const size_t begin = ids.size();
    const ByteTrie* trie = &first_;
    bool is_known = Characters(piece) <= longest_word_;
    while (is_known && !piece.empty()) {
      size_t longest = 0;
      int32_t token = unknown_;
      trie->ForEachPrefix(piece, [&](size_t bytes, int32_t id) {
        longest = bytes;
        token = id;
      });
      is_known = longest > 0;
      ids.push_back(token);
      piece.remove_prefix(longest);
      trie = &next_;
    }
    if (is_known) return;
    ids.resize(begin);
    ids.push_back(unknown_);
  }

 private:
  static int64_t Characters(std::string_view text) {
    return std::count_if(text.begin(), text.end(),
                         [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
  }

  int32_t unknown_;
  int64_t longest_word_;
  ByteTrie first_;  // of words
  ByteTrie next_;   // without the prefix
};

}  // namespace

std::unique_ptr<PieceEncoder> MakeWordPieceEncoder(const TokenizerDescription& description) {
  return std::make_unique<WordPieceEncoder>(description);
}

}  // namespace strata::evaluator
