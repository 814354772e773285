#include "evaluator/measurement/model_evaluator.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

#include "evaluator/calibration/calibrator.h"
#include "evaluator/checkpoint/model_summary.h"
#include "evaluator/clock.h"
#include "evaluator/evaluator.h"
#include "evaluator/features/feature_pass.h"
#include "evaluator/features/slope_pass.h"
#include "evaluator/measurement/pruner_source.h"
#include "evaluator/measurement/task_scorer.h"
#include "evaluator/model/dense_predictions.h"
#include "evaluator/model/libtorch_errors.h"
#include "evaluator/model/libtorch_threads.h"
#include "evaluator/model/transformer_model.h"
#include "evaluator/names.h"
#include "evaluator/pruners/block_source.h"
#include "evaluator/pruners/level_database.h"
#include "evaluator/pruners/linear_sparsity.h"
#include "evaluator/pruners/window_losses.h"
#include "evaluator/tokenizer/text_corpus.h"
#include "evaluator/tokenizer/tokenizer.h"
#include "expr/blockwise.h"
#include "expr/descent.h"
#include "expr/expression.h"
#include "expr/feature_table.h"
#include "expr/status_macros.h"
#include "pruning/feature_plan.h"

namespace strata::evaluator {
namespace {

class ModelEvaluator : public Evaluator {
 public:
  ModelEvaluator(ModelSummary summary, std::shared_ptr<TransformerModel> model, TextCorpus corpus,
                 const ModelEvaluatorOptions& options, std::optional<LevelDatabase> levels,
                 std::shared_ptr<TaskScorer> tasks)
      : summary_(std::move(summary)),
        model_(std::move(model)),
        corpus_(std::move(corpus)),
        threads_(options.threads),
        tasks_(std::move(tasks)),
        calibrator_(*model_, corpus_),
        pruners_(summary_, *model_, corpus_, calibrator_, options.bank_folder, std::move(levels)) {}

  const ModelSummary& model() const override { return summary_; }
  const std::string& text_digest() const override { return corpus_.digest(); }
  std::string tasks_digest() const override { return tasks_ == nullptr ? "" : tasks_->digest(); }

  absl::StatusOr<Profile> MeasureFeatures(const ProfileRequest& request,
                                          const Progress& progress) override {
    return CatchLibTorchErrors("measuring features", [&]() -> absl::StatusOr<Profile> {
      STRATA_RETURN_IF_ERROR(UseThreads(threads_));
      return Measure(request, progress);
    });
  }

  absl::StatusOr<Measurement> Evaluate(const EvaluateRequest& request,
                                       const Progress& progress) override {
    return CatchLibTorchErrors("evaluating", [&]() -> absl::StatusOr<Measurement> {
      STRATA_RETURN_IF_ERROR(UseThreads(threads_));
      return EvaluateAllocation(request, progress);
    });
  }

 private:
  absl::StatusOr<Profile> Measure(const ProfileRequest& request, const Progress& progress);
  // Measures a feature whose root is a pruned source: slopes(f, s).
  absl::StatusOr<std::vector<double>> MeasurePruned(const std::string& feature,
                                                    const expr::Expression& parsed,
                                                    const ProfileRequest& request,
                                                    const Progress& progress);
  // Returns the sparsities of the operand of a pruned source, whose features are measured for that.
  absl::StatusOr<std::vector<double>> AllocationOf(const expr::Expression& parsed,
                                                   const ProfileRequest& request,
                                                   const Progress& progress);
  // Measures features of the request's units. None of the features may be blockwise or have a
  // pruned source at its root.
  absl::StatusOr<std::vector<std::vector<double>>> MeasureTogether(const ProfileRequest& request,
                                                                   const Progress& progress);
  absl::StatusOr<Measurement> EvaluateAllocation(const EvaluateRequest& request,
                                                 const Progress& progress);

  absl::StatusOr<std::vector<BlockSparsity>> SparsityOf(const EvaluateRequest& request) const;
  absl::Status CheckTasks(const Fidelity& fidelity) const;
  absl::StatusOr<Measurement> MeasureWithSlopes(const EvaluateRequest& request,
                                                const std::vector<BlockSparsity>& sparsity,
                                                const Windows& windows, const Progress& progress);
  // Measures what fidelity.measure says under the blocks of a pruned model.
  absl::StatusOr<Measurement> MeasureFitness(BlockSource& blocks, const Fidelity& fidelity,
                                             const Windows& windows, const Progress& progress);

