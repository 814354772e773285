#include "evaluator/tasks/token_requests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace strata::tasks {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A token is a byte, but "ab" and " a" are one: 300 and 301. 1 begins, 2 ends a text; "<1>" is 1.
class PairTokenizer : public evaluator::Tokenizer {
 public:
  explicit PairTokenizer(bool adds_begin = false, bool adds_end = false)
      : adds_begin_(adds_begin), adds_end_(adds_end) {}
  std::vector<int32_t> Encode(std::string_view text) const override {
    std::vector<int32_t> ids;
    while (!text.empty()) {
      const size_t size = text.starts_with("<1>")                            ? 3
                          : text.starts_with("ab") || text.starts_with(" a") ? 2
                                                                             : 1;
      ids.push_back(size == 3        ? 1
                    : size == 1      ? static_cast<unsigned char>(text[0])
                    : text[0] == 'a' ? 300
                                     : 301);
      text.remove_prefix(size);
    }
    return ids;
  }
  std::string Decode(const std::vector<int32_t>& ids) const override {
    return ids == std::vector<int32_t>{1} ? "<1>" : "?";
  }
  int vocabulary_size() const override { return 302; }
  int32_t begin_token() const override { return adds_begin_ ? 1 : -1; }
  int32_t end_token() const override { return 2; }
  bool appends_end_token() const override { return adds_end_; }

 private:
  bool adds_begin_, adds_end_;
};

Task TaskOf(TaskKind kind) {
  Task task;
  task.name = "t";
  task.kind = kind;
  task.metrics = DefaultMetricsOf(kind);
  task.maximum_tokens = 3;
  return task;
}

TaskItem Pair(const std::string& context, const std::string& continuation) {
  TaskItem item;
  item.line = 5;
  item.contexts = {context};
  item.continuations = {continuation};
  return item;
}

absl::StatusOr<ItemRequests> Encode(const evaluator::Tokenizer& tokenizer, const TaskItem& item,
                                    int64_t maximum_tokens = 100,
                                    TaskKind kind = TaskKind::kLogLikelihood) {
  return RequestEncoder(tokenizer, 1, maximum_tokens).Encode(TaskOf(kind), item);
}

LikelihoodRequest One(const absl::StatusOr<ItemRequests>& requests) {
  EXPECT_TRUE(requests.ok()) << requests.status();
  return requests.ok() ? requests->likelihoods.front() : LikelihoodRequest();
}

TEST(TokenRequestsTest, TheContinuationIsWhatTheWholeTextHasMore) {
  const PairTokenizer tokenizer;
  const LikelihoodRequest request = One(Encode(tokenizer, Pair("x", " ab")));
  EXPECT_THAT(request.tokens, ElementsAre('x', 301, 'b'));
  EXPECT_EQ(request.scored, 2);
}

TEST(TokenRequestsTest, WhiteSpaceAtTheEndOfAContextIsTheContinuations) {
  const PairTokenizer tokenizer;
  const LikelihoodRequest request = One(Encode(tokenizer, Pair("x ", "a")));
  EXPECT_THAT(request.tokens, ElementsAre('x', 301));
  EXPECT_EQ(request.scored, 1);
  EXPECT_EQ(One(Encode(tokenizer, Pair("x\n\n", "y"))).scored, 3);
}

// "a" + "b" is one token: the harness keeps the context's token and what lies beyond as many.
TEST(TokenRequestsTest, TokensAcrossTheBorderAreCutAsTheHarnessCuts) {
  const PairTokenizer tokenizer;
  const LikelihoodRequest request = One(Encode(tokenizer, Pair("a", "bc")));
  EXPECT_THAT(request.tokens, ElementsAre('a', 'c'));
  EXPECT_EQ(request.scored, 1);
  const auto nothing = Encode(tokenizer, Pair("a", "b"));
  EXPECT_THAT(std::string(nothing.status().message()),
              HasSubstr("task t, item of line 5: choice 0: expected a continuation with tokens"));
}

TEST(TokenRequestsTest, BeginAndEndTokensAreTheTokenizers) {
  const PairTokenizer begins(true);
  EXPECT_THAT(One(Encode(begins, Pair("x", "y"))).tokens, ElementsAre(1, 'x', 'y'));
  EXPECT_THAT(One(Encode(begins, Pair("<1>x", "y"))).tokens, ElementsAre(1, 'x', 'y'));
  const PairTokenizer ends(true, true);
  const LikelihoodRequest request = One(Encode(ends, Pair("x", "yz")));
  EXPECT_THAT(request.tokens, ElementsAre(1, 'x', 2, 'z', 2));
  EXPECT_EQ(request.scored, 2);
}

