// Whether numbers that were received can be what they stand for.
#ifndef STRATA_WORKERS_NUMBER_CHECK_H_
#define STRATA_WORKERS_NUMBER_CHECK_H_

#include <absl/status/status.h>

#include <cstdint>
#include <string>

namespace strata::workers {

// All InvalidArgument, naming the field, what was expected and what was found.

// Of windows, sequences, tokens in one, units, features: 1 to a million.
absl::Status CheckCount(const char* field, int64_t value);

// Finite, and within bounds that belong to the range.
absl::Status CheckRange(const std::string& field, double value, double minimum, double maximum);

absl::Status CheckSeconds(const char* field, double value);

}  // namespace strata::workers

#endif  // STRATA_WORKERS_NUMBER_CHECK_H_
