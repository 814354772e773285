#include "pruning/sparse_matrix.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "tests/pruning/random_matrix.h"

namespace strata::pruning {
namespace {

// Rounding of float32 sums of up to a few thousand products, relative to their magnitudes.
constexpr double kRounding = 1e-6;
constexpr float kUntouched = 12345.0f;

template <typename Value>
class SparseMatrixTest : public testing::Test {
 protected:
  static SparseMatrix<Value> Compressed(const std::vector<Value>& weights, int64_t rows,
                                        int64_t columns) {
    auto matrix = SparseMatrix<Value>::Compress(weights, rows, columns);
    EXPECT_TRUE(matrix.ok()) << matrix.status();
    return *std::move(matrix);
  }

  // On every path that this processor has.
  static void ExpectProduct(const std::vector<Value>& weights, int64_t rows, int64_t columns,
                            const std::vector<float>& x) {
    const SparseMatrix<Value> matrix = Compressed(weights, rows, columns);
    const ExactProduct expected = MultiplyExactly<Value>(weights, rows, columns, x);
    for (const InstructionSet set : SupportedInstructionSets()) {
      std::vector<float> y(static_cast<size_t>(rows), kUntouched);
      matrix.Multiply(x, y, 0, rows, set);
      for (int64_t row = 0; row < rows; ++row) {
        ASSERT_NEAR(y[row], expected.values[row], kRounding * expected.magnitudes[row])
            << NameOf(set) << ", row " << row << " of " << rows << " x " << columns;
      }
    }
    std::vector<Value> expanded(weights.size(), StoredAs<Value>(kUntouched));
    matrix.Expand(0, rows, expanded);
    for (size_t i = 0; i < weights.size(); ++i) {
      ASSERT_EQ(Number(expanded[i]), Number(weights[i])) << "weight " << i;
    }
  }
};

using Values = testing::Types<float, uint16_t>;
TYPED_TEST_SUITE(SparseMatrixTest, Values);

TYPED_TEST(SparseMatrixTest, RandomMatricesOfAllShapes) {
  std::mt19937 generator(1);
  for (const int64_t columns : {0, 1, 2, 15, 16, 17, 31, 63, 64, 65, 127, 128, 200, 576, 1000}) {
    for (const int64_t rows : {0, 1, 2, 3, 4, 5, 7, 8, 30}) {
      for (const uint32_t one_in : {0, 1, 2, 3, 5, 50}) {
        const auto weights = RandomMatrix<TypeParam>(rows * columns, one_in, generator);
        this->ExpectProduct(weights, rows, columns, RandomVector(columns, generator));
        if (this->HasFatalFailure()) return;
      }
    }
  }
}

// Every pattern of 16 neighbouring weights, in all four quarters of a word.
TYPED_TEST(SparseMatrixTest, EveryPatternOfSixteen) {
  constexpr int64_t kColumns = 64;
  constexpr int64_t kPatterns = 1 << 16;
  std::mt19937 generator(2);
  for (int64_t quarter = 0; quarter < 4; ++quarter) {
    std::vector<TypeParam> weights(kPatterns * kColumns, StoredAs<TypeParam>(0));
    for (int64_t pattern = 0; pattern < kPatterns; ++pattern) {
      for (int64_t i = 0; i < 16; ++i) {
        if ((pattern >> i & 1) == 0) continue;
        weights[pattern * kColumns + 16 * quarter + i] =
            StoredAs<TypeParam>(RandomNumber(generator));
      }
    }
    this->ExpectProduct(weights, kPatterns, kColumns, RandomVector(kColumns, generator));
  }
}

TYPED_TEST(SparseMatrixTest, EmptyAndFullRowsSideBySide) {
  constexpr int64_t kRows = 11;
  constexpr int64_t kColumns = 203;
  std::mt19937 generator(3);
  auto weights = RandomMatrix<TypeParam>(kRows * kColumns, 1, generator);
  for (const int64_t row : {0, 3, 4, 5, 6, 7, 10}) {
    std::fill_n(weights.begin() + row * kColumns, kColumns, StoredAs<TypeParam>(0));
  }
  this->ExpectProduct(weights, kRows, kColumns, RandomVector(kColumns, generator));
}

TYPED_TEST(SparseMatrixTest, ZerosOfEitherSignAreNotStored) {
  const std::vector<TypeParam> weights = {StoredAs<TypeParam>(0.0f), StoredAs<TypeParam>(-0.0f),
                                          StoredAs<TypeParam>(2.0f), StoredAs<TypeParam>(-0.0f)};
  const auto matrix = this->Compressed(weights, 2, 2);
  EXPECT_EQ(matrix.nonzeros(), 1);
  this->ExpectProduct(weights, 2, 2, {3.0f, 5.0f});
}

TYPED_TEST(SparseMatrixTest, SubnormalWeightsKeepTheirBits) {
  TypeParam smallest{};
  const uint16_t one_bit = 1;
  std::memcpy(&smallest, &one_bit, sizeof(one_bit));
  std::vector<TypeParam> weights(70, StoredAs<TypeParam>(0));
  weights[0] = weights[33] = weights[69] = smallest;
  const auto matrix = this->Compressed(weights, 1, 70);
  EXPECT_EQ(matrix.nonzeros(), 3);
  std::vector<TypeParam> expanded(70);
  matrix.Expand(0, 1, expanded);
  EXPECT_EQ(expanded, weights);
  // Multiplied with a power of two the sum is exact: it shows that no path flushes to zero.
  const std::vector<float> x(70, 0x1p100f);
  for (const InstructionSet set : SupportedInstructionSets()) {
    std::vector<float> y(1);
    matrix.Multiply(x, y, 0, 1, set);
    EXPECT_EQ(y[0], 3 * Number(smallest) * 0x1p100) << NameOf(set);
  }
}

TYPED_TEST(SparseMatrixTest, RangesOfASplitTogetherAreTheProduct) {
  std::mt19937 generator(4);
  for (const int64_t rows : {1, 4, 9, 130}) {
    constexpr int64_t kColumns = 100;
    const auto weights = RandomMatrix<TypeParam>(rows * kColumns, 3, generator);
    const auto matrix = this->Compressed(weights, rows, kColumns);
    const std::vector<float> x = RandomVector(kColumns, generator);
    for (const InstructionSet set : SupportedInstructionSets()) {
      std::vector<float> whole(static_cast<size_t>(rows));
      matrix.Multiply(x, whole, 0, rows, set);
      for (const int parts : {1, 2, 3, 64}) {
        const std::vector<int64_t> boundaries = matrix.Split(parts);
        ASSERT_EQ(boundaries.size(), static_cast<size_t>(parts + 1));
        std::vector<float> y(static_cast<size_t>(rows), kUntouched);
        std::vector<TypeParam> expanded(weights.size(), StoredAs<TypeParam>(kUntouched));
        for (int part = 0; part < parts; ++part) {
          const std::vector<float> before = y;
          matrix.Multiply(x, y, boundaries[part], boundaries[part + 1], set);
          matrix.Expand(boundaries[part], boundaries[part + 1], expanded);
          for (int64_t row = 0; row < rows; ++row) {
            const bool inside = boundaries[part] <= row && row < boundaries[part + 1];
            EXPECT_EQ(y[row], inside ? whole[row] : before[row]) << NameOf(set) << " row " << row;
          }
        }
        EXPECT_EQ(y, whole);
        EXPECT_EQ(expanded, weights);
      }
    }
  }
}

// Where one half of the rows holds nearly all weights, the other must not be half of the work.
TYPED_TEST(SparseMatrixTest, SplitBalancesBytes) {
  constexpr int64_t kRows = 400;
  constexpr int64_t kColumns = 256;
  std::mt19937 generator(5);
  auto weights = RandomMatrix<TypeParam>(kRows * kColumns, 1, generator);
  std::fill_n(weights.begin() + kRows / 2 * kColumns, kRows / 2 * kColumns, StoredAs<TypeParam>(0));
  const auto matrix = this->Compressed(weights, kRows, kColumns);
  const double bitmap = kRows * kColumns / 8.0;
  const double stored = static_cast<double>(matrix.nonzeros() * sizeof(TypeParam));
  // Of rows below 200, r rows have r/400 of the bitmap and r/200 of the weights.
  const double expected = (bitmap + stored) / 2 / (bitmap / kRows + stored / (kRows / 2));
  EXPECT_NEAR(static_cast<double>(matrix.Split(2)[1]), expected, 4);
}

TYPED_TEST(SparseMatrixTest, BytesAreThoseOfTheFormat) {
  constexpr int64_t kRows = 8;
  constexpr int64_t kColumns = 130;  // three words a row
  std::mt19937 generator(6);
  const auto weights = RandomMatrix<TypeParam>(kRows * kColumns, 3, generator);
  const auto matrix = this->Compressed(weights, kRows, kColumns);
  int64_t nonzeros = 0;
  for (const TypeParam weight : weights) nonzeros += Number(weight) != 0 ? 1 : 0;
  EXPECT_EQ(matrix.nonzeros(), nonzeros);
  EXPECT_EQ(matrix.bytes(), kRows * 3 * 8 + nonzeros * static_cast<int64_t>(sizeof(TypeParam)) +
                                (kRows / 4 + 1) * 8);
}

TYPED_TEST(SparseMatrixTest, SizesThatDoNotFitAreErrors) {
  const std::vector<TypeParam> weights(12);
  for (const auto& [rows, columns] : {std::pair<int64_t, int64_t>{3, 5},
                                      {-3, -4},
                                      {0, 4},
                                      {13, 1},
                                      {std::numeric_limits<int64_t>::max() / 2, 4}}) {
    const auto matrix = SparseMatrix<TypeParam>::Compress(weights, rows, columns);
    ASSERT_FALSE(matrix.ok()) << rows << " x " << columns;
    EXPECT_EQ(matrix.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_NE(matrix.status().message().find("found 12"), std::string::npos);
  }
}

}  // namespace
}  // namespace strata::pruning
