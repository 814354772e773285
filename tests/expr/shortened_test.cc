#include "expr/shortened.h"

#include <gtest/gtest.h>

namespace strata::expr {
namespace {

TEST(Shortened, AShortTextStaysAsItIs) {
  EXPECT_EQ(Shortened(""), "");
  EXPECT_EQ(Shortened("span(depth, 0.1)"), "span(depth, 0.1)");
  EXPECT_EQ(Shortened(std::string(60, 'x')), std::string(60, 'x'));
}

TEST(Shortened, ALongTextIsCut) {
  EXPECT_EQ(Shortened(std::string(61, 'x')), std::string(57, 'x') + "...");
  EXPECT_EQ(Shortened(std::string(5000, 'x')), std::string(57, 'x') + "...");
}

TEST(Shortened, ACharacterIsNotCutApart) {
  EXPECT_EQ(Shortened(std::string(56, 'x') + "\u00e9\u00e9\u00e9\u00e9"),
            std::string(56, 'x') + "...");
}

}  // namespace
}  // namespace strata::expr
