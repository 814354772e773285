#include "evaluator/tokenizer/pipeline_tokenizer.h"

#include <fmt/format.h>

#include <deque>
#include <utility>

#include "evaluator/tokenizer/piece_encoder.h"
#include "expr/status_macros.h"

namespace strata::evaluator {
namespace {

absl::Status OfSource(const TokenizerDescription& description, const absl::Status& status) {
  return {status.code(), fmt::format("{}: {}", description.source, std::string(status.message()))};
}

}  // namespace

PipelineTokenizer::PipelineTokenizer(TokenizerDescription description, Normalizer normalizer,
                                     PreTokenizer pre_tokenizer, TextDecoder decoder)
    : description_(std::move(description)),
      normalizer_(std::move(normalizer)),
      pre_tokenizer_(std::move(pre_tokenizer)),
      decoder_(std::move(decoder)),
      added_tokens_(description_.added_tokens, /*normalized=*/false, normalizer_),
      normalized_added_tokens_(description_.added_tokens, /*normalized=*/true, normalizer_),
      is_added_(description_.tokens.size()) {
  for (const AddedToken& token : description_.added_tokens) {
    is_added_[token.id] = true;
    if (!token.normalized) continue;
    std::deque<std::string> storage;
    normalized_texts_[token.id] = normalizer_.Apply(token.text, /*begins_text=*/false, storage);
  }
  for (int32_t id = 0; id < description_.size(); ++id) {
    if (!description_.tokens[id].empty()) ids_.emplace(description_.tokens[id], id);
  }
  encoder_ = MakePieceEncoder(description_);
}

absl::StatusOr<std::unique_ptr<Tokenizer>> PipelineTokenizer::Create(
    TokenizerDescription description) {
  STRATA_RETURN_IF_ERROR(Validate(description));
  absl::StatusOr<Normalizer> normalizer = Normalizer::Create(description.normalizer);
  if (!normalizer.ok()) return OfSource(description, normalizer.status());
  absl::StatusOr<PreTokenizer> pre_tokenizer = PreTokenizer::Create(description.pre_tokenizer);
  if (!pre_tokenizer.ok()) return OfSource(description, pre_tokenizer.status());
  absl::StatusOr<TextDecoder> decoder = TextDecoder::Create(description.decoder);
  if (!decoder.ok()) return OfSource(description, decoder.status());
  return std::unique_ptr<Tokenizer>(
      new PipelineTokenizer(std::move(description), *std::move(normalizer),
                            *std::move(pre_tokenizer), *std::move(decoder)));
}

std::vector<int32_t> PipelineTokenizer::Encode(std::string_view text) const {
  std::vector<int32_t> ids;
  ids.reserve(text.size() / 4);
  std::deque<std::string> storage;  // rewritten text that `scratch` points into
  EncodeScratch scratch;
  std::vector<Fragment> fragments;
  std::vector<Fragment> parts;
  added_tokens_.Split(text, fragments);
  for (const Fragment& fragment : fragments) {
    if (fragment.token >= 0) {
      ids.push_back(fragment.token);
      continue;
    }
    const bool begins_text = fragment.text.data() == text.data();
    const std::string_view normalized = normalizer_.Apply(fragment.text, begins_text, storage);
    parts.clear();
    normalized_added_tokens_.Split(normalized, parts);
    for (const Fragment& part : parts) {
      if (part.token >= 0) {
        ids.push_back(part.token);
        continue;
      }
      const bool begins = begins_text && part.text.data() == normalized.data();
      for (const std::string_view piece : pre_tokenizer_.Split(part.text, begins, storage)) {
        encoder_->Encode(piece, scratch, ids);
      }
    }
  }
  return ids;
}

std::string PipelineTokenizer::Decode(const std::vector<int32_t>& ids) const {
  std::vector<TextDecoder::Token> tokens;
  tokens.reserve(ids.size());
  for (const int32_t id : ids) {
    if (id < 0 || id >= description_.size()) continue;
    const auto normalized = normalized_texts_.find(id);
    tokens.push_back(
        {normalized == normalized_texts_.end() ? description_.tokens.at(id) : normalized->second,
         is_added_.at(id)});
  }
  return decoder_.Decode(std::move(tokens));
}

int32_t PipelineTokenizer::begin_token() const {
  return description_.adds_begin ? *description_.begin : -1;
}

std::optional<int32_t> PipelineTokenizer::IdOf(std::string_view token) const {
  const auto found = ids_.find(token);
  if (found == ids_.end()) return std::nullopt;
  return found->second;
}

}  // namespace strata::evaluator
