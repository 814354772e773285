#include <utility>

#include "evaluator/checkpoint/checkpoint_writer.h"
#include "evaluator/checkpoint/copied_files.h"
#include "evaluator/formats/safetensors_writer.h"
#include "expr/status_macros.h"

namespace strata::evaluator {
namespace {

class HuggingFaceWriter : public CheckpointWriter {
 public:
  HuggingFaceWriter(const HuggingFaceCheckpoint& source, const CheckpointWriterOptions& options,
                    CopiedFiles others)
      : source_(source), others_(std::move(others)) {
    std::vector<PlannedTensor> tensors;
    for (const NamedShape& tensor : TensorsOf(source.config())) {
      const NumberFormat format = options.format.value_or(*source.FormatOf(tensor.name));
      stored_[tensor.name] = {
          .name = tensor.name, .format = format, .columns = tensor.shape.back()};
      int64_t bytes = BytesPerNumber(format);
      for (const int64_t size : tensor.shape) bytes *= size;
      tensors.push_back({tensor.name, NameOf(format), tensor.shape, bytes});
    }
    for (const auto& [name, tensor] : source.unused()) {
      tensors.push_back(
          {name, tensor->type, tensor->shape, static_cast<int64_t>(tensor->data.size())});
    }
    plan_ = SafetensorsPlan::Of(tensors, options.shard_bytes);
  }

  int64_t bytes() const override { return plan_.bytes() + others_.bytes(); }

  std::vector<std::string> files() const override {
    std::vector<std::string> names;
    for (const SafetensorsPlan::Shard& shard : plan_.shards) names.push_back(shard.file);
    names.insert(names.end(), others_.names().begin(), others_.names().end());
    return names;
  }

  absl::Status Start(const std::string& path) override {
    folder_ = path;
    STRATA_RETURN_IF_ERROR(others_.CopyTo(path));
    STRATA_ASSIGN_OR_RETURN(output_, CreateSafetensors(plan_, path));
    return absl::OkStatus();
  }

  absl::Status Finish() override {
    for (const auto& [name, tensor] : source_.unused()) {
      STRATA_RETURN_IF_ERROR(output_.Write(name, 0, tensor->data));
    }
    STRATA_RETURN_IF_ERROR(output_.Finish());
    return WriteSafetensorsIndex(plan_, folder_);
  }

 private:
  const HuggingFaceCheckpoint& source_;
  CopiedFiles others_;
  SafetensorsPlan plan_;
  std::string folder_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<CheckpointWriter>> NewHuggingFaceWriter(
    const HuggingFaceCheckpoint& source, const CheckpointWriterOptions& options) {
  STRATA_ASSIGN_OR_RETURN(CopiedFiles others, CopiedFiles::Of(source.path(), options));
  return std::make_unique<HuggingFaceWriter>(source, options, std::move(others));
}

}  // namespace strata::evaluator
