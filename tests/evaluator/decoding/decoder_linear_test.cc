#include "evaluator/decoding/decoder_linear.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace strata::evaluator {
namespace {

// Two of three weights are zero.
at::Tensor Weights(int64_t rows, int64_t columns, at::ScalarType type) {
  const at::Tensor positions = at::arange(rows * columns, at::kFloat);
  const at::Tensor kept = at::remainder(positions, 3) == 1;
  return (at::sin(positions) * kept).to(type).view({rows, columns});
}

class DecoderLinearTest : public testing::TestWithParam<std::tuple<LinearFormat, at::ScalarType>> {
 protected:
  static constexpr int64_t kRows = 22;
  static constexpr int64_t kColumns = 70;
};

TEST_P(DecoderLinearTest, PartsTogetherAreTheProduct) {
  const auto& [format, type] = GetParam();
  const at::Tensor weights = Weights(kRows, kColumns, type);
  const at::Tensor x = at::cos(at::arange(kColumns, at::kFloat));
  const at::Tensor expected = at::mv(weights.to(at::kDouble), x.to(at::kDouble));
  for (const pruning::InstructionSet set : pruning::SupportedInstructionSets()) {
    for (const int parts : {1, 2, 5, 40}) {
      const auto linear = MakeDecoderLinear(weights, format, {set, parts});
      ASSERT_TRUE(linear.ok()) << linear.status();
      EXPECT_EQ((*linear)->rows(), kRows);
      EXPECT_EQ((*linear)->columns(), kColumns);
      const at::Tensor y = at::full({kRows}, 1e9f);
      const at::Tensor expanded = at::full({kRows, kColumns}, 7, type);
      for (int part = 0; part < parts; ++part) {
        (*linear)->Multiply({x.data_ptr<float>(), kColumns}, {y.data_ptr<float>(), kRows}, part);
        (*linear)->Expand(part, expanded);
      }
      EXPECT_TRUE(at::allclose(y.to(at::kDouble), expected, 1e-5, 1e-5))
          << NameOf(set) << ", " << parts << " parts";
      EXPECT_TRUE(at::equal(expanded, weights));
    }
  }
}

TEST_P(DecoderLinearTest, BytesAndDenseWeights) {
  const auto& [format, type] = GetParam();
  const at::Tensor weights = Weights(kRows, kColumns, type);
  const auto linear = MakeDecoderLinear(weights, format, {});
  ASSERT_TRUE(linear.ok()) << linear.status();
  const auto dense_bytes = static_cast<int64_t>(weights.nbytes());
  if (format == LinearFormat::kDense) {
    EXPECT_EQ((*linear)->bytes(), dense_bytes);
    EXPECT_EQ((*linear)->dense().data_ptr(), weights.data_ptr());
  } else {
    EXPECT_LT((*linear)->bytes(), dense_bytes * 2 / 3);
    EXPECT_GT((*linear)->bytes(), dense_bytes / 3);
    EXPECT_FALSE((*linear)->dense().defined());
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, DecoderLinearTest,
                         testing::Combine(testing::Values(LinearFormat::kDense,
                                                          LinearFormat::kSparse),
                                          testing::Values(at::kFloat, at::kBFloat16)));

}  // namespace
}  // namespace strata::evaluator
