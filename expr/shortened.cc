#include "expr/shortened.h"

namespace strata::expr {
namespace {

constexpr size_t kMaximumBytes = 60;
constexpr std::string_view kEllipsis = "...";

bool ContinuesACharacter(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

}  // namespace

std::string Shortened(std::string_view text) {
  if (text.size() <= kMaximumBytes) return std::string(text);
  size_t end = kMaximumBytes - kEllipsis.size();
  while (end > 0 && ContinuesACharacter(text[end])) --end;
  return std::string(text.substr(0, end)) + std::string(kEllipsis);
}

}  // namespace strata::expr
