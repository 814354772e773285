#include "evaluator/tokenizer/tokenizer_json_components.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace strata::evaluator {
namespace {

absl::StatusOr<AddedToken> Read(const std::string& text, bool special_if_absent) {
  const nlohmann::json json = nlohmann::json::parse(text);
  return ReadAddedToken(JsonField(json, "f"), special_if_absent);
}

TEST(AddedTokenJson, TextAndFlags) {
  const AddedToken plain = Read(R"({"content": "<x>"})", false).value();
  EXPECT_EQ(plain.text, "<x>");
  EXPECT_FALSE(plain.special || plain.normalized || plain.single_word || plain.strips_left ||
               plain.strips_right);
  EXPECT_TRUE(Read(R"({"content": "<x>"})", true)->special);
  EXPECT_FALSE(Read(R"({"content": "<x>", "special": false})", true)->special);
  const AddedToken all = Read(R"({"content": "x", "special": true, "normalized": true,
      "single_word": true, "lstrip": true, "rstrip": true})",
                              false)
                             .value();
  EXPECT_TRUE(all.special && all.normalized && all.single_word && all.strips_left &&
              all.strips_right);
}

TEST(AddedTokenJson, ErrorsNameTheField) {
  EXPECT_THAT(std::string(Read("{}", false).status().message()),
              ::testing::HasSubstr("f: expected a field \"content\""));
  EXPECT_THAT(std::string(Read(R"({"content": "x", "lstrip": 1})", false).status().message()),
              ::testing::HasSubstr("f: lstrip: expected true or false"));
}

}  // namespace
}  // namespace strata::evaluator
