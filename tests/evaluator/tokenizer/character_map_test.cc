#include "evaluator/tokenizer/character_map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <map>

namespace strata::evaluator {
namespace {

using ::testing::HasSubstr;

// A map whose trie has room for 256 children behind every node.
class MapMaker {
 public:
  void Add(const std::string& text, const std::string& replacement) {
    size_t node = 0;
    for (const char c : text) {
      const auto key = std::pair(node, static_cast<unsigned char>(c));
      const auto [child, is_new] = children_.try_emplace(key, nodes_);
      if (is_new) ++nodes_;
      node = child->second;
    }
    values_[node] = replacements_.size();
    replacements_ += replacement;
    replacements_.push_back('\0');
  }

  // A node's children, and at label 0 its value, lie in a block of 256 units of its own.
  std::string Bytes() const {
    std::vector<uint32_t> units(256 * (nodes_ + 1));
    std::vector<size_t> places(nodes_);
    for (const auto& [key, child] : children_) {
      places[child] = 256 * (key.first + 1) + key.second;
      units[places[child]] = key.second;
    }
    for (size_t node = 0; node < nodes_; ++node) {
      const size_t offset = places[node] ^ (256 * (node + 1));
      units[places[node]] |= static_cast<uint32_t>(offset << 10);
      if (const auto value = values_.find(node); value != values_.end()) {
        units[places[node]] |= 1u << 8;
        units[256 * (node + 1)] = static_cast<uint32_t>(value->second) | 1u << 31;
      }
    }
    const auto size = static_cast<uint32_t>(units.size() * 4);
    std::string bytes(4 + size, '\0');
    std::memcpy(bytes.data(), &size, 4);
    std::memcpy(bytes.data() + 4, units.data(), size);
    return bytes + replacements_;
  }

 private:
  size_t nodes_ = 1;
  std::map<std::pair<size_t, unsigned char>, size_t> children_;
  std::map<size_t, size_t> values_;
  std::string replacements_;
};

std::string Small() {
  MapMaker maker;
  maker.Add("\ufb01", "fi");
  maker.Add("e\u0301", "\u00e9");
  maker.Add("\t", " ");
  maker.Add("\u200b", "");
  maker.Add("\r\n", "|");
  maker.Add("\r", " ");
  return maker.Bytes();
}

std::string Mapped(const std::string& text, CharacterMapUnit unit) {
  return CharacterMap::Create(Small()).value().Apply(text, unit);
}

TEST(CharacterMap, ReplacesWhatIsMapped) {
  for (const CharacterMapUnit unit : {CharacterMapUnit::kCluster, CharacterMapUnit::kPrefix}) {
    EXPECT_EQ(Mapped("", unit), "");
    EXPECT_EQ(Mapped("a\ufb01b\tc", unit), "afib c");
    EXPECT_EQ(Mapped("e\u0301e", unit), "\u00e9e");
    EXPECT_EQ(Mapped("a\u200bb", unit), "ab");
    EXPECT_EQ(Mapped("\xFF\ufb01\xE4\xB8", unit),
              "\xFF"
              "fi\xE4\xB8");
  }
}

TEST(CharacterMap, AClusterIsReplacedByWhatItsBeginningBecomes) {
  EXPECT_EQ(Mapped("\ufb01\u0301", CharacterMapUnit::kCluster), "fi");
  EXPECT_EQ(Mapped("\ufb01\u0301", CharacterMapUnit::kPrefix), "fi\u0301");
  // One that is long goes character by character.
  EXPECT_EQ(Mapped("\ufb01\u0301\u0302", CharacterMapUnit::kCluster), "fi\u0301\u0302");
  EXPECT_EQ(Mapped("\r\n", CharacterMapUnit::kCluster), " ");
  EXPECT_EQ(Mapped("\r\n", CharacterMapUnit::kPrefix), "|");
}

TEST(CharacterMap, DamageIsAnErrorOrMapsNothing) {
  const auto error = [](const std::string& bytes) {
    return std::string(CharacterMap::Create(bytes).status().message());
  };
  EXPECT_THAT(error(""), HasSubstr("expected a trie of 4 bytes or a multiple within 0 bytes"));
  EXPECT_THAT(error(std::string("\x08\0\0\0abcd", 8)), HasSubstr("within 4 bytes, found 8"));
  EXPECT_THAT(error(std::string("\x03\0\0\0abcd", 8)), HasSubstr("found 3"));
  EXPECT_THAT(error(Small() + "\xFF"), HasSubstr("replacements in UTF-8"));
  // Units that lead out of the trie or the replacements.
  const CharacterMap map =
      CharacterMap::Create(std::string("\x04\0\0\0\xFF\xFF\xFF\x7F", 8)).value();
  EXPECT_EQ(map.Apply("abc", CharacterMapUnit::kPrefix), "abc");
}

}  // namespace
}  // namespace strata::evaluator
