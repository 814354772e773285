#include <fmt/format.h>

#include <map>
#include <utility>

#include "bench/search_quality_problem.h"
#include "evaluator/measurement/model_evaluator.h"
#include "expr/status_macros.h"

namespace strata::bench {
namespace {

class ModelProblem final : public Problem {
 public:
  ModelProblem(std::unique_ptr<evaluator::Evaluator> evaluator, evaluator::Granularity granularity,
               double sparsity)
      : evaluator_(std::move(evaluator)),
        granularity_(granularity),
        sparsity_(sparsity),
        layout_(evaluator::LayoutOf(evaluator_->model(), granularity)) {}

  const expr::UnitLayout& layout() const override { return layout_; }
  double sparsity() const override { return sparsity_; }

  absl::StatusOr<std::vector<double>> Feature(const std::string& feature) override {
    const auto known = features_.find(feature);
    if (known != features_.end()) return known->second;
    STRATA_ASSIGN_OR_RETURN(
        const auto profile,
        evaluator_->MeasureFeatures(
            {.calibration = {}, .granularity = granularity_, .features = {feature}}, nullptr));
    return features_[feature] = profile.values.front();
  }

  absl::StatusOr<std::vector<double>> Slopes(const expr::Allocation& allocation) override {
    const std::string key = expr::QuantizedKey(allocation);
    const auto known = slopes_.find(key);
    if (known != slopes_.end()) return known->second;
    // The operand's sparsities are given, so it does not matter which operand is named.
    const std::string feature = fmt::format("slopes(uniform(), {})", sparsity_);
    STRATA_ASSIGN_OR_RETURN(const auto profile,
                            evaluator_->MeasureFeatures({.calibration = {},
                                                         .granularity = granularity_,
                                                         .features = {feature},
                                                         .pruned = {{feature, allocation}}},
                                                        nullptr));
    return slopes_[key] = profile.values.front();
  }

  absl::StatusOr<double> Loss(const expr::Allocation& allocation) override {
    const std::string key = expr::QuantizedKey(allocation);
    const auto known = losses_.find(key);
    if (known != losses_.end()) return known->second;
    evaluator::EvaluateRequest request;
    request.granularity = granularity_;
    request.allocation = allocation;
    request.fidelity.windows = 4;
    request.fidelity.window_tokens = 128;
    STRATA_ASSIGN_OR_RETURN(const auto measured, evaluator_->Evaluate(request, nullptr));
    return losses_[key] = measured.mean_nll;
  }

 private:
  const std::unique_ptr<evaluator::Evaluator> evaluator_;
  const evaluator::Granularity granularity_;
  const double sparsity_;
  const expr::UnitLayout layout_;
  std::map<std::string, std::vector<double>> features_;
  std::map<std::string, double> losses_;
  std::map<std::string, std::vector<double>> slopes_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Problem>> OpenModelProblem(const ModelProblemOptions& options) {
  const std::map<std::string, evaluator::Granularity> granularities = {
      {"block", evaluator::Granularity::kBlock},
      {"kind", evaluator::Granularity::kKind},
      {"linear", evaluator::Granularity::kLinear}};
  const auto granularity = granularities.find(options.granularity);
  if (granularity == granularities.end()) {
    return absl::InvalidArgumentError("granularity: expected block, kind or linear, found " +
                                      options.granularity);
  }
  STRATA_ASSIGN_OR_RETURN(
      auto opened, evaluator::OpenModelEvaluator(
                       {.model_path = options.model, .text_path = options.text, .threads = 1}));
  return std::make_unique<ModelProblem>(std::move(opened), granularity->second, options.sparsity);
}

}  // namespace strata::bench
