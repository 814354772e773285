#include "evaluator/tokenizer/character_map.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "evaluator/text/unicode.h"
#include "evaluator/text/utf8.h"

namespace strata::evaluator {
namespace {

// The parts of a unit of the double array: whether it has a value, the byte that leads to it, and
// the distance to its children.
bool HasValue(uint32_t unit) { return (unit >> 8 & 1) != 0; }
uint32_t Label(uint32_t unit) { return unit & 0x800000FFu; }
uint32_t Offset(uint32_t unit) { return unit >> 10 << ((unit & 0x200u) >> 6); }
uint32_t Value(uint32_t unit) { return unit & 0x7FFFFFFFu; }

// Longer clusters, in bytes, are looked up only character by character.
constexpr size_t kLongestCluster = 5;

}  // namespace

absl::StatusOr<CharacterMap> CharacterMap::Create(std::string_view compiled) {
  uint32_t trie_bytes = 0;
  if (compiled.size() >= sizeof(trie_bytes)) {
    std::memcpy(&trie_bytes, compiled.data(), sizeof(trie_bytes));
    compiled.remove_prefix(sizeof(trie_bytes));
  }
  if (trie_bytes == 0 || trie_bytes % sizeof(uint32_t) != 0 || trie_bytes > compiled.size()) {
    return absl::InvalidArgumentError(fmt::format(
        "precompiled_charsmap: expected a trie of 4 bytes or a multiple within {} bytes, found {}",
        compiled.size(), trie_bytes));
  }
  CharacterMap map;
  map.units_.resize(trie_bytes / sizeof(uint32_t));
  std::memcpy(map.units_.data(), compiled.data(), trie_bytes);
  map.replacements_ = compiled.substr(trie_bytes);
  if (WellFormedBytes(map.replacements_) != map.replacements_.size()) {
    return absl::InvalidArgumentError("precompiled_charsmap: expected replacements in UTF-8");
  }
  return map;
}

template <typename Visit>
void CharacterMap::ForEachPrefix(std::string_view text, const Visit& visit) const {
  size_t node = Offset(units_[0]);
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    node ^= byte;
    if (byte == 0 || node >= units_.size() || Label(units_[node]) != byte) return;
    const bool has_value = HasValue(units_[node]);
    node ^= Offset(units_[node]);
    if (!has_value) continue;
    if (node >= units_.size()) return;
    const size_t begin = Value(units_[node]);
    if (begin > replacements_.size()) return;
    const std::string_view rest = std::string_view(replacements_).substr(begin);
    visit(Found{.bytes = i + 1, .replacement = rest.substr(0, rest.find('\0'))});
  }
}

std::optional<CharacterMap::Found> CharacterMap::Shortest(std::string_view text) const {
  std::optional<Found> found;
  ForEachPrefix(text, [&](const Found& next) {
    if (!found.has_value()) found = next;
  });
  return found;
}

std::optional<CharacterMap::Found> CharacterMap::Longest(std::string_view text) const {
  std::optional<Found> found;
  ForEachPrefix(text, [&](const Found& next) { found = next; });
  return found;
}

// Follows the tokenizers library: a cluster that begins with a mapped text is replaced as a whole,
// including what follows the mapped text.
void CharacterMap::ApplyToClusters(std::string_view text, std::string& output) const {
  for (const size_t bytes : ClusterBytes(text)) {
    const std::string_view cluster = text.substr(0, bytes);
    text.remove_prefix(bytes);
    if (cluster.size() <= kLongestCluster) {
      if (const std::optional<Found> found = Shortest(cluster)) {
        output += found->replacement;
        continue;
      }
    }
    for (std::string_view rest = cluster; !rest.empty();) {
      const std::string_view character = rest.substr(0, CharacterBytes(rest));
      rest.remove_prefix(character.size());
      const std::optional<Found> found = Shortest(character);
      output += found.has_value() ? found->replacement : character;
    }
  }
}

void CharacterMap::ApplyToPrefixes(std::string_view text, std::string& output) const {
  while (!text.empty()) {
    const std::optional<Found> found = Longest(text);
    const size_t bytes = found.has_value() ? found->bytes : CharacterBytes(text);
    output += found.has_value() ? found->replacement : text.substr(0, bytes);
    text.remove_prefix(bytes);
  }
}

std::string CharacterMap::Apply(std::string_view text, CharacterMapUnit unit) const {
  std::string output;
  output.reserve(text.size());
  ForEachStretch(
      text,
      [&](std::string_view stretch) {
        if (unit == CharacterMapUnit::kCluster) {
          ApplyToClusters(stretch, output);
        } else {
          ApplyToPrefixes(stretch, output);
        }
      },
      [&](std::string_view byte) { output += byte; });
  return output;
}

}  // namespace strata::evaluator
