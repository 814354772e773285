#include <fmt/format.h>

#include <optional>
#include <utility>

#include "evaluator/checkpoint/checkpoint_writer.h"
#include "evaluator/checkpoint/gguf_tokenizer_metadata.h"
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

class GgufCheckpointWriter : public CheckpointWriter {
 public:
  // If there is a tokenizer, Finish compares the one that was written with it.
  GgufCheckpointWriter(const Checkpoint& source, GgufMetadata metadata,
                       std::optional<TokenizerDescription> tokenizer,
                       const CheckpointWriterOptions& options)
      : tokenizer_(std::move(tokenizer)) {
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

  std::vector<std::string> notes() const override {
    if (!tokenizer_.has_value() || tokenizer_->normalizer.empty() || !tokenizer_->byte_level) {
      return {};
    }
    return {fmt::format(
        "{}: a GGUF file cannot say that text is brought into the Unicode form NFC; text in other "
        "forms becomes other tokens",
        tokenizer_->source)};
  }

  absl::Status Start(const std::string& path) override {
    STRATA_ASSIGN_OR_RETURN(TensorOutput output, CreateGguf(plan_, path));
    output_ = std::move(output);
    path_ = path;
    return absl::OkStatus();
  }

  absl::Status Finish() override {
    if (!rotary_divisors_.empty()) {
      const absl::Status status =
          output_.Write(kRotaryDivisorsName, 0,
                        std::as_bytes(std::span(rotary_divisors_.data(), rotary_divisors_.size())));
      if (!status.ok()) return status;
    }
    STRATA_RETURN_IF_ERROR(output_.Finish());
    return tokenizer_.has_value() ? CheckWrittenTokenizer(*tokenizer_, path_) : absl::OkStatus();
  }

 private:
  std::vector<float> rotary_divisors_;
  std::optional<TokenizerDescription> tokenizer_;
  std::string path_;
  GgufPlan plan_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<CheckpointWriter>> NewGgufWriter(
    const Checkpoint& source, const CheckpointWriterOptions& options) {
  GgufMetadata metadata;
  std::optional<TokenizerDescription> of_source;
  if (const auto* gguf = dynamic_cast<const GgufCheckpoint*>(&source)) {
    metadata = MetadataOf(gguf->file());
  } else {
    const auto& folder = dynamic_cast<const HuggingFaceCheckpoint&>(source);
    STRATA_RETURN_IF_ERROR(CheckHolds(folder));
    STRATA_ASSIGN_OR_RETURN(const TokenizerDescription tokenizer,
                            ReadTokenizerDescription(source.path()));
    AddModel(folder, &metadata);
    STRATA_RETURN_IF_ERROR(AddTokenizer(tokenizer, source.config().vocabulary, &metadata));
    STRATA_RETURN_IF_ERROR(AddChatTemplates(source.path(), &metadata));
    of_source = tokenizer;
  }
  return std::make_unique<GgufCheckpointWriter>(source, std::move(metadata), std::move(of_source),
                                                options);
}

}  // namespace strata::evaluator