  const ModelSummary summary_;
  const std::shared_ptr<TransformerModel> model_;
  const TextCorpus corpus_;
  const int threads_;
  const std::shared_ptr<TaskScorer> tasks_;
  Calibrator calibrator_;
  PrunerSource pruners_;
  // Features of pruned models whose allocation was computed here, by granularity, calibration and
  // feature.
  std::map<std::string, std::vector<double>> pruned_features_;
  // By what Fidelity::measure names.
  using DenseKey = std::tuple<Split, int64_t, int64_t, Arithmetic>;
  std::map<DenseKey, DensePredictions> dense_predictions_;
};

absl::StatusOr<Profile> ModelEvaluator::Measure(const ProfileRequest& request,
                                                const Progress& progress) {
  const double start = SteadySeconds();
  ProfileRequest of_units = request;
  ProfileRequest of_blocks = request;
  of_units.features.clear();
  of_blocks.features.clear();
  of_blocks.pruned.clear();
  of_blocks.granularity = Granularity::kBlock;
  std::map<std::string, std::vector<double>> values;  // by feature
  const double part = 1 / std::max<double>(1, static_cast<double>(request.features.size()));
  double done = 0;
  for (const std::string& feature : request.features) {
    if (std::optional<std::string> inner = expr::FeatureOfBlocks(feature)) {
      of_blocks.features.push_back(*std::move(inner));
      continue;
    }
    const std::optional<expr::Expression> parsed = expr::PrunedFeature(feature);
    if (!parsed) {
      of_units.features.push_back(feature);
      continue;
    }
    STRATA_ASSIGN_OR_RETURN(values[feature], MeasurePruned(feature, *parsed, request,
                                                           Part(progress, done, done + part)));
    done += part;
  }
  const double units_end = done + part * static_cast<double>(of_units.features.size());
  STRATA_ASSIGN_OR_RETURN(auto units, MeasureTogether(of_units, Part(progress, done, units_end)));
  for (size_t i = 0; i < units.size(); ++i) values[of_units.features[i]] = std::move(units[i]);
  if (!of_blocks.features.empty()) {
    STRATA_ASSIGN_OR_RETURN(auto blocks, Measure(of_blocks, Part(progress, units_end, 1.0)));
    const expr::UnitLayout layout = LayoutOf(summary_, request.granularity);
    for (size_t i = 0; i < blocks.values.size(); ++i) {
      values[expr::BlockwiseFeature(of_blocks.features[i])] =
          expr::SpreadOverUnits(blocks.values[i], layout);
    }
  }
  Profile profile;
  for (const std::string& feature : request.features) profile.values.push_back(values[feature]);
  profile.seconds = SecondsSince(start);
  return profile;
}

absl::StatusOr<std::vector<double>> ModelEvaluator::MeasurePruned(const std::string& feature,
                                                                  const expr::Expression& parsed,
                                                                  const ProfileRequest& request,
                                                                  const Progress& progress) {
  constexpr double kOperandShare = 0.3;
  std::vector<double> allocation;
  const auto known = request.pruned.find(feature);
  // Nested descents need the slopes of the inner ones again and again.
  const std::string key =
      fmt::format("{} {} {} {}", NameOf(request.granularity), request.calibration.sequences,
                  request.calibration.sequence_tokens, feature);
  if (known != request.pruned.end()) {
    allocation = known->second;
  } else if (const auto measured = pruned_features_.find(key); measured != pruned_features_.end()) {
    return measured->second;
  } else {
    STRATA_ASSIGN_OR_RETURN(allocation,
                            AllocationOf(parsed, request, Part(progress, 0.0, kOperandShare)));
  }
  STRATA_ASSIGN_OR_RETURN(const std::vector<double> of_linears,
                          SparsityOfLinears(summary_, request.granularity, allocation));
  STRATA_ASSIGN_OR_RETURN(const Windows sequences,
                          CalibrationSequences(corpus_, request.calibration));
  STRATA_ASSIGN_OR_RETURN(
      Measurement measured,
      MeasureSlopes(*model_, sequences, {.pruner = {.method = PruningMethod{Pruner::kWanda}}},
                    SparsityOfBlocks(model_->config(), of_linears), sequences,
                    UnitsOf(summary_, request.granularity),
                    Part(progress, known == request.pruned.end() ? kOperandShare : 0.0, 1.0)));
  if (known == request.pruned.end()) pruned_features_[key] = measured.slopes;
  return std::move(measured.slopes);
}

absl::StatusOr<std::vector<double>> ModelEvaluator::AllocationOf(const expr::Expression& parsed,
                                                                 const ProfileRequest& request,
                                                                 const Progress& progress) {
  ProfileRequest of_operand = request;
  of_operand.features = expr::RequiredFeatures(parsed.children[0]);
  STRATA_ASSIGN_OR_RETURN(Profile profile, Measure(of_operand, progress));
  expr::FeatureTable table(LayoutOf(summary_, request.granularity));
  for (size_t i = 0; i < profile.values.size(); ++i) {
    STRATA_RETURN_IF_ERROR(table.Add(of_operand.features[i], std::move(profile.values[i])));
  }
  return expr::OperandAllocation(parsed, table);
}

absl::StatusOr<std::vector<std::vector<double>>> ModelEvaluator::MeasureTogether(
    const ProfileRequest& request, const Progress& progress) {
  if (request.features.empty()) return std::vector<std::vector<double>>();
  STRATA_ASSIGN_OR_RETURN(const pruning::FeaturePlan plan,
                          pruning::FeaturePlan::Create(request.features));
  STRATA_ASSIGN_OR_RETURN(const Windows sequences,
                          CalibrationSequences(corpus_, request.calibration));
  const PlanNeeds needs = NeedsOf(plan);
  // These take many times as long as a calibration.
  const bool long_pass = plan.needs_gradients() || plan.needs_sensitivity() ||
                         plan.needs_distortion() || plan.needs_slopes();
  const double calibrated = !needs.any ? 0.0 : long_pass ? 0.05 : 0.5;
  const CalibrationStatistics none;
  absl::StatusOr<const CalibrationStatistics*> statistics = &none;
  if (needs.any) {
    statistics = calibrator_.Calibrate(request.calibration, needs.calibration,
                                       Part(progress, 0.0, calibrated));
    if (!statistics.ok()) return statistics.status();
  }
  return MeasureUnits(*model_, plan, UnitsOf(summary_, request.granularity), **statistics,
                      sequences, Part(progress, calibrated, 1.0));
}

absl::StatusOr<std::vector<BlockSparsity>> ModelEvaluator::SparsityOf(
    const EvaluateRequest& request) const {
  if (request.allocation.empty()) return SparsityOfBlocks(model_->config(), {});
  STRATA_ASSIGN_OR_RETURN(const std::vector<double> of_linears,
                          SparsityOfLinears(summary_, request.granularity, request.allocation));
  return SparsityOfBlocks(model_->config(), of_linears);
}

absl::Status ModelEvaluator::CheckTasks(const Fidelity& fidelity) const {
  if (fidelity.tasks.empty() || tasks_digest() == fidelity.tasks) return absl::OkStatus();
  return absl::FailedPreconditionError(
      fmt::format("expected the tasks {}, found {}: name their files with --tasks", fidelity.tasks,
                  tasks_ == nullptr ? "none" : tasks_digest()));
}

absl::StatusOr<Measurement> ModelEvaluator::MeasureWithSlopes(
    const EvaluateRequest& request, const std::vector<BlockSparsity>& sparsity,
    const Windows& windows, const Progress& progress) {
  const Fidelity& fidelity = request.fidelity;
  const char* const unfit = request.allocation.empty() ? "the dense model"
                            : !fidelity.levels.empty() ? "a level database"
                            : !fidelity.tasks.empty()  ? "tasks"
                            : fidelity.measure != evaluator::Measure::kLoss
                                ? "the measure kl: slopes are those of the loss"
                                : nullptr;
  if (unfit != nullptr) {
    return absl::InvalidArgumentError(fmt::format(
        "slopes: expected an allocation with the measure loss, without levels and tasks, found {}",
        unfit));
  }
  STRATA_ASSIGN_OR_RETURN(const Windows sequences,
                          CalibrationSequences(corpus_, request.calibration));
  const SlopeOptions options{
      {request.method, fidelity.arithmetic, fidelity.protocol, fidelity.arithmetic},
      fidelity.slope_step};
  return MeasureSlopes(*model_, sequences, options, sparsity, windows,
                       UnitsOf(summary_, request.granularity), progress);
}

absl::StatusOr<Measurement> ModelEvaluator::MeasureFitness(BlockSource& blocks,
                                                           const Fidelity& fidelity,
                                                           const Windows& windows,
                                                           const Progress& progress) {
  if (fidelity.measure == evaluator::Measure::kLoss) {
    return MeasureWindows(*model_, blocks, windows, fidelity.arithmetic, progress);
  }
  const double start = SteadySeconds();
  const DenseKey key(fidelity.split, fidelity.windows, fidelity.window_tokens, fidelity.arithmetic);
  auto dense = dense_predictions_.find(key);
  const bool is_new = dense == dense_predictions_.end();
  if (is_new) {
    STRATA_ASSIGN_OR_RETURN(
        DensePredictions made,
        PredictDensely(*model_, windows, fidelity.arithmetic, Part(progress, 0.0, 0.5)));
    dense = dense_predictions_.emplace(key, std::move(made)).first;
  }
  const double dense_seconds = SecondsSince(start);
  STRATA_ASSIGN_OR_RETURN(Measurement measurement,
                          MeasureDivergences(*model_, blocks, windows, fidelity.arithmetic,
                                             dense->second, Part(progress, is_new ? 0.5 : 0, 1.0)));
  measurement.seconds.forward += dense_seconds;
  return measurement;
}

absl::StatusOr<Measurement> ModelEvaluator::EvaluateAllocation(const EvaluateRequest& request,
                                                               const Progress& progress) {
  STRATA_ASSIGN_OR_RETURN(const std::vector<BlockSparsity> sparsity, SparsityOf(request));
  const Fidelity& fidelity = request.fidelity;
  if (fidelity.windows < 1 || fidelity.window_tokens < 2) {
    return absl::InvalidArgumentError(
        fmt::format("expected at least 1 window of at least 2 tokens, found {} of {}",
                    fidelity.windows, fidelity.window_tokens));
  }
  STRATA_RETURN_IF_ERROR(CheckTasks(fidelity));
  STRATA_ASSIGN_OR_RETURN(const Windows windows, corpus_.Windows(fidelity.split, fidelity.windows,
                                                                 fidelity.window_tokens));
  if (fidelity.slope_step != 0) return MeasureWithSlopes(request, sparsity, windows, progress);
  const double start = SteadySeconds();
  STRATA_ASSIGN_OR_RETURN(std::unique_ptr<BlockSource> pruner,
                          pruners_.Make(request, sparsity, Part(progress, 0.0, 0.4)));
  const double preparation_seconds = SecondsSince(start);
  const bool has_tasks = !fidelity.tasks.empty();
  std::unique_ptr<BlockSource> blocks = std::move(pruner);
  // The windows and every batch of the tasks go through the same blocks, pruned once.
  if (has_tasks) {
    blocks = std::make_unique<HeldBlocks>(model_->config(), fidelity.arithmetic, std::move(blocks));
  }
  absl::StatusOr<Measurement> measurement =
      MeasureFitness(*blocks, fidelity, windows, Part(progress, 0.4, has_tasks ? 0.6 : 1.0));
  if (!measurement.ok()) return measurement;
  measurement->seconds.prune += preparation_seconds;
  if (!has_tasks) return measurement;
  const double tasks_start = SteadySeconds();
  STRATA_ASSIGN_OR_RETURN(const double error, tasks_->MeasureError(*model_, *blocks, fidelity,
                                                                   Part(progress, 0.6, 1.0)));
  measurement->zero_shot_error = error;
  measurement->seconds.forward += SecondsSince(tasks_start);
  return measurement;
}

absl::StatusOr<std::unique_ptr<Evaluator>> Open(const ModelEvaluatorOptions& options) {
  STRATA_RETURN_IF_ERROR(CheckDevice(options.device));
  STRATA_RETURN_IF_ERROR(UseThreads(options.threads));
  STRATA_ASSIGN_OR_RETURN(std::unique_ptr<Checkpoint> checkpoint,
                          OpenCheckpoint(options.model_path));
  STRATA_ASSIGN_OR_RETURN(ModelSummary summary, SummarizeModel(*checkpoint));
  STRATA_ASSIGN_OR_RETURN(const std::unique_ptr<Tokenizer> tokenizer,
                          OpenTokenizer(options.model_path, checkpoint->config().vocabulary));
  STRATA_ASSIGN_OR_RETURN(TextCorpus corpus, TextCorpus::Load(options.text_path, *tokenizer));
  std::optional<LevelDatabase> levels;
  if (!options.level_folder.empty()) {
    STRATA_ASSIGN_OR_RETURN(LevelDatabase opened,
                            LevelDatabase::Open(options.level_folder, summary, corpus.digest()));
    levels.emplace(std::move(opened));
  }
  std::shared_ptr<TaskScorer> tasks;
  if (options.open_tasks) {
    STRATA_ASSIGN_OR_RETURN(auto opened, options.open_tasks(options.model_path));
    tasks = std::move(opened);
  }
  std::shared_ptr<TransformerModel> model;
  if (options.cache != nullptr) model = options.cache->models[options.model_path];
  if (model == nullptr) {
    STRATA_ASSIGN_OR_RETURN(std::unique_ptr<TransformerModel> loaded,
                            TransformerModel::Load(std::move(checkpoint), options.residence));
    model = std::move(loaded);
    if (!options.bank_folder.empty() && options.residence == Residence::kMemory) {
      absl::Status shared =
          model->ShareWeights(options.bank_folder, summary.digest, /*progress=*/nullptr);
      if (!shared.ok()) return shared;
    }
    if (options.cache != nullptr) options.cache->models[options.model_path] = model;
  }
  return std::make_unique<ModelEvaluator>(std::move(summary), std::move(model), std::move(corpus),
                                          options, std::move(levels), std::move(tasks));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Evaluator>> OpenModelEvaluator(
    const ModelEvaluatorOptions& options) {
  return CatchLibTorchErrors("opening the model", [&] { return Open(options); });
}

}  // namespace strata::evaluator
