#include "evaluator/tasks/settings_node.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temporary_folder.h"

namespace strata::tasks {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(SettingsNodeTest, ValuesAreRead) {
  const TemporaryFile file("text: a b\nnumber: 12\nyes: true\nlist: [a, \"b: c\"]\none: x\n",
                           ".yaml");
  const auto node = SettingsNode::Load(file.path());
  ASSERT_TRUE(node.ok()) << node.status();
  std::string text, absent = "kept";
  int64_t number = 0;
  bool yes = false;
  std::vector<std::string> list, one;
  EXPECT_TRUE(node->Read("text", &text).ok());
  EXPECT_TRUE(node->Read("absent", &absent).ok());
  EXPECT_TRUE(node->Read("number", &number).ok());
  EXPECT_TRUE(node->Read("yes", &yes).ok());
  EXPECT_TRUE(node->Read("list", &list).ok());
  EXPECT_TRUE(node->Read("one", &one).ok());
  EXPECT_EQ(text, "a b");
  EXPECT_EQ(absent, "kept");
  EXPECT_EQ(number, 12);
  EXPECT_TRUE(yes);
  EXPECT_THAT(list, ElementsAre("a", "b: c"));
  EXPECT_THAT(one, ElementsAre("x"));
}

TEST(SettingsNodeTest, ErrorsNameFileLineAndKey) {
  const TemporaryFile file("text: [a]\nnumber: many\n\nlist: {a: b}\nsteps:\n  - x\n", ".yaml");
  const auto node = SettingsNode::Load(file.path());
  ASSERT_TRUE(node.ok()) << node.status();
  std::string text;
  int64_t number = 0;
  std::vector<std::string> list;
  const auto message = [](const absl::Status& status) { return std::string(status.message()); };
  EXPECT_THAT(message(node->Read("text", &text)),
              HasSubstr(file.path() + ":1: \"text\": expected a text, found a list"));
  EXPECT_THAT(message(node->Read("number", &number)),
              HasSubstr(":2: \"number\": expected a whole number, found 'many'"));
  EXPECT_THAT(message(node->Read("list", &list)),
              HasSubstr(":4: \"list\": expected a list of texts, found a mapping"));
  EXPECT_THAT(message(node->List("steps").status()), HasSubstr("expected a list of mappings"));
  EXPECT_THAT(message(node->ReadRequired("none", &text)), HasSubstr("\"none\": expected a value"));
  EXPECT_THAT(message(node->CheckKeys({"text", "numbers", "list", "steps"})),
              HasSubstr(":2: unknown key 'number'; the nearest known key is 'numbers'"));
  EXPECT_THAT(message(node->CheckAbsent({"list"}, "a text")),
              HasSubstr("\"list\": expected no such key for a text"));
}

TEST(SettingsNodeTest, FilesThatAreNoMappingAreNamed) {
  EXPECT_EQ(SettingsNode::Load("/no/task.yaml").status().code(), absl::StatusCode::kNotFound);
  for (const char* text : {"- a\n", "a: 1\n---\nb: 2\n", "just text"}) {
    const TemporaryFile file(text, ".yaml");
    EXPECT_EQ(SettingsNode::Load(file.path()).status().code(), absl::StatusCode::kInvalidArgument);
  }
  const TemporaryFile broken("a: 1\nb: [1\n", ".yaml");
  EXPECT_THAT(std::string(SettingsNode::Load(broken.path()).status().message()),
              HasSubstr("not valid YAML"));
}

}  // namespace
}  // namespace strata::tasks
