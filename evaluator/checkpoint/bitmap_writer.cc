#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "evaluator/checkpoint/checkpoint_writer.h"
#include "evaluator/checkpoint/copied_files.h"
#include "evaluator/formats/bitmap_matrix.h"
#include "evaluator/formats/safetensors_writer.h"
#include "expr/status_macros.h"

namespace strata::evaluator {
namespace {

constexpr const char* kIndex = "bitmap.safetensors.index.json";

// A linear in the form that is stored, as far as it has been written.
struct Linear {
  std::string name;
  NumberFormat format = NumberFormat::kFloat32;
  std::vector<int64_t> shape;
  int64_t rows_written = 0;
  BitmapRows rows = {};

  bool complete() const { return rows_written == shape[0]; }
};

// Returns the three tensors of a linear with that many values.
std::vector<PlannedTensor> TensorsOfLinear(const Linear& linear, int64_t values) {
  const int64_t row_bytes = BitmapRowBytes(linear.shape[1]);
  return {{linear.name + kBitmapShapeEnding, "I64", {2}, 2 * sizeof(int64_t)},
          {linear.name + kBitmapValuesEnding,
           NameOf(linear.format),
           {values},
           values * BytesPerNumber(linear.format)},
          {linear.name + kBitmapBitsEnding,
           "U8",
           {linear.shape[0], row_bytes},
           linear.shape[0] * row_bytes}};
}

// Orders tensors by the size of their numbers, so that all numbers of the file are aligned, as
// other readers demand.
void SortByAlignment(std::vector<PlannedTensor>* tensors) {
  const auto number_bytes = [](const PlannedTensor& tensor) {
    if (tensor.type.ends_with("64")) return 8;
    const auto format = ParseNumberFormat(tensor.type);
    return format.has_value() ? static_cast<int>(BytesPerNumber(*format)) : 1;
  };
  std::ranges::stable_sort(*tensors, std::greater<>(), number_bytes);
}

SafetensorsPlan::Shard ShardOf(const std::string& file, std::vector<PlannedTensor> tensors) {
  SortByAlignment(&tensors);
  return SafetensorsPlan::Shard::Of(file, tensors, {{kBitmapKey, kBitmapVersion}});
}

class BitmapWriter : public CheckpointWriter {
 public:
  BitmapWriter(const HuggingFaceCheckpoint& source, const CheckpointWriterOptions& options,
               CopiedFiles others)
      : source_(source), others_(std::move(others)) {
    const ModelConfig& config = source.config();
    blocks_.resize(static_cast<size_t>(config.blocks));
    std::vector<PlannedTensor> dense;
    std::map<std::string, std::vector<int64_t>> shapes;
    for (const NamedShape& tensor : TensorsOf(config)) {
      const NumberFormat format = options.format.value_or(*source.FormatOf(tensor.name));
      stored_[tensor.name] = {
          .name = tensor.name, .format = format, .columns = tensor.shape.back()};
      shapes[tensor.name] = tensor.shape;
      if (tensor.is_linear) continue;
      int64_t bytes = BytesPerNumber(format);
      for (const int64_t size : tensor.shape) bytes *= size;
      dense.push_back({tensor.name, NameOf(format), tensor.shape, bytes});
    }
    for (const auto& [name, tensor] : source.unused()) {
      dense.push_back(
          {name, tensor->type, tensor->shape, static_cast<int64_t>(tensor->data.size())});
    }
    plan_.shards.push_back(ShardOf(FileName(0), dense));
    for (int block = 0; block < config.blocks; ++block) {
      for (int linear = 0; linear < config.linears_per_block(); ++linear) {
        const std::string name = LinearName(config, block, linear);
        block_of_[name] = {block, linear};
        blocks_[static_cast<size_t>(block)].push_back(
            {.name = name, .format = stored_[name].format, .shape = shapes[name]});
      }
    }
    expected_bytes_ = plan_.bytes() + others_.bytes() + ExpectedBytes(options.sparsity);
  }

  int64_t bytes() const override { return expected_bytes_; }

  std::vector<std::string> files() const override {
    std::vector<std::string> names;
    for (size_t i = 0; i <= blocks_.size(); ++i) names.push_back(FileName(i));
    names.push_back(kIndex);
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
    for (const std::vector<Linear>& block : blocks_) {
      for (const Linear& linear : block) {
        if (linear.complete()) continue;
        return absl::FailedPreconditionError(fmt::format(
            "{}: {} of {} rows were written", linear.name, linear.rows_written, linear.shape[0]));
      }
    }
    for (const auto& [name, tensor] : source_.unused()) {
      STRATA_RETURN_IF_ERROR(output_.Write(name, 0, tensor->data));
    }
    STRATA_RETURN_IF_ERROR(output_.Finish());
    plan_.tensor_bytes = 0;
    for (const SafetensorsPlan::Shard& shard : plan_.shards) {
      for (const PlannedTensor& tensor : shard.tensors) plan_.tensor_bytes += tensor.bytes;
    }
    return WriteSafetensorsIndex(plan_, folder_, kIndex);
  }

