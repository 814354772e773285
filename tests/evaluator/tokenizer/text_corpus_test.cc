#include "evaluator/tokenizer/text_corpus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/evaluator/support/gguf_writer.h"
#include "tests/support/temporary_folder.h"

namespace strata::evaluator {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// One id per byte.
class ByteTokenizer final : public Tokenizer {
 public:
  std::vector<int32_t> Encode(std::string_view text) const override {
    std::vector<int32_t> ids;
    for (const char c : text) ids.push_back(static_cast<unsigned char>(c));
    return ids;
  }
  std::string Decode(const std::vector<int32_t>& ids) const override {
    std::string text;
    for (const int32_t id : ids) text.push_back(static_cast<char>(id));
    return text;
  }
  int vocabulary_size() const override { return 256; }
  int32_t begin_token() const override { return -1; }
};

// Documents "000...", "111...", ... of ten bytes each.
absl::StatusOr<TextCorpus> Load(int documents) {
  const TemporaryFolder folder;
  for (int i = 0; i < documents; ++i) {
    const std::string name = std::to_string(100 + i) + ".txt";
    folder.Write(name, std::string(10, static_cast<char>('0' + i)));
  }
  return TextCorpus::Load(folder.path(), ByteTokenizer());
}

std::string TextOf(const TextCorpus& corpus, Split split, int64_t count, int64_t window_tokens) {
  std::string text;
  const auto windows = corpus.Windows(split, count, window_tokens).value();
  for (const std::vector<int32_t>& window : windows) {
    text += ByteTokenizer().Decode(window) + "|";
  }
  return text;
}

TEST(TextCorpus, DocumentsAreDealtToTheSplits) {
  const TextCorpus corpus = Load(9).value();
  EXPECT_EQ(corpus.tokens(Split::kCalibration), 50);
  EXPECT_EQ(corpus.tokens(Split::kFitness), 20);
  EXPECT_EQ(corpus.tokens(Split::kReport), 20);
  EXPECT_EQ(TextOf(corpus, Split::kCalibration, 5, 10),
            "0000000000|1111111111|2222222222|3333333333|8888888888|");
  EXPECT_EQ(TextOf(corpus, Split::kFitness, 2, 10), "4444444444|5555555555|");
  EXPECT_EQ(TextOf(corpus, Split::kReport, 2, 10), "6666666666|7777777777|");
}

TEST(TextCorpus, WindowsAreDisjointAndEvenlySpaced) {
  const TextCorpus corpus = Load(9).value();
  // 50 tokens are 12 whole windows of 4; three of them start at windows 2, 6 and 10.
  const auto windows = corpus.Windows(Split::kCalibration, 3, 4).value();
  EXPECT_THAT(windows, ElementsAre(ElementsAre('0', '0', '1', '1'), ElementsAre('2', '2', '2', '2'),
                                   ElementsAre('8', '8', '8', '8')));
  EXPECT_EQ(TextOf(corpus, Split::kFitness, 1, 3), "455|");
  // Every count up to the most there are gives windows that do not overlap.
  const TemporaryFolder folder;
  std::string text;
  for (int i = 0; i < 97; ++i) text.push_back(static_cast<char>(i));
  folder.Write("a.txt", text);
  const TextCorpus ramp = TextCorpus::Load(folder.path(), ByteTokenizer()).value();
  for (int64_t window_tokens = 1; window_tokens < 9; ++window_tokens) {
    for (int64_t count = 1; count <= 97 / window_tokens; ++count) {
      std::set<int32_t> seen;
      const auto all = ramp.Windows(Split::kCalibration, count, window_tokens).value();
      for (const std::vector<int32_t>& window : all) {
        seen.insert(window.begin(), window.end());
      }
      ASSERT_EQ(static_cast<int64_t>(seen.size()), count * window_tokens);
    }
  }
}

TEST(TextCorpus, TooShortATextSaysWhatIsNeeded) {
  const TextCorpus corpus = Load(9).value();
  const auto windows = corpus.Windows(Split::kReport, 3, 8);
  EXPECT_TRUE(absl::IsInvalidArgument(windows.status()));
  EXPECT_THAT(std::string(windows.status().message()),
              HasSubstr("the report split has 20 tokens, which is 2 whole windows of 8; 3 windows "
                        "are needed, 24 tokens"));
  EXPECT_FALSE(Load(1).value().Windows(Split::kFitness, 1, 1).ok());
  EXPECT_FALSE(corpus.Windows(Split::kReport, int64_t{1} << 62, int64_t{1} << 62).ok());
  EXPECT_FALSE(corpus.Windows(Split::kReport, 0, 8).ok());
  EXPECT_FALSE(corpus.Windows(Split::kReport, 1, 0).ok());
  EXPECT_FALSE(corpus.Windows(Split::kReport, -1, 8).ok());
}

TEST(TextCorpus, AnEmptySplitSaysWhatADocumentIs) {
  const TemporaryFolder folder;
  folder.Write("line.raw", std::string(119'000, 'a'));  // one line, so one document
  const TextCorpus line = TextCorpus::Load(folder.path() + "/line.raw", ByteTokenizer()).value();
  EXPECT_THAT(std::string(line.Windows(Split::kFitness, 8, 256).status().message()),
              AllOf(HasSubstr("line.raw: the fitness split has 0 tokens"),
                    HasSubstr("cut the text into more documents"), Not(HasSubstr("longer text")),
                    HasSubstr("Found 1 document, the longest of 119000 tokens"),
                    HasSubstr("splits without a token: fitness, report"),
                    HasSubstr("at least 7 are needed"), HasSubstr(kDocumentsOfAText)));
  EXPECT_THAT(std::string(Load(6).value().Windows(Split::kReport, 1, 1).status().message()),
              AllOf(HasSubstr("Found 6 documents, the longest of 10 tokens"),
                    HasSubstr("splits without a token: report.")));
  EXPECT_THAT(std::string(Load(7).value().Windows(Split::kReport, 2, 10).status().message()),
              AllOf(HasSubstr("take a longer text"), HasSubstr("splits without a token: none")));
}

TEST(TextCorpus, DigestIsOfDocumentsAndTheirBoundaries) {
  const auto digest = [](const std::string& first, const std::string& second,
                         const std::string& second_name = "b.txt") {
    const TemporaryFolder folder;
    folder.Write("a.txt", first);
    folder.Write(second_name, second);
    return TextCorpus::Load(folder.path(), ByteTokenizer()).value().digest();
  };
  EXPECT_EQ(digest("one", "two"), digest("one", "two", "c.txt"));
  EXPECT_NE(digest("one", "two"), digest("onet", "wo"));
  EXPECT_NE(digest("one", "two"), digest("one", "twO"));
  EXPECT_EQ(digest("one", "two").size(), 64u);
}

TEST(TextCorpus, LoadingErrorsAreThoseOfReading) {
  EXPECT_TRUE(absl::IsNotFound(TextCorpus::Load("/no/such", ByteTokenizer()).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Load(0).status()));
}

TEST(TextCorpus, DefaultTexts) {
  const auto tokenizer = OpenTokenizer(DefaultModelPath()).value();
  const TextCorpus corpus = TextCorpus::Load(DefaultTextPath(), *tokenizer).value();
  const int64_t all = corpus.tokens(Split::kCalibration) + corpus.tokens(Split::kFitness) +
                      corpus.tokens(Split::kReport);
  EXPECT_NEAR(static_cast<double>(all), 2.4e6, 0.1e6);
  EXPECT_EQ(corpus.Windows(Split::kFitness, 8, 256).value().size(), 8u);
}

}  // namespace
}  // namespace strata::evaluator
