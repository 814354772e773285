#include "evaluator/tokenizer/merge_segmenter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

namespace strata::evaluator {
namespace {

using ::testing::ElementsAre;

// A vocabulary of letters and merges, and what merging makes of a text.
struct Vocabulary {
  std::vector<std::string> tokens;
  std::vector<MergeRule> merges;
  std::vector<int32_t> ranks;

  std::vector<Symbol> Merged(const MergeTable& table, const std::string& text,
                             MergeSegmenter::LastMerge* last = nullptr,
                             bool* ranks_fall = nullptr) const {
    std::vector<Symbol> symbols;
    for (size_t i = 0; i < text.size(); ++i) {
      const auto found = std::find(tokens.begin(), tokens.end(), text.substr(i, 1));
      symbols.push_back({static_cast<int32_t>(found - tokens.begin()), i, i + 1});
    }
    SymbolMerger().Run(symbols, table,
                       [&](const Symbol& left, const Symbol& right, const Merge& merge) {
                         if (last == nullptr) return;
                         *ranks_fall = *ranks_fall || merge.rank < last->rank;
                         *last = {static_cast<int32_t>(merge.rank), left.id, right.id};
                       });
    return symbols;
  }

  MergeSegmenter Segmenter(const MergeTable& table) const {
    MergeSegmenter segmenter(table, static_cast<int32_t>(tokens.size()));
    for (size_t id = 0; id < tokens.size(); ++id) {
      MergeSegmenter::LastMerge last;
      bool ranks_fall = false;
      const std::vector<Symbol> merged = Merged(table, tokens[id], &last, &ranks_fall);
      if (merged.size() == 1) segmenter.Add(tokens[id], merged[0].id, last, ranks_fall);
    }
    segmenter.Finish();
    return segmenter;
  }
};

std::vector<int32_t> Segments(const MergeSegmenter& segmenter, const std::string& text) {
  MergeSegmenter::Scratch scratch;
  std::vector<int32_t> ids;
  EXPECT_TRUE(segmenter.Segment(text, scratch, ids)) << text;
  return ids;
}

TEST(MergeSegmenter, LongestTokensOnlyWhereMergesGiveThem) {
  // "bc" is merged before "ab".
  const Vocabulary vocabulary = {
      {"a", "b", "c", "bc", "ab", "aa"}, {{1, 2, 3}, {0, 1, 4}, {0, 0, 5}}, {0, 1, 2}};
  const MergeTable table(vocabulary.merges, vocabulary.ranks);
  const MergeSegmenter segmenter = vocabulary.Segmenter(table);
  EXPECT_THAT(Segments(segmenter, "abc"), ElementsAre(0, 3));
  EXPECT_THAT(Segments(segmenter, "ab"), ElementsAre(4));
  EXPECT_THAT(Segments(segmenter, "aab"), ElementsAre(0, 4));
  EXPECT_THAT(Segments(segmenter, "aaaaa"), ElementsAre(5, 5, 0));
}

TEST(MergeSegmenter, TextOfOtherSymbolsIsLeftAlone) {
  const Vocabulary vocabulary = {{"a", "b", "ab"}, {{0, 1, 2}}, {0}};
  const MergeTable table(vocabulary.merges, vocabulary.ranks);
  const MergeSegmenter segmenter = vocabulary.Segmenter(table);
  MergeSegmenter::Scratch scratch;
  std::vector<int32_t> ids = {7};
  EXPECT_FALSE(segmenter.Segment("x", scratch, ids));
  EXPECT_FALSE(segmenter.Segment("ababx", scratch, ids));
  EXPECT_FALSE(segmenter.Segment("abxab", scratch, ids));
  EXPECT_THAT(ids, ElementsAre(7));
  EXPECT_TRUE(segmenter.Segment("aba", scratch, ids));
  EXPECT_THAT(ids, ElementsAre(7, 2, 0));
}

// Merges in the order in which tokens were made, as training leaves them; and in any order, with
// equal ranks, and with several ways to make a token, as scores give them.
TEST(MergeSegmenter, IsWhatMergingGivesOnRandomVocabularies) {
  std::mt19937 random(31);
  for (int round = 0; round < 3000; ++round) {
    const bool trained = round % 2 == 0;
    Vocabulary vocabulary{.tokens = {"a", "b", "c"}, .merges = {}, .ranks = {}};
    for (uint32_t i = 0; i < 4 + random() % 20; ++i) {
      const auto left = static_cast<int32_t>(random() % vocabulary.tokens.size());
      const auto right = static_cast<int32_t>(random() % vocabulary.tokens.size());
      const std::string text = vocabulary.tokens[left] + vocabulary.tokens[right];
      auto found = std::find(vocabulary.tokens.begin(), vocabulary.tokens.end(), text);
      if (text.size() > 12 || (trained && found != vocabulary.tokens.end())) continue;
      const auto id = static_cast<int32_t>(found - vocabulary.tokens.begin());
      if (found == vocabulary.tokens.end()) vocabulary.tokens.push_back(text);
      vocabulary.merges.push_back({left, right, id});
      vocabulary.ranks.push_back(static_cast<int32_t>(trained ? i : random() % 9));
    }
    const MergeTable table(vocabulary.merges, vocabulary.ranks);
    const MergeSegmenter segmenter = vocabulary.Segmenter(table);
    for (int text_round = 0; text_round < 10; ++text_round) {
      std::string text;
      for (uint32_t i = 1 + random() % 40; i > 0; --i) {
        text.push_back(static_cast<char>('a' + random() % 3));
      }
      std::vector<int32_t> expected;
      for (const Symbol& symbol : vocabulary.Merged(table, text)) expected.push_back(symbol.id);
      ASSERT_EQ(Segments(segmenter, text), expected) << text << " in round " << round;
    }
  }
}

}  // namespace
}  // namespace strata::evaluator
