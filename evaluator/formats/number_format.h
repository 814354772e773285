// How a weight is stored as bits in a checkpoint, and the way there and back.
#ifndef STRATA_EVALUATOR_NUMBER_FORMAT_H_
#define STRATA_EVALUATOR_NUMBER_FORMAT_H_

#include <absl/status/status.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace strata::evaluator {

enum class NumberFormat { kFloat32, kFloat16, kBFloat16 };

// As safetensors and GGUF write it: "F32", "F16", "BF16".
const char* NameOf(NumberFormat format);
// Nothing for another name.
std::optional<NumberFormat> ParseNumberFormat(std::string_view name);

int64_t BytesPerNumber(NumberFormat format);

// Exact. `bytes` holds numbers.size() little-endian numbers, at any alignment.
void Unpack(NumberFormat format, std::span<const std::byte> bytes, std::span<float> numbers);

// Rounds to nearest, ties to even; zeros stay zeros. OutOfRange, with number and position, for a
// finite number that the format has no finite number near. `bytes` has room for all of them.
absl::Status Pack(NumberFormat format, std::span<const float> numbers, std::span<std::byte> bytes);

// Index of the first number that is infinite or NaN; -1 if there is none.
int64_t FirstNotFinite(std::span<const float> numbers);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_NUMBER_FORMAT_H_
