// SHA-256 of files and bytes, hexadecimal: how models and texts are named.
#ifndef STRATA_EVALUATOR_DIGEST_H_
#define STRATA_EVALUATOR_DIGEST_H_

#include <absl/status/statusor.h>

#include <string>
#include <string_view>

namespace strata::evaluator {

std::string Sha256(std::string_view bytes);
absl::StatusOr<std::string> Sha256OfFile(const std::string& path);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_DIGEST_H_
