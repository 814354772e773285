// Greedy generation of text after a prompt, token by token, with a cache of keys and values.
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
#include "evaluator/pruners/block_source.h"
#include "evaluator/tokenizer/tokenizer.h"

namespace strata::tasks {

// The rules that end a generation and decide which tokens are text.
struct GenerationRules {
  std::vector<std::string> until;  // stop strings; not part of the text
  int64_t maximum_tokens = 256;
  int32_t end_token = -1;          // ends the text too; -1: none
  std::vector<bool> special = {};  // by token id: counts for stop strings, but is not text
};

// Not thread-safe.
class GreedyGenerator {
 public:
  // Copies all linears that `source` gives. `model` must outlive the generator. Errors: those of
  // `source`; Cancelled.
  static absl::StatusOr<std::unique_ptr<GreedyGenerator>> Create(
      const evaluator::TransformerModel& model, evaluator::BlockSource& source,
      evaluator::Arithmetic arithmetic, int threads, const evaluator::Progress& progress);

  // Returns the text after `prompt`: the likeliest token, then the likeliest one after it, and so
  // on; of equally likely tokens, the first. The text ends at the end token, after `maximum_tokens`
  // tokens, or before a stop string that the tokens spell. Malformed UTF-8 becomes U+FFFD.
  // `progress` is called between tokens with the share of maximum_tokens that is done. Errors:
  // Cancelled if `progress` says so.
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
  // Replaced by a larger one when a longer text needs it.
  std::unique_ptr<evaluator::TokenDecoder> decoder_;
  int64_t decoder_tokens_ = 0;
};

// Returns `text` cut off at the first occurrence of the first stop string, then of the second, and
// so on.
std::string BeforeStops(std::string text, const std::vector<std::string>& until);

// Returns `text` with malformed bytes replaced by U+FFFD: one for each longest part that could
// begin a character, as Python's decoder does.
std::string WellFormed(const std::string& text);

}  // namespace strata::tasks

#endif  // STRATA_EVALUATOR_TASKS_GREEDY_GENERATION_H_
