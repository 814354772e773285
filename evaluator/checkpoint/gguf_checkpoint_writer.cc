#include <fmt/format.h>

#include <utility>
#include <variant>

#include "evaluator/checkpoint/checkpoint_writer.h"
#include "evaluator/formats/gguf_output.h"
#include "evaluator/tokenizer/tokenizer_description.h"
#include "expr/status_macros.h"

namespace strata::evaluator {
namespace {

constexpr const char* kRecipe = "strata.recipe";

// Returns the number that GGUF gives a kind of file ("general.file_type").
uint32_t FileType(NumberFormat format) {
  constexpr uint32_t kAllF32 = 0;
  constexpr uint32_t kMostlyF16 = 1;
  constexpr uint32_t kMostlyBF16 = 32;
  if (format == NumberFormat::kFloat32) return kAllF32;
  return format == NumberFormat::kFloat16 ? kMostlyF16 : kMostlyBF16;
}

// Copies the metadata of another GGUF file, except for keys that the new weights change.
GgufMetadata MetadataOf(const GgufFile& file) {
  GgufMetadata metadata;
  for (const GgufEntry& entry : file.entries()) {
    const bool replaced = entry.key == kRecipe || entry.key == "general.file_type" ||
                          entry.key == "general.quantization_version" ||
                          entry.key == "general.alignment";
    if (!replaced) metadata.Copy(entry.bytes);
  }
  return metadata;
}

// Refuses a model with a property that GGUF's metadata cannot express, because it would be lost.
absl::Status CheckHolds(const HuggingFaceCheckpoint& source) {
  const ModelConfig& config = source.config();
  const auto refuse = [&](const std::string& what) {
    return absl::UnimplementedError(fmt::format(
        "{}: a GGUF file cannot hold {}; write a directory instead", source.path(), what));
  };
  const ModelFamily& family = *config.family;
  if (family.gguf == nullptr)
    return refuse(fmt::format("a model of the family \"{}\"", family.name));
  if (config.activation != UsualGgufActivation(family)) return refuse("its activation function");
  ModelConfig usual = config;
  usual.query_scalar = UsualGgufQueryScalar(config);
  if (config.attention_scale() != usual.attention_scale()) {
    return refuse("its scale of attention scores");
  }
  if (family.gguf_has_sliding_window) {
    if (config.sliding_window == 0 || config.slides != UsualGgufSliding(config.blocks)) {
      return refuse("its order of sliding and other blocks");
    }
    return absl::OkStatus();
  }
  if (config.sliding_window > 0) return refuse("its sliding window");
  return absl::OkStatus();
}

void AddModel(const HuggingFaceCheckpoint& source, GgufMetadata* metadata) {
  const ModelConfig& config = source.config();
  const auto key = [&](const char* name) {
    return fmt::format("{}.{}", config.family->gguf, name);
  };
  metadata->Text("general.architecture", config.family->gguf);
  metadata->Text("general.name", source.model_name());
  const std::pair<const char*, int64_t> numbers[] = {
      {"block_count", config.blocks},
      {"embedding_length", config.hidden},
      {"feed_forward_length", config.feed_forward},
      {"vocab_size", config.vocabulary},
      {"attention.head_count", config.heads},
      {"attention.head_count_kv", config.key_value_heads},
      {"attention.key_length", config.head_dimension},
      {"attention.value_length", config.head_dimension},
      {"rope.dimension_count", config.head_dimension},
      {"context_length", source.context_tokens()}};
  for (const auto& [name, value] : numbers) {
    metadata->Uint32(key(name), static_cast<uint32_t>(value));
  }
  metadata->Float32(key("rope.freq_base"), static_cast<float>(config.rotary.base));
  if (config.rotary.factor != 1) {
    metadata->Text(key("rope.scaling.type"), "linear");
    metadata->Float32(key("rope.scaling.factor"), static_cast<float>(config.rotary.factor));
  }
  if (config.sliding_window > 0) {
    metadata->Uint32(key("attention.sliding_window"), static_cast<uint32_t>(config.sliding_window));
    metadata->Float32(key("rope.freq_base_swa"), static_cast<float>(config.sliding_rotary->base));
  }
  metadata->Float32(key("attention.layer_norm_rms_epsilon"),
                    static_cast<float>(config.norm_epsilon));
}

// True if readers of GGUF would normalise text as the tokenizer does: spaces become U+2581, and one
// U+2581 may be put before the text. Sets `adds_space` if one is put there.
bool HasGgufNormalizer(const TokenizerDescription& tokenizer, bool* adds_space) {
  constexpr const char* kMarkedSpace = "\u2581";
  *adds_space = false;
  bool marks_spaces = false;
  for (const NormalizerStep& step : tokenizer.normalizer) {
    const auto* replace = std::get_if<ReplaceStep>(&step);
    const auto* prepend = std::get_if<PrependStep>(&step);
    if (replace != nullptr && replace->pattern.text == " " && !replace->pattern.is_expression &&
        replace->content == kMarkedSpace) {
      marks_spaces = true;
    } else if (prepend != nullptr && prepend->content == kMarkedSpace && !marks_spaces) {
      *adds_space = true;
    } else {
      return false;
    }
  }
  return marks_spaces;
}

// Adds the tokenizer in one of the two schemes that readers of GGUF know.
absl::Status AddTokenizer(const TokenizerDescription& tokenizer, int64_t vocabulary,
                          GgufMetadata* metadata) {
  if (tokenizer.scheme == TokenizerScheme::kRankedMerges && tokenizer.byte_level) {
    STRATA_ASSIGN_OR_RETURN(const std::string name, GgufPreTokenizerName(tokenizer));
    metadata->Text("tokenizer.ggml.model", "gpt2");
    metadata->Text("tokenizer.ggml.pre", name);
    metadata->Texts("tokenizer.ggml.merges", MergeTexts(tokenizer));
  } else if (tokenizer.scheme == TokenizerScheme::kScoredMerges) {
    bool adds_space = false;
    if (!HasGgufNormalizer(tokenizer, &adds_space)) {
      return absl::UnimplementedError(fmt::format(
          "{}: the tokenizer normalises text otherwise than readers of GGUF do; write a directory "
          "instead",
          tokenizer.source));
    }
    metadata->Text("tokenizer.ggml.model", "llama");
    metadata->Bool("tokenizer.ggml.add_space_prefix", adds_space);
    std::vector<float> scores(tokenizer.scores.begin(), tokenizer.scores.end());
    scores.resize(static_cast<size_t>(vocabulary));
    metadata->Float32s("tokenizer.ggml.scores", scores);
  } else {
    return absl::UnimplementedError(
        fmt::format("{}: a GGUF file can hold a byte-level or a SentencePiece tokenizer with "
                    "scored merges, and this is neither; write a directory instead",
                    tokenizer.source));
  }
  // Rows of the embedding beyond the tokenizer's vocabulary get padding tokens.
  std::vector<std::string> tokens = tokenizer.tokens;
  for (size_t id = tokens.size(); id < static_cast<size_t>(vocabulary); ++id) {
    tokens.push_back(fmt::format("[PAD{}]", id));
  }
  std::vector<int32_t> types;
  for (const TokenType type : tokenizer.types) types.push_back(static_cast<int32_t>(type));
  types.resize(tokens.size(), static_cast<int32_t>(TokenType::kUnused));
  metadata->Texts("tokenizer.ggml.tokens", tokens);
  metadata->Int32s("tokenizer.ggml.token_type", types);
  const std::pair<const char*, std::optional<int32_t>> ids[] = {
      {"tokenizer.ggml.bos_token_id", tokenizer.begin},
      {"tokenizer.ggml.eos_token_id", tokenizer.end},
      {"tokenizer.ggml.unknown_token_id", tokenizer.unknown}};
  for (const auto& [key, id] : ids) {
    if (id.has_value()) metadata->Uint32(key, static_cast<uint32_t>(*id));
  }
  metadata->Bool("tokenizer.ggml.add_bos_token", tokenizer.adds_begin);
  metadata->Bool("tokenizer.ggml.add_eos_token", tokenizer.adds_end);
  return absl::OkStatus();
}

class GgufCheckpointWriter : public CheckpointWriter {
 public:
  GgufCheckpointWriter(const Checkpoint& source, GgufMetadata metadata,
                       const CheckpointWriterOptions& options) {
    const ModelConfig& config = source.config();
    std::vector<GgufTensorShape> tensors;
    NumberFormat of_linears = NumberFormat::kFloat32;
    for (const NamedShape& tensor : TensorsOf(config)) {
      // Readers of GGUF expect vectors in F32.
      const NumberFormat format =
          tensor.shape.size() == 1
              ? NumberFormat::kFloat32
              : options.format.value_or(
                    source.FormatOf(tensor.name).value_or(NumberFormat::kFloat32));
      const bool interleaved = tensor.gguf_form == GgufForm::kInterleavedRows;
      const bool is_vector = tensor.shape.size() == 1;
      stored_[tensor.name] = {.name = tensor.gguf,
                              .format = format,
                              .columns = interleaved && is_vector ? 1 : tensor.shape.back(),
                              .interleaved_heads = interleaved ? config.head_dimension : 0,
                              .addend = tensor.gguf_form == GgufForm::kOneAdded ? 1.0f : 0.0f};
      tensors.push_back({tensor.gguf, tensor.shape, format});
      if (tensor.is_linear) of_linears = format;
    }
    if (config.rotary.llama3_scaling.has_value() || !config.rotary.divisors.empty()) {
      rotary_divisors_ = RotaryDivisors(config.rotary, config.head_dimension);
      tensors.push_back({kRotaryDivisorsName,
                         {static_cast<int64_t>(rotary_divisors_.size())},
                         NumberFormat::kFloat32});
    }
    metadata.Uint32("general.file_type", FileType(of_linears));
    if (!options.recipe.empty()) metadata.Text(kRecipe, options.recipe);
    plan_ = PlanGguf(metadata, tensors);
  }

