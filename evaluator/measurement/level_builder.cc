#include "evaluator/measurement/level_builder.h"

#include <utility>

#include "evaluator/checkpoint/model_summary.h"
#include "evaluator/evaluator.h"
#include "evaluator/model/libtorch_errors.h"
#include "evaluator/model/libtorch_threads.h"
#include "evaluator/model/transformer_model.h"
#include "evaluator/pruners/level_database.h"
#include "evaluator/tokenizer/text_corpus.h"
#include "evaluator/tokenizer/tokenizer.h"
#include "expr/status_macros.h"

namespace strata::evaluator {
namespace {

class PlannedBuild : public LevelBuild {
 public:
  PlannedBuild(const LevelBuildOptions& options, std::unique_ptr<Checkpoint> checkpoint,
               Windows sequences, LevelLayout layout, BankPlan plan)
      : threads_(options.threads),
        path_(LevelFilePath(options.folder)),
        checkpoint_(std::move(checkpoint)),
        sequences_(std::move(sequences)),
        layout_(std::move(layout)),
        plan_(plan) {}

  const std::string& path() const override { return path_; }
  const LevelLayout& layout() const override { return layout_; }
  const BankPlan& plan() const override { return plan_; }

  absl::Status Run(const Progress& progress, std::optional<int64_t> bytes_free) override {
    if (plan_.finished) return absl::OkStatus();
    return CatchLibTorchErrors("solving for levels", [&] { return Compute(progress, bytes_free); });
  }

 private:
  absl::Status Compute(const Progress& progress, std::optional<int64_t> bytes_free) {
    STRATA_RETURN_IF_ERROR(UseThreads(threads_));
    STRATA_ASSIGN_OR_RETURN(BankWriter writer, BankWriter::Open(path_, layout_.bank(), bytes_free));
    STRATA_ASSIGN_OR_RETURN(const std::unique_ptr<TransformerModel> model,
                            TransformerModel::Load(std::move(checkpoint_), Residence::kStream));
    absl::Status status = ComputeLevels(*model, sequences_, layout_, writer, progress);
    if (status.ok()) status = writer.Finish();
    plan_.finished = status.ok();
    return status;
  }

  int threads_;
  std::string path_;
  std::unique_ptr<Checkpoint> checkpoint_;
  Windows sequences_;
  LevelLayout layout_;
  BankPlan plan_;
};

absl::StatusOr<std::unique_ptr<LevelBuild>> MakePlan(const LevelBuildOptions& options) {
  STRATA_RETURN_IF_ERROR(CheckDevice(options.device));
  STRATA_ASSIGN_OR_RETURN(std::unique_ptr<Checkpoint> checkpoint,
                          OpenCheckpoint(options.model_path));
  STRATA_ASSIGN_OR_RETURN(const ModelSummary summary, SummarizeModel(*checkpoint));
  STRATA_ASSIGN_OR_RETURN(const std::unique_ptr<Tokenizer> tokenizer,
                          OpenTokenizer(options.model_path, checkpoint->config().vocabulary));
  STRATA_ASSIGN_OR_RETURN(const TextCorpus corpus, TextCorpus::Load(options.text_path, *tokenizer));
  STRATA_ASSIGN_OR_RETURN(Windows sequences,
                          CalibrationSequences(corpus, options.settings.calibration));
  STRATA_ASSIGN_OR_RETURN(LevelLayout layout,
                          LevelLayout::Create(summary, corpus.digest(), options.settings));
  const std::string path = LevelFilePath(options.folder);
  STRATA_ASSIGN_OR_RETURN(const BankPlan plan, PlanBank(path, layout.bank()));
  if (plan.finished) {
    STRATA_ASSIGN_OR_RETURN(const BankFile file, BankFile::Open(path));
    STRATA_RETURN_IF_ERROR(file.CheckKey(layout.bank().key()));
  }
  return std::make_unique<PlannedBuild>(options, std::move(checkpoint), std::move(sequences),
                                        std::move(layout), plan);
}

}  // namespace

absl::StatusOr<std::unique_ptr<LevelBuild>> LevelBuild::Plan(const LevelBuildOptions& options) {
  return CatchLibTorchErrors("planning a level database", [&] { return MakePlan(options); });
}

}  // namespace strata::evaluator
