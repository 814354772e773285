#include "expr/expression_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/expr/any_tree.h"
#include "tests/expr/test_support.h"

namespace strata::expr {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

nlohmann::json Written(std::string_view text) {
  return nlohmann::json::parse(ExpressionJson(Parsed(text)).dump());
}

std::string ErrorOf(const nlohmann::json& json) {
  const auto read = ExpressionFromJson(json);
  return read.ok() ? "accepted" : std::string(read.status().message());
}

TEST(ExpressionJson, Keys) {
  const nlohmann::json json = Written("dsa(asin(atan(var(abslog(WX)))), 0.08)");
  EXPECT_EQ(json["schema"], "strata.allocation-function/1");
  EXPECT_EQ(json["expression"], "dsa(asin(atan(var(abslog(WX)))), 0.08)");
  EXPECT_EQ(json["dsa"], "W:(ABSLOG)-(VAR)-(ATAN,ASIN)-(8)");
  EXPECT_EQ(json["complexity"], 6);
  EXPECT_EQ(json["tree"]["operator"], "dsa");
  EXPECT_EQ(json["tree"]["parameters"]["lambda"], 0.08);
  EXPECT_EQ(json["tree"]["children"][0]["operator"], "asin");
  EXPECT_THAT(json["latex"].get<std::string>(), HasSubstr(R"(\arcsin)"));
  EXPECT_THAT(json["words"].get<std::string>(), HasSubstr("inverse sine"));
  EXPECT_FALSE(Written("uniform()").contains("dsa"));
}

TEST(ExpressionJson, EveryTreeComesBack) {
  MersenneTwister random(9);
  for (int k = 0; k < 5000; ++k) {
    const Expression tree = AnyTree(random).Of(ValueType::kAllocation, 1 + k % 8);
    const auto read = ExpressionFromJsonText(ExpressionJson(tree).dump());
    ASSERT_TRUE(read.ok()) << std::string(read.status().message());
    ASSERT_EQ(*read, tree) << PrintExpression(tree);
  }
}

TEST(ExpressionJson, OtherKeysAreIgnored) {
  nlohmann::json json = Written("uniform()");
  json["allocation"] = {1, 2, 3};
  EXPECT_EQ(*ExpressionFromJson(json), Parsed("uniform()"));
}

TEST(ExpressionJson, ErrorsNameThePlace) {
  const nlohmann::json good = Written("span(-outliers(5), 0.08)");
  const auto with = [&](const char* pointer, nlohmann::json value) {
    nlohmann::json json = good;
    json[nlohmann::json::json_pointer(pointer)] = std::move(value);
    return ErrorOf(json);
  };
  const auto without = [&](const char* key) {
    nlohmann::json json = good;
    json.erase(key);
    return ErrorOf(json);
  };
  EXPECT_THAT(ErrorOf(3), HasSubstr("$: expected an object, found 3"));
  EXPECT_THAT(without("schema"), HasSubstr("$.schema: expected a string, found nothing"));
  EXPECT_THAT(with("/schema", "strata.allocation-function/2"),
              AllOf(HasSubstr("$.schema"), HasSubstr("/1\""), HasSubstr("/2\"")));
  EXPECT_THAT(without("tree"), HasSubstr("$.tree: expected an object"));
  EXPECT_THAT(without("expression"), HasSubstr("$.expression: expected a string"));
  EXPECT_THAT(with("/tree/operator", "spam"),
              AllOf(HasSubstr("$.tree.operator"), HasSubstr("'spam'"), HasSubstr("'span'")));
  EXPECT_THAT(with("/tree/operator", 7), HasSubstr("$.tree.operator: expected a string, found 7"));
  EXPECT_THAT(with("/tree/parameters/lambda", "big"),
              HasSubstr("$.tree.parameters.lambda: expected a number, found \"big\""));
  EXPECT_THAT(with("/tree/parameters/lambda", 3), HasSubstr("between 0.005 and 0.5"));
  EXPECT_THAT(with("/tree/parameters/mu", 3), HasSubstr("$.tree.parameters"));
  EXPECT_THAT(
      with("/tree/children/0/children", nlohmann::json::array()),
      HasSubstr("$.tree.children[0].children: expected an array of the 1 operands of 'neg'"));
  EXPECT_THAT(with("/tree/children/0/children/0", nullptr),
              HasSubstr("$.tree.children[0].children[0]: expected an object"));
  EXPECT_THAT(with("/tree/weight", 1), HasSubstr("found 'weight'"));
  EXPECT_THAT(with("/tree/children/0", good["tree"]), HasSubstr("$.tree"))
      << "an allocation under an allocation";
  EXPECT_THAT(with("/expression", "span(outliers(5), 0.08)"),
              AllOf(HasSubstr("$.expression: expected the text of $.tree"),
                    HasSubstr("'span(-outliers(5), 0.08)'")));
  EXPECT_THAT(with("/expression", "span("), HasSubstr("$.expression: column"));
  EXPECT_THAT(with("/complexity", 9), HasSubstr("$.complexity: expected 3"));
  EXPECT_THAT(with("/dsa", "W:(ABS)-(VAR)-(9)"), HasSubstr("$.dsa"));
  EXPECT_THAT(with("/tree", good["tree"]["children"][0]), HasSubstr("gives sparsities"));
}

TEST(ExpressionJson, TextIsLimitedBeforeItIsParsed) {
  const auto error = [](const std::string& text) {
    const auto read = ExpressionFromJsonText(text);
    return read.ok() ? "accepted" : std::string(read.status().message());
  };
  EXPECT_THAT(error("{\"schema\": "), HasSubstr("expected JSON"));
  EXPECT_THAT(error("{\"schema\": "), HasSubstr("line 1, column 12"));
  EXPECT_THAT(error(""), HasSubstr("expected JSON"));
  EXPECT_THAT(error(std::string(100'000, '[')), HasSubstr("nested at most 512 deep, found 100000"));
  EXPECT_THAT(error(std::string(kMaximumJsonBytes + 1, ' ')), HasSubstr("bytes"));
  EXPECT_THAT(error(nlohmann::json(std::string(1000, '[')).dump()),
              HasSubstr("$: expected an object"));

  nlohmann::json deep =
      nlohmann::json::parse(R"({"operator": "depth", "parameters": {}, "children": []})");
  for (int k = 0; k < 70; ++k) {
    deep = {{"operator", "abs"}, {"parameters", nlohmann::json::object()}, {"children", {deep}}};
  }
  nlohmann::json json = Written("uniform()");
  json["tree"] = deep;
  EXPECT_THAT(ErrorOf(json), HasSubstr("at most 64 levels"));
}

}  // namespace
}  // namespace strata::expr