  int64_t bytes() const override { return plan_.bytes; }

  std::vector<std::string> files() const override { return {"one GGUF file"}; }

  absl::Status Start(const std::string& path) override {
    STRATA_ASSIGN_OR_RETURN(TensorOutput output, CreateGguf(plan_, path));
    output_ = std::move(output);
    return absl::OkStatus();
  }

  absl::Status Finish() override {
    if (!rotary_divisors_.empty()) {
      const absl::Status status =
          output_.Write(kRotaryDivisorsName, 0,
                        std::as_bytes(std::span(rotary_divisors_.data(), rotary_divisors_.size())));
      if (!status.ok()) return status;
    }
    return output_.Finish();
  }

 private:
  std::vector<float> rotary_divisors_;
  GgufPlan plan_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<CheckpointWriter>> NewGgufWriter(
    const Checkpoint& source, const CheckpointWriterOptions& options) {
  GgufMetadata metadata;
  if (const auto* gguf = dynamic_cast<const GgufCheckpoint*>(&source)) {
    metadata = MetadataOf(gguf->file());
  } else {
    const auto& folder = dynamic_cast<const HuggingFaceCheckpoint&>(source);
    STRATA_RETURN_IF_ERROR(CheckHolds(folder));
    STRATA_ASSIGN_OR_RETURN(const TokenizerDescription tokenizer,
                            ReadTokenizerDescription(source.path()));
    AddModel(folder, &metadata);
    const absl::Status status = AddTokenizer(tokenizer, source.config().vocabulary, &metadata);
    if (!status.ok()) return status;
  }
  return std::make_unique<GgufCheckpointWriter>(source, std::move(metadata), options);
}

}  // namespace strata::evaluator
