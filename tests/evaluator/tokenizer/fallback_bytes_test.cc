#include "evaluator/tokenizer/fallback_bytes.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace strata::evaluator {
namespace {

TEST(FallbackBytes, Tokens) {
  EXPECT_EQ(FallbackByte("<0x00>"), 0);
  EXPECT_EQ(FallbackByte("<0xFF>"), 255);
  EXPECT_EQ(FallbackByte("<0xaF>"), 0xAF);
  for (const char* other : {"<0x0>", "<0x000>", "<0xG0>", "[0x00>", "<0x00]", "", "a"}) {
    EXPECT_EQ(FallbackByte(other), std::nullopt) << other;
  }
}

TEST(FallbackBytes, OfADescription) {
  TokenizerDescription description;
  description.tokens = {"a", "<0x41>", "<0x42>", "<0x41>"};
  EXPECT_EQ(FallbackBytes(description).id('A'), -1);
  description.byte_fallback = true;
  const FallbackBytes bytes(description);
  EXPECT_EQ(bytes.id('A'), 1);
  EXPECT_EQ(bytes.id('C'), -1);
  EXPECT_TRUE(bytes.Has("AB"));
  EXPECT_FALSE(bytes.Has("ABC"));
  EXPECT_FALSE(bytes.complete());
  for (int byte = 0; byte < 256; ++byte) {
    description.tokens.push_back(fmt::format("<0x{:02X}>", byte));
  }
  EXPECT_TRUE(FallbackBytes(description).complete());
}

}  // namespace
}  // namespace strata::evaluator
