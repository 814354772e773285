// Builds level databases of a real model. This header exposes no LibTorch types.
#ifndef STRATA_EVALUATOR_MEASUREMENT_LEVEL_BUILDER_H_
#define STRATA_EVALUATOR_MEASUREMENT_LEVEL_BUILDER_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "evaluator/banks/bank_writer.h"
#include "evaluator/banks/level_layout.h"

namespace strata::evaluator {

struct LevelBuildOptions {
  std::string model_path;  // Hugging Face directory or GGUF file; streamed, not held in memory
  std::string text_path;   // its calibration split is read
  LevelSettings settings;
  std::string folder;  // of the database
  int threads = 1;     // the same number of threads gives the same bytes
  std::string device = "cpu";
};

// A build that is planned but not begun. Not thread-safe.
class LevelBuild {
 public:
  // Reads the model's header and digest, and the text. Errors: those of OpenCheckpoint,
  // TextCorpus::Load and LevelLayout::Create; InvalidArgument for a text that is too short;
  // FailedPrecondition, which names the difference, if the folder holds a database of something
  // else.
  static absl::StatusOr<std::unique_ptr<LevelBuild>> Plan(const LevelBuildOptions& options);
  virtual ~LevelBuild() = default;

  virtual const std::string& path() const = 0;
  virtual const LevelLayout& layout() const = 0;
  virtual const BankPlan& plan() const = 0;

  // Computes what is missing, or nothing if the file is finished. Must be called only once. If the
  // build ends early, finished parts are kept. In tests, `bytes_free` replaces the free space that
  // the system reports. Errors: those of BankWriter::Open, TransformerModel::Load and
  // ComputeLevels.
  virtual absl::Status Run(const Progress& progress,
                           std::optional<int64_t> bytes_free = std::nullopt) = 0;
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_MEASUREMENT_LEVEL_BUILDER_H_
