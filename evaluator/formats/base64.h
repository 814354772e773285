// Base64 as RFC 4648 has it. Private to evaluator/.
#ifndef STRATA_EVALUATOR_BASE64_H_
#define STRATA_EVALUATOR_BASE64_H_

#include <optional>
#include <string>
#include <string_view>

namespace strata::evaluator {

// The bytes that `text` stands for; nothing if it is no base64, with its padding.
std::optional<std::string> FromBase64(std::string_view text);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_BASE64_H_
