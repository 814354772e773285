#include "evaluator/measurement/level_builder.h"

#include <utility>

#include "evaluator/checkpoint/model_summary.h"
#include "evaluator/model/libtorch_errors.h"
#include "evaluator/model/libtorch_threads.h"
#include "evaluator/model/transformer_model.h"
#include "evaluator/progress.h"
#include "evaluator/pruners/level_database.h"
#include "evaluator/tokenizer/text_corpus.h"
#include "evaluator/tokenizer/tokenizer.h"

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
    if (absl::Status status = UseThreads(threads_); !status.ok()) return status;
    absl::StatusOr<BankWriter> writer = BankWriter::Open(path_, layout_.bank(), bytes_free);
    if (!writer.ok()) return writer.status();
    const absl::StatusOr<std::unique_ptr<TransformerModel>> model =
        TransformerModel::Load(std::move(checkpoint_), Residence::kStream);
    if (!model.ok()) return model.status();
    absl::Status status = ComputeLevels(**model, sequences_, layout_, *writer, progress);
    if (status.ok()) status = writer->Finish();
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
  if (absl::Status status = CheckDevice(options.device); !status.ok()) return status;
  absl::StatusOr<std::unique_ptr<Checkpoint>> checkpoint = OpenCheckpoint(options.model_path);
  if (!checkpoint.ok()) return checkpoint.status();
  const absl::StatusOr<ModelSummary> summary = SummarizeModel(**checkpoint);
  if (!summary.ok()) return summary.status();
  const absl::StatusOr<std::unique_ptr<Tokenizer>> tokenizer = OpenTokenizer(options.model_path);
  if (!tokenizer.ok()) return tokenizer.status();
  const absl::StatusOr<TextCorpus> corpus = TextCorpus::Load(options.text_path, **tokenizer);
  if (!corpus.ok()) return corpus.status();
  absl::StatusOr<Windows> sequences = CalibrationSequences(*corpus, options.settings.calibration);
  if (!sequences.ok()) return sequences.status();
  absl::StatusOr<LevelLayout> layout =
      LevelLayout::Create(*summary, corpus->digest(), options.settings);
  if (!layout.ok()) return layout.status();
  const std::string path = LevelFilePath(options.folder);
  const absl::StatusOr<BankPlan> plan = PlanBank(path, layout->bank());
  if (!plan.ok()) return plan.status();
  if (plan->finished) {
    const absl::StatusOr<BankFile> file = BankFile::Open(path);
    if (!file.ok()) return file.status();
    if (absl::Status status = file->CheckKey(layout->bank().key()); !status.ok()) return status;
  }
  return std::make_unique<PlannedBuild>(options, *std::move(checkpoint), *std::move(sequences),
                                        *std::move(layout), *plan);
}

}  // namespace

absl::StatusOr<std::unique_ptr<LevelBuild>> LevelBuild::Plan(const LevelBuildOptions& options) {
  return CatchLibTorchErrors("planning a level database", [&] { return MakePlan(options); });
}

}  // namespace strata::evaluator
