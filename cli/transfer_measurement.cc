#include "cli/transfer_measurement.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "cli/config/run_config_plan.h"
#include "cli/shared/command.h"
#include "cli/shared/work_progress.h"
#include "evaluator/measurement/model_evaluator.h"
#include "expr/nearest_name.h"
#include "expr/status_macros.h"

namespace strata::cli {
namespace {

// Returns an error if search.baselines names anything that is no published function.
absl::Status CheckBaselineNames(const RunConfig& config, const expr::UnitLayout& layout) {
  const std::vector<expr::Baseline> library = expr::Library(layout, config.target_sparsity);
  std::vector<std::string_view> known;
  for (const expr::Baseline& baseline : library) known.emplace_back(baseline.name);
  for (const std::string& name : config.baselines) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    return absl::InvalidArgumentError(
        fmt::format("search.baselines: expected names of published functions, found '{}', the "
                    "nearest is '{}'",
                    name, expr::NearestName(name, known)));
  }
  return absl::OkStatus();
}

// Returns uniform and the published functions at their published defaults, for these units and this
// target.
std::vector<TransferFunction> PublishedFunctions(const RunConfig& config,
                                                 const expr::UnitLayout& layout, double sparsity) {
  std::vector<TransferFunction> functions;
  for (const expr::Baseline& baseline : ApplicableBaselines(config, layout, sparsity)) {
    const bool chosen = baseline.name == "uniform" || IsChosen(config, baseline);
    if (!chosen || baseline.published.empty()) continue;
    const expr::BaselineSetting& setting = baseline.published.front();
    functions.push_back({TransferRole::kPublished,
                         fmt::format("{}{}{}", baseline.name, setting.settings.empty() ? "" : " ",
                                     setting.settings),
                         setting.expression});
  }
  return functions;
}

// Measures one model with one text.
class SubjectMeasurement {
 public:
  explicit SubjectMeasurement(const TransferOptions& options) : options_(options) {
    subject_.model = options.model;
    subject_.text = options.text;
  }

  absl::StatusOr<TransferSubject> Measure() {
    STRATA_ASSIGN_OR_RETURN(const auto plan, MeasurementPlanOf(options_.config));
    plan_ = plan;
    STRATA_ASSIGN_OR_RETURN(auto opened,
                            evaluator::OpenModelEvaluator(
                                {.model_path = subject_.model,
                                 .text_path = subject_.text,
                                 .threads = options_.threads,
                                 .residence = options_.stream ? evaluator::Residence::kStream
                                                              : evaluator::Residence::kMemory}));
    evaluator_ = std::move(opened);
    const evaluator::ModelSummary& model = evaluator_->model();
    subject_.model_name = model.name;
    subject_.model_digest = model.digest;
    subject_.vocabulary = model.vocabulary;
    subject_.text_digest = evaluator_->text_digest();
    absl::Status status = evaluator::CheckGroup(model, plan_.method.group);
    if (status.ok()) status = Allocate();
    if (status.ok()) status = Evaluate();
    if (!status.ok()) {
      return absl::Status(status.code(), fmt::format("{} on {}: {}", subject_.model, subject_.text,
                                                     std::string(status.message())));
    }
    return std::move(subject_);
  }

