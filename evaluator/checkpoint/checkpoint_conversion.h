// Turns a Hugging Face directory into one whose linears are bitmaps, and back.
#ifndef STRATA_EVALUATOR_CHECKPOINT_CHECKPOINT_CONVERSION_H_
#define STRATA_EVALUATOR_CHECKPOINT_CHECKPOINT_CONVERSION_H_

#include <absl/status/status.h>

#include <string>

#include "evaluator/evaluator.h"

namespace strata::evaluator {

struct ConversionOptions {
  std::string source;                   // Hugging Face directory, dense or with bitmaps
  bool to_bitmap = false;               // false: dense linears
  int64_t shard_bytes = 5'000'000'000;  // of dense linears: as CheckpointWriterOptions has it
};

// Writes the model to the folder `output`, which must not exist, with the bits of all weights. A
// few megabytes of memory are needed, and for bitmaps a compressed block. Errors: those of
// OpenCheckpoint and OutputFile::Create; InvalidArgument for a GGUF file and if the source has the
// form already; Unimplemented for a tensor of F64; DataLoss for weights that are not finite;
// Cancelled if `progress` stops the work. After an error the files written so far remain, and the
// caller must remove them.
absl::Status ConvertCheckpoint(const ConversionOptions& options, const std::string& output,
                               const Progress& progress);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_CHECKPOINT_CHECKPOINT_CONVERSION_H_
