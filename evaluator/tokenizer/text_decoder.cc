#include "evaluator/tokenizer/text_decoder.h"

#include <optional>
#include <utility>

#include "evaluator/tokenizer/fallback_bytes.h"
#include "expr/status_macros.h"

namespace strata::evaluator {
namespace {

using Tokens = std::vector<TextDecoder::Token>;

constexpr std::string_view kMarkedSpace = "\u2581";

std::string Replaced(std::string_view text, std::string_view old_text, std::string_view new_text) {
  std::string output;
  while (!text.empty()) {
    const size_t found = text.find(old_text);
    output += text.substr(0, found);
    if (found == std::string_view::npos) break;
    output += new_text;
    text.remove_prefix(found + old_text.size());
  }
  return output;
}

std::string ReplacedMatches(std::string_view text, const PatternMatcher& pattern,
                            std::string_view content) {
  std::string output;
  pattern.ForEachPiece(
      text, [&](std::string_view piece, bool is_match) { output += is_match ? content : piece; },
      [&](std::string_view byte) { output += byte; });
  return output;
}

void Strip(const StripDecoderStep& step, std::string& text) {
  std::string_view rest = text;
  for (int64_t i = 0; i < step.left && rest.starts_with(step.character); ++i) {
    rest.remove_prefix(step.character.size());
  }
  for (int64_t i = 0; i < step.right && rest.ends_with(step.character); ++i) {
    rest.remove_suffix(step.character.size());
  }
  text = std::string(rest);
}

void Fuse(Tokens& tokens) {
  TextDecoder::Token fused;
  for (const TextDecoder::Token& token : tokens) fused.text += token.text;
  tokens.assign(1, std::move(fused));
}

void DecodeSentencePiece(const SentencePieceDecoderStep& step, Tokens& tokens) {
  bool begins = true;
  for (TextDecoder::Token& token : tokens) {
    if (token.is_added) {
      begins = true;
      continue;
    }
    if (const std::optional<unsigned char> byte = FallbackByte(token.text)) {
      token.text.assign(1, static_cast<char>(*byte));
    } else {
      token.text = Replaced(token.text, kMarkedSpace, " ");
    }
    if (begins && step.drops_added_space && token.text.starts_with(' ')) token.text.erase(0, 1);
    begins = false;
  }
}

}  // namespace

absl::StatusOr<TextDecoder> TextDecoder::Create(const std::vector<DecoderStep>& steps) {
  TextDecoder decoder;
  for (const DecoderStep& description : steps) {
    Step step{.description = description, .pattern = {}};
    if (const auto* replace = std::get_if<ReplaceStep>(&description)) {
      STRATA_ASSIGN_OR_RETURN(PatternMatcher pattern, PatternMatcher::Create(replace->pattern));
      step.pattern.push_back(std::move(pattern));
    }
    decoder.steps_.push_back(std::move(step));
  }
  return decoder;
}

void TextDecoder::Apply(const Step& step, bool is_first, Token& token) const {
  if (const auto* replace = std::get_if<ReplaceStep>(&step.description)) {
    token.text = ReplacedMatches(token.text, step.pattern.front(), replace->content);
  } else if (const auto* strip = std::get_if<StripDecoderStep>(&step.description)) {
    Strip(*strip, token.text);
  } else if (const auto* space = std::get_if<MetaspaceDecoderStep>(&step.description)) {
    const bool drops = is_first && space->drops_in_first;
    token.text = Replaced(token.text, space->replacement, drops ? "" : " ");
  } else if (token.is_added) {
    return;
  } else if (std::holds_alternative<ByteLevelDecoderStep>(step.description)) {
    std::optional<std::string> bytes = alphabet_.Bytes(token.text);
    if (bytes.has_value()) token.text = *std::move(bytes);
  } else if (const std::optional<unsigned char> byte = FallbackByte(token.text)) {
    token.text.assign(1, static_cast<char>(*byte));
  }
}

std::string TextDecoder::Decode(Tokens tokens) const {
  for (const Step& step : steps_) {
    if (std::holds_alternative<FuseDecoderStep>(step.description)) {
      Fuse(tokens);
    } else if (const auto* piece = std::get_if<SentencePieceDecoderStep>(&step.description)) {
      DecodeSentencePiece(*piece, tokens);
    } else {
      for (size_t i = 0; i < tokens.size(); ++i) Apply(step, i == 0, tokens[i]);
    }
  }
  std::string text;
  for (const Token& token : tokens) text += token.text;
  return text;
}

}  // namespace strata::evaluator
