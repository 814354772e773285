#include "evaluator/formats/base64.h"

#include <openssl/evp.h>

#include <limits>

namespace strata::evaluator {

std::optional<std::string> FromBase64(std::string_view text) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string_view digits = text;
  for (int i = 0; i < 2 && digits.ends_with('='); ++i) digits.remove_suffix(1);
  // OpenSSL ignores spaces, so the characters are checked here.
  const bool is_base64 = text.size() % 4 == 0 && text.size() <= std::numeric_limits<int>::max() &&
                         digits.find_first_not_of(kAlphabet) == std::string_view::npos;
  if (!is_base64) return std::nullopt;
  std::string bytes(text.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  bytes.resize(static_cast<size_t>(size) - (text.size() - digits.size()));
  return bytes;
}

}  // namespace strata::evaluator
