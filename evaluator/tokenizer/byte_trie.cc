#include "evaluator/tokenizer/byte_trie.h"

#include <algorithm>
#include <utility>

namespace strata::evaluator {

bool ByteTrie::Add(std::string_view text, int32_t id) {
  uint32_t node = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    uint32_t child = nodes_[node].first_child;
    while (child != 0 && nodes_[child].byte != byte) child = nodes_[child].next;
    if (child == 0) {
      child = static_cast<uint32_t>(nodes_.size());
      nodes_.push_back(
          {.first_child = 0, .next = nodes_[node].first_child, .id = -1, .byte = byte});
      nodes_[node].first_child = child;
    }
    node = child;
  }
  if (node == 0 || nodes_[node].id >= 0) return false;
  nodes_[node].id = id;
  ++texts_;
  return true;
}

void ByteTrie::Finish() {
  std::vector<Node> ordered(1);
  ordered.reserve(nodes_.size());
  bytes_.assign(1, 0);
  bytes_.reserve(nodes_.size());
  std::vector<uint32_t> sources = {0};  // place in nodes_ of each node in `ordered`, breadth first
  std::vector<std::pair<unsigned char, uint32_t>> children;
  for (size_t i = 0; i < sources.size(); ++i) {
    children.clear();
    for (uint32_t child = nodes_[sources[i]].first_child; child != 0; child = nodes_[child].next) {
      children.emplace_back(nodes_[child].byte, child);
    }
    std::sort(children.begin(), children.end());
    ordered[i].first_child = static_cast<uint32_t>(ordered.size());
    ordered[i].next = static_cast<uint32_t>(children.size());
    for (const auto& [byte, child] : children) {
      ordered.push_back({.first_child = 0, .next = 0, .id = nodes_[child].id, .byte = 0});
      bytes_.push_back(byte);
      sources.push_back(child);
    }
  }
  nodes_ = std::move(ordered);
  roots_.assign(256, 0);
  for (uint32_t i = 0; i < nodes_[0].next; ++i) roots_[bytes_[1 + i]] = 1 + i;
  constexpr size_t kLargeSet = 4096;
  if (nodes_.size() < kLargeSet) return;
  pairs_.assign(size_t{1} << 16, 0);
  for (size_t pair = 0; pair < pairs_.size(); ++pair) {
    const uint32_t node = roots_[pair >> 8];
    if (node != 0) pairs_[pair] = Child(node, static_cast<unsigned char>(pair & 0xFF));
  }
}

}  // namespace strata::evaluator
