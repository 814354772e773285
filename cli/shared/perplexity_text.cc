#include "cli/shared/perplexity_text.h"

#include <fmt/format.h>

#include <utility>

#include "cli/shared/measure_text.h"

namespace strata::cli {

bool IsWorseThanGuessing(double perplexity, int64_t vocabulary) {
  return vocabulary > 0 && perplexity > static_cast<double>(vocabulary);
}

std::string PerplexityTexts::Mark(std::string text, double perplexity) {
  if (!IsWorseThanGuessing(perplexity, vocabulary_)) return text;
  has_marked_ = true;
  return text + "!";
}

std::string PerplexityTexts::Cell(const std::optional<double>& nats, evaluator::Measure measure) {
  std::string text = ShownText(nats, measure);
  if (!nats || measure != evaluator::Measure::kLoss) return text;
  return Mark(std::move(text), Shown(*nats, measure));
}

std::string PerplexityTexts::Note() const {
  if (!has_marked_) return "";
  return fmt::format(
      "! worse than guessing: the vocabulary has {} tokens, and guessing among them has that "
      "perplexity\n",
      vocabulary_);
}

}  // namespace strata::cli
