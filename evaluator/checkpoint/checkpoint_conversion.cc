#include "evaluator/checkpoint/checkpoint_conversion.h"

#include <fmt/format.h>

#include <memory>

#include "evaluator/checkpoint/checkpoint_writer.h"
#include "evaluator/checkpoint/tensor_parts.h"
#include "expr/status_macros.h"

namespace strata::evaluator {
namespace {

absl::Status CheckSource(const HuggingFaceCheckpoint& source, bool to_bitmap) {
  if (source.has_bitmaps() == to_bitmap) {
    return absl::InvalidArgumentError(fmt::format("{}: the linears are {} already", source.path(),
                                                  to_bitmap ? "bitmaps" : "dense"));
  }
  for (const NamedShape& tensor : TensorsOf(source.config())) {
    const std::string& type = source.Find(tensor.name)->type;
    if (ParseNumberFormat(type).has_value()) continue;
    return absl::UnimplementedError(
        fmt::format("{}: {} is of type {}, whose bits would be lost; supported: F32, F16, BF16",
                    source.path(), tensor.name, type));
  }
  return absl::OkStatus();
}

// Copies a tensor whose numbers are finite, because only those surely keep their bits.
absl::Status CopyFinite(const Checkpoint& source, const NamedShape& tensor,
                        CheckpointWriter& writer) {
  return ReadInParts(source, tensor, [&](int64_t row, std::span<const float> numbers) {
    const int64_t bad = FirstNotFinite(numbers);
    if (bad >= 0) {
      return NotFinite(source, tensor.name, numbers[static_cast<size_t>(bad)],
                       row * tensor.shape.back() + bad);
    }
    return writer.WriteRows(tensor.name, row, numbers).status();
  });
}

}  // namespace

absl::Status ConvertCheckpoint(const ConversionOptions& options, const std::string& output,
                               const Progress& progress) {
  STRATA_ASSIGN_OR_RETURN(const std::unique_ptr<Checkpoint> opened, OpenCheckpoint(options.source));
  const auto* source = dynamic_cast<const HuggingFaceCheckpoint*>(opened.get());
  if (source == nullptr) {
    return absl::InvalidArgumentError(
        fmt::format("{}: expected a Hugging Face directory, found a GGUF file", options.source));
  }
  STRATA_RETURN_IF_ERROR(CheckSource(*source, options.to_bitmap));
  const CheckpointWriterOptions writer_options = {.shard_bytes = options.shard_bytes};
  STRATA_ASSIGN_OR_RETURN(const auto writer, options.to_bitmap
                                                 ? NewBitmapWriter(*source, writer_options)
                                                 : NewHuggingFaceWriter(*source, writer_options));
  STRATA_RETURN_IF_ERROR(writer->Start(output));
  const std::vector<NamedShape> tensors = TensorsOf(source->config());
  for (size_t i = 0; i < tensors.size(); ++i) {
    if (progress && !progress(static_cast<double>(i) / static_cast<double>(tensors.size()))) {
      return absl::CancelledError(
          fmt::format("stopped before tensor {} of {}", i + 1, tensors.size()));
    }
    STRATA_RETURN_IF_ERROR(CopyFinite(*source, tensors[i], *writer));
  }
  return writer->Finish();
}

}  // namespace strata::evaluator
