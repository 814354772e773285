#include "evaluator/tasks/item_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temporary_folder.h"

namespace strata::tasks {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

absl::StatusOr<ItemFile> Read(const std::string& lines, std::optional<TaskKind> kind = std::nullopt,
                              int64_t limit = 0) {
  const TemporaryFile file(lines, ".jsonl");
  return ReadItems(file.path(), kind, " ", limit);
}

TEST(ItemReaderTest, ChoicesCarryTheirDelimiter) {
  const auto file = Read(R"({"context": "Q:", "choices": [" an eel", "Öl"], "gold": 1})");
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->kind, TaskKind::kMultipleChoice);
  const TaskItem& item = file->items.front();
  EXPECT_THAT(item.contexts, ElementsAre("Q:", "Q:"));
  EXPECT_THAT(item.continuations, ElementsAre(" an eel", "Öl"));
  EXPECT_THAT(item.choices, ElementsAre("an eel", "Öl"));
  EXPECT_THAT(item.gold, ElementsAre(1));
  EXPECT_EQ(item.line, 1);
}

TEST(ItemReaderTest, ContextsShareAContinuation) {
  const auto file = Read(
      "\n{\"contexts\": [\"A cat\", \"A dog\"], \"continuation\": \" sat.\", \"gold\": [1, 0]}\n"
      R"({"contexts": ["x"], "continuation": " y", "choices": [" z"], "gold": []})");
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_THAT(file->items[0].contexts, ElementsAre("A cat", "A dog"));
  EXPECT_THAT(file->items[0].choices, ElementsAre(" sat.", " sat."));
  EXPECT_THAT(file->items[0].gold, ElementsAre(0, 1));
  EXPECT_EQ(file->items[0].line, 2);
  EXPECT_THAT(file->items[1].choices, ElementsAre(" z"));
  EXPECT_TRUE(file->items[1].gold.empty());
}

TEST(ItemReaderTest, TheOtherKinds) {
  const auto last = Read(R"({"context": "One, two,", "continuation": " three"})");
  ASSERT_TRUE(last.ok()) << last.status();
  EXPECT_EQ(last->kind, TaskKind::kLogLikelihood);
  EXPECT_THAT(last->items[0].continuations, ElementsAre(" three"));

  const auto rolling = Read(R"({"text": "Öl und Eis"})"
                            "\n"
                            R"({"text": "x", "words": 7, "bytes": 9})");
  ASSERT_TRUE(rolling.ok()) << rolling.status();
  EXPECT_EQ(rolling->kind, TaskKind::kRolling);
  EXPECT_EQ(rolling->items[0].words, 3);
  EXPECT_EQ(rolling->items[0].bytes, 11);
  EXPECT_EQ(rolling->items[1].words, 7);
  EXPECT_EQ(rolling->items[1].bytes, 9);

  const auto prompts = Read(R"({"context": "2+2=", "target": "4"})"
                            "\n"
                            R"({"context": "2+3=", "targets": ["5", "five"]})",
                            TaskKind::kGeneration);
  ASSERT_TRUE(prompts.ok()) << prompts.status();
  EXPECT_THAT(prompts->items[0].targets, ElementsAre("4"));
  EXPECT_THAT(prompts->items[1].targets, ElementsAre("5", "five"));
}

TEST(ItemReaderTest, ALimitKeepsTheFirstAndChecksAll) {
  const std::string three = "{\"text\": \"a\"}\n{\"text\": \"b\"}\n{\"text\": \"c\"}\n";
  const auto file = Read(three, std::nullopt, 2);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->items.size(), 2u);
  EXPECT_EQ(file->items_in_file, 3);
  EXPECT_THAT(std::string(Read(three + "{\"text\": 1}", std::nullopt, 2).status().message()),
              HasSubstr(":4:"));
}

TEST(ItemReaderTest, BadLinesAreNamed) {
  const std::string good = "{\"context\": \"Q\", \"choices\": [\"a\", \"b\"], \"gold\": 0}\n";
  const struct {
    std::string line;
    std::vector<std::string> parts;
  } cases[] = {
      {R"({"context": "Q", "choices": ["a"], "gold": 1})",
       {"\"gold\": expected the index of the right choice, 0 to 0", "found 1"}},
      {R"({"context": "Q", "choices": ["a", "b"], "gold": "a"})", {"\"gold\"", "found \"a\""}},
      {R"({"context": "Q", "choices": ["a", "b"]})", {"\"gold\"", "found nothing"}},
      {R"({"context": "Q", "choices": [], "gold": 0})", {"\"choices\": expected an array"}},
      {R"({"context": "Q", "choices": ["a", 2], "gold": 0})", {"\"choices\": expected an array"}},
      {R"({"context": "Q", "choices": ["a", " "], "gold": 0})", {"found an empty one"}},
      {R"({"context": 3, "choices": ["a"], "gold": 0})", {"\"context\": expected a text, found 3"}},
      {R"({"context": "Q", "choises": ["a"], "gold": 0})",
       {"unknown field \"choises\"", "nearest known field is \"choices\""}},
      {R"({"contexts": ["a", "b"], "continuation": "c", "choices": ["d"], "gold": 0})",
       {"expected 2 texts"}},
      {"[1]", {"expected a JSON object"}},
      {"{\"context\": ", {"expected a JSON object", "parse error"}},
      {"{\"context\": \"\xff\"}", {"expected UTF-8, found the byte 0xFF at position"}},
  };
  for (const auto& c : cases) {
    const absl::Status status = Read(good + c.line).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << c.line;
    EXPECT_THAT(std::string(status.message()), HasSubstr(".jsonl:2: ")) << c.line;
    for (const std::string& part : c.parts) {
      EXPECT_THAT(std::string(status.message()), HasSubstr(part));
    }
  }
}

TEST(ItemReaderTest, FilesThatAreNoItemsAreNamed) {
  EXPECT_EQ(ReadItems("/no/items.jsonl", std::nullopt, " ", 0).status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(Read("\n \n").status().message()), HasSubstr("found no line"));
  EXPECT_THAT(std::string(Read("{\"a\": 1}").status().message()),
              HasSubstr("expected \"choices\", \"contexts\", \"continuation\" or \"text\""));
  EXPECT_THAT(std::string(Read(R"({"context": "a", "target": "b"})").status().message()),
              HasSubstr("needs a YAML file"));
  EXPECT_THAT(std::string(Read(R"({"context": "a", "continuation": ""})").status().message()),
              HasSubstr("not empty"));
  EXPECT_THAT(std::string(Read(R"({"text": "a", "words": 0})").status().message()),
              HasSubstr("\"words\": expected a whole number from 1, found 0"));
}

}  // namespace
}  // namespace strata::tasks
