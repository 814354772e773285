#include "evaluator/model_evaluator.h"

#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <utility>

#include "evaluator/block_pruner.h"
#include "evaluator/calibration_pass.h"
#include "evaluator/libtorch_errors.h"
#include "evaluator/libtorch_threads.h"
#include "evaluator/llama_model.h"
#include "evaluator/model_summary.h"
#include "evaluator/text_corpus.h"
#include "evaluator/tokenizer.h"
#include "evaluator/window_losses.h"
#include "pruning/feature_plan.h"
#include "pruning/score_features.h"

namespace strata::evaluator {
namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// The part of a caller's progress that one stage covers.
Progress Part(const Progress& progress, double first, double last) {
  if (!progress) return nullptr;
  return [=](double fraction) { return progress(first + (last - first) * fraction); };
}

class ModelEvaluator : public Evaluator {
 public:
  ModelEvaluator(ModelSummary summary, std::unique_ptr<LlamaModel> model, TextCorpus corpus,
                 int threads)
      : summary_(std::move(summary)),
        model_(std::move(model)),
        corpus_(std::move(corpus)),
        threads_(threads) {}

  const ModelSummary& model() const override { return summary_; }
  const std::string& text_digest() const override { return corpus_.digest(); }

  absl::StatusOr<Profile> MeasureFeatures(const ProfileRequest& request,
                                          const Progress& progress) override {
    return CatchLibTorchErrors("measuring features", [&]() -> absl::StatusOr<Profile> {
      if (absl::Status status = UseThreads(threads_); !status.ok()) return status;
      return Measure(request, progress);
    });
  }

  absl::StatusOr<Measurement> Evaluate(const EvaluateRequest& request,
                                       const Progress& progress) override {
    return CatchLibTorchErrors("evaluating", [&]() -> absl::StatusOr<Measurement> {
      if (absl::Status status = UseThreads(threads_); !status.ok()) return status;
      return EvaluateAllocation(request, progress);
    });
  }

 private:
  absl::StatusOr<Profile> Measure(const ProfileRequest& request, const Progress& progress);
  absl::StatusOr<Measurement> EvaluateAllocation(const EvaluateRequest& request,
                                                 const Progress& progress);

  // One unit's linears and block statistics; `linear` -1 takes the whole block.
  pruning::FeatureUnit UnitOf(int block, int linear) const;
  absl::StatusOr<std::vector<BlockSparsity>> SparsityOf(const EvaluateRequest& request) const;
  absl::StatusOr<std::unique_ptr<BlockPruner>> MakePruner(const EvaluateRequest& request,
                                                          const Progress& progress);
  absl::StatusOr<Windows> CalibrationSequences(const Calibration& calibration) const;
  absl::Status Calibrate(const Calibration& calibration, bool block_statistics,
                         const Progress& progress);

  const ModelSummary summary_;
  const std::unique_ptr<LlamaModel> model_;
  const TextCorpus corpus_;
  const int threads_;

