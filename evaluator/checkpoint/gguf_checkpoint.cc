#include "evaluator/checkpoint/gguf_checkpoint.h"

#include <fmt/format.h>

#include <filesystem>
#include <utility>

#include "evaluator/files/digest.h"
#include "evaluator/files/mapped_file.h"
#include "evaluator/text/utf8.h"
#include "expr/status_macros.h"

namespace strata::evaluator {
namespace {

absl::StatusOr<std::string> ModelName(const GgufFile& file) {
  absl::StatusOr<std::string> name = file.String("general.name");
  if (absl::IsNotFound(name.status()) || (name.ok() && name->empty())) {
    return std::filesystem::path(file.path()).stem().string();
  }
  if (!name.ok()) return name;
  const size_t well_formed = WellFormedBytes(*name);
  if (well_formed != name->size()) {
    return absl::InvalidArgumentError(
        fmt::format("{}: general.name: expected UTF-8, found the byte {:#04x} at position {}",
                    file.path(), static_cast<unsigned char>((*name)[well_formed]), well_formed));
  }
  return name;
}

}  // namespace

int64_t InterleavedRow(int64_t row, int64_t head_dimension) {
  const int64_t half = head_dimension / 2;
  const int64_t in_head = row % head_dimension;
  return row - in_head + in_head % half * 2 + in_head / half;
}

absl::StatusOr<std::unique_ptr<GgufCheckpoint>> GgufCheckpoint::Open(const std::string& path) {
  std::unique_ptr<GgufCheckpoint> checkpoint(new GgufCheckpoint);
  STRATA_ASSIGN_OR_RETURN(std::unique_ptr<GgufFile> file, GgufFile::Open(path));
  checkpoint->file_ = std::move(file);
  STRATA_ASSIGN_OR_RETURN(const ModelConfig config, ReadGgufConfig(*checkpoint->file_));
  checkpoint->config_ = config;
  for (NamedShape& tensor : TensorsOf(config)) {
    checkpoint->stored_[tensor.name] = {std::move(tensor.gguf), tensor.gguf_form};
  }
  STRATA_ASSIGN_OR_RETURN(std::string name, ModelName(*checkpoint->file_));
  checkpoint->name_ = std::move(name);
  return checkpoint;
}

absl::StatusOr<std::string> GgufCheckpoint::Digest() const { return Sha256OfFile(path()); }

absl::StatusOr<const GgufTensor*> GgufCheckpoint::Find(const std::string& name) const {
  const auto found = stored_.find(name);
  if (found == stored_.end()) {
    return absl::NotFoundError(fmt::format("{}: no tensor \"{}\"", path(), name));
  }
  return file_->Tensor(found->second.name);
}

std::string GgufCheckpoint::StoredName(const std::string& name) const {
  const auto found = stored_.find(name);
  return found == stored_.end() ? name : found->second.name;
}

std::optional<NumberFormat> GgufCheckpoint::FormatOf(const std::string& name) const {
  const absl::StatusOr<const GgufTensor*> tensor = Find(name);
  if (!tensor.ok()) return std::nullopt;
  switch ((*tensor)->type) {
    case GgufType::kF32:
      return NumberFormat::kFloat32;
    case GgufType::kF16:
      return NumberFormat::kFloat16;
    case GgufType::kBF16:
      return NumberFormat::kBFloat16;
    default:
      return std::nullopt;
  }
}

absl::Status GgufCheckpoint::ReadRows(const std::string& name, int64_t first_row,
                                      std::span<float> values) const {
  STRATA_ASSIGN_OR_RETURN(const GgufTensor* tensor, Find(name));
  const GgufForm form = stored_.at(name).form;
  const bool by_row = form == GgufForm::kInterleavedRows;
  // Each number of an interleaved vector is a row.
  const int64_t columns = by_row && tensor->shape.size() == 1 ? 1 : tensor->shape.back();
  const int64_t rows = tensor->elements() / columns;
  const auto count = static_cast<int64_t>(values.size()) / columns;
  const auto row_bytes = tensor->data.size() / static_cast<size_t>(rows);
  const auto read = [&](int64_t row, int64_t stored_row, int64_t number) {
    GgufTensor part = *tensor;
    part.shape = {number, columns};
    part.data = part.data.subspan(static_cast<size_t>(stored_row) * row_bytes,
                                  static_cast<size_t>(number) * row_bytes);
    return Dequantize(part, values.subspan(static_cast<size_t>(row * columns),
                                           static_cast<size_t>(number * columns)));
  };
  if (!by_row) {
    const absl::Status status = read(0, first_row, count);
    if (form == GgufForm::kOneAdded) {
      for (float& value : values) value -= 1;
    }
    return status;
  }
  for (int64_t row = 0; row < count; ++row) {
    const int64_t stored = InterleavedRow(first_row + row, config_.head_dimension);
    STRATA_RETURN_IF_ERROR(read(row, stored, 1));
  }
  return absl::OkStatus();
}

void GgufCheckpoint::Forget(const std::string& name) const {
  const absl::StatusOr<const GgufTensor*> tensor = Find(name);
  if (tensor.ok()) ForgetPages((*tensor)->data);
}

}  // namespace strata::evaluator
