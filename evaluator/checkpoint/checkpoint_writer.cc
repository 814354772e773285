#include "evaluator/checkpoint/checkpoint_writer.h"

#include <fmt/format.h>

#include <cstring>

#include "evaluator/checkpoint/tensor_parts.h"
#include "expr/status_macros.h"

namespace strata::evaluator {
namespace {

template <typename T>
int64_t CountZeroNumbers(std::span<const std::byte> bytes) {
  int64_t zeros = 0;
  for (size_t i = 0; i < bytes.size(); i += sizeof(T)) {
    T bits;
    std::memcpy(&bits, bytes.data() + i, sizeof(T));
    // The shift drops the sign bit.
    zeros += static_cast<T>(bits << 1) == 0 ? 1 : 0;
  }
  return zeros;
}

}  // namespace

absl::StatusOr<int64_t> CheckpointWriter::WriteRows(const std::string& name, int64_t first_row,
                                                    std::span<const float> values) {
  const auto found = stored_.find(name);
  if (found == stored_.end()) {
    return absl::NotFoundError(fmt::format("no tensor \"{}\" is planned", name));
  }
  const Stored& stored = found->second;
  const int64_t number_bytes = BytesPerNumber(stored.format);
  std::vector<std::byte> bytes(values.size() * static_cast<size_t>(number_bytes));
  std::vector<float> sums;
  if (stored.addend != 0) {
    for (const float value : values) sums.push_back(value + stored.addend);
  }
  const std::span<const float> written = sums.empty() ? values : std::span<const float>(sums);
  if (absl::Status status = Pack(stored.format, written, bytes); !status.ok()) {
    return absl::Status(status.code(), fmt::format("{}: {}", name, std::string(status.message())));
  }
  STRATA_RETURN_IF_ERROR(Store(stored, first_row, bytes));
  return number_bytes == 4 ? CountZeroNumbers<uint32_t>(bytes) : CountZeroNumbers<uint16_t>(bytes);
}

absl::Status CheckpointWriter::Store(const Stored& stored, int64_t first_row,
                                     std::span<const std::byte> bytes) {
  const int64_t row_bytes = stored.columns * BytesPerNumber(stored.format);
  const auto rows = static_cast<int64_t>(bytes.size()) / row_bytes;
  const int64_t step = stored.interleaved_heads == 0 ? rows : 1;
  for (int64_t row = 0; row < rows; row += step) {
    int64_t place = first_row + row;
    if (stored.interleaved_heads != 0) place = InterleavedRow(place, stored.interleaved_heads);
    const auto part =
        bytes.subspan(static_cast<size_t>(row * row_bytes), static_cast<size_t>(step * row_bytes));
    STRATA_RETURN_IF_ERROR(output_.Write(stored.name, place * row_bytes, part));
  }
  return absl::OkStatus();
}

absl::Status CopyTensor(const Checkpoint& source, const NamedShape& tensor,
                        CheckpointWriter& writer) {
  return ReadInParts(source, tensor, [&](int64_t row, std::span<const float> numbers) {
    return writer.WriteRows(tensor.name, row, numbers).status();
  });
}

}  // namespace strata::evaluator
