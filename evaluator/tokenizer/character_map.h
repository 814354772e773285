// SentencePiece's precompiled_charsmap, which maps texts to replacements. Private to
// evaluator/tokenizer/.
//
// The format: the number of bytes of the trie (32 bits, little-endian); the trie, a double array of
// 32-bit units as Darts-clone writes it; the replacements, each ended by a zero byte. The values of
// the trie are places in the replacements.
#ifndef STRATA_EVALUATOR_TOKENIZER_CHARACTER_MAP_H_
#define STRATA_EVALUATOR_TOKENIZER_CHARACTER_MAP_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "evaluator/tokenizer/tokenizer_steps.h"

namespace strata::evaluator {

// Immutable; may be used from several threads.
class CharacterMap {
 public:
  // Errors: InvalidArgument if `compiled` is not such a map. Nothing in it is trusted.
  static absl::StatusOr<CharacterMap> Create(std::string_view compiled);

  // Returns `text` with its mapped parts replaced. Malformed bytes stay, and the texts on their two
  // sides do not affect each other.
  std::string Apply(std::string_view text, CharacterMapUnit unit) const;

 private:
  struct Found {
    size_t bytes = 0;
    std::string_view replacement;
  };

  CharacterMap() = default;
  // Calls visit(Found) for every mapped text that `text` begins with, shortest first.
  template <typename Visit>
  void ForEachPrefix(std::string_view text, const Visit& visit) const;
  std::optional<Found> Shortest(std::string_view text) const;
  std::optional<Found> Longest(std::string_view text) const;
  void ApplyToClusters(std::string_view text, std::string& output) const;
  void ApplyToPrefixes(std::string_view text, std::string& output) const;

  std::vector<uint32_t> units_;
  std::string replacements_;
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_TOKENIZER_CHARACTER_MAP_H_
