// Writes a copy of a model with other weights.
#ifndef STRATA_EVALUATOR_CHECKPOINT_CHECKPOINT_WRITER_H_
#define STRATA_EVALUATOR_CHECKPOINT_CHECKPOINT_WRITER_H_

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
  // The format of every weight, except that vectors in a GGUF file are always F32. nullopt: the
  // format of the source, or F32 for weights that are quantised there.
  std::optional<NumberFormat> format = std::nullopt;
  // Safetensors: the largest number of tensor bytes in one file.
  int64_t shard_bytes = 5'000'000'000;
  // Bitmaps: the share of zeros that each linear will have, in the order of ModelSummary::linears.
  // Only bytes() depends on it. Empty: no zeros, so that bytes() is the most that may be written.
  std::vector<double> sparsity = {};
  // Safetensors: names of files of the source that are not copied.
  std::vector<std::string> left_out = {};
  // GGUF: a text that is stored in the metadata under "strata.recipe", unless it is empty.
  std::string recipe = {};
};

class CheckpointWriter {
 public:
  virtual ~CheckpointWriter() = default;

  // Number of bytes that all files will have together. For bitmaps it is an estimate, which follows
  // CheckpointWriterOptions::sparsity.
  virtual int64_t bytes() const = 0;

  // Names of the files that will be written, for messages.
  virtual std::vector<std::string> files() const = 0;

  // One sentence for each thing that the output cannot say and the model does not need.
  virtual std::vector<std::string> notes() const { return {}; }

  // Creates the folder or file and reserves its space. Errors of OutputFile::Create.
  virtual absl::Status Start(const std::string& path) = 0;

  // Writes whole rows of a tensor of TensorsOf, from `first_row` on. Returns how many of the
  // numbers are stored as zero. Errors: OutOfRange for a number that is too large for the format.
  // InvalidArgument for rows of a bitmap that do not follow those written before.
  absl::StatusOr<int64_t> WriteRows(const std::string& name, int64_t first_row,
                                    std::span<const float> values);

  // Writes everything besides tensors and flushes all files. Errors: FailedPrecondition if a tensor
  // is missing.
  virtual absl::Status Finish() = 0;

 protected:
  struct Stored {
    std::string name;
    NumberFormat format = NumberFormat::kFloat32;
    int64_t columns = 0;
    int64_t interleaved_heads = 0;  // dimension of heads whose rows the file interleaves; 0: none
    float addend = 0;               // added to each number in the file
  };

  // Stores rows as they will be in the file, from `first_row` on.
  virtual absl::Status Store(const Stored& stored, int64_t first_row,
                             std::span<const std::byte> rows);

  std::map<std::string, Stored> stored_;  // by Hugging Face name
  TensorOutput output_;
};

// Returns a writer of a Hugging Face directory that also gets the source's tokenizer and other
// files, additional_chat_templates/ among them. Other subfolders and files of weights in other
// formats are not copied. `source` must outlive the
// writer. An error if the folder cannot be listed.
absl::StatusOr<std::unique_ptr<CheckpointWriter>> NewHuggingFaceWriter(
    const HuggingFaceCheckpoint& source, const CheckpointWriterOptions& options);

// Returns a writer of a directory as NewHuggingFaceWriter's, whose linears are bitmaps
// (evaluator/formats/bitmap_matrix.h). The first file holds all other tensors, and each block has a
// file for its linears. A block is in memory, compressed, until its last linear is written; then
// the space of its file is reserved. `shard_bytes` has no effect. `source` must outlive the writer.
absl::StatusOr<std::unique_ptr<CheckpointWriter>> NewBitmapWriter(
    const HuggingFaceCheckpoint& source, const CheckpointWriterOptions& options);

// Returns a writer of a GGUF file with the source's metadata or, if the source is a directory, with
// metadata from its configuration and tokenizer. Errors: Unimplemented for a tokenizer that readers
// of GGUF do not know; errors of ReadTokenizerDescription.
absl::StatusOr<std::unique_ptr<CheckpointWriter>> NewGgufWriter(
    const Checkpoint& source, const CheckpointWriterOptions& options);

// Copies a tensor part by part. Only its number format may change.
absl::Status CopyTensor(const Checkpoint& source, const NamedShape& tensor,
                        CheckpointWriter& writer);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_CHECKPOINT_CHECKPOINT_WRITER_H_
