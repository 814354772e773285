#include "evaluator/checkpoint_writer.h"
#include "evaluator/gguf_output.h"

namespace strata::evaluator {
namespace {

constexpr const char* kRecipe = "strata.recipe";

// Numbers that GGUF gives kinds of files ("general.file_type").
uint32_t FileType(NumberFormat format) {
  constexpr uint32_t kAllF32 = 0;
  constexpr uint32_t kMostlyF16 = 1;
  constexpr uint32_t kMostlyBF16 = 32;
  if (format == NumberFormat::kFloat32) return kAllF32;
  return format == NumberFormat::kFloat16 ? kMostlyF16 : kMostlyBF16;
}

class GgufCheckpointWriter : public CheckpointWriter {
 public:
  GgufCheckpointWriter(const GgufCheckpoint& source, const CheckpointWriterOptions& options) {
    const LlamaConfig& config = source.config();
    std::vector<GgufTensorShape> tensors;
    NumberFormat of_linears = NumberFormat::kFloat32;
    for (const NamedShape& tensor : TensorsOf(config)) {
      // Readers of GGUF expect vectors in F32.
      const NumberFormat format =
          tensor.shape.size() == 1
              ? NumberFormat::kFloat32
              : options.format.value_or(
                    source.FormatOf(tensor.name).value_or(NumberFormat::kFloat32));
      const bool interleaved = HasInterleavedRows(tensor.name);
      const std::string name = *GgufNameOf(tensor.name);
      stored_[tensor.name] = {name, format, tensor.shape.back(),
                              interleaved ? config.head_dimension : 0};
      tensors.push_back({name, tensor.shape, format});
      if (interleaved) of_linears = format;
    }
    GgufMetadata metadata;
    for (const GgufEntry& entry : source.file().entries()) {
      const bool replaced = entry.key == kRecipe || entry.key == "general.file_type" ||
                            entry.key == "general.quantization_version" ||
                            entry.key == "general.alignment";
      if (!replaced) metadata.Copy(entry.bytes);
    }
    metadata.Uint32("general.file_type", FileType(of_linears));
    if (!options.recipe.empty()) metadata.Text(kRecipe, options.recipe);
    plan_ = PlanGguf(metadata, tensors);
  }

  int64_t bytes() const override { return plan_.bytes; }

  std::vector<std::string> files() const override { return {"one GGUF file"}; }

  absl::Status Start(const std::string& path) override {
    absl::StatusOr<TensorOutput> output = CreateGguf(plan_, path);
    if (!output.ok()) return output.status();
    output_ = *std::move(output);
    return absl::OkStatus();
  }

  absl::Status Finish() override { return output_.Finish(); }

 private:
  GgufPlan plan_;
};

}  // namespace

std::unique_ptr<CheckpointWriter> NewGgufWriter(const GgufCheckpoint& source,
                                                const CheckpointWriterOptions& options) {
  return std::make_unique<GgufCheckpointWriter>(source, options);
}

}  // namespace strata::evaluator
