// The weights of a model on disk, whatever the format: tensors under Hugging Face names, read row
// by row as float32 from memory-mapped files.
#ifndef STRATA_EVALUATOR_CHECKPOINT_H_
#define STRATA_EVALUATOR_CHECKPOINT_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "evaluator/checkpoint/model_config.h"
#include "evaluator/formats/number_format.h"

namespace strata::evaluator {

// Once open, every tensor of TensorsOf(config()) is there and has the shape that stands there.
// Reading is thread-safe.
class Checkpoint {
 public:
  virtual ~Checkpoint() = default;

  virtual const std::string& path() const = 0;
  virtual const std::string& model_name() const = 0;
  virtual const ModelConfig& config() const = 0;

  // SHA-256 of the files that hold the model, hexadecimal: reads all of them.
  virtual absl::StatusOr<std::string> Digest() const = 0;

  // What the file calls a tensor.
  virtual std::string StoredName(const std::string& name) const = 0;

  // How a tensor is stored; nothing for a quantised one.
  virtual std::optional<NumberFormat> FormatOf(const std::string& name) const = 0;

  // Fills `values`, whole rows of a matrix or a whole vector (of which first_row is 0), from row
  // `first_row` on. Query and key rows are in the Hugging Face order. NotFound for a name that is
  // not in TensorsOf.
  virtual absl::Status ReadRows(const std::string& name, int64_t first_row,
                                std::span<float> values) const = 0;

  // Gives the memory of a tensor's pages back; they are read again when needed.
  virtual void Forget(const std::string& name) const = 0;
};

// A Hugging Face directory or a GGUF file. Errors as GgufFile::Open and OpenHuggingFaceCheckpoint,
// and as ReadGgufConfig.
absl::StatusOr<std::unique_ptr<Checkpoint>> OpenCheckpoint(const std::string& path);

// Reads a whole tensor. DataLoss for a number that is not finite, naming file, tensor and position.
absl::Status ReadFinite(const Checkpoint& checkpoint, const std::string& name,
                        std::span<float> values);

// The error of a number that is not finite.
absl::Status NotFinite(const Checkpoint& checkpoint, const std::string& name, float number,
                       int64_t position);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_CHECKPOINT_H_
