#include "pruning/dense_matrix_vector.h"

#include <gtest/gtest.h>

#include "tests/pruning/random_matrix.h"

namespace strata::pruning {
namespace {

constexpr double kRounding = 1e-6;
constexpr float kUntouched = 12345.0f;

template <typename Value>
class DenseMatrixVectorTest : public testing::Test {};

using Values = testing::Types<float, uint16_t>;
TYPED_TEST_SUITE(DenseMatrixVectorTest, Values);

TYPED_TEST(DenseMatrixVectorTest, RandomMatricesOfAllShapes) {
  std::mt19937 generator(1);
  for (const int64_t columns : {0, 1, 7, 8, 15, 16, 17, 33, 63, 64, 65, 95, 128, 200, 576, 1001}) {
    for (const int64_t rows : {0, 1, 3, 8}) {
      const auto weights = RandomMatrix<TypeParam>(rows * columns, 1, generator);
      const std::vector<float> x = RandomVector(columns, generator);
      const ExactProduct expected = MultiplyExactly<TypeParam>(weights, rows, columns, x);
      for (const InstructionSet set : SupportedInstructionSets()) {
        std::vector<float> y(static_cast<size_t>(rows), kUntouched);
        MultiplyDense({weights.data(), rows, columns}, x, y, 0, rows, set);
        for (int64_t row = 0; row < rows; ++row) {
          ASSERT_NEAR(y[row], expected.values[row], kRounding * expected.magnitudes[row])
              << NameOf(set) << ", row " << row << " of " << rows << " x " << columns;
        }
      }
    }
  }
}

TYPED_TEST(DenseMatrixVectorTest, OtherRowsAreLeftAlone) {
  std::mt19937 generator(2);
  const auto weights = RandomMatrix<TypeParam>(6 * 70, 1, generator);
  const std::vector<float> x = RandomVector(70, generator);
  for (const InstructionSet set : SupportedInstructionSets()) {
    std::vector<float> whole(6);
    MultiplyDense({weights.data(), 6, 70}, x, whole, 0, 6, set);
    std::vector<float> y(6, kUntouched);
    MultiplyDense({weights.data(), 6, 70}, x, y, 2, 5, set);
    const std::vector<float> expected = {kUntouched, kUntouched, whole[2],
                                         whole[3],   whole[4],   kUntouched};
    EXPECT_EQ(y, expected) << NameOf(set);
  }
}

TEST(ReadAllTest, IsTheExclusiveOrOfAllWords) {
  std::mt19937_64 generator(3);
  for (const size_t size : {0, 1, 63, 64, 65, 200, 1000}) {
    std::vector<uint64_t> words(size);
    uint64_t expected = 0;
    for (uint64_t& word : words) expected ^= word = generator();
    for (const InstructionSet set : SupportedInstructionSets()) {
      EXPECT_EQ(ReadAll(words, set), expected) << NameOf(set) << ", " << size << " words";
    }
  }
}

}  // namespace
}  // namespace strata::pruning
