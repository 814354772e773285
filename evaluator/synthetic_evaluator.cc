#include "evaluator/synthetic_evaluator.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "evaluator/files/digest.h"
#include "expr/allocation.h"
#include "expr/blockwise.h"
#include "expr/descent.h"
#include "expr/expression.h"
#include "expr/feature_table.h"
#include "expr/status_macros.h"

namespace strata::evaluator {
namespace {

// The feature that equals the weights of the loss.
constexpr const char* kKnownFeature = "var(abslog(WX))";
struct NamedLinear {
  const char* name;
  expr::UnitKind kind;
  expr::LinearRole role;
};
constexpr NamedLinear kLinears[] = {
    {"self_attn.q_proj", expr::UnitKind::kAttention, expr::LinearRole::kQuery},
    {"self_attn.k_proj", expr::UnitKind::kAttention, expr::LinearRole::kKey},
    {"self_attn.v_proj", expr::UnitKind::kAttention, expr::LinearRole::kValue},
    {"self_attn.o_proj", expr::UnitKind::kAttention, expr::LinearRole::kOutput},
    {"mlp.gate_proj", expr::UnitKind::kFeedForward, expr::LinearRole::kGate},
    {"mlp.up_proj", expr::UnitKind::kFeedForward, expr::LinearRole::kUp},
    {"mlp.down_proj", expr::UnitKind::kFeedForward, expr::LinearRole::kDown},
};
// All linears have the same size, so the optimum has the same closed form at every granularity.
constexpr int64_t kLinearSide = 64;
constexpr double kDenseNll = 3.0;
constexpr double kSmallestWeight = 0.05;
constexpr double kWeightRange = 0.45;
// Report weights differ from fitness weights by at most this fraction.
constexpr double kReportPerturbation = 0.05;
// Losses of windows lie above and below the mean by this amount, in turn. The mean cancels it.
constexpr double kWindowSpread = 0.125;

// SplitMix64 (Steele, Lea, Flood 2014): a bijection of 64 bits that mixes well.
uint64_t Mix(uint64_t value) {
  value += 0x9E3779B97F4A7C15u;
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9u;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EBu;
  return value ^ (value >> 31);
}

// Returns a pseudo-random number in [0, 1), the same on every platform.
double Fraction(uint64_t seed, int64_t index) {
  return static_cast<double>(Mix(Mix(seed) ^ static_cast<uint64_t>(index)) >> 11) * 0x1p-53;
}

// Returns the FNV-1a hash of `text`.
uint64_t SeedOf(const std::string& text) {
  uint64_t hash = 0xCBF29CE484222325u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
  return hash;
}

ModelSummary MakeModel(int blocks) {
  ModelSummary model;
  model.name = fmt::format("synthetic-{}", blocks);
  model.digest = Sha256(fmt::format("strata synthetic model, {} blocks", blocks));
  model.family = "synthetic";
  model.blocks = blocks;
  for (int block = 0; block < blocks; ++block) {
    for (const NamedLinear& linear : kLinears) {
      model.linears.push_back(
          {linear.name, block, kLinearSide, kLinearSide, linear.kind, linear.role});
    }
  }
  return model;
}

class SyntheticEvaluator final : public Evaluator {
 public:
  explicit SyntheticEvaluator(SyntheticOptions options)
      : options_(std::move(options)),
        model_(MakeModel(options_.blocks)),
        text_digest_(Sha256("strata synthetic text")) {}

  const ModelSummary& model() const override { return model_; }
  const std::string& text_digest() const override { return text_digest_; }
  std::string tasks_digest() const override { return options_.tasks_digest; }

  absl::StatusOr<Profile> MeasureFeatures(const ProfileRequest& request,
                                          const Progress& progress) override {
    STRATA_RETURN_IF_ERROR(Begin(progress));
    Profile profile;
    for (const std::string& feature : request.features) {
      if (feature.empty()) return absl::InvalidArgumentError("expected a feature, found no text");
      STRATA_ASSIGN_OR_RETURN(auto values, Feature(feature, request));
      profile.values.push_back(std::move(values));
    }
    STRATA_RETURN_IF_ERROR(Report(progress, 1.0));
    return profile;
  }

  absl::StatusOr<Measurement> Evaluate(const EvaluateRequest& request,
                                       const Progress& progress) override {
    STRATA_RETURN_IF_ERROR(Begin(progress));
    STRATA_RETURN_IF_ERROR(Check(request));
    const std::vector<double> weights =
        Weights(request.granularity, request.fidelity.split == Split::kReport);
    // The model predicts all tokens alike, so a rise of the loss is the divergence.
    const bool is_loss = request.fidelity.measure == Measure::kLoss;
    const double dense = is_loss ? kDenseNll : 0;
    const double spread = is_loss ? kWindowSpread : 0;
    double nll = dense;
    for (size_t i = 0; i < request.allocation.size(); ++i) {
      const double sparsity = request.allocation[i];
      nll += weights[i] * sparsity * sparsity / (1 - sparsity);
    }
    Measurement measurement;
    const int64_t windows = request.fidelity.windows;
    double window_sum = 0;
    for (int64_t i = 0; i < windows; ++i) {
      const bool unpaired = windows % 2 == 1 && i == windows - 1;
      const double offset = unpaired ? 0 : i % 2 == 0 ? spread : -spread;
      measurement.window_nll.push_back(nll + offset);
      window_sum += nll + offset;
    }
    measurement.mean_nll = window_sum / static_cast<double>(windows);
    measurement.tokens = windows * (request.fidelity.window_tokens - 1);
    if (!request.allocation.empty()) {
      measurement.achieved_sparsity = expr::MeanSparsity(
          request.allocation, expr::ParametersOf(LayoutOf(model_, request.granularity)));
    }
    if (!request.fidelity.tasks.empty()) {
      measurement.zero_shot_error = 1 - std::exp(dense - measurement.mean_nll);
    }
    if (request.fidelity.slope_step > 0) measurement.slopes = Slopes(weights, request.allocation);
    STRATA_RETURN_IF_ERROR(Report(progress, 1.0));
    return measurement;
  }

