#include "evaluator/formats/wire_format.h"

#include <fmt/format.h>

#include <bit>

#include "expr/status_macros.h"

namespace strata::evaluator {
namespace {

uint64_t LittleEndian(std::string_view bytes) {
  uint64_t value = 0;
  for (size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

}  // namespace

float WireField::Float() const { return std::bit_cast<float>(static_cast<uint32_t>(value)); }

absl::StatusOr<uint64_t> WireReader::Varint() {
  const size_t begin = position_;
  uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    if (position_ == message_.size()) {
      return absl::DataLossError(fmt::format("byte {}: a number is cut off", begin));
    }
    const auto byte = static_cast<unsigned char>(message_[position_++]);
    value |= uint64_t{byte & 0x7Fu} << shift;
    if (byte < 0x80) return value;
  }
  return absl::InvalidArgumentError(
      fmt::format("byte {}: expected a number of at most 10 bytes", begin));
}

absl::StatusOr<std::string_view> WireReader::Take(uint64_t bytes) {
  if (bytes > message_.size() - position_) {
    return absl::DataLossError(fmt::format("byte {}: expected {} bytes, found {}", position_, bytes,
                                           message_.size() - position_));
  }
  const std::string_view taken = message_.substr(position_, bytes);
  position_ += bytes;
  return taken;
}

absl::StatusOr<std::optional<WireField>> WireReader::Next() {
  if (position_ == message_.size()) return std::nullopt;
  const size_t begin = position_;
  STRATA_ASSIGN_OR_RETURN(const uint64_t key, Varint());
  WireField field;
  field.number = static_cast<uint32_t>(key >> 3);
  field.type = static_cast<int>(key & 7);
  if (key >> 3 == 0 || key >> 3 >= uint64_t{1} << 29) {
    return absl::InvalidArgumentError(fmt::format(
        "byte {}: expected a field number from 1 to 2^29 - 1, found {}", begin, key >> 3));
  }
  switch (field.type) {
    case 0: {
      STRATA_ASSIGN_OR_RETURN(const uint64_t value, Varint());
      field.value = value;
      return field;
    }
    case 1:
    case 5: {
      STRATA_ASSIGN_OR_RETURN(const std::string_view bytes, Take(field.type == 1 ? 8 : 4));
      field.value = LittleEndian(bytes);
      return field;
    }
    case 2: {
      STRATA_ASSIGN_OR_RETURN(const uint64_t size, Varint());
      STRATA_ASSIGN_OR_RETURN(const std::string_view bytes, Take(size));
      field.bytes = bytes;
      return field;
    }
    default:
      return absl::UnimplementedError(fmt::format(
          "byte {}: field {}: wire type {} is not supported", begin, field.number, field.type));
  }
}

}  // namespace strata::evaluator
