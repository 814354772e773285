#include "evaluator/text/oniguruma.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace strata::evaluator {
namespace {

// The characters with Unicode 15's property White_Space, for use inside a character class.
constexpr const char* kSpaces =
    "\\x{9}-\\x{d}\\x{20}\\x{85}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}"
    "\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}";

// The characters that \w matches: alphabetic characters, marks, decimal digits and connector
// punctuation. Outside a class it also matches the superscript digits and fractions of Latin-1.
constexpr const char* kWordsInClass = "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}";
constexpr const char* kWords =
    "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\x{b2}\\x{b3}\\x{b9}\\x{bc}-\\x{be}";
constexpr const char* kHexadecimalDigits = "0-9a-fA-F";

class Translator {
 public:
  explicit Translator(std::string_view expression) : input_(expression) {}

  absl::StatusOr<std::string> Run() {
    while (position_ < input_.size()) {
      absl::Status status = class_depth_ > 0 ? InClass() : Outside();
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
        class_depth_ = 1;
        Copy(1);
        if (Next("^")) Copy(1);
        if (Next("]")) return Unsupported(position_, 1);
        return absl::OkStatus();
      case '(':
        return Group();
      case '^':
        return Replace(1, "(?m:^)");  // at the start of every line, without an option
      case '$':
        return Replace(1, "(?m:$)");
      case '{':
        if (Next("{,")) return Replace(2, "{0,");
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
    const bool is_named = input_.substr(position_).starts_with("(?<") &&
                          position_ + 3 < input_.size() &&
                          std::isalpha(static_cast<unsigned char>(input_[position_ + 3])) != 0;
    if (is_named) {
      Copy(3);
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

  absl::Status Replace(size_t bytes, std::string_view text) {
    position_ += bytes;
    output_ += text;
    return absl::OkStatus();
  }

  // Translates part of a class. A class within a class adds its characters, so its brackets can go.
  absl::Status InClass() {
    if (Next("&&")) return Unsupported(position_, 2);
    if (Next("[")) {
      const bool is_range = position_ > 0 && input_[position_ - 1] == '-';
      if (Next("[^") || Next("[:") || Next("[]") || is_range) return Unsupported(position_, 2);
      ++class_depth_;
      ++position_;
      return absl::OkStatus();
    }
    if (Next("]")) {
      if (--class_depth_ > 0) {
        ++position_;
        if (Next("-")) return Unsupported(position_, 1);
        return absl::OkStatus();
      }
    }
    if (Next("\\")) return Escape();
    Copy(1);
    return absl::OkStatus();
  }

  // Replaces an escape by a set of characters. `characters` is written as the inside of a class.
  absl::Status Set(const char* characters, bool negated) {
    if (class_depth_ == 0) {
      return Replace(2, fmt::format("[{}{}]", negated ? "^" : "", characters));
    }
    if (negated) return Unsupported(position_, 2);
    return Replace(2, characters);
  }

  // Translates a character code: `\x{41}` or `\u0041`.
  absl::Status Character() {
    const std::string_view rest = input_.substr(position_);
    if (rest.starts_with("\\x{") && rest.find('}') != std::string_view::npos) {
      Copy(rest.find('}') + 1);
      return absl::OkStatus();
    }
    constexpr size_t kDigits = 4;
    const std::string_view digits = rest.substr(2, kDigits);
    const bool are_digits =
        digits.size() == kDigits && std::all_of(digits.begin(), digits.end(), [](char c) {
          return std::isxdigit(static_cast<unsigned char>(c)) != 0;
        });
    if (!rest.starts_with("\\u") || !are_digits) return Unsupported(position_, 2);
    return Replace(2 + kDigits, fmt::format("\\x{{{}}}", digits));
  }

  absl::Status Boundary(bool negated) {
    if (class_depth_ > 0) return Unsupported(position_, 2);
    return Replace(2, negated ? fmt::format("(?:(?<=[{0}])(?=[{0}])|(?<![{0}])(?![{0}]))", kWords)
                              : fmt::format("(?:(?<=[{0}])(?![{0}])|(?<![{0}])(?=[{0}]))", kWords));
  }

  absl::Status Property() {
    const size_t end = input_.find('}', position_);
    if (!input_.substr(position_ + 2).starts_with('{') || end == std::string_view::npos) {
      return Unsupported(position_, 3);
    }
    Copy(end + 1 - position_);
    return absl::OkStatus();
  }

  absl::Status Escape() {
    if (position_ + 1 == input_.size()) return Unsupported(position_, 1);
    const char kind = input_[position_ + 1];
    switch (kind) {
      case 's':
        return Set(kSpaces, false);
      case 'S':
        if (class_depth_ > 0) return Replace(2, "\\S\\x{180e}");  // PCRE2 counts it as a space
        return Set(kSpaces, true);
      case 'w':
      case 'W':
        return Set(class_depth_ > 0 ? kWordsInClass : kWords, kind == 'W');
      case 'h':
      case 'H':
        return Set(kHexadecimalDigits, kind == 'H');
      case 'b':
      case 'B':
        return Boundary(kind == 'B');
      case 'p':
      case 'P':
        return Property();
      case 'x':
      case 'u':
        return Character();
      case 'A':
      case 'z':
      case 'Z':
        if (class_depth_ > 0) return Unsupported(position_, 2);
        break;
      default:
        if (std::isalnum(static_cast<unsigned char>(kind)) != 0 &&
            std::string_view("rntfdD").find(kind) == std::string_view::npos) {
          return Unsupported(position_, 2);
        }
        break;
    }
    Copy(2);
    return absl::OkStatus();
  }

  std::string_view input_;
  size_t position_ = 0;
  int class_depth_ = 0;
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
