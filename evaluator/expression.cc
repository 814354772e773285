#include "evaluator/expression.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace strata::evaluator {
namespace {

// White_Space of Unicode 15, for inside a character class.
constexpr const char* kSpaces =
    "\\x{9}-\\x{d}\\x{20}\\x{85}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}"
    "\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}";

class Translator {
 public:
  explicit Translator(std::string_view expression) : input_(expression) {}

  absl::StatusOr<std::string> Run() {
    while (position_ < input_.size()) {
      absl::Status status = in_class_ ? InClass() : Outside();
      if (!status.ok()) return status;
    }
    return output_;
  }

 private:
  absl::Status Unsupported(size_t begin, size_t size) const {
    return absl::UnimplementedError(
        fmt::format("regular expression '{}': '{}' at offset {} is not supported", input_,
                    input_.substr(begin, size), begin));
  }

  bool Next(std::string_view text) const { return input_.substr(position_).starts_with(text); }

  void Copy(size_t bytes) {
    output_ += input_.substr(position_, bytes);
    position_ += bytes;
  }

  absl::Status Outside() {
    switch (input_[position_]) {
      case '\\':
        return Escape();
      case '[':
        in_class_ = true;
        Copy(1);
        if (Next("^")) Copy(1);
        if (Next("]")) return Unsupported(position_, 1);
        return absl::OkStatus();
      case '(':
        return Group();
      case '^':
      case '$':
        return Unsupported(position_, 1);
      case '{':
        if (Next("{,")) return Unsupported(position_, 2);
        break;
      case '}':
        if (Next("}+")) return Unsupported(position_, 2);  // possessive only in PCRE2
        break;
      default:
        break;
    }
    Copy(1);
    return absl::OkStatus();
  }

  absl::Status Group() {
    if (!Next("(?")) {
      Copy(1);
      return absl::OkStatus();
    }
    for (const std::string_view known :
         {"(?:", "(?i:", "(?i)", "(?=", "(?!", "(?<=", "(?<!", "(?>"}) {
      if (Next(known)) {
        Copy(known.size());
        return absl::OkStatus();
      }
    }
    return Unsupported(position_, 3);
  }

  absl::Status InClass() {
    if (Next("[") || Next("&&")) return Unsupported(position_, 2);
    if (Next("]")) in_class_ = false;
    if (Next("\\")) return Escape();
    Copy(1);
    return absl::OkStatus();
  }

  absl::Status Escape() {
    if (position_ + 1 == input_.size()) return Unsupported(position_, 1);
    const char kind = input_[position_ + 1];
    if (kind == 's' || kind == 'S') {
      if (!in_class_) {
        output_ += fmt::format("[{}{}]", kind == 'S' ? "^" : "", kSpaces);
      } else if (kind == 's') {
        output_ += kSpaces;
      } else {
        output_ += "\\S\\x{180e}";  // which PCRE2 counts as a space
      }
      position_ += 2;
      return absl::OkStatus();
    }
    if (kind == 'p' || kind == 'P') {
      const size_t end = input_.find('}', position_);
      if (!input_.substr(position_ + 2).starts_with('{') || end == std::string_view::npos) {
        return Unsupported(position_, 3);
      }
      Copy(end + 1 - position_);
      return absl::OkStatus();
    }
    const auto byte = static_cast<unsigned char>(kind);
    if (std::isalnum(byte) == 0 || std::string_view("rntfd").find(kind) != std::string_view::npos) {
      Copy(2);
      return absl::OkStatus();
    }
    return Unsupported(position_, 2);
  }

  std::string_view input_;
  size_t position_ = 0;
  bool in_class_ = false;
  std::string output_;
};

}  // namespace

absl::StatusOr<std::string> Pcre2Expression(std::string_view oniguruma) {
  return Translator(oniguruma).Run();
}

std::string QuotedExpression(std::string_view text) {
  std::string quoted;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80 && std::isalnum(byte) == 0) quoted.push_back('\\');
    quoted.push_back(c);
  }
  return quoted;
}

}  // namespace strata::evaluator
