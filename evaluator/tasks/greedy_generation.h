// Greedy text after a prompt, token by token with a cache of keys and values.
#ifndef STRATA_EVALUATOR_TASKS_GREEDY_GENERATION_H_
#define STRATA_EVALUATOR_TASKS_GREEDY_GENERATION_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "evaluator/decoding/token_decoder.h"
#include "evaluator/evaluator.h"
#include "evaluator/pruners/block_pruner.h"
#include "evaluator/tokenizer/tokenizer.h"

namespace strata::tasks {

// What ends a generation, and what of it is text.
struct GenerationRules {
  std::vector<std::string> until;  // none is part of the text
  int64_t maximum_tokens = 256;
  int32_t end_token = -1;          // ends it too; -1: none
  std::vector<bool> special = {};  // by id: tokens that stop strings see, but that are no text
};

// Not thread-safe.
class GreedyGenerator {
 public:
  // Keeps a copy of all linears that `pruner` gives. `model` must outlive the generator. Errors of
  // the pruner; Cancelled.
  static absl::StatusOr<std::unique_ptr<GreedyGenerator>> Create(
      const evaluator::TransformerModel& model, evaluator::BlockPruner& pruner,
      const std::vector<evaluator::BlockSparsity>& sparsity, evaluator::Arithmetic arithmetic,
      int threads, const evaluator::Progress& progress);

  // The likeliest token after `prompt`, the likeliest after that, and so on, the first of equally
  // likely ones, until the end token, `maximum_tokens`, or a stop string in what they spell.
  // Malformed UTF-8 becomes U+FFFD. Cancelled between tokens when `progress`, which hears of
  // the share of maximum_tokens, says so.
  absl::StatusOr<std::string> Generate(std::span<const int32_t> prompt,
                                       const GenerationRules& rules,
                                       const evaluator::Tokenizer& tokenizer,
                                       const evaluator::Progress& progress);

 private:
  GreedyGenerator(const evaluator::TransformerModel& model, int threads);

  const evaluator::TransformerModel& model_;
  evaluator::ThreadTeam team_;
  evaluator::DecoderBlocks blocks_;
  std::unique_ptr<evaluator::DecoderLinear> head_;
  // Grows with the longest text so far.
  std::unique_ptr<evaluator::TokenDecoder> decoder_;
  int64_t decoder_tokens_ = 0;
};

// `text` up to where the first of the stop strings begins, then of the second, and so on.
std::string BeforeStops(std::string text, const std::vector<std::string>& until);

// Malformed bytes of `text` replaced by U+FFFD, one for each longest part that could begin a
// character, as Python's decoder does it.
std::string WellFormed(const std::string& text);

}  // namespace strata::tasks

#endif  // STRATA_EVALUATOR_TASKS_GREEDY_GENERATION_H_
