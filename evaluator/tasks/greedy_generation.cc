#include "evaluator/tasks/greedy_generation.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "evaluator/text/utf8.h"
#include "expr/status_macros.h"
#include "pruning/instruction_set.h"

namespace strata::tasks {

namespace {

using evaluator::LinearFormat;

bool HasStop(const std::string& text, const std::vector<std::string>& until) {
  return std::any_of(until.begin(), until.end(), [&](const std::string& stop) {
    return !stop.empty() && text.find(stop) != std::string::npos;
  });
}

// Number of bytes that one U+FFFD replaces at the beginning of a text that begins with no
// well-formed character: the longest part that could begin one (Unicode 15, table 3-7), at least
// one byte.
size_t MalformedBytes(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  const size_t whole = lead < 0xC2 || lead > 0xF4 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  size_t bytes = 1;
  for (; bytes < whole && bytes < text.size(); ++bytes) {
    const bool second = bytes == 1;
    const int lowest = second && lead == 0xE0 ? 0xA0 : second && lead == 0xF0 ? 0x90 : 0x80;
    const int highest = second && lead == 0xED ? 0x9F : second && lead == 0xF4 ? 0x8F : 0xBF;
    if (byte(bytes) < lowest || byte(bytes) > highest) break;
  }
  return bytes;
}

}  // namespace

GreedyGenerator::GreedyGenerator(const evaluator::TransformerModel& model, int threads)
    : model_(model), team_(threads) {}

absl::StatusOr<std::unique_ptr<GreedyGenerator>> GreedyGenerator::Create(
    const evaluator::TransformerModel& model, evaluator::BlockSource& source,
    evaluator::Arithmetic arithmetic, int threads, const evaluator::Progress& progress) {
  const at::InferenceMode guard;
  std::unique_ptr<GreedyGenerator> generator(new GreedyGenerator(model, threads));
  const evaluator::DecoderKernels kernels = {pruning::BestInstructionSet(),
                                             generator->team_.parts()};
  STRATA_ASSIGN_OR_RETURN(
      auto blocks, evaluator::BuildDecoderBlocks(model, source, arithmetic, LinearFormat::kDense,
                                                 kernels, progress));
  generator->blocks_ = std::move(blocks);
  const at::Tensor head =
      arithmetic == evaluator::Arithmetic::kFloat32 ? model.head() : model.head().to(at::kBFloat16);
  STRATA_ASSIGN_OR_RETURN(auto linear,
                          evaluator::MakeDecoderLinear(head, LinearFormat::kDense, kernels));
  generator->head_ = std::move(linear);
  return generator;
}

absl::StatusOr<std::string> GreedyGenerator::Generate(std::span<const int32_t> prompt,
                                                      const GenerationRules& rules,
                                                      const evaluator::Tokenizer& tokenizer,
                                                      const evaluator::Progress& progress) {
  const int64_t needed = static_cast<int64_t>(prompt.size()) + rules.maximum_tokens;
  if (needed > decoder_tokens_) {
    decoder_ = std::make_unique<evaluator::TokenDecoder>(model_, blocks_, *head_, needed, team_);
    decoder_tokens_ = needed;
  }
  std::vector<int32_t> generated;
  std::vector<int32_t> spelled;  // without special tokens
  auto logits = decoder_->ReadPrompt(prompt);
  for (int64_t count = 0; count < rules.maximum_tokens; ++count) {
    if (!logits.ok()) return logits.status();
    if (progress &&
        !progress(static_cast<double>(count) / static_cast<double>(rules.maximum_tokens))) {
      return absl::CancelledError("stopped while generating");
    }
    const auto token =
        static_cast<int32_t>(std::max_element(logits->begin(), logits->end()) - logits->begin());
    if (token == rules.end_token) break;
    generated.push_back(token);
    const auto id = static_cast<size_t>(token);
    if (id >= rules.special.size() || !rules.special[id]) spelled.push_back(token);
    if (HasStop(WellFormed(tokenizer.Decode(generated)), rules.until)) break;
    if (count + 1 < rules.maximum_tokens) logits = decoder_->Decode(token);
  }
  return BeforeStops(WellFormed(tokenizer.Decode(spelled)), rules.until);
}

std::string BeforeStops(std::string text, const std::vector<std::string>& until) {
  for (const std::string& stop : until) {
    const size_t place = stop.empty() ? std::string::npos : text.find(stop);
    if (place != std::string::npos) text.resize(place);
  }
  return text;
}

std::string WellFormed(const std::string& text) {
  std::string result;
  for (std::string_view rest = text; !rest.empty();) {
    const size_t bytes = evaluator::CharacterBytes(rest);
    if (bytes == 0) {
      evaluator::AppendCharacter(0xFFFD, result);
    } else {
      result += rest.substr(0, bytes);
    }
    rest.remove_prefix(bytes == 0 ? MalformedBytes(rest) : bytes);
  }
  return result;
}

}  // namespace strata::tasks
