#include "evaluator/checkpoint/checkpoint.h"

#include <fmt/format.h>

#include <filesystem>

#include "evaluator/checkpoint/gguf_checkpoint.h"
#include "evaluator/checkpoint/hugging_face_checkpoint.h"
#include "expr/status_macros.h"

namespace strata::evaluator {

absl::StatusOr<std::unique_ptr<Checkpoint>> OpenCheckpoint(const std::string& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) return HuggingFaceCheckpoint::Open(path);
  return GgufCheckpoint::Open(path);
}

absl::Status ReadFinite(const Checkpoint& checkpoint, const std::string& name,
                        std::span<float> values) {
  STRATA_RETURN_IF_ERROR(checkpoint.ReadRows(name, 0, values));
  const int64_t bad = FirstNotFinite(values);
  if (bad < 0) return absl::OkStatus();
  return NotFinite(checkpoint, name, values[bad], bad);
}

absl::Status NotFinite(const Checkpoint& checkpoint, const std::string& name, float number,
                       int64_t position) {
  return absl::DataLossError(fmt::format("{}: {}: expected finite weights, found {} at position {}",
                                         checkpoint.path(), checkpoint.StoredName(name), number,
                                         position));
}

}  // namespace strata::evaluator