 private:
  // Computes the sparsities of every function at every target.
  absl::Status Allocate() {
    const expr::UnitLayout layout = evaluator::LayoutOf(evaluator_->model(), plan_.granularity);
    STRATA_RETURN_IF_ERROR(CheckBaselineNames(options_.config, layout));
    std::vector<std::vector<TransferFunction>> functions;
    std::set<std::string> features;
    for (const double sparsity : options_.sparsities) {
      functions.push_back(options_.functions);
      for (TransferFunction& one : PublishedFunctions(options_.config, layout, sparsity)) {
        functions.back().push_back(std::move(one));
      }
      for (const TransferFunction& one : functions.back()) {
        for (std::string& name : expr::RequiredFeatures(one.expression)) {
          features.insert(std::move(name));
        }
      }
    }
    STRATA_ASSIGN_OR_RETURN(auto table,
                            MeasureFeatures({features.begin(), features.end()}, layout));
    for (size_t i = 0; i < functions.size(); ++i) {
      TransferCell cell;
      cell.sparsity = options_.sparsities[i];
      for (const TransferFunction& one : functions[i]) {
        cell.rows.push_back(RowOf(one, cell.sparsity, table));
      }
      subject_.cells.push_back(std::move(cell));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<expr::FeatureTable> MeasureFeatures(const std::vector<std::string>& features,
                                                     const expr::UnitLayout& layout) {
    expr::FeatureTable table(layout);
    if (features.empty()) return table;
    fmt::print(stderr, "{} on {}: measuring {} features on {} sequences of {} tokens\n",
               subject_.model, subject_.text, features.size(), plan_.calibration.sequences,
               plan_.calibration.sequence_tokens);
    STRATA_ASSIGN_OR_RETURN(const auto profile, evaluator_->MeasureFeatures(
                                                    {.calibration = plan_.calibration,
                                                     .granularity = plan_.granularity,
                                                     .features = features},
                                                    [](double) { return !InterruptRequested(); }));
    for (size_t i = 0; i < features.size(); ++i) {
      absl::Status status = table.Add(features[i], profile.values[i]);
      if (!status.ok()) return status;
    }
    return table;
  }

  TransferRow RowOf(const TransferFunction& function, double sparsity,
                    const expr::FeatureTable& table) const {
    const RunConfig& config = options_.config;
    TransferRow row;
    row.role = function.role;
    row.name = function.name;
    row.expression = expr::PrintExpression(function.expression);
    auto allocation = expr::EvaluateAllocation(function.expression, table,
                                               {.sparsity = sparsity,
                                                .minimum = config.minimum_sparsity,
                                                .maximum = config.maximum_sparsity,
                                                .group = static_cast<int>(config.group)});
    if (allocation.ok()) {
      row.allocation = *std::move(allocation);
    } else {
      row.failure = std::string(allocation.status().message());
    }
    return row;
  }

  // Measures each distinct allocation once, and the dense model.
  absl::Status Evaluate() {
    std::map<std::vector<double>, evaluator::Measurement> measured = {{{}, {}}};
    for (const TransferCell& cell : subject_.cells) {
      for (const TransferRow& row : cell.rows) {
        if (row.failure.empty()) measured[row.allocation] = {};
      }
    }
    WorkProgress progress(fmt::format("{} on {}", subject_.model, subject_.text));
    double done = 0;
    const auto all = static_cast<double>(measured.size());
    for (auto& [allocation, result] : measured) {
      auto one = evaluator_->Evaluate({.method = plan_.method,
                                       .calibration = plan_.calibration,
                                       .granularity = plan_.granularity,
                                       .allocation = allocation,
                                       .fidelity = plan_.verify},
                                      [&](double fraction) {
                                        progress.Show((done + fraction) / all);
                                        return !InterruptRequested();
                                      });
      if (!one.ok()) {
        progress.Finish();
        return one.status();
      }
      result = *std::move(one);
      ++done;
    }
    progress.Finish();
    subject_.dense_nll = measured[{}].mean_nll;
    for (TransferCell& cell : subject_.cells) {
      for (TransferRow& row : cell.rows) {
        if (!row.failure.empty()) continue;
        const evaluator::Measurement& result = measured[row.allocation];
        row.window_nll = result.window_nll;
        row.mean_nll = result.mean_nll;
        row.achieved_sparsity = result.achieved_sparsity;
      }
    }
    return absl::OkStatus();
  }

  const TransferOptions& options_;
  workers::MeasurementPlan plan_;
  std::unique_ptr<evaluator::Evaluator> evaluator_;
  TransferSubject subject_;
};

}  // namespace

absl::StatusOr<TransferSubject> MeasureTransfer(const TransferOptions& options) {
  return SubjectMeasurement(options).Measure();
}

}  // namespace strata::cli
