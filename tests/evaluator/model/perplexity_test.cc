#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "evaluator/model_evaluator.h"
#include "tests/evaluator/base/gguf_writer.h"
#include "tests/evaluator/model/small_model.h"

namespace strata::evaluator {
namespace {

using ::testing::HasSubstr;

absl::StatusOr<PerplexityResult> Measure(const SmallModel& model) {
  const TemporaryFile file(model.Gguf());
  const TemporaryFile text(std::string(100, 'a') + std::string(100, 'b'), ".txt");
  PerplexityOptions options;
  options.model_path = file.path();
  options.text_path = text.path();
  options.window_tokens = 16;
  return MeasurePerplexity(options, nullptr);
}

TEST(SmallPerplexityTest, ALossThatIsNotFiniteIsAnErrorThatNamesItsWindow) {
  const auto whole = Measure(SmallModel());
  ASSERT_TRUE(whole.ok()) << whole.status();
  EXPECT_TRUE(std::isfinite(whole->perplexity));
  EXPECT_GT(whole->windows, 3);

  // After the begin token and the three bytes of a space come 100 times "a", then "b" from token
  // 104.
  const struct {
    char letter;
    const char* expected;
  } cases[] = {{'a', "window 0 of 12"}, {'b', "window 6 of 12"}};
  for (const auto& c : cases) {
    SmallModel model;
    model.impossible_token = 2 + c.letter;
    const absl::Status status = Measure(model).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(c.expected));
  }
}

}  // namespace
}  // namespace strata::evaluator
