// A compiled regular expression (PCRE2, just-in-time compiled). Private to evaluator/.
#ifndef STRATA_EVALUATOR_PATTERN_H_
#define STRATA_EVALUATOR_PATTERN_H_

#include <absl/status/statusor.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace strata::evaluator {

// Immutable; may be used from several threads, each with its own Matcher.
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

    // The leftmost match that begins at `offset` or later. Throws std::runtime_error if finding it
    // takes a million steps and 32 more for every byte of the subject, or PCRE2 runs out of memory.
    std::optional<Match> Next(size_t offset);

    // Of the last match: parenthesised groups of the expression, counted from 1; nothing for one
    // that took no part.
    size_t groups() const;
    std::optional<Match> Group(size_t index) const;

   private:
    struct State;
    std::unique_ptr<State> state_;
  };

  // InvalidArgument with PCRE2's message and its position in the expression.
  static absl::StatusOr<Pattern> Compile(const std::string& expression, Subject subject);

 private:
  struct Code;
  explicit Pattern(std::shared_ptr<const Code> code) : code_(std::move(code)) {}
  std::shared_ptr<const Code> code_;
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_PATTERN_H_