  // Of the last calibration that was asked for; the ranks are made when first needed.
  std::optional<Calibration> calibrated_;
  CalibrationStatistics statistics_;
  std::optional<RankBank> ranks_;
};

absl::StatusOr<Windows> ModelEvaluator::CalibrationSequences(const Calibration& calibration) const {
  if (calibration.sequences < 1 || calibration.sequence_tokens < 1) {
    return absl::InvalidArgumentError(
        fmt::format("calibration: expected at least 1 sequence of at least 1 token, found {} of {}",
                    calibration.sequences, calibration.sequence_tokens));
  }
  return corpus_.Windows(Split::kCalibration, calibration.sequences, calibration.sequence_tokens);
}

absl::Status ModelEvaluator::Calibrate(const Calibration& calibration, bool block_statistics,
                                       const Progress& progress) {
  const bool same = calibrated_.has_value() && calibrated_->sequences == calibration.sequences &&
                    calibrated_->sequence_tokens == calibration.sequence_tokens;
  if (same && (!block_statistics || !statistics_.redundancy.empty())) return absl::OkStatus();
  const absl::StatusOr<Windows> sequences = CalibrationSequences(calibration);
  if (!sequences.ok()) return sequences.status();
  absl::StatusOr<CalibrationStatistics> statistics =
      RunCalibration(*model_, *sequences, block_statistics, progress);
  if (!statistics.ok()) return statistics.status();
  statistics_ = *std::move(statistics);
  // The same sequences give the same statistics again, so their ranks stay valid.
  if (!same) ranks_.reset();
  calibrated_ = calibration;
  return absl::OkStatus();
}

pruning::FeatureUnit ModelEvaluator::UnitOf(int block, int linear) const {
  pruning::FeatureUnit unit;
  const int first = linear < 0 ? 0 : linear;
  const int last = linear < 0 ? kLinearsPerBlock - 1 : linear;
  for (int i = first; i <= last; ++i) {
    unit.linears.push_back({ViewOf(model_->matrices(block).Linear(model_->config(), i)),
                            statistics_.ScalerRow(block, i)});
  }
  if (!statistics_.redundancy.empty()) {
    unit.redundancy = statistics_.redundancy[block];
    unit.influence = statistics_.influence[block];
  }
  return unit;
}

absl::StatusOr<Profile> ModelEvaluator::Measure(const ProfileRequest& request,
                                                const Progress& progress) {
  const Clock::time_point start = Clock::now();
  const absl::StatusOr<pruning::FeaturePlan> plan = pruning::FeaturePlan::Create(request.features);
  if (!plan.ok()) return plan.status();
  if (absl::Status status =
          Calibrate(request.calibration, plan->needs_block_statistics(), Part(progress, 0.0, 0.5));
      !status.ok()) {
    return status;
  }
  Profile profile;
  profile.values.resize(request.features.size());
  const bool by_block = request.granularity == Granularity::kBlock;
  for (int block = 0; block < summary_.blocks; ++block) {
    if (progress && !progress(0.5 + 0.5 * block / summary_.blocks)) {
      return absl::CancelledError("stopped while measuring features");
    }
    for (int linear = by_block ? -1 : 0; linear < (by_block ? 0 : kLinearsPerBlock); ++linear) {
      const std::vector<double> values = pruning::MeasureUnit(*plan, UnitOf(block, linear));
      for (size_t i = 0; i < values.size(); ++i) profile.values[i].push_back(values[i]);
    }
  }
  profile.seconds = SecondsSince(start);
  return profile;
}

absl::StatusOr<std::vector<BlockSparsity>> ModelEvaluator::SparsityOf(
    const EvaluateRequest& request) const {
  std::vector<BlockSparsity> sparsity(summary_.blocks, BlockSparsity{});
  if (request.allocation.empty()) return sparsity;
  const size_t units = UnitParameters(summary_, request.granularity).size();
  if (request.allocation.size() != units) {
    return absl::InvalidArgumentError(
        fmt::format("expected an allocation of {} sparsities, one per {}, found {}", units,
                    request.granularity == Granularity::kBlock ? "block" : "linear layer",
                    request.allocation.size()));
  }
  for (size_t unit = 0; unit < units; ++unit) {
    const double value = request.allocation[unit];
    if (!(value >= 0.0 && value < 1.0)) {
      return absl::InvalidArgumentError(fmt::format(
          "the sparsity of unit {} is {}, expected at least 0 and less than 1", unit, value));
    }
    if (request.granularity == Granularity::kBlock) {
      sparsity[unit].fill(value);
    } else {
      sparsity[unit / kLinearsPerBlock][unit % kLinearsPerBlock] = value;
    }
  }
  return sparsity;
}

absl::StatusOr<std::unique_ptr<BlockPruner>> ModelEvaluator::MakePruner(
    const EvaluateRequest& request, const Progress& progress) {
  const Arithmetic arithmetic = request.fidelity.arithmetic;
  if (request.allocation.empty()) return std::make_unique<DenseBlocks>(*model_, arithmetic);
  if (request.fidelity.protocol == Protocol::kSequential) {
    const absl::StatusOr<Windows> sequences = CalibrationSequences(request.calibration);
    if (!sequences.ok()) return sequences.status();
    return std::make_unique<SequentialWanda>(*model_, *sequences, arithmetic);
  }
  if (absl::Status status =
          Calibrate(request.calibration, /*block_statistics=*/false, Part(progress, 0.0, 0.5));
      !status.ok()) {
    return status;
  }
  if (!ranks_.has_value()) {
    absl::StatusOr<RankBank> ranks =
        RankBank::Build(*model_, statistics_, Part(progress, 0.5, 1.0));
    if (!ranks.ok()) return ranks.status();
    ranks_ = *std::move(ranks);
  }
  return std::make_unique<OneShotWanda>(*model_, *ranks_, arithmetic);
}

absl::StatusOr<Measurement> ModelEvaluator::EvaluateAllocation(const EvaluateRequest& request,
                                                               const Progress& progress) {
  const absl::StatusOr<std::vector<BlockSparsity>> sparsity = SparsityOf(request);
  if (!sparsity.ok()) return sparsity.status();
  const Fidelity& fidelity = request.fidelity;
  if (fidelity.windows < 1 || fidelity.window_tokens < 2) {
    return absl::InvalidArgumentError(
        fmt::format("expected at least 1 window of at least 2 tokens, found {} of {}",
                    fidelity.windows, fidelity.window_tokens));
  }
  const absl::StatusOr<Windows> windows =
      corpus_.Windows(fidelity.split, fidelity.windows, fidelity.window_tokens);
  if (!windows.ok()) return windows.status();
  const Clock::time_point start = Clock::now();
  const absl::StatusOr<std::unique_ptr<BlockPruner>> pruner =
      MakePruner(request, Part(progress, 0.0, 0.4));
  if (!pruner.ok()) return pruner.status();
  const double preparation_seconds = SecondsSince(start);
  absl::StatusOr<Measurement> measurement = MeasureWindows(
      *model_, **pruner, *sparsity, *windows, fidelity.arithmetic, Part(progress, 0.4, 1.0));
  if (measurement.ok()) measurement->seconds.prune += preparation_seconds;
  return measurement;
}

absl::StatusOr<std::unique_ptr<Evaluator>> Open(const ModelEvaluatorOptions& options) {
  if (absl::Status status = CheckDevice(options.device); !status.ok()) return status;
  if (absl::Status status = UseThreads(options.threads); !status.ok()) return status;
  absl::StatusOr<ModelSummary> summary = SummarizeModel(options.model_path);
  if (!summary.ok()) return summary.status();
  const absl::StatusOr<std::unique_ptr<GgufFile>> file = GgufFile::Open(options.model_path);
  if (!file.ok()) return file.status();
  const absl::StatusOr<std::unique_ptr<Tokenizer>> tokenizer = OpenTokenizer(**file);
  if (!tokenizer.ok()) return tokenizer.status();
  absl::StatusOr<TextCorpus> corpus = TextCorpus::Load(options.text_path, **tokenizer);
  if (!corpus.ok()) return corpus.status();
  absl::StatusOr<std::unique_ptr<LlamaModel>> model = LlamaModel::Load(**file);
  if (!model.ok()) return model.status();
  return std::make_unique<ModelEvaluator>(*std::move(summary), *std::move(model),
                                          *std::move(corpus), options.threads);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Evaluator>> OpenModelEvaluator(
    const ModelEvaluatorOptions& options) {
  return CatchLibTorchErrors("opening the model", [&] { return Open(options); });
}

}  // namespace strata::evaluator
