// Builds level databases of a real model. LibTorch stays behind this header.
#ifndef STRATA_EVALUATOR_LEVEL_BUILDER_H_
#define STRATA_EVALUATOR_LEVEL_BUILDER_H_

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
  std::string text_path;   // whose calibration split is read
  LevelSettings settings;
  std::string folder;  // of the database
  int threads = 1;     // the same bytes for the same number of threads
  std::string device = "cpu";
};

// A build that was planned and not begun. Not thread-safe.
class LevelBuild {
 public:
  // Reads the model's header and digest and the text. Errors as OpenCheckpoint, TextCorpus::Load
  // and LevelLayout::Create; InvalidArgument for a text that is too short; FailedPrecondition,
  // naming what differs, if the folder holds a database of something else.
  static absl::StatusOr<std::unique_ptr<LevelBuild>> Plan(const LevelBuildOptions& options);
  virtual ~LevelBuild() = default;

  virtual const std::string& path() const = 0;
  virtual const LevelLayout& layout() const = 0;
  virtual const BankPlan& plan() const = 0;

  // To be called once. Computes what is missing; nothing if the file stands. What was finished
  // stays when the build ends early. `bytes_free` stands for what the system says, for tests.
  // Errors as BankWriter::Open, TransformerModel::Load and ComputeLevels.
  virtual absl::Status Run(const Progress& progress,
                           std::optional<int64_t> bytes_free = std::nullopt) = 0;
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_LEVEL_BUILDER_H_