 private:
  absl::Status Begin(const Progress& progress) {
    if (options_.before_operation) {
      STRATA_RETURN_IF_ERROR(options_.before_operation(ordinal_++));
    }
    if (options_.blocks < 1) {
      return absl::InvalidArgumentError(
          fmt::format("synthetic blocks: expected at least 1, found {}", options_.blocks));
    }
    return Report(progress, 0.0);
  }

  static absl::Status Report(const Progress& progress, double fraction) {
    if (!progress || progress(fraction)) return absl::OkStatus();
    return absl::CancelledError("stopped by the caller");
  }

  absl::Status Check(const EvaluateRequest& request) const {
    const size_t units = UnitsOf(model_, request.granularity).size();
    if (!request.allocation.empty() && request.allocation.size() != units) {
      return absl::InvalidArgumentError(
          fmt::format("allocation: expected {} sparsities, one per unit, found {}", units,
                      request.allocation.size()));
    }
    for (size_t i = 0; i < request.allocation.size(); ++i) {
      if (!(request.allocation[i] >= 0 && request.allocation[i] < 1)) {
        return absl::InvalidArgumentError(
            fmt::format("allocation[{}]: expected a sparsity from 0 to below 1, found {}", i,
                        request.allocation[i]));
      }
    }
    if (request.fidelity.windows < 1 || request.fidelity.window_tokens < 2) {
      return absl::InvalidArgumentError(
          fmt::format("fidelity: expected at least 1 window of at least 2 tokens, found {} of {}",
                      request.fidelity.windows, request.fidelity.window_tokens));
    }
    if (!request.fidelity.tasks.empty() && request.fidelity.tasks != options_.tasks_digest) {
      return absl::FailedPreconditionError(
          fmt::format("fidelity: expected the tasks '{}', found '{}'", options_.tasks_digest,
                      request.fidelity.tasks));
    }
    return absl::OkStatus();
  }

  // Returns the weight of each unit. Every linear of a block has an equal share of the block's
  // weight, so an allocation that is constant within blocks has the same loss at every granularity.
  std::vector<double> Weights(Granularity granularity, bool report) const {
    std::vector<double> weights;
    for (const UnitLinears& unit : UnitsOf(model_, granularity)) {
      const int block = model_.linears[unit.linears.front()].block;
      double weight = kSmallestWeight + kWeightRange * Fraction(SeedOf("weight"), block);
      if (report) {
        weight *= 1 + kReportPerturbation * (2 * Fraction(SeedOf("report"), block) - 1);
      }
      weights.push_back(weight * static_cast<double>(unit.linears.size()) /
                        static_cast<double>(std::size(kLinears)));
    }
    return weights;
  }

  static std::vector<double> Slopes(const std::vector<double>& weights,
                                    const std::vector<double>& allocation) {
    std::vector<double> slopes;
    for (size_t i = 0; i < allocation.size(); ++i) {
      const double kept = 1 - allocation[i];
      slopes.push_back(weights[i] * (1 / (kept * kept) - 1));
    }
    return slopes;
  }

  static ProfileRequest RequestFor(Granularity granularity) {
    ProfileRequest request;
    request.granularity = granularity;
    return request;
  }

  absl::StatusOr<std::vector<double>> Feature(const std::string& feature,
                                              const ProfileRequest& request) const {
    const Granularity granularity = request.granularity;
    if (const auto of_blocks = expr::FeatureOfBlocks(feature)) {
      STRATA_ASSIGN_OR_RETURN(const auto values,
                              Feature(*of_blocks, RequestFor(Granularity::kBlock)));
      return expr::SpreadOverUnits(values, LayoutOf(model_, granularity));
    }
    if (const auto pruned = expr::PrunedFeature(feature)) {
      STRATA_ASSIGN_OR_RETURN(const std::vector<double> allocation,
                              AllocationOf(feature, *pruned, request));
      return Slopes(Weights(granularity, /*report=*/false), allocation);
    }
    if (feature == kKnownFeature) return Weights(granularity, /*report=*/false);
    std::vector<double> values;
    for (size_t i = 0; i < UnitsOf(model_, granularity).size(); ++i) {
      values.push_back(Fraction(SeedOf(feature), static_cast<int64_t>(i)));
    }
    return values;
  }

  // Returns the sparsities of the operand of slopes(f, s).
  absl::StatusOr<std::vector<double>> AllocationOf(const std::string& feature,
                                                   const expr::Expression& parsed,
                                                   const ProfileRequest& request) const {
    const auto known = request.pruned.find(feature);
    if (known != request.pruned.end()) return known->second;
    expr::FeatureTable table(LayoutOf(model_, request.granularity));
    for (const std::string& needed : expr::RequiredFeatures(parsed.children[0])) {
      STRATA_ASSIGN_OR_RETURN(auto values, Feature(needed, RequestFor(request.granularity)));
      STRATA_RETURN_IF_ERROR(table.Add(needed, std::move(values)));
    }
    return expr::OperandAllocation(parsed, table);
  }

  const SyntheticOptions options_;
  const ModelSummary model_;
  const std::string text_digest_;
  int64_t ordinal_ = 0;
};

}  // namespace

std::unique_ptr<Evaluator> MakeSyntheticEvaluator(const SyntheticOptions& options) {
  return std::make_unique<SyntheticEvaluator>(options);
}

}  // namespace strata::evaluator
