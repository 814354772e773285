#include "evaluator/tokenizer/byte_trie.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

namespace strata::evaluator {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

std::vector<std::pair<size_t, int32_t>> Prefixes(const ByteTrie& trie, const std::string& text) {
  std::vector<std::pair<size_t, int32_t>> found;
  trie.ForEachPrefix(text, [&](size_t bytes, int32_t id) { found.emplace_back(bytes, id); });
  return found;
}

TEST(ByteTrie, MembersThatATextBeginsWith) {
  ByteTrie trie;
  EXPECT_TRUE(trie.Add("ab", 5));
  EXPECT_TRUE(trie.Add("a", 0));
  EXPECT_TRUE(trie.Add("abcd", 7));
  EXPECT_TRUE(trie.Add("\xFF", 2));
  EXPECT_FALSE(trie.Add("ab", 9));
  EXPECT_FALSE(trie.Add("", 9));
  trie.Finish();
  EXPECT_THAT(Prefixes(trie, "abcx"), ElementsAre(Pair(1, 0), Pair(2, 5)));
  EXPECT_THAT(Prefixes(trie, "abcd"), ElementsAre(Pair(1, 0), Pair(2, 5), Pair(4, 7)));
  EXPECT_THAT(Prefixes(trie, "\xFF\xFF"), ElementsAre(Pair(1, 2)));
  EXPECT_THAT(Prefixes(trie, "ba"), ElementsAre());
  EXPECT_THAT(Prefixes(trie, ""), ElementsAre());
  EXPECT_TRUE(trie.MayBegin('a'));
  EXPECT_FALSE(trie.MayBegin('b'));
}

class RandomByteTrie : public ::testing::TestWithParam<int32_t> {};

TEST_P(RandomByteTrie, IsAMap) {
  std::mt19937 random(3);
  std::map<std::string, int32_t> members;
  ByteTrie trie;
  EXPECT_TRUE(trie.empty());
  for (int32_t id = 0; id < GetParam(); ++id) {
    std::string text;
    for (uint32_t i = 1 + random() % 5; i > 0; --i) text.push_back(static_cast<char>(random() % 8));
    EXPECT_EQ(trie.Add(text, id), members.emplace(text, id).second);
  }
  trie.Finish();
  EXPECT_FALSE(trie.empty());
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    for (uint32_t i = random() % 8; i > 0; --i) text.push_back(static_cast<char>(random() % 8));
    std::vector<std::pair<size_t, int32_t>> expected;
    for (size_t bytes = 1; bytes <= text.size(); ++bytes) {
      const auto found = members.find(text.substr(0, bytes));
      if (found != members.end()) expected.emplace_back(bytes, found->second);
    }
    ASSERT_EQ(Prefixes(trie, text), expected);
  }
}

INSTANTIATE_TEST_SUITE_P(SmallAndLarge, RandomByteTrie, ::testing::Values(300, 3000, 30000));

}  // namespace
}  // namespace strata::evaluator
