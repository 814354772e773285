// The tokenizer of a description: added tokens, normaliser, pre-tokenizer, model and decoder.
// Private to evaluator/tokenizer/: use MakeTokenizer.
#ifndef STRATA_EVALUATOR_TOKENIZER_PIPELINE_TOKENIZER_H_
#define STRATA_EVALUATOR_TOKENIZER_PIPELINE_TOKENIZER_H_

#include <absl/status/statusor.h>

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "evaluator/tokenizer/added_tokens.h"
#include "evaluator/tokenizer/normalizer.h"
#include "evaluator/tokenizer/piece_encoder.h"
#include "evaluator/tokenizer/pre_tokenizer.h"
#include "evaluator/tokenizer/text_decoder.h"
#include "evaluator/tokenizer/tokenizer.h"
#include "evaluator/tokenizer/tokenizer_description.h"

namespace strata::evaluator {

// Works in the order of Hugging Face's library. Added tokens are cut out of the text, and the text
// between them is normalised. Normalised added tokens are cut out of that, and each part left is
// cut into pieces, which the model encodes.
class PipelineTokenizer final : public Tokenizer {
 public:
  // Errors: those of Validate and of unsupported expressions. They name the source.
  static absl::StatusOr<std::unique_ptr<Tokenizer>> Create(TokenizerDescription description);

  std::vector<int32_t> Encode(std::string_view text) const override;
  std::string Decode(const std::vector<int32_t>& ids) const override;
  int vocabulary_size() const override { return description_.size(); }
  int32_t begin_token() const override;
  int32_t end_token() const override { return description_.end.value_or(-1); }
  bool appends_end_token() const override { return description_.adds_end; }
  std::optional<int32_t> IdOf(std::string_view token) const override;

 private:
  PipelineTokenizer(TokenizerDescription description, Normalizer normalizer,
                    PreTokenizer pre_tokenizer, TextDecoder decoder);

  TokenizerDescription description_;
  Normalizer normalizer_;
  PreTokenizer pre_tokenizer_;
  TextDecoder decoder_;
  AddedTokens added_tokens_;
  AddedTokens normalized_added_tokens_;
  std::vector<bool> is_added_;                                 // by id
  std::unordered_map<int32_t, std::string> normalized_texts_;  // of normalised added tokens
  IdByText ids_;                                               // by text
  std::unique_ptr<PieceEncoder> encoder_;                      // uses description_
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_TOKENIZER_PIPELINE_TOKENIZER_H_
