#include "evaluator/tasks/greedy_generation.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/evaluator/support/small_model.h"
#include "tests/evaluator/support/wave_model.h"

namespace strata::tasks {
namespace {

using evaluator::Arithmetic;
using evaluator::TransformerModel;
using evaluator::WaveModel;

// Writes the id of a token as a letter, and 257 as a malformed byte.
class LetterTokenizer : public evaluator::Tokenizer {
 public:
  std::vector<int32_t> Encode(std::string_view) const override { return {}; }
  std::string Decode(const std::vector<int32_t>& ids) const override {
    std::string text;
    for (const int32_t id : ids) text += id == 257 ? '\xff' : static_cast<char>('a' + id % 26);
    return text;
  }
  int vocabulary_size() const override { return 258; }
  int32_t begin_token() const override { return -1; }
};

std::unique_ptr<GreedyGenerator> Generator(TransformerModel& model) {
  evaluator::DenseBlocks blocks(model, Arithmetic::kFloat32);
  auto generator = GreedyGenerator::Create(model, blocks, Arithmetic::kFloat32, 2, nullptr);
  EXPECT_TRUE(generator.ok()) << generator.status();
  return *std::move(generator);
}

// The likeliest next tokens, each from a forward pass over everything before it.
std::vector<int32_t> WithoutCache(const TransformerModel& model, std::vector<int32_t> tokens,
                                  int count) {
  const at::InferenceMode guard;
  const size_t prompt = tokens.size();
  for (int i = 0; i < count; ++i) {
    evaluator::BlockForward forward(model.config(), static_cast<int64_t>(tokens.size()),
                                    Arithmetic::kFloat32);
    at::Tensor hidden = model.Embed(evaluator::Windows{tokens});
    for (int block = 0; block < model.config().blocks; ++block) {
      forward.Run(model.matrices(block), model.vectors(block), hidden);
    }
    const at::Tensor last = model.FinalNorm(hidden.narrow(0, hidden.size(0) - 1, 1));
    const at::Tensor best = at::mm(last, model.head().t()).argmax();
    tokens.push_back(static_cast<int32_t>(best.item<int64_t>()));
  }
  return {tokens.begin() + static_cast<std::ptrdiff_t>(prompt), tokens.end()};
}

const std::vector<int32_t>& Prompt() {
  static const std::vector<int32_t> prompt = evaluator::WaveSequences(1, 12).front();
  return prompt;
}

std::string Text(const GenerationRules& rules) {
  static const std::unique_ptr<GreedyGenerator> generator = Generator(WaveModel());
  const auto text = generator->Generate(Prompt(), rules, LetterTokenizer(), nullptr);
  EXPECT_TRUE(text.ok()) << text.status();
  return text.value_or("");
}

TEST(GreedyGenerationTest, TheCacheChangesNothing) {
  const std::vector<int32_t> expected = WithoutCache(WaveModel(), Prompt(), 20);
  const std::string letters = WellFormed(LetterTokenizer().Decode(expected));
  EXPECT_EQ(Text({.until = {}, .maximum_tokens = 20}), letters);
  EXPECT_EQ(Text({.until = {}, .maximum_tokens = 3}),
            WellFormed(LetterTokenizer().Decode({expected.begin(), expected.begin() + 3})));
  // A longer text needs a larger cache, and a shorter one afterwards the same.
  EXPECT_EQ(Text({.until = {}, .maximum_tokens = 40}).substr(0, letters.size()), letters);
  EXPECT_EQ(Text({.until = {}, .maximum_tokens = 20}), letters);
}

TEST(GreedyGenerationTest, StopStringsAndTheEndTokenEndIt) {
  const std::vector<int32_t> tokens = WithoutCache(WaveModel(), Prompt(), 20);
  const std::string whole = Text({.until = {}, .maximum_tokens = 20});
  const std::string stop = whole.substr(4, 2);
  EXPECT_EQ(Text({.until = {"no such", stop}, .maximum_tokens = 20}),
            whole.substr(0, whole.find(stop)));
  GenerationRules ends{.until = {}, .maximum_tokens = 20, .end_token = tokens[3]};
  const auto first = std::find(tokens.begin(), tokens.end(), tokens[3]);
  EXPECT_EQ(Text(ends), WellFormed(LetterTokenizer().Decode({tokens.begin(), first})));
}

TEST(GreedyGenerationTest, SpecialTokensStopButAreNoText) {
  const std::vector<int32_t> tokens = WithoutCache(WaveModel(), Prompt(), 20);
  GenerationRules rules{.until = {}, .maximum_tokens = 20};
  rules.special.resize(258);
  rules.special[tokens[2]] = true;
  std::vector<int32_t> rest;
  for (const int32_t token : tokens) {
    if (token != tokens[2]) rest.push_back(token);
  }
  EXPECT_EQ(Text(rules), WellFormed(LetterTokenizer().Decode(rest)));
  rules.until = {LetterTokenizer().Decode({tokens[2]})};
  EXPECT_LE(Text(rules).size(), 2u);
}

TEST(GreedyGenerationTest, WorkCanBeStopped) {
  const auto generator = Generator(WaveModel());
  const auto stopped = generator->Generate(Prompt(), {.until = {}, .maximum_tokens = 20},
                                           LetterTokenizer(), [](double f) { return f < 0.5; });
  EXPECT_EQ(stopped.status().code(), absl::StatusCode::kCancelled);
}

TEST(GreedyGenerationTest, TextIsCutBeforeEveryStop) {
  EXPECT_EQ(BeforeStops("abcabc", {"c", "b"}), "a");
  EXPECT_EQ(BeforeStops("abc", {"x", ""}), "abc");
  EXPECT_EQ(WellFormed("a\xff\xc3\xb6\xc3"), "a\uFFFDö\uFFFD");
  // What Python's decoder makes of them.
  EXPECT_EQ(WellFormed("\xe2\x82"), "\uFFFD");
  EXPECT_EQ(WellFormed("\xf0\x9f\x98x"), "\uFFFDx");
  EXPECT_EQ(WellFormed("\xc3\xff"), "\uFFFD\uFFFD");
  EXPECT_EQ(WellFormed("\xe0\x80"), "\uFFFD\uFFFD");
  EXPECT_EQ(WellFormed("\xed\xa0\x80"), "\uFFFD\uFFFD\uFFFD");
}

}  // namespace
}  // namespace strata::tasks
