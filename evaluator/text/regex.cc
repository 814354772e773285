#include "evaluator/text/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <fmt/format.h>
#include <pcre2.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <stdexcept>

namespace strata::evaluator {
namespace {

constexpr size_t kFreeSteps = 1000000;
constexpr size_t kStepsPerByte = 32;

std::string ErrorText(int error) {
  unsigned char text[256];
  if (pcre2_get_error_message(error, text, sizeof(text)) < 0) return fmt::format("error {}", error);
  return reinterpret_cast<const char*>(text);
}

}  // namespace

struct Pattern::Code {
  explicit Code(pcre2_code* code) : compiled(code, pcre2_code_free) {}
  std::unique_ptr<pcre2_code, decltype(&pcre2_code_free)> compiled;
};

struct Pattern::Matcher::State {
  State(std::shared_ptr<const Code> pattern, std::string_view text)
      : code(std::move(pattern)),
        subject(text),
        data(pcre2_match_data_create_from_pattern(code->compiled.get(), nullptr),
             pcre2_match_data_free),
        context(pcre2_match_context_create(nullptr), pcre2_match_context_free) {
    // Backtracking over a long run of one kind of character takes steps in proportion to the text.
    // Only an expression that explodes takes more.
    const uint32_t steps = static_cast<uint32_t>(std::min<size_t>(
        kFreeSteps + kStepsPerByte * text.size(), std::numeric_limits<uint32_t>::max()));
    pcre2_set_match_limit(context.get(), steps);
    pcre2_set_depth_limit(context.get(), steps);
    pcre2_set_heap_limit(context.get(), std::numeric_limits<uint32_t>::max());
  }

  std::shared_ptr<const Code> code;
  std::string_view subject;
  std::unique_ptr<pcre2_match_data, decltype(&pcre2_match_data_free)> data;
  std::unique_ptr<pcre2_match_context, decltype(&pcre2_match_context_free)> context;
};

absl::StatusOr<Pattern> Pattern::Compile(const std::string& expression, Subject subject) {
  const uint32_t options = subject == Subject::kWellFormedUtf8 ? PCRE2_UTF | PCRE2_UCP : 0;
  int error = 0;
  size_t position = 0;
  const std::unique_ptr<pcre2_compile_context, decltype(&pcre2_compile_context_free)> context(
      pcre2_compile_context_create(nullptr), pcre2_compile_context_free);
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
  pcre2_code* code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(expression.data()),
                                   expression.size(), options, &error, &position, context.get());
  if (code == nullptr) {
    return absl::InvalidArgumentError(fmt::format("regular expression '{}': {} at offset {}",
                                                  expression, ErrorText(error), position));
  }
  Pattern pattern(std::make_shared<const Code>(code));
  // On a platform without the just-in-time compiler, matching is only slower.
  pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
  return pattern;
}

Pattern::Matcher::Matcher(const Pattern& pattern, std::string_view subject)
    : state_(std::make_unique<State>(pattern.code_, subject)) {}

Pattern::Matcher::~Matcher() = default;

std::optional<Pattern::Match> Pattern::Matcher::Next(size_t offset) {
  const auto match = [&](uint32_t options) {
    return pcre2_match(state_->code->compiled.get(),
                       reinterpret_cast<PCRE2_SPTR>(state_->subject.data()), state_->subject.size(),
                       offset, PCRE2_NO_UTF_CHECK | options, state_->data.get(),
                       state_->context.get());
  };
  int result = match(0);
  // Compiled code has a stack of fixed size; the interpreter uses the heap.
  if (result == PCRE2_ERROR_JIT_STACKLIMIT) result = match(PCRE2_NO_JIT);
  if (result == PCRE2_ERROR_NOMATCH) return std::nullopt;
  if (result < 0) {
    throw std::runtime_error(fmt::format("matching a text of {} bytes at byte {}: {}",
                                         state_->subject.size(), offset, ErrorText(result)));
  }
  const size_t* span = pcre2_get_ovector_pointer(state_->data.get());
  return Match{.begin = span[0], .end = span[1]};
}

size_t Pattern::Matcher::groups() const { return pcre2_get_ovector_count(state_->data.get()) - 1; }

std::optional<Pattern::Match> Pattern::Matcher::Group(size_t index) const {
  const size_t* span = pcre2_get_ovector_pointer(state_->data.get()) + 2 * index;
  if (span[0] == PCRE2_UNSET) return std::nullopt;
  return Match{.begin = span[0], .end = span[1]};
}

}  // namespace strata::evaluator
