#include "evaluator/formats/bitmap_matrix.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <string_view>

#include "evaluator/files/mapped_file.h"
#include "expr/status_macros.h"

namespace strata::evaluator {
namespace {

std::string ShapeText(const SafetensorsTensor& tensor) {
  return fmt::format("{} [{}]", tensor.type, fmt::join(tensor.shape, ", "));
}

absl::StatusOr<const SafetensorsTensor*> Find(
    const std::string& name, const std::map<std::string, const SafetensorsTensor*>& tensors) {
  const auto found = tensors.find(name);
  if (found != tensors.end()) return found->second;
  return absl::DataLossError(fmt::format("expected a tensor \"{}\", found none", name));
}

absl::StatusOr<std::vector<int64_t>> ReadShape(const SafetensorsTensor& tensor) {
  if (tensor.type != "I64" || tensor.shape != std::vector<int64_t>{2}) {
    return absl::DataLossError(
        fmt::format("{}: expected I64 [2], found {}", kBitmapShapeEnding, ShapeText(tensor)));
  }
  std::vector<int64_t> shape(2);
  std::memcpy(shape.data(), tensor.data.data(), tensor.data.size());
  if (shape[0] < 1 || shape[1] < 1) {
    return absl::DataLossError(
        fmt::format("{}: expected positive numbers of rows and columns, "
                    "found {} and {}",
                    kBitmapShapeEnding, shape[0], shape[1]));
  }
  return shape;
}

// Returns the number of the first value of each row and, at the end, the number of all values.
absl::StatusOr<std::vector<uint64_t>> CountBits(std::span<const std::byte> bits, int64_t rows,
                                                int64_t columns) {
  const auto row_bytes = static_cast<size_t>(BitmapRowBytes(columns));
  const auto used_bits = static_cast<unsigned>((columns - 1) % 8 + 1);
  std::vector<uint64_t> starts = {0};
  starts.reserve(static_cast<size_t>(rows) + 1);
  for (int64_t row = 0; row < rows; ++row) {
    const auto of_row = bits.subspan(static_cast<size_t>(row) * row_bytes, row_bytes);
    uint64_t count = 0;
    size_t i = 0;
    for (; i + 8 <= row_bytes; i += 8) {
      uint64_t word = 0;
      std::memcpy(&word, of_row.data() + i, sizeof(word));
      count += static_cast<uint64_t>(std::popcount(word));
    }
    for (; i < row_bytes; ++i) {
      count += static_cast<uint64_t>(std::popcount(std::to_integer<uint8_t>(of_row[i])));
    }
    if (std::to_integer<unsigned>(of_row.back()) >> used_bits != 0) {
      return absl::DataLossError(fmt::format("{}: row {} has bits beyond its {} columns",
                                             kBitmapBitsEnding, row, columns));
    }
    starts.push_back(starts.back() + count);
  }
  return starts;
}

template <typename Number>
void AppendRow(const std::byte* numbers, int64_t columns, BitmapRows* rows) {
  const size_t first = rows->bits.size();
  rows->bits.resize(first + static_cast<size_t>(BitmapRowBytes(columns)));
  for (int64_t column = 0; column < columns; ++column, numbers += sizeof(Number)) {
    Number bits = 0;
    std::memcpy(&bits, numbers, sizeof(bits));
    if (bits == 0) continue;
    rows->bits[first + static_cast<size_t>(column / 8)] |= std::byte{1} << (column % 8);
    rows->values.insert(rows->values.end(), numbers, numbers + sizeof(Number));
  }
}

}  // namespace

int64_t BitmapRowBytes(int64_t columns) { return (columns - 1) / 8 + 1; }

absl::StatusOr<BitmapMatrix> BitmapMatrix::Of(
    const std::string& name, const std::map<std::string, const SafetensorsTensor*>& tensors) {
  STRATA_ASSIGN_OR_RETURN(const auto* shape, Find(name + kBitmapShapeEnding, tensors));
  STRATA_ASSIGN_OR_RETURN(const auto* values, Find(name + kBitmapValuesEnding, tensors));
  STRATA_ASSIGN_OR_RETURN(const auto* bits, Find(name + kBitmapBitsEnding, tensors));
  BitmapMatrix matrix;
  matrix.tensor_.type = values->type;
  STRATA_ASSIGN_OR_RETURN(matrix.tensor_.shape, ReadShape(*shape));
  const std::vector<int64_t> expected = {matrix.rows(), BitmapRowBytes(matrix.columns())};
  if (bits->type != "U8" || bits->shape != expected) {
    return absl::DataLossError(fmt::format("{}: expected U8 [{}] for a matrix of {} x {}, found {}",
                                           kBitmapBitsEnding, fmt::join(expected, ", "),
                                           matrix.rows(), matrix.columns(), ShapeText(*bits)));
  }
  const auto format = ParseNumberFormat(values->type);
  if (!format.has_value() || values->shape.size() != 1) {
    return absl::DataLossError(fmt::format("{}: expected a list of F32, F16 or BF16, found {}",
                                           kBitmapValuesEnding, ShapeText(*values)));
  }
  matrix.format_ = *format;
  STRATA_ASSIGN_OR_RETURN(matrix.row_starts_,
                          CountBits(bits->data, matrix.rows(), matrix.columns()));
  ForgetPages(bits->data);
  if (matrix.row_starts_.back() != static_cast<uint64_t>(values->shape[0])) {
    return absl::DataLossError(fmt::format("{} has {} bits set, and {} holds {} values",
                                           kBitmapBitsEnding, matrix.row_starts_.back(),
                                           kBitmapValuesEnding, values->shape[0]));
  }
  matrix.bits_ = bits->data;
  matrix.values_ = values->data;
  return matrix;
}

std::span<const std::byte> BitmapMatrix::RowBits(int64_t row) const {
  const auto row_bytes = static_cast<size_t>(BitmapRowBytes(columns()));
  return bits_.subspan(static_cast<size_t>(row) * row_bytes, row_bytes);
}

std::span<const std::byte> BitmapMatrix::RowValues(int64_t row) const {
  const auto size = static_cast<uint64_t>(BytesPerNumber(format_));
  const uint64_t begin = row_starts_[static_cast<size_t>(row)] * size;
  return values_.subspan(begin, row_starts_[static_cast<size_t>(row) + 1] * size - begin);
}

void BitmapMatrix::ReadRows(int64_t first_row, std::span<float> numbers) const {
  const auto width = static_cast<size_t>(columns());
  std::vector<float> kept(width);
  std::ranges::fill(numbers, 0.0f);
  for (size_t row = 0; row < numbers.size() / width; ++row) {
    const int64_t place = first_row + static_cast<int64_t>(row);
    const std::span<const std::byte> values = RowValues(place);
    Unpack(format_, values,
           std::span(kept).first(values.size() / static_cast<size_t>(BytesPerNumber(format_))));
    const float* next = kept.data();
    float* entries = numbers.data() + row * width;
    for (const std::byte byte : RowBits(place)) {
      for (unsigned left = std::to_integer<unsigned>(byte); left != 0; left &= left - 1) {
        entries[std::countr_zero(left)] = *next++;
      }
      entries += 8;
    }
  }
}

void BitmapMatrix::Forget() const {
  ForgetPages(bits_);
  ForgetPages(values_);
}

absl::StatusOr<std::map<std::string, BitmapMatrix>> TakeBitmaps(
    std::map<std::string, const SafetensorsTensor*>* tensors) {
  constexpr std::string_view kBits = kBitmapBitsEnding;
  std::map<std::string, BitmapMatrix> matrices;
  for (const auto& [stored, tensor] : *tensors) {
    if (!stored.ends_with(kBits)) continue;
    const std::string name = stored.substr(0, stored.size() - kBits.size());
    absl::StatusOr<BitmapMatrix> matrix = BitmapMatrix::Of(name, *tensors);
    if (!matrix.ok()) {
      return absl::Status(matrix.status().code(),
                          fmt::format("{}: {}", name, std::string(matrix.status().message())));
    }
    matrices.emplace(name, *std::move(matrix));
  }
  for (const auto& [name, matrix] : matrices) {
    if (tensors->contains(name)) {
      return absl::DataLossError(
          fmt::format("{}: found both dense and as a bitmap, expected one", name));
    }
    for (const char* ending : {kBitmapShapeEnding, kBitmapValuesEnding, kBitmapBitsEnding}) {
      tensors->erase(name + ending);
    }
  }
  return matrices;
}

void BitmapRows::Append(std::span<const std::byte> numbers, int64_t columns,
                        int64_t bytes_per_number) {
  const auto row_bytes = static_cast<size_t>(columns * bytes_per_number);
  for (size_t begin = 0; begin < numbers.size(); begin += row_bytes) {
    if (bytes_per_number == 4) {
      AppendRow<uint32_t>(numbers.data() + begin, columns, this);
    } else {
      AppendRow<uint16_t>(numbers.data() + begin, columns, this);
    }
  }
}

}  // namespace strata::evaluator
