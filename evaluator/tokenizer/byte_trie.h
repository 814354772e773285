// A set of byte strings, each with an id, that is walked byte by byte. Private to
// evaluator/tokenizer/.
#ifndef STRATA_EVALUATOR_TOKENIZER_BYTE_TRIE_H_
#define STRATA_EVALUATOR_TOKENIZER_BYTE_TRIE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace strata::evaluator {

// Memory is proportional to the bytes added. Immutable after Finish; may then be used from several
// threads.
class ByteTrie {
 public:
  // Adds a text. `id` must not be negative. The first of equal texts counts; returns false if the
  // text is already in the set.
  bool Add(std::string_view text, int32_t id);
  // Makes the set ready for use. Must be called once, after the last Add.
  void Finish();

  bool empty() const { return texts_ == 0; }

  // Calls visit(bytes, id) for every member that `text` begins with, the shortest first.
  template <typename Visit>
  void ForEachPrefix(std::string_view text, const Visit& visit) const {
    if (text.empty()) return;
    uint32_t node = roots_[static_cast<unsigned char>(text[0])];
    for (size_t bytes = 1; node != 0; ++bytes) {
      if (nodes_[node].id >= 0) visit(bytes, nodes_[node].id);
      if (bytes == text.size()) return;
      node = bytes == 1 && !pairs_.empty() ? pairs_[Pair(text[0], text[1])]
                                           : Child(node, static_cast<unsigned char>(text[bytes]));
    }
  }

  // True if a member begins with this byte.
  bool MayBegin(unsigned char byte) const { return !roots_.empty() && roots_[byte] != 0; }

 private:
  struct Node {
    uint32_t first_child = 0;  // 0: none. While adding: the head of the list of children
    uint32_t next = 0;         // while adding: the next sibling; afterwards: number of children
    int32_t id = -1;
    unsigned char byte = 0;  // only while adding
  };

  static size_t Pair(char first, char second) {
    return size_t{static_cast<unsigned char>(first)} << 8 | static_cast<unsigned char>(second);
  }

  // Children of a node lie together, in order of their bytes.
  uint32_t Child(uint32_t node, unsigned char byte) const {
    const auto begin = bytes_.begin() + nodes_[node].first_child;
    const auto end = begin + nodes_[node].next;
    const auto found = std::lower_bound(begin, end, byte);
    return found != end && *found == byte ? static_cast<uint32_t>(found - bytes_.begin()) : 0;
  }

  std::vector<Node> nodes_ = std::vector<Node>(1);  // 0 is the root
  std::vector<unsigned char> bytes_;                // of each node; kept apart to be close together
  std::vector<uint32_t> roots_;                     // children of the root by byte
  std::vector<uint32_t> pairs_;  // grandchildren of the root by two bytes; only in a large set
  size_t texts_ = 0;
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_TOKENIZER_BYTE_TRIE_H_
