#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "evaluator/tokenizer/text_corpus.h"
#include "tests/support/temporary_folder.h"

namespace strata::evaluator {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string MessageOf(const absl::Status& status) { return std::string(status.message()); }

TEST(TextFormat, NamesAndErrors) {
  EXPECT_EQ(ParseTextFormat("plain").value(), TextFormat::kPlain);
  EXPECT_EQ(ParseTextFormat("wikitext").value(), TextFormat::kWikitext);
  EXPECT_EQ(ParseTextFormat("jsonl").value(), TextFormat::kJsonl);
  EXPECT_EQ(MessageOf(ParseTextFormat("csv").status()),
            "text format: expected one of plain wikitext jsonl, found \"csv\"");
}

TEST(ReadText, PlainIsTheFileAsItIs) {
  const std::string bytes("a\r\n\0\xC3\xA9\n\n", 8);
  EXPECT_EQ(ReadText(TemporaryFile(bytes, ".txt").path(), TextFormat::kPlain).value(), bytes);
  EXPECT_EQ(ReadText(TemporaryFile("", ".txt").path(), TextFormat::kPlain).value(), "");
}

TEST(ReadText, WikitextJoinsRowsWithTwoNewlines) {
  const auto read = [](const std::string& text) {
    return ReadText(TemporaryFile(text, ".raw").path(), TextFormat::kWikitext).value();
  };
  EXPECT_EQ(read(" \n = Title = \n \n one \n"), "\n\n = Title = \n\n\n\n\n one \n");
  EXPECT_EQ(read("a\nb"), "a\n\n\nb");
  EXPECT_EQ(read(""), "");
}

TEST(ReadText, JsonlJoinsTexts) {
  const TemporaryFile file("{\"text\": \"a\\n\"}\n{\"x\": 1, \"text\": \"\\u00e9\"}\n", ".jsonl");
  EXPECT_EQ(ReadText(file.path(), TextFormat::kJsonl).value(), "a\n\n\n\u00e9");
}

TEST(ReadTexts, LinesOfJsonlAndOneTextOfOtherFormats) {
  const TemporaryFile lines("{\"text\": \"a\"}\n{\"text\": \"b\\nc\"}\n", ".jsonl");
  EXPECT_THAT(ReadTexts(lines.path(), TextFormat::kJsonl).value(), ElementsAre("a", "b\nc"));
  const TemporaryFile text("a\nb", ".txt");
  EXPECT_THAT(ReadTexts(text.path(), TextFormat::kPlain).value(), ElementsAre("a\nb"));
  EXPECT_THAT(ReadTexts(text.path(), TextFormat::kWikitext).value(), ElementsAre("a\n\n\nb"));
}

TEST(ReadTexts, BlankLinesOfJsonlAreNoRows) {
  const TemporaryFile file("\n{\"text\": \"a\"}\r\n\r\n  \n{\"text\": \"b\"}\n\n", ".jsonl");
  EXPECT_THAT(ReadTexts(file.path(), TextFormat::kJsonl).value(), ElementsAre("a", "b"));
  EXPECT_THAT(ReadDocuments(file.path()).value(), ElementsAre("a", "b"));
}

// Issue 21, case16: a perplexity of UTF-16 was computed without a word.
TEST(ReadText, RefusesWhatIsNotUtf8InEveryFormat) {
  const TemporaryFolder folder;
  folder.Write("t.txt", std::string("\xFF\xFE"
                                    "a\0b\0\n\0",
                                    8));
  for (const TextFormat format : {TextFormat::kPlain, TextFormat::kWikitext, TextFormat::kJsonl}) {
    const absl::Status status = ReadText(folder.path() + "/t.txt", format).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status));
    EXPECT_EQ(MessageOf(status),
              folder.path() +
                  "/t.txt:1: expected UTF-8, found the byte 0xFF at position 0; this "
                  "looks like UTF-16, little endian");
  }
  for (const std::string& path : {folder.path(), folder.path() + "/t.txt"}) {
    EXPECT_THAT(MessageOf(ReadDocuments(path).status()), HasSubstr("expected UTF-8")) << path;
  }
}

