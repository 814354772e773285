// Conversions between float and the formats in which checkpoints store weights.
#ifndef STRATA_EVALUATOR_FORMATS_NUMBER_FORMAT_H_
#define STRATA_EVALUATOR_FORMATS_NUMBER_FORMAT_H_

#include <absl/status/status.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace strata::evaluator {

enum class NumberFormat { kFloat32, kFloat16, kBFloat16 };

// Returns the name that safetensors and GGUF use: "F32", "F16" or "BF16".
const char* NameOf(NumberFormat format);
// Returns the format of a name; nullopt for any other name.
std::optional<NumberFormat> ParseNumberFormat(std::string_view name);

int64_t BytesPerNumber(NumberFormat format);

// Reads numbers.size() little-endian numbers from `bytes`, at any alignment. The conversion is
// exact.
void Unpack(NumberFormat format, std::span<const std::byte> bytes, std::span<float> numbers);

// Writes all numbers to `bytes`, which must have room for them. Rounds to nearest, ties to even;
// zeros stay zeros. Errors: OutOfRange, with number and position, if a finite number is so large
// that it would round to infinity.
absl::Status Pack(NumberFormat format, std::span<const float> numbers, std::span<std::byte> bytes);

// Index of the first number that is infinite or NaN; -1 if there is none.
int64_t FirstNotFinite(std::span<const float> numbers);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_FORMATS_NUMBER_FORMAT_H_
