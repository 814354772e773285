#include "cli/shared/perplexity_text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace strata::cli {
namespace {

TEST(PerplexityTexts, MarksWhatIsWorseThanGuessingAndSaysSo) {
  PerplexityTexts texts(49152);
  EXPECT_EQ(texts.Cell(std::nullopt), "-");
  EXPECT_EQ(texts.Cell(std::log(457.25)), "457.25");
  EXPECT_EQ(texts.Mark("49152", 49152), "49152") << "as good as guessing";
  EXPECT_EQ(texts.Note(), "");
  EXPECT_EQ(texts.Cell(std::log(116469.0)), "116469.00!");
  EXPECT_EQ(texts.Note(),
            "! worse than guessing: the vocabulary has 49152 tokens, and guessing among them has "
            "that perplexity\n");
}

TEST(PerplexityTexts, ADivergenceIsNeitherRaisedNorMarked) {
  PerplexityTexts texts(3);
  EXPECT_EQ(texts.Cell(4.25, evaluator::Measure::kKl), "4.2500");
  EXPECT_EQ(texts.Note(), "") << "exp(4.25) is above 3";
}

TEST(PerplexityTexts, AnUnknownVocabularyMarksNothing) {
  PerplexityTexts texts(0);
  EXPECT_EQ(texts.Cell(std::log(116469.0)), "116469.00");
  EXPECT_EQ(texts.Note(), "");
}

TEST(IsWorseThanGuessing, HoldsForInfinityAndNotForWhatIsNoNumber) {
  EXPECT_TRUE(IsWorseThanGuessing(std::numeric_limits<double>::infinity(), 100));
  EXPECT_FALSE(IsWorseThanGuessing(std::numeric_limits<double>::quiet_NaN(), 100));
}

}  // namespace
}  // namespace strata::cli
