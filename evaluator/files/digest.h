// SHA-256 digests of files and bytes, in hexadecimal. Models and texts are identified by them.
#ifndef STRATA_EVALUATOR_FILES_DIGEST_H_
#define STRATA_EVALUATOR_FILES_DIGEST_H_

#include <absl/status/statusor.h>

#include <string>
#include <string_view>

namespace strata::evaluator {

std::string Sha256(std::string_view bytes);

// Errors: InvalidArgument for a folder; DataLoss if reading fails; those of FileStatus.
absl::StatusOr<std::string> Sha256OfFile(const std::string& path);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_FILES_DIGEST_H_
