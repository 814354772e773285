// Validation of received fields: numbers must be possible, texts safe to show.
#ifndef STRATA_WORKERS_WIRE_FIELD_CHECKS_H_
#define STRATA_WORKERS_WIRE_FIELD_CHECKS_H_

#include <absl/status/status.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace strata::workers {

// Errors of the checks: InvalidArgument, naming the field, what was expected and what was found.

// Checks a count of windows, sequences, tokens, units or features: 1 to a million.
absl::Status CheckCount(const char* field, int64_t value);

// Checks that a number is finite and from `minimum` to `maximum`, both included.
absl::Status CheckRange(const std::string& field, double value, double minimum, double maximum);

// Checks a duration: 0 to 1e9.
absl::Status CheckSeconds(const char* field, double value);

inline constexpr size_t kMaximumNameBytes = 256;   // names of workers, digests, lease ids
inline constexpr size_t kMaximumTextBytes = 4096;  // messages, features

// Returns a text as printable ASCII of at most kMaximumTextBytes. Control characters and
// backslashes are escaped, as "\n" or "\x1b"; each byte of other characters becomes a question
// mark; a text that was cut ends with "...[cut]".
std::string Printable(const std::string& text);

// Returns why a worker's name cannot be used, or an empty text. A name has 1 to kMaximumNameBytes
// bytes of valid UTF-8 without control characters.
std::string NameProblem(const std::string& name);

}  // namespace strata::workers

#endif  // STRATA_WORKERS_WIRE_FIELD_CHECKS_H_
