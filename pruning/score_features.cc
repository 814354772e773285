#include "pruning/score_features.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "pruning/ordered_values.h"
#include "pruning/tensor_kernels.h"

namespace strata::pruning {
namespace {

// Returns the kernel of a reduction, or nullptr for another kind of feature.
const ReductionKernel* KernelOf(const FeatureOutput& output) {
  return output.kind == FeatureKind::kReduction ? ReductionKernelOf(output.reduction) : nullptr;
}

bool Reduces(const FeatureOutput& output, int node, ReductionForm form) {
  const ReductionKernel* kernel = KernelOf(output);
  return kernel != nullptr && output.node == node && kernel->form == form;
}

bool AnyReduces(const FeaturePlan& plan, int node, ReductionForm form) {
  return std::any_of(plan.outputs().begin(), plan.outputs().end(),
                     [&](const FeatureOutput& output) { return Reduces(output, node, form); });
}

double OutlierPercentage(const FeaturePlan& plan, const FeatureOutput& output,
                         const TensorSummary& summary) {
  const std::vector<double>& multiples = plan.nodes()[output.node].outlier_multiples;
  const auto k = std::find(multiples.begin(), multiples.end(), output.parameter);
  return 100.0 * static_cast<double>(summary.outliers[k - multiples.begin()]) /
         static_cast<double>(summary.statistics.count);
}

}  // namespace

ModelFeatures::ModelFeatures(const FeaturePlan& plan, int units)
    : plan_(plan),
      values_(plan.outputs().size(),
              std::vector<double>(units, std::numeric_limits<double>::quiet_NaN())),
      summaries_(units) {
  for (int node = 0; node < static_cast<int>(plan.nodes().size()); ++node) {
    std::vector<double> probabilities;
    for (const FeatureOutput& output : plan.outputs()) {
      if (!Reduces(output, node, ReductionForm::kGlobalThreshold)) continue;
      probabilities.push_back(output.parameter);
    }
    if (probabilities.empty()) continue;
    std::sort(probabilities.begin(), probabilities.end());
    probabilities.erase(std::unique(probabilities.begin(), probabilities.end()),
                        probabilities.end());
    threshold_nodes_.push_back(node);
    thresholds_.emplace_back(std::move(probabilities), units);
  }
}

bool ModelFeatures::Add(int pass, int unit, const FeatureUnit& contents,
                        const std::function<bool()>& go_on) {
  std::optional<UnitTensors> tensors;
  if (pass == 0) {
    tensors.emplace(plan_, contents);
    ReadOff(unit, *tensors, contents);
    for (int node = 0; node < static_cast<int>(plan_.nodes().size()); ++node) {
      if (go_on && !go_on()) return false;
      MeasureSorted(unit, node, *tensors);
      if (!MeasureMatrices(unit, node, *tensors, contents, go_on)) return false;
    }
    if (passes() > 1) summaries_[unit] = tensors->summaries();
  } else {
    tensors.emplace(plan_, contents, summaries_[unit]);
  }
  for (size_t i = 0; i < thresholds_.size(); ++i) {
    if (go_on && !go_on()) return false;
    thresholds_[i].Add(pass, unit, tensors->Tensor(threshold_nodes_[i]));
  }
  return true;
}

void ModelFeatures::EndPass(int pass) {
  for (size_t i = 0; i < thresholds_.size(); ++i) {
    thresholds_[i].EndPass(pass);
    if (pass + 1 < passes()) continue;
    const std::vector<double>& probabilities = thresholds_[i].probabilities();
    for (size_t k = 0; k < values_.size(); ++k) {
      const FeatureOutput& output = plan_.outputs()[k];
      if (!Reduces(output, threshold_nodes_[i], ReductionForm::kGlobalThreshold)) continue;
      const auto index =
          std::lower_bound(probabilities.begin(), probabilities.end(), output.parameter) -
          probabilities.begin();
      for (size_t unit = 0; unit < values_[k].size(); ++unit) {
        values_[k][unit] = thresholds_[i].Share(index, static_cast<int>(unit));
      }
    }
  }
}

void ModelFeatures::ReadOff(int unit, const UnitTensors& tensors, const FeatureUnit& contents) {
  for (size_t k = 0; k < values_.size(); ++k) {
    const FeatureOutput& output = plan_.outputs()[k];
    double& value = values_[k][unit];
    switch (output.kind) {
      case FeatureKind::kReduction:
        if (const ReductionKernel* kernel = KernelOf(output); kernel->of_statistics != nullptr) {
          value = kernel->of_statistics(tensors.summaries()[output.node].statistics);
        }
        break;
      case FeatureKind::kOutliers:
        value = OutlierPercentage(plan_, output, tensors.summaries()[output.node]);
        break;
      case FeatureKind::kRedundancy:
        value = contents.redundancy;
        break;
      case FeatureKind::kInfluence:
        value = contents.influence;
        break;
      case FeatureKind::kLinearRedundancy:
        value = contents.linear_redundancy;
        break;
      case FeatureKind::kSensitivity:
        value = contents.sensitivity;
        break;
      case FeatureKind::kDistortion:
        value = contents.distortion;
        break;
      case FeatureKind::kSlope:
        value = contents.slope;
        break;
    }
  }
}

void ModelFeatures::MeasureSorted(int unit, int node, const UnitTensors& tensors) {
  if (!AnyReduces(plan_, node, ReductionForm::kSorted)) return;
  std::vector<float> values = tensors.Tensor(node);
  SortAscending(values);
  for (size_t k = 0; k < values_.size(); ++k) {
    const FeatureOutput& output = plan_.outputs()[k];
    if (!Reduces(output, node, ReductionForm::kSorted)) continue;
    values_[k][unit] = KernelOf(output)->of_sorted(values, output.parameter);
  }
}

bool ModelFeatures::MeasureMatrices(int unit, int node, const UnitTensors& tensors,
                                    const FeatureUnit& contents,
                                    const std::function<bool()>& go_on) {
  const bool spectra = AnyReduces(plan_, node, ReductionForm::kSpectrum);
  if (!spectra && !AnyReduces(plan_, node, ReductionForm::kMatrix)) return true;
  const auto linears = static_cast<int>(contents.linears.size());
  std::vector<double> sums(values_.size());
  for (int linear = 0; linear < linears; ++linear) {
    if (go_on && !go_on()) return false;
    const std::vector<float> values = tensors.Matrix(node, linear);
    const WeightView& weights = contents.linears[linear].weights;
    const MatrixView matrix{values, weights.rows, weights.columns};
    const Spectrum spectrum = spectra ? SpectrumOf(matrix) : Spectrum();
    for (size_t k = 0; k < values_.size(); ++k) {
      const FeatureOutput& output = plan_.outputs()[k];
      if (Reduces(output, node, ReductionForm::kSpectrum)) {
        sums[k] += KernelOf(output)->of_spectrum(spectrum);
      } else if (Reduces(output, node, ReductionForm::kMatrix)) {
        sums[k] += KernelOf(output)->of_matrix(matrix);
      } else {
        continue;
      }
      values_[k][unit] = sums[k] / linears;
    }
  }
  return true;
}

std::vector<double> MeasureUnit(const FeaturePlan& plan, const FeatureUnit& unit) {
  ModelFeatures features(plan, 1);
  features.Add(0, 0, unit);
  features.EndPass(0);
  std::vector<double> values;
  for (const std::vector<double>& output : features.values()) values.push_back(output[0]);
  return values;
}

}  // namespace strata::pruning
