#include "evaluator/files/json_field.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temporary_folder.h"

namespace strata::evaluator {
namespace {

using ::testing::HasSubstr;

TEST(JsonField, Values) {
  const nlohmann::json json = nlohmann::json::parse(
      R"({"text": "x", "flag": true, "number": 7, "none": null, "list": [1, 2], "in": {"er": -1}})");
  const JsonField root(json, "f.json");
  EXPECT_EQ(*root.Member("text")->String(), "x");
  EXPECT_TRUE(*root.Member("flag")->Bool());
  EXPECT_EQ(*root.Member("number")->Integer(), 7);
  EXPECT_EQ(root.Member("list")->Items()->size(), 2u);
  EXPECT_EQ(*root.Find("in")->Member("er")->Integer(), -1);
  EXPECT_FALSE(root.Find("none").has_value());
  EXPECT_FALSE(root.Find("absent").has_value());
  EXPECT_FALSE(root.Member("text")->Find("x").has_value());
  EXPECT_TRUE(*root.BoolOr("none", true));
  EXPECT_EQ(*root.StringOr("text", "y"), "x");
  EXPECT_EQ(*root.StringOr("absent", "y"), "y");
}

TEST(JsonField, ErrorsNameFileAndField) {
  const nlohmann::json json =
      nlohmann::json::parse(R"({"a": {"b": [0, {"c": 1.5}]}, "huge": 18446744073709551615})");
  const JsonField root(json, "f.json");
  const JsonField item = root.Member("a")->Member("b")->Items()->at(1);
  EXPECT_EQ(item.Member("c")->Integer().status().message(),
            "f.json: a.b[1].c: expected an integer, found 1.5");
  EXPECT_EQ(item.Member("d").status().message(),
            "f.json: a.b[1]: expected a field \"d\", found object");
  EXPECT_EQ(root.String().status().message(), "f.json: expected a string, found object");
  EXPECT_EQ(root.Member("huge")->Integer().status().message(),
            "f.json: huge: expected an integer, found 18446744073709551615");
  EXPECT_EQ(item.Unsupported("x").message(), "f.json: a.b[1]: x is not supported");
  EXPECT_TRUE(absl::IsInvalidArgument(root.BoolOr("huge", true).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(root.Member("a")->Items().status()));
}

TEST(JsonField, Files) {
  EXPECT_TRUE(absl::IsNotFound(ReadJsonFile("/no/such.json").status()));
  const TemporaryFolder folder;
  folder.Write("bad.json", "{\"a\": ");
  EXPECT_THAT(std::string(ReadJsonFile(folder.path() + "/bad.json").status().message()),
              HasSubstr("bad.json: expected JSON: parse error at"));
  folder.Write("latin1.json", "\"\xE9\"");
  EXPECT_TRUE(absl::IsInvalidArgument(ReadJsonFile(folder.path() + "/latin1.json").status()));
  folder.Write("deep.json", std::string(1000000, '['));
  EXPECT_TRUE(absl::IsInvalidArgument(ReadJsonFile(folder.path() + "/deep.json").status()));
  folder.Write("good.json", std::string(100000, '[') + std::string(100000, ']'));
  EXPECT_TRUE(ReadJsonFile(folder.path() + "/good.json").ok());
}

}  // namespace
}  // namespace strata::evaluator
