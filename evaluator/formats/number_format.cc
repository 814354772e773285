#include "evaluator/formats/number_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "pruning/bfloat16_bits.h"
#include "pruning/vector_clones.h"

namespace strata::evaluator {
namespace {

struct FormatRow {
  NumberFormat format;
  const char* name;
  int64_t bytes;
  float largest;
};

constexpr FormatRow kFormats[] = {
    {NumberFormat::kFloat32, "F32", 4, std::numeric_limits<float>::max()},
    // `largest` is just below the midpoint between the largest number and the next power of two.
    // Numbers from the midpoint on round to infinity.
    {NumberFormat::kFloat16, "F16", 2, std::bit_cast<float>(0x477FEFFFu)},
    {NumberFormat::kBFloat16, "BF16", 2, std::bit_cast<float>(0x7F7F7FFFu)},
};

const FormatRow& RowOf(NumberFormat format) { return kFormats[static_cast<int>(format)]; }

template <typename T>
STRATA_INLINE_BODY T LoadNumber(const std::byte* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof(T));
  return value;
}

STRATA_INLINE_BODY float FromFloat16Bits(uint16_t bits) {
  constexpr uint32_t kInfinity = uint32_t{0x7C00} << 13;
  const uint32_t magnitude = static_cast<uint32_t>(bits & 0x7FFF) << 13;
  // The product moves the exponent to its place in a float and makes subnormal numbers normal.
  const uint32_t finite = std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude) * 0x1p112f);
  const uint32_t value = magnitude >= kInfinity ? magnitude | 0x7F800000u : finite;
  return std::bit_cast<float>(value | static_cast<uint32_t>(bits & 0x8000) << 16);
}

STRATA_INLINE_BODY uint16_t Float16Bits(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint32_t magnitude = bits & 0x7FFFFFFFu;
  const uint32_t normal = (magnitude - 0x38000000u + 0xFFFu + ((magnitude >> 13) & 1u)) >> 13;
  // One unit in the last place of 0.5 equals the smallest subnormal number.
  const uint32_t subnormal = std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude) + 0.5f) -
                             std::bit_cast<uint32_t>(0.5f);
  const uint32_t finite = magnitude < 0x38800000u ? subnormal : normal;
  const uint32_t half = magnitude >= 0x7F800000u ? 0x7C00u | (magnitude > 0x7F800000u ? 0x200u : 0u)
                                                 : std::min(finite, uint32_t{0x7C00});
  return static_cast<uint16_t>(half | (bits >> 16 & 0x8000u));
}

STRATA_VECTOR_CLONES void UnpackFloat16(const std::byte* bytes, size_t count, float* numbers) {
  for (size_t i = 0; i < count; ++i) {
    numbers[i] = FromFloat16Bits(LoadNumber<uint16_t>(bytes + 2 * i));
  }
}

STRATA_VECTOR_CLONES void UnpackBFloat16(const std::byte* bytes, size_t count, float* numbers) {
  for (size_t i = 0; i < count; ++i) {
    numbers[i] = pruning::FromBFloat16Bits(LoadNumber<uint16_t>(bytes + 2 * i));
  }
}

STRATA_VECTOR_CLONES void PackFloat16(const float* numbers, size_t count, std::byte* bytes) {
  for (size_t i = 0; i < count; ++i) {
    const uint16_t half = Float16Bits(numbers[i]);
    std::memcpy(bytes + 2 * i, &half, 2);
  }
}

STRATA_VECTOR_CLONES void PackBFloat16(const float* numbers, size_t count, std::byte* bytes) {
  for (size_t i = 0; i < count; ++i) {
    const uint16_t half = pruning::BFloat16Bits(numbers[i]);
    std::memcpy(bytes + 2 * i, &half, 2);
  }
}

STRATA_VECTOR_CLONES float LargestMagnitude(const float* numbers, size_t count) {
  uint32_t largest = 0;
  for (size_t i = 0; i < count; ++i) {
    const uint32_t magnitude = std::bit_cast<uint32_t>(numbers[i]) & 0x7FFFFFFFu;
    largest = std::max(largest, magnitude >= 0x7F800000u ? 0u : magnitude);
  }
  return std::bit_cast<float>(largest);
}

}  // namespace

const char* NameOf(NumberFormat format) { return RowOf(format).name; }

std::optional<NumberFormat> ParseNumberFormat(std::string_view name) {
  for (const FormatRow& row : kFormats) {
    if (name == row.name) return row.format;
  }
  return std::nullopt;
}

int64_t BytesPerNumber(NumberFormat format) { return RowOf(format).bytes; }

void Unpack(NumberFormat format, std::span<const std::byte> bytes, std::span<float> numbers) {
  switch (format) {
    case NumberFormat::kFloat32:
      std::memcpy(numbers.data(), bytes.data(), numbers.size_bytes());
      return;
    case NumberFormat::kFloat16:
      return UnpackFloat16(bytes.data(), numbers.size(), numbers.data());
    case NumberFormat::kBFloat16:
      return UnpackBFloat16(bytes.data(), numbers.size(), numbers.data());
  }
}

absl::Status Pack(NumberFormat format, std::span<const float> numbers, std::span<std::byte> bytes) {
  const float largest = RowOf(format).largest;
  if (LargestMagnitude(numbers.data(), numbers.size()) > largest) {
    const auto bad = std::ranges::find_if(
        numbers, [&](float x) { return std::isfinite(x) && std::fabs(x) > largest; });
    return absl::OutOfRangeError(fmt::format("{} at position {} is too large for {}", *bad,
                                             bad - numbers.begin(), NameOf(format)));
  }
  switch (format) {
    case NumberFormat::kFloat32:
      std::memcpy(bytes.data(), numbers.data(), numbers.size_bytes());
      break;
    case NumberFormat::kFloat16:
      PackFloat16(numbers.data(), numbers.size(), bytes.data());
      break;
    case NumberFormat::kBFloat16:
      PackBFloat16(numbers.data(), numbers.size(), bytes.data());
      break;
  }
  return absl::OkStatus();
}

int64_t FirstNotFinite(std::span<const float> numbers) {
  constexpr uint32_t kExponent = 0x7F800000;
  const auto is_bad = [](float value) {
    return (std::bit_cast<uint32_t>(value) & kExponent) == kExponent;
  };
  // The first loop has no early end, so it is fast in the usual case that all numbers are finite.
  uint32_t any = 0;
  for (const float value : numbers) any |= is_bad(value) ? 1u : 0u;
  if (any == 0) return -1;
  return std::ranges::find_if(numbers, is_bad) - numbers.begin();
}

}  // namespace strata::evaluator
