// Finds every place of a literal text or a regular expression. Private to evaluator/tokenizer/.
#ifndef STRATA_EVALUATOR_TOKENIZER_TEXT_PATTERN_H_
#define STRATA_EVALUATOR_TOKENIZER_TEXT_PATTERN_H_

#include <absl/status/statusor.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "evaluator/text/regex.h"
#include "evaluator/text/utf8.h"
#include "evaluator/tokenizer/tokenizer_description.h"

namespace strata::evaluator {

// Immutable; may be used from several threads.
class PatternMatcher {
 public:
  static absl::StatusOr<PatternMatcher> Create(const TextPattern& pattern);

  // Cuts `text` into matches and the text between them, and calls emit(piece, is_match) for each,
  // in order. An empty match is a cut and is emitted as an empty piece. An expression sees only
  // stretches of well-formed UTF-8; emit_malformed(byte) takes the other bytes, one at a time.
  template <typename Emit, typename EmitMalformed>
  void ForEachPiece(std::string_view text, const Emit& emit,
                    const EmitMalformed& emit_malformed) const {
    if (!expression_.has_value()) {
      Literal(text, emit);
      return;
    }
    ForEachStretch(
        text, [&](std::string_view stretch) { Expression(stretch, emit); }, emit_malformed);
  }

 private:
  PatternMatcher() = default;

  template <typename Emit>
  void Literal(std::string_view text, const Emit& emit) const {
    while (!text.empty()) {
      const size_t found = literal_.empty() ? std::string_view::npos : text.find(literal_);
      if (found != 0) emit(text.substr(0, found), false);
      if (found == std::string_view::npos) return;
      emit(text.substr(found, literal_.size()), true);
      text.remove_prefix(found + literal_.size());
    }
  }

  template <typename Emit>
  void Expression(std::string_view text, const Emit& emit) const {
    Pattern::Matcher matcher(*expression_, text);
    size_t done = 0;
    for (size_t from = 0; from < text.size();) {
      const std::optional<Pattern::Match> match = matcher.Next(from);
      if (!match.has_value()) break;
      if (match->begin > done) emit(text.substr(done, match->begin - done), false);
      emit(text.substr(match->begin, match->end - match->begin), true);
      done = match->end;
      from = match->end > match->begin ? done : done + CharacterBytes(text.substr(done));
      if (done == text.size()) return;
    }
    if (done < text.size()) emit(text.substr(done), false);
  }

  std::string literal_;
  std::optional<Pattern> expression_;
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_TOKENIZER_TEXT_PATTERN_H_
