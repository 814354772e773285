#include "evaluator/formats/base64.h"

#include <gtest/gtest.h>

namespace strata::evaluator {
namespace {

TEST(Base64, Bytes) {
  EXPECT_EQ(FromBase64(""), "");
  EXPECT_EQ(FromBase64("QQ=="), "A");
  EXPECT_EQ(FromBase64("QUI="), "AB");
  EXPECT_EQ(FromBase64("AP//+/"), std::nullopt);
  EXPECT_EQ(FromBase64("AP/+"), std::string("\0\xFF\xFE", 3));
}

TEST(Base64, OtherTextIsNone) {
  for (const char* text : {"Q", "QQ=", "Q===", "====", " QQ=", "Q=Q=", "QQ==QQ==", "QU\n="}) {
    EXPECT_EQ(FromBase64(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace strata::evaluator
