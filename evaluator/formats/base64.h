// Base64 (RFC 4648).
#ifndef STRATA_EVALUATOR_FORMATS_BASE64_H_
#define STRATA_EVALUATOR_FORMATS_BASE64_H_

#include <optional>
#include <string>
#include <string_view>

namespace strata::evaluator {

// Decodes `text`; nullopt if it is not base64 with its padding.
std::optional<std::string> FromBase64(std::string_view text);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_FORMATS_BASE64_H_