TEST(ReadText, JsonlErrorsNameTheLine) {
  const auto error = [](const std::string& second) {
    const TemporaryFile file("{\"text\": \"a\"}\n" + second, ".jsonl");
    const auto text = ReadText(file.path(), TextFormat::kJsonl);
    EXPECT_TRUE(absl::IsInvalidArgument(text.status())) << second;
    EXPECT_THAT(MessageOf(text.status()), HasSubstr(file.path()));
    return MessageOf(text.status());
  };
  for (const char* line : {"{\"text\": 5}", "[\"text\"]", "{}", "\"text\"", "7", "null"}) {
    EXPECT_THAT(error(line), HasSubstr("line 2: expected an object with a string \"text\""));
  }
  for (const char* line : {"{\"text\": \"a\"", "{} {}"}) {
    EXPECT_THAT(error(line), HasSubstr("line 2: expected a JSON object: parse error at")) << line;
  }
  EXPECT_THAT(error("{\"text\": \"\xFF\"}"),
              HasSubstr(":2: expected UTF-8, found the byte 0xFF at position 24;"));
}

TEST(ReadText, Errors) {
  EXPECT_TRUE(absl::IsNotFound(ReadText("/no/such/file", TextFormat::kPlain).status()));
  EXPECT_THAT(MessageOf(ReadText("/tmp", TextFormat::kPlain).status()),
              HasSubstr("found a folder"));
}

TEST(ReadDocuments, TextFilesOfAFolderInNameOrder) {
  const TemporaryFolder folder;
  folder.Write("b.txt", "second");
  folder.Write("a.txt", "first");
  folder.Write("c.txt", "");
  folder.Write("notes.md", "no");
  std::filesystem::create_directory(folder.path() + "/d.txt");
  EXPECT_THAT(ReadDocuments(folder.path()).value(), ElementsAre("first", "second", ""));
}

TEST(ReadDocuments, LinesOfAJsonlFile) {
  const TemporaryFile file("{\"text\": \"a\"}\n{\"text\": \"b\"}", ".jsonl");
  EXPECT_THAT(ReadDocuments(file.path()).value(), ElementsAre("a", "b"));
}

TEST(ReadDocuments, RunsOfLinesOfAnyOtherFile) {
  const std::string line = std::string(1023, 'x') + "\n";
  const std::string four = line + line + line + line;
  const auto runs = [](const std::string& text) {
    return ReadDocuments(TemporaryFile(text, ".raw").path()).value();
  };
  EXPECT_THAT(runs(four + four), ElementsAre(four, four));
  EXPECT_THAT(runs(four + four + line), ElementsAre(four, four + line));
  EXPECT_THAT(runs(line), ElementsAre(line));
  const std::string odd = "\n" + four + "no end";
  EXPECT_THAT(runs(odd), ElementsAre(odd));
}

TEST(ReadDocuments, NothingToReadIsAnError) {
  const TemporaryFolder folder;
  EXPECT_THAT(MessageOf(ReadDocuments(folder.path()).status()),
              AllOf(HasSubstr("expected *.txt files in the folder, found none"),
                    HasSubstr(kDocumentsOfAText)));
  folder.Write("a.txt", "");
  EXPECT_THAT(MessageOf(ReadDocuments(folder.path()).status()),
              HasSubstr("found no characters in 1 documents"));
  EXPECT_THAT(MessageOf(ReadDocuments(TemporaryFile("", ".jsonl").path()).status()),
              HasSubstr("found no characters"));
  EXPECT_TRUE(absl::IsNotFound(ReadDocuments("/no/such/folder").status()));
}

}  // namespace
}  // namespace strata::evaluator
