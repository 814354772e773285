// Perplexities as people read them.
#ifndef STRATA_CLI_SHARED_PERPLEXITY_TEXT_H_
#define STRATA_CLI_SHARED_PERPLEXITY_TEXT_H_

#include <cstdint>
#include <optional>
#include <string>

#include "evaluator/evaluator.h"

namespace strata::cli {

// A model that gives every token of its vocabulary the same probability has the vocabulary's size
// as its perplexity. Returns true if the perplexity is above that. Always false for a vocabulary of
// 0, which means that its size is not known.
bool IsWorseThanGuessing(double perplexity, int64_t vocabulary);

// Writes the perplexities of one report, and notes whether any is worse than guessing. Not
// thread-safe.
class PerplexityTexts {
 public:
  // `vocabulary` is its number of tokens; 0: not known.
  explicit PerplexityTexts(int64_t vocabulary) : vocabulary_(vocabulary) {}

  // Marks `text`, which shows this perplexity, with "!" if it is worse than guessing.
  std::string Mark(std::string text, double perplexity);

  // Returns the perplexity of a mean loss in nats with two decimals, marked; "-" for nullopt. With
  // the measure kKl, returns ShownText, which is never marked.
  std::string Cell(const std::optional<double>& nats,
                   evaluator::Measure measure = evaluator::Measure::kLoss);

  // Returns a line that says what the mark means; an empty text if nothing was marked.
  std::string Note() const;

 private:
  const int64_t vocabulary_;
  bool has_marked_ = false;
};

}  // namespace strata::cli

#endif  // STRATA_CLI_SHARED_PERPLEXITY_TEXT_H_
