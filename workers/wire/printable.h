// Texts from the other side of a connection: how long they may be and how they are shown.
#ifndef STRATA_WORKERS_TEXT_CHECK_H_
#define STRATA_WORKERS_TEXT_CHECK_H_

#include <cstddef>
#include <string>

namespace strata::workers {

inline constexpr size_t kMaximumNameBytes = 256;   // names of workers, digests, lease ids
inline constexpr size_t kMaximumTextBytes = 4096;  // messages, features

// Printable ASCII of at most kMaximumTextBytes: control characters and backslashes are escaped, as
// "\n" or "\x1b", each byte of other characters becomes a question mark, and a text that was cut
// ends with "...[cut]".
std::string Printable(const std::string& text);

// Why a worker's name cannot be used, or empty: 1 to kMaximumNameBytes bytes of valid UTF-8 without
// control characters.
std::string NameProblem(const std::string& name);

}  // namespace strata::workers

#endif  // STRATA_WORKERS_TEXT_CHECK_H_
