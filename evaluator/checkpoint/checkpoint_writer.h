// Writes a model like another one, with other weights.
#ifndef STRATA_EVALUATOR_CHECKPOINT_WRITER_H_
#define STRATA_EVALUATOR_CHECKPOINT_WRITER_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "evaluator/checkpoint/gguf_checkpoint.h"
#include "evaluator/checkpoint/hugging_face_checkpoint.h"
#include "evaluator/formats/number_format.h"
#include "evaluator/formats/tensor_output.h"

namespace strata::evaluator {

struct CheckpointWriterOptions {
  // Of every weight; in a GGUF file norms are always F32. Nothing: as in the source, and F32 for
  // what is quantised there.
  std::optional<NumberFormat> format = std::nullopt;
  // Safetensors: the most bytes of tensors in one file.
  int64_t shard_bytes = 5'000'000'000;
  // Safetensors: names of files of the source that are not carried over.
  std::vector<std::string> left_out = {};
  // GGUF: a text kept in the metadata under "strata.recipe", unless it is empty.
  std::string recipe = {};
};

class CheckpointWriter {
 public:
  virtual ~CheckpointWriter() = default;

  // Bytes that all files will have together.
  virtual int64_t bytes() const = 0;

  // Names of what will be written, as for a message.
  virtual std::vector<std::string> files() const = 0;

  // Makes the folder or file and reserves its space. Errors of OutputFile::Create.
  virtual absl::Status Start(const std::string& path) = 0;

  // Whole rows of a tensor of TensorsOf, from `first_row` on; returns how many of the numbers are
  // stored as zero. OutOfRange for a number that is too large for the format.
  absl::StatusOr<int64_t> WriteRows(const std::string& name, int64_t first_row,
                                    std::span<const float> values);

  // What remains besides tensors, and flushes all. FailedPrecondition if a tensor is missing.
  virtual absl::Status Finish() = 0;

 protected:
  struct Stored {
    std::string name;
    NumberFormat format = NumberFormat::kFloat32;
    int64_t columns = 0;
    int64_t interleaved_heads = 0;  // dimension of heads whose rows the file interleaves; 0: none
    float addend = 0;               // what the file adds to each number
  };
  std::map<std::string, Stored> stored_;  // by Hugging Face name
  TensorOutput output_;
};

// A Hugging Face directory with the source's tokenizer and other files; files of weights in other
// formats and subfolders are not carried over. `source` must outlive the writer. Errors if the
// folder cannot be listed.
absl::StatusOr<std::unique_ptr<CheckpointWriter>> NewHuggingFaceWriter(
    const HuggingFaceCheckpoint& source, const CheckpointWriterOptions& options);

// A GGUF file with the source's metadata or, from a directory, with what its configuration and
// tokenizer say. Unimplemented for a tokenizer that readers of GGUF do not know; errors of
// ReadTokenizerDescription.
absl::StatusOr<std::unique_ptr<CheckpointWriter>> NewGgufWriter(
    const Checkpoint& source, const CheckpointWriterOptions& options);

// Reads a tensor a part at a time and writes it unchanged but for its format.
absl::Status CopyTensor(const Checkpoint& source, const NamedShape& tensor,
                        CheckpointWriter& writer);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_CHECKPOINT_WRITER_H_
