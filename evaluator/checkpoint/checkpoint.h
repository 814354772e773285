// The weights of a model on disk, in any supported format. Tensors have Hugging Face names and are
// read row by row as float32 from memory-mapped files.
#ifndef STRATA_EVALUATOR_CHECKPOINT_CHECKPOINT_H_
#define STRATA_EVALUATOR_CHECKPOINT_CHECKPOINT_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "evaluator/checkpoint/model_config.h"
#include "evaluator/formats/number_format.h"

namespace strata::evaluator {

// Once open, a checkpoint holds every tensor of TensorsOf(config()), with the shape given there.
// Reading is thread-safe.
class Checkpoint {
 public:
  virtual ~Checkpoint() = default;

  virtual const std::string& path() const = 0;
  virtual const std::string& model_name() const = 0;
  virtual const ModelConfig& config() const = 0;

  // Returns the SHA-256 of the files that hold the model and its tokenizer, in hexadecimal. Reads
  // all of them.
  virtual absl::StatusOr<std::string> Digest() const = 0;

  // Returns one sentence for each choice between files or tensors that contradict each other.
  virtual std::vector<std::string> notes() const { return {}; }

  // Returns the name of a tensor in the file.
  virtual std::string StoredName(const std::string& name) const = 0;

  // Returns the number format of a tensor in the file; nullopt if the tensor is quantised.
  virtual std::optional<NumberFormat> FormatOf(const std::string& name) const = 0;

  // Fills `values` with whole rows of a matrix from row `first_row` on, or with a whole vector
  // (then first_row is 0). Query and key rows are in the Hugging Face order. Errors: NotFound for a
  // name that is not in TensorsOf.
  virtual absl::Status ReadRows(const std::string& name, int64_t first_row,
                                std::span<float> values) const = 0;

  // Releases the memory of a tensor's pages. They are read again when needed.
  virtual void Forget(const std::string& name) const = 0;
};

// Opens a Hugging Face directory or a GGUF file. Errors: those of GgufFile::Open,
// HuggingFaceCheckpoint::Open and ReadGgufConfig.
absl::StatusOr<std::unique_ptr<Checkpoint>> OpenCheckpoint(const std::string& path);

// Reads a whole tensor. Errors: DataLoss for a number that is not finite, naming file, tensor and
// position.
absl::Status ReadFinite(const Checkpoint& checkpoint, const std::string& name,
                        std::span<float> values);

// Returns the error for a number that is not finite.
absl::Status NotFinite(const Checkpoint& checkpoint, const std::string& name, float number,
                       int64_t position);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_CHECKPOINT_CHECKPOINT_H_
