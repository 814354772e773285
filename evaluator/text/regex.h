// A regular expression, compiled just in time by PCRE2.
#ifndef STRATA_EVALUATOR_TEXT_REGEX_H_
#define STRATA_EVALUATOR_TEXT_REGEX_H_

#include <absl/status/statusor.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace strata::evaluator {

// Immutable. Several threads may use it at once, each with its own Matcher.
class Pattern {
 public:
  enum class Subject { kBytes, kWellFormedUtf8 };

  struct Match {
    size_t begin = 0;
    size_t end = 0;
  };

  // Finds matches in one subject, which must outlive the matcher.
  class Matcher {
   public:
    Matcher(const Pattern& pattern, std::string_view subject);
    ~Matcher();
    Matcher(const Matcher&) = delete;
    Matcher& operator=(const Matcher&) = delete;

    // Returns the leftmost match that begins at or after `offset`. Throws std::runtime_error if the
    // search takes more than a million steps plus 32 for every byte of the subject, or if PCRE2
    // runs out of memory.
    std::optional<Match> Next(size_t offset);

    // Number of parenthesised groups of the expression.
    size_t groups() const;
    // Returns the part of the last match that group `index` matched, counted from 1; nullopt if the
    // group took no part in the match.
    std::optional<Match> Group(size_t index) const;

   private:
    struct State;
    std::unique_ptr<State> state_;
  };

  // Errors: InvalidArgument with PCRE2's message and its position in the expression.
  static absl::StatusOr<Pattern> Compile(const std::string& expression, Subject subject);

 private:
  struct Code;
  explicit Pattern(std::shared_ptr<const Code> code) : code_(std::move(code)) {}
  std::shared_ptr<const Code> code_;
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_TEXT_REGEX_H_
