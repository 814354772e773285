#include "evaluator/formats/tensor_output.h"

#include <fmt/format.h>

#include <utility>

#include "expr/status_macros.h"

namespace strata::evaluator {

absl::Status TensorOutput::AddFile(const std::string& path, int64_t bytes,
                                   const std::string& header) {
  STRATA_ASSIGN_OR_RETURN(OutputFile file, OutputFile::Create(path, bytes));
  files_.push_back(std::move(file));
  return files_.back().Write(0, std::as_bytes(std::span(header.data(), header.size())));
}

void TensorOutput::AddTensor(const std::string& name, int64_t offset, int64_t bytes) {
  places_[name] = {files_.size() - 1, offset, bytes, 0};
}

absl::Status TensorOutput::Write(const std::string& tensor, int64_t offset,
                                 std::span<const std::byte> bytes) {
  const auto found = places_.find(tensor);
  if (found == places_.end()) {
    return absl::NotFoundError(fmt::format("no tensor \"{}\" is planned", tensor));
  }
  Place& place = found->second;
  const auto count = static_cast<int64_t>(bytes.size());
  if (offset < 0 || offset > place.bytes || count > place.bytes - offset) {
    return absl::InvalidArgumentError(
        fmt::format("{}: {} bytes at {} do not fit in {}", tensor, count, offset, place.bytes));
  }
  place.written += count;
  return files_[place.file].Write(place.offset + offset, bytes);
}

absl::Status TensorOutput::Finish() {
  for (const auto& [name, place] : places_) {
    if (place.written == place.bytes) continue;
    return absl::FailedPreconditionError(
        fmt::format("{}: {} of {} bytes were written", name, place.written, place.bytes));
  }
  for (OutputFile& file : files_) {
    STRATA_RETURN_IF_ERROR(file.Finish());
  }
  return absl::OkStatus();
}

}  // namespace strata::evaluator