TEST(TokenRequestsTest, AnEmptyContextIsThePrefixToken) {
  const PairTokenizer tokenizer;
  const LikelihoodRequest request = One(Encode(tokenizer, Pair("", "xy")));
  EXPECT_THAT(request.tokens, ElementsAre(1, 'x', 'y'));
  EXPECT_EQ(request.scored, 2);
  const LikelihoodRequest written = One(Encode(tokenizer, Pair("", "<1>xy")));
  EXPECT_THAT(written.tokens, ElementsAre(1, 'x', 'y'));
  EXPECT_EQ(written.scored, 2);
}

TEST(TokenRequestsTest, LongContextsLoseTheirBeginning) {
  const PairTokenizer tokenizer;
  const auto requests = Encode(tokenizer, Pair("uvwx", "yz"), 3);
  EXPECT_THAT(One(requests).tokens, ElementsAre('w', 'x', 'y', 'z'));  // the last one is not read
  EXPECT_EQ(requests->truncated_tokens, 2);
  EXPECT_EQ(Encode(tokenizer, Pair("wx", "yz"), 3)->truncated_tokens, 0);
  EXPECT_THAT(std::string(Encode(tokenizer, Pair("u", "vwxy"), 3).status().message()),
              HasSubstr("at most 3 tokens"));
}

TEST(TokenRequestsTest, ChoicesWithoutTheirContextForMutualInformation) {
  const PairTokenizer tokenizer;
  Task task = TaskOf(TaskKind::kMultipleChoice);
  task.metrics = {Metric::kAccMutualInfo};
  TaskItem item;
  item.contexts = {"q", "q"};
  item.continuations = {"x", "y"};
  const auto requests = RequestEncoder(tokenizer, 1, 9).Encode(task, item);
  ASSERT_TRUE(requests.ok());
  ASSERT_EQ(requests->likelihoods.size(), 4u);
  EXPECT_THAT(requests->likelihoods[1].tokens, ElementsAre('q', 'y'));
  EXPECT_THAT(requests->likelihoods[3].tokens, ElementsAre(1, 'y'));
}

// Every token is predicted once; a first window begins with the prefix token, the following ones
// with one token of the window before, the last with as many as fit.
TEST(TokenRequestsTest, RollingWindows) {
  const PairTokenizer tokenizer;
  TaskItem item;
  item.continuations = {"stuvwxyz"};
  const auto requests = Encode(tokenizer, item, 3, TaskKind::kRolling);
  ASSERT_TRUE(requests.ok()) << requests.status();
  ASSERT_EQ(requests->likelihoods.size(), 3u);
  EXPECT_THAT(requests->likelihoods[0].tokens, ElementsAre(1, 's', 't', 'u'));
  EXPECT_THAT(requests->likelihoods[1].tokens, ElementsAre('u', 'v', 'w', 'x'));
  EXPECT_THAT(requests->likelihoods[2].tokens, ElementsAre('w', 'x', 'y', 'z'));
  EXPECT_EQ(requests->likelihoods[1].scored, 3);
  EXPECT_EQ(requests->likelihoods[2].scored, 2);
  item.continuations = {"st"};
  EXPECT_THAT(Encode(tokenizer, item, 3, TaskKind::kRolling)->likelihoods[0].tokens,
              ElementsAre(1, 's', 't'));
}

TEST(TokenRequestsTest, PromptsLeaveRoomForTheAnswer) {
  const PairTokenizer tokenizer(true);
  TaskItem item;
  item.contexts = {"vwxyz"};
  const auto whole = Encode(tokenizer, item, 9, TaskKind::kGeneration);
  EXPECT_THAT(whole->prompt, ElementsAre(1, 'v', 'w', 'x', 'y', 'z'));
  const auto cut = Encode(tokenizer, item, 5, TaskKind::kGeneration);
  EXPECT_THAT(cut->prompt, ElementsAre('y', 'z'));
  EXPECT_EQ(cut->truncated_tokens, 4);
  EXPECT_THAT(std::string(Encode(tokenizer, item, 3, TaskKind::kGeneration).status().message()),
              HasSubstr("expected generations shorter than 3 tokens"));
}

}  // namespace
}  // namespace strata::tasks