 protected:
  absl::Status Store(const Stored& stored, int64_t first_row,
                     std::span<const std::byte> rows) override {
    const auto found = block_of_.find(stored.name);
    if (found == block_of_.end()) return CheckpointWriter::Store(stored, first_row, rows);
    const auto [block, index] = found->second;
    Linear& linear = blocks_[static_cast<size_t>(block)][static_cast<size_t>(index)];
    const int64_t number_bytes = BytesPerNumber(stored.format);
    const auto count = static_cast<int64_t>(rows.size()) / (stored.columns * number_bytes);
    if (first_row != linear.rows_written || count > linear.shape[0] - first_row) {
      return absl::InvalidArgumentError(
          fmt::format("{}: expected rows from {} on and up to {}, found {} from {} on", stored.name,
                      linear.rows_written, linear.shape[0], count, first_row));
    }
    linear.rows.Append(rows, stored.columns, number_bytes);
    linear.rows_written += count;
    const bool complete =
        std::ranges::all_of(blocks_[static_cast<size_t>(block)], &Linear::complete);
    return complete ? WriteBlock(block) : absl::OkStatus();
  }

 private:
  std::string FileName(size_t number) const {
    return fmt::format("bitmap-{:05}-of-{:05}.safetensors", number + 1, blocks_.size() + 1);
  }

  // Returns the number of bytes of all linears if they have these shares of zeros.
  int64_t ExpectedBytes(const std::vector<double>& sparsity) const {
    int64_t bytes = 0;
    size_t index = 0;
    for (size_t block = 0; block < blocks_.size(); ++block) {
      std::vector<PlannedTensor> tensors;
      for (const Linear& linear : blocks_[block]) {
        const double density = sparsity.empty() ? 1 : 1 - sparsity.at(index++);
        const auto weights = static_cast<double>(linear.shape[0] * linear.shape[1]);
        const auto of_linear =
            TensorsOfLinear(linear, static_cast<int64_t>(std::ceil(weights * density)));
        tensors.insert(tensors.end(), of_linear.begin(), of_linear.end());
      }
      bytes += ShardOf(FileName(block + 1), tensors).bytes;
    }
    return bytes;
  }

  // Writes the file of a block and frees the block's memory.
  absl::Status WriteBlock(int block) {
    std::vector<PlannedTensor> tensors;
    for (const Linear& linear : blocks_[static_cast<size_t>(block)]) {
      const auto values =
          static_cast<int64_t>(linear.rows.values.size()) / BytesPerNumber(linear.format);
      const auto of_linear = TensorsOfLinear(linear, values);
      tensors.insert(tensors.end(), of_linear.begin(), of_linear.end());
    }
    SafetensorsPlan plan;
    plan.shards.push_back(ShardOf(FileName(static_cast<size_t>(block) + 1), tensors));
    STRATA_ASSIGN_OR_RETURN(TensorOutput output, CreateSafetensors(plan, folder_));
    for (Linear& linear : blocks_[static_cast<size_t>(block)]) {
      const BitmapRows rows = std::exchange(linear.rows, {});
      const auto shape = std::as_bytes(std::span(linear.shape));
      STRATA_RETURN_IF_ERROR(output.Write(linear.name + kBitmapShapeEnding, 0, shape));
      STRATA_RETURN_IF_ERROR(output.Write(linear.name + kBitmapValuesEnding, 0, rows.values));
      STRATA_RETURN_IF_ERROR(output.Write(linear.name + kBitmapBitsEnding, 0, rows.bits));
    }
    plan_.shards.push_back(plan.shards.front());
    return output.Finish();
  }

  const HuggingFaceCheckpoint& source_;
  CopiedFiles others_;
  SafetensorsPlan plan_;  // the file of other tensors, and those of the blocks that are written
  std::vector<std::vector<Linear>> blocks_;
  std::map<std::string, std::pair<int, int>> block_of_;  // block and linear, by name
  int64_t expected_bytes_ = 0;
  std::string folder_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<CheckpointWriter>> NewBitmapWriter(
    const HuggingFaceCheckpoint& source, const CheckpointWriterOptions& options) {
  const auto linears = static_cast<size_t>(source.config().blocks) *
                       static_cast<size_t>(source.config().linears_per_block());
  if (!options.sparsity.empty() && options.sparsity.size() != linears) {
    return absl::InvalidArgumentError(fmt::format("expected the sparsities of {} linears, found {}",
                                                  linears, options.sparsity.size()));
  }
  STRATA_ASSIGN_OR_RETURN(CopiedFiles others, CopiedFiles::Of(source.path(), options));
  return std::make_unique<BitmapWriter>(source, options, std::move(others));
}

}  // namespace strata::evaluator
