#include "evaluator/measurement/pruner_source.h"

#include <fmt/format.h>

#include <utility>

#include "evaluator/evaluator.h"
#include "evaluator/pruners/sequential_pruner.h"
#include "expr/status_macros.h"

namespace strata::evaluator {

absl::StatusOr<std::unique_ptr<BlockSource>> PrunerSource::Make(
    const EvaluateRequest& request, const std::vector<BlockSparsity>& sparsity,
    const Progress& progress) {
  const Arithmetic arithmetic = request.fidelity.arithmetic;
  if (request.allocation.empty()) return std::make_unique<DenseBlocks>(model_, arithmetic);
  if (!request.fidelity.levels.empty()) return MakeFromLevels(request, sparsity);
  SequentialPrunerOptions options{request.method, arithmetic, request.fidelity.protocol,
                                  arithmetic};
  if (options.protocol == Protocol::kOneShot) return MakeOneShot(request, sparsity, progress);
  STRATA_ASSIGN_OR_RETURN(const Windows sequences,
                          CalibrationSequences(corpus_, request.calibration));
  return std::make_unique<SequentialPruner>(model_, sequences, sparsity, options);
}

absl::StatusOr<std::unique_ptr<BlockSource>> PrunerSource::MakeOneShot(
    const EvaluateRequest& request, const std::vector<BlockSparsity>& sparsity,
    const Progress& progress) {
  // Ranks and factors of another calibration are no longer of use.
  if (!banked_.has_value() || !IsSame(*banked_, request.calibration)) {
    ranks_.reset();
    factors_.reset();
    banked_ = request.calibration;
  }
  return request.method.pruner == Pruner::kSparseGpt ? MakeFromFactors(request, sparsity, progress)
                                                     : MakeFromRanks(request, sparsity, progress);
}

absl::StatusOr<std::unique_ptr<BlockSource>> PrunerSource::MakeFromRanks(
    const EvaluateRequest& request, const std::vector<BlockSparsity>& sparsity,
    const Progress& progress) {
  if (!ranks_.has_value() || ranks_->method() != request.method) {
    STRATA_ASSIGN_OR_RETURN(RankBank ranks, MakeRanks(request, progress));
    ranks_ = std::move(ranks);
  }
  return std::make_unique<OneShotRanks>(model_, *ranks_, sparsity, request.fidelity.arithmetic);
}

absl::StatusOr<RankBank> PrunerSource::MakeRanks(const EvaluateRequest& request,
                                                 const Progress& progress) {
  const auto statistics = [&] {
    return calibrator_.Calibrate(request.calibration, CalibrationNeeds(), Part(progress, 0.0, 0.5));
  };
  const Progress ranking = Part(progress, 0.5, 1.0);
  if (!bank_folder_.empty()) {
    return RankBank::OpenOrBuild(
        {bank_folder_, summary_, corpus_.digest(), request.calibration, request.method}, model_,
        statistics, ranking);
  }
  STRATA_ASSIGN_OR_RETURN(const CalibrationStatistics* made, statistics());
  return RankBank::Build(model_, *made, request.method, ranking);
}

absl::StatusOr<std::unique_ptr<BlockSource>> PrunerSource::MakeFromLevels(
    const EvaluateRequest& request, const std::vector<BlockSparsity>& sparsity) const {
  const Fidelity& fidelity = request.fidelity;
  if (request.method.pruner != Pruner::kSparseGpt || fidelity.protocol != Protocol::kOneShot) {
    return absl::InvalidArgumentError(
        "a level database serves the pruner sparsegpt with the one-shot protocol; expected both, "
        "or no levels");
  }
  if (!levels_.has_value()) {
    return absl::FailedPreconditionError(
        fmt::format("expected the level database {}, found none: name its folder with --levels",
                    fidelity.levels));
  }
  absl::Status status = CheckLevels(levels_->file(), summary_, corpus_.digest(),
                                    request.calibration, request.method.group);
  if (!status.ok()) return status;
  if (const std::string digest = levels_->file().key().Digest(); digest != fidelity.levels) {
    return absl::FailedPreconditionError(
        fmt::format("{}: expected the level database {}, found {}: another grid or store",
                    levels_->file().path(), fidelity.levels, digest));
  }
  return OneShotLevels::Create(model_, *levels_, sparsity, fidelity.arithmetic);
}

absl::StatusOr<std::unique_ptr<BlockSource>> PrunerSource::MakeFromFactors(
    const EvaluateRequest& request, const std::vector<BlockSparsity>& sparsity,
    const Progress& progress) {
  if (!factors_.has_value()) {
    STRATA_ASSIGN_OR_RETURN(const Windows sequences,
                            CalibrationSequences(corpus_, request.calibration));
    STRATA_ASSIGN_OR_RETURN(FactorBank factors, FactorBank::Build(model_, sequences, progress));
    factors_ = std::move(factors);
  }
  return std::make_unique<OneShotSparseGpt>(model_, *factors_, request.method, sparsity,
                                            request.fidelity.arithmetic);
}

}  // namespace strata::evaluator
