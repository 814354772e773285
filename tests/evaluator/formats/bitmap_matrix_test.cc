#include "evaluator/formats/bitmap_matrix.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <limits>
#include <random>

namespace strata::evaluator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// The three tensors of a matrix "w", which tests damage.
struct Stored {
  std::vector<int64_t> sizes;
  BitmapRows rows;
  std::map<std::string, SafetensorsTensor> tensors;

  Stored(NumberFormat format, std::span<const float> numbers, int64_t row_count, int64_t columns)
      : sizes{row_count, columns} {
    const int64_t bytes = BytesPerNumber(format);
    std::vector<std::byte> packed(numbers.size() * static_cast<size_t>(bytes));
    EXPECT_TRUE(Pack(format, numbers, packed).ok());
    rows.Append(packed, columns, bytes);
    const auto values = static_cast<int64_t>(rows.values.size()) / bytes;
    tensors["w.shape"] = {"I64", {2}, {}};
    tensors["w.values"] = {NameOf(format), {values}, {}};
    tensors["w.bitmap"] = {"U8", {row_count, BitmapRowBytes(columns)}, {}};
  }

  // The tensors as a file would have them, and another one that is no bitmap.
  std::map<std::string, const SafetensorsTensor*> Map() {
    tensors["other"] = {"F32", {0}, {}};
    if (tensors.contains("w.shape")) {
      tensors["w.shape"].data = std::as_bytes(std::span<const int64_t>(sizes));
    }
    if (tensors.contains("w.values")) tensors["w.values"].data = rows.values;
    if (tensors.contains("w.bitmap")) tensors["w.bitmap"].data = rows.bits;
    std::map<std::string, const SafetensorsTensor*> map;
    for (const auto& [name, tensor] : tensors) map[name] = &tensor;
    return map;
  }

  std::string Error() {
    auto map = Map();
    const auto taken = TakeBitmaps(&map);
    if (taken.ok()) return "no error";
    EXPECT_EQ(taken.status().code(), absl::StatusCode::kDataLoss);
    return std::string(taken.status().message());
  }
};

Stored Example() {
  const std::vector<float> numbers = {0, 1.5, 0, 0, 0, 0, 0, 0, 0, -2,  //
                                      0, 0,   0, 0, 0, 0, 0, 0, 0, 0,   //
                                      3, 0,   0, 0, 0, 0, 0, 4, 5, 0};
  return {NumberFormat::kBFloat16, numbers, 3, 10};
}

TEST(BitmapMatrix, TheFormIsTheDocumentedOne) {
  const Stored stored = Example();
  const auto byte = [](int value) { return static_cast<std::byte>(value); };
  EXPECT_THAT(stored.rows.bits,
              ElementsAre(byte(0b10), byte(0b10), byte(0), byte(0), byte(0b10000001), byte(0b1)));
  // bfloat16, little-endian: 1.5, -2, 3, 4, 5.
  EXPECT_THAT(stored.rows.values,
              ElementsAre(byte(0xC0), byte(0x3F), byte(0x00), byte(0xC0), byte(0x40), byte(0x40),
                          byte(0x80), byte(0x40), byte(0xA0), byte(0x40)));
}

TEST(BitmapMatrix, AnyRowsOfAnyFormatComeBackWithTheirBits) {
  std::mt19937 random(7);
  for (const auto format :
       {NumberFormat::kFloat32, NumberFormat::kFloat16, NumberFormat::kBFloat16}) {
    for (const int64_t columns : {1, 7, 8, 9, 64, 130}) {
      const int64_t rows = 5;
      std::vector<float> numbers(static_cast<size_t>(rows * columns));
      for (float& number : numbers) {
        number = random() % 3 == 0 ? static_cast<float>(random() % 512) - 256.0f : 0.0f;
      }
      numbers[0] = -0.0f;  // its bits are not zero
      Stored stored(format, numbers, rows, columns);
      auto map = stored.Map();
      const auto taken = TakeBitmaps(&map);
      ASSERT_TRUE(taken.ok()) << taken.status();
      EXPECT_EQ(map.size(), 1u);  // "other"
      const BitmapMatrix& matrix = taken->at("w");
      EXPECT_EQ(matrix.tensor().type, NameOf(format));
      EXPECT_THAT(matrix.tensor().shape, ElementsAre(rows, columns));
      for (int64_t first = 0; first < rows; ++first) {
        std::vector<float> read(static_cast<size_t>((rows - first) * columns), 9.0f);
        matrix.ReadRows(first, read);
        EXPECT_EQ(std::memcmp(read.data(), numbers.data() + first * columns, read.size() * 4), 0)
            << NameOf(format) << ' ' << columns << ' ' << first;
      }
    }
  }
}

TEST(BitmapMatrix, DamageIsNamedWithItsNumbers) {
  const auto error_of = [](const std::function<void(Stored&)>& damage) {
    Stored stored = Example();
    damage(stored);
    return stored.Error();
  };
  EXPECT_EQ(error_of([](Stored&) {}), "no error");
  EXPECT_EQ(error_of([](Stored& s) {
              s.tensors["w"] = {"F32", {0}, {}};
            }),
            "w: found both dense and as a bitmap, expected one");
  EXPECT_EQ(error_of([](Stored& s) { s.tensors.erase("w.shape"); }),
            "w: expected a tensor \"w.shape\", found none");
  EXPECT_EQ(error_of([](Stored& s) { s.tensors.erase("w.values"); }),
            "w: expected a tensor \"w.values\", found none");
  EXPECT_EQ(error_of([](Stored& s) { s.rows.bits[2] = std::byte{4}; }),
            "w: .bitmap has 6 bits set, and .values holds 5 values");
  EXPECT_EQ(error_of([](Stored& s) { s.tensors["w.values"].shape = {4}; }),
            "w: .bitmap has 5 bits set, and .values holds 4 values");
  EXPECT_EQ(error_of([](Stored& s) { s.rows.bits[3] = std::byte{4}; }),
            "w: .bitmap: row 1 has bits beyond its 10 columns");
  EXPECT_EQ(error_of([](Stored& s) {
              s.sizes = {3, 17};
            }),
            "w: .bitmap: expected U8 [3, 3] for a matrix of 3 x 17, found U8 [3, 2]");
  EXPECT_EQ(error_of([](Stored& s) {
              s.sizes = {2, 10};
            }),
            "w: .bitmap: expected U8 [2, 2] for a matrix of 2 x 10, found U8 [3, 2]");
  EXPECT_EQ(error_of([](Stored& s) {
              s.sizes = {-3, 10};
            }),
            "w: .shape: expected positive numbers of rows and columns, found -3 and 10");
  EXPECT_EQ(error_of([](Stored& s) { s.sizes[1] = std::numeric_limits<int64_t>::max(); }),
            "w: .bitmap: expected U8 [3, 1152921504606846976] for a matrix of 3 x "
            "9223372036854775807, found U8 [3, 2]");
  EXPECT_EQ(error_of([](Stored& s) { s.tensors["w.shape"].type = "U64"; }),
            "w: .shape: expected I64 [2], found U64 [2]");
  EXPECT_THAT(error_of([](Stored& s) { s.tensors["w.values"].type = "I16"; }),
              HasSubstr("expected a list of F32, F16 or BF16, found I16 [5]"));
  EXPECT_THAT(error_of([](Stored& s) {
                s.tensors["w.values"].shape = {5, 1};
              }),
              HasSubstr("expected a list of F32, F16 or BF16, found BF16 [5, 1]"));
}

}  // namespace
}  // namespace strata::evaluator
