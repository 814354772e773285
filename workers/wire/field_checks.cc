#include "workers/wire/field_checks.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>

namespace strata::workers {

absl::Status CheckCount(const char* field, int64_t value) {
  constexpr int64_t kMaximumCount = 1'000'000;
  if (value >= 1 && value <= kMaximumCount) return absl::OkStatus();
  return absl::InvalidArgumentError(
      fmt::format("{}: expected 1 to {}, found {}", field, kMaximumCount, value));
}

absl::Status CheckRange(const std::string& field, double value, double minimum, double maximum) {
  if (std::isfinite(value) && value >= minimum && value <= maximum) return absl::OkStatus();
  return absl::InvalidArgumentError(
      fmt::format("{}: expected a number of {} to {}, found {}", field, minimum, maximum, value));
}

absl::Status CheckSeconds(const char* field, double value) {
  return CheckRange(field, value, 0, 1e9);
}

namespace {

constexpr char kCut[] = "...[cut]";
constexpr uint32_t kInvalid = 0xFFFFFFFF;

bool IsControl(uint32_t character) {
  return character < 0x20 || (character >= 0x7F && character < 0xA0);
}

std::string Escape(char byte) {
  if (byte == '\n') return "\\n";
  if (byte == '\t') return "\\t";
  if (byte == '\\') return "\\\\";
  const auto code = static_cast<unsigned char>(byte);
  if (code >= 0x80) return "?";
  return IsControl(code) ? fmt::format("\\x{:02x}", code) : std::string(1, byte);
}

// Returns the character that begins at `*at` and moves `*at` behind it. Returns kInvalid if it is
// not well-formed UTF-8 (RFC 3629): cut short, longer than needed, a surrogate, or beyond U+10FFFF.
uint32_t NextCharacter(const std::string& text, size_t* at) {
  const auto first = static_cast<unsigned char>(text[(*at)++]);
  if (first < 0x80) return first;
  const int following = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
  if (first < 0xC2 || first > 0xF4) return kInvalid;
  uint32_t character = first & (0x3Fu >> following);
  for (int i = 0; i < following; ++i) {
    if (*at == text.size()) return kInvalid;
    const auto next = static_cast<unsigned char>(text[(*at)++]);
    if ((next & 0xC0) != 0x80) return kInvalid;
    character = character << 6 | (next & 0x3F);
  }
  const bool is_overlong =
      (following == 2 && character < 0x800) || (following == 3 && character < 0x10000);
  const bool is_surrogate = character >= 0xD800 && character < 0xE000;
  return is_overlong || is_surrogate || character > 0x10FFFF ? kInvalid : character;
}

}  // namespace

std::string Printable(const std::string& text) {
  std::string shown;
  size_t fitting = 0;  // length of the longest prefix that leaves room for kCut
  for (const char byte : text) {
    const std::string escaped = Escape(byte);
    if (shown.size() + escaped.size() > kMaximumTextBytes) return shown.substr(0, fitting) + kCut;
    shown += escaped;
    if (shown.size() + sizeof(kCut) - 1 <= kMaximumTextBytes) fitting = shown.size();
  }
  return shown;
}

std::string NameProblem(const std::string& name) {
  if (name.empty() || name.size() > kMaximumNameBytes) {
    return fmt::format("worker name: expected 1 to {} bytes, found {}", kMaximumNameBytes,
                       name.size());
  }
  for (size_t at = 0; at < name.size();) {
    const size_t position = at;
    const uint32_t character = NextCharacter(name, &at);
    if (character == kInvalid) {
      return fmt::format("worker name \"{}\": expected UTF-8, found something else at byte {}",
                         Printable(name), position);
    }
    if (IsControl(character)) {
      return fmt::format(
          "worker name \"{}\": expected no control characters, found U+{:04X} at byte {}",
          Printable(name), character, position);
    }
  }
  return "";
}

}  // namespace strata::workers
