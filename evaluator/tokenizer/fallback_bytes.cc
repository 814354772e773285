#include "evaluator/tokenizer/fallback_bytes.h"

#include <algorithm>

namespace strata::evaluator {

std::optional<unsigned char> FallbackByte(std::string_view token) {
  if (token.size() != 6 || !token.starts_with("<0x") || token.back() != '>') return std::nullopt;
  int value = 0;
  for (const char digit : token.substr(3, 2)) {
    const size_t found = std::string_view("0123456789ABCDEFabcdef").find(digit);
    if (found == std::string_view::npos) return std::nullopt;
    value = value * 16 + static_cast<int>(found < 16 ? found : found - 6);
  }
  return static_cast<unsigned char>(value);
}

FallbackBytes::FallbackBytes(const TokenizerDescription& description) {
  ids_.fill(-1);
  if (!description.byte_fallback) return;
  for (int32_t id = 0; id < description.size(); ++id) {
    const std::optional<unsigned char> byte = FallbackByte(description.tokens[id]);
    if (byte.has_value() && ids_[*byte] < 0) ids_[*byte] = id;
  }
}

bool FallbackBytes::Has(std::string_view bytes) const {
  return std::all_of(bytes.begin(), bytes.end(),
                     [&](char c) { return ids_[static_cast<unsigned char>(c)] >= 0; });
}

bool FallbackBytes::complete() const {
  return std::all_of(ids_.begin(), ids_.end(), [](int32_t id) { return id >= 0; });
}

}  // namespace strata::evaluator
