#include "evaluator/measurement/model_evaluator_set.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/evaluator/support/small_model.h"
#include "tests/support/temporary_folder.h"

namespace strata::evaluator {
namespace {

using ::testing::HasSubstr;

class ModelEvaluatorSetTest : public ::testing::Test {
 protected:
  ModelEvaluatorSetTest() : one_(SmallModel().Gguf()), other_(WaveModelGguf()) {
    for (int i = 0; i < 2; ++i) {
      texts_[i] = folder_ / fmt::format("{}.txt", i);
      std::ofstream file(texts_[i]);
      for (int line = 0; line < 4000; ++line) file << line * (line + i) % 977 << " of it\n";
    }
  }

  static Measurement Measure(Evaluator* evaluator) {
    EvaluateRequest request;
    request.calibration = {2, 32};
    request.allocation.assign(static_cast<size_t>(evaluator->model().blocks), 0.5);
    request.fidelity.windows = 2;
    request.fidelity.window_tokens = 32;
    const auto measured = evaluator->Evaluate(request, nullptr);
    EXPECT_TRUE(measured.ok()) << measured.status();
    return measured.ok() ? *measured : Measurement();
  }

  TemporaryFile one_, other_;
  TemporaryFolder folder_;
  std::string texts_[2];
};

TEST_F(ModelEvaluatorSetTest, EachPairMeasuresWhatItMeasuresAlone) {
  const auto set = OpenModelEvaluatorSet({.model_paths = {one_.path(), other_.path()},
                                          .text_paths = {texts_[0], texts_[1]},
                                          .each = {}});
  ASSERT_TRUE(set.ok()) << set.status();
  ASSERT_EQ((*set)->model_digests().size(), 2u);
  ASSERT_EQ((*set)->text_digests().size(), 2u);
  const std::string models[] = {one_.path(), other_.path()};
  for (size_t m = 0; m < 2; ++m) {
    for (size_t t = 0; t < 2; ++t) {
      const auto found = (*set)->Find((*set)->model_digests()[m], (*set)->text_digests()[t]);
      ASSERT_TRUE(found.ok()) << found.status();
      const auto alone = OpenModelEvaluator({.model_path = models[m], .text_path = texts_[t]});
      ASSERT_TRUE(alone.ok()) << alone.status();
      EXPECT_EQ((*found)->model().digest, (*alone)->model().digest);
      EXPECT_EQ((*found)->text_digest(), (*alone)->text_digest());
      EXPECT_EQ(Measure(*found).window_nll, Measure(alone->get()).window_nll);
      EXPECT_EQ(*(*set)->Find((*set)->model_digests()[m], (*set)->text_digests()[t]), *found);
    }
  }
  EXPECT_EQ(*(*set)->Find("", ""),
            *(*set)->Find((*set)->model_digests()[0], (*set)->text_digests()[0]));
  EXPECT_EQ((*set)->Find("another", "").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(ModelEvaluatorSetTest, TwoOfTheSameAreRefused) {
  const auto models = OpenModelEvaluatorSet(
      {.model_paths = {one_.path(), one_.path()}, .text_paths = {texts_[0]}, .each = {}});
  EXPECT_EQ(models.status().code(), absl::StatusCode::kInvalidArgument);
  const auto texts = OpenModelEvaluatorSet(
      {.model_paths = {one_.path()}, .text_paths = {texts_[1], texts_[1]}, .each = {}});
  EXPECT_THAT(std::string(texts.status().message()), HasSubstr(texts_[1]));
  EXPECT_FALSE(OpenModelEvaluatorSet({.model_paths = {}, .text_paths = {}, .each = {}}).ok());
}

}  // namespace
}  // namespace strata::evaluator
