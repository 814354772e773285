#include "cli/report/run_report_output.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "cli/config/bytes_budget.h"
#include "cli/config/run_config_plan.h"
#include "cli/report/report_columns.h"
#include "cli/report/scenario_report.h"
#include "cli/shared/output.h"
#include "cli/shared/perplexity_text.h"

namespace strata::cli {
namespace {

using search::StoredCandidate;

constexpr evaluator::Measure kReported = evaluator::Measure::kLoss;

nlohmann::ordered_json NumberOrNull(const std::optional<double>& value) {
  return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
}

// True if the search itself measured zero-shot errors of candidates.
bool HasFitnessErrors(const RunReport& report) {
  const auto& objectives = report.config.objectives;
  return std::find(objectives.begin(), objectives.end(), search::kZeroShotError) !=
         objectives.end();
}

// Returns the zero-shot error among the measures of a candidate, which are in the order of the
// objectives.
std::optional<double> FitnessError(const RunReport& report, const StoredCandidate& candidate) {
  size_t measure = 0;
  for (const std::string& name : report.config.objectives) {
    if (name == search::kLoss || name == search::kComplexity) continue;
    if (measure == candidate.measures.size()) break;
    if (name == search::kZeroShotError) return candidate.measures[measure];
    ++measure;
  }
  return std::nullopt;
}

std::optional<double> ReportError(const RunReport& report, const StoredCandidate& candidate) {
  const auto outcome = report.verified.find(candidate.id);
  if (outcome == report.verified.end()) return std::nullopt;
  const auto error = outcome->second.measures.find(search::kZeroShotError);
  return error == outcome->second.measures.end() ? std::nullopt : std::optional(error->second);
}

std::string ErrorCell(const std::optional<double>& error) {
  return error ? fmt::format("{:.3f}", *error) : "-";
}

Table EmptyTable(const RunReport& report) {
  std::vector<std::string> headings = {"", "id", "name", "nodes", "fitness"};
  if (HasFitnessErrors(report)) headings.emplace_back("fitness error");
  headings.insert(headings.end(), {"selection", "report"});
  if (!report.tasks.tasks.empty()) headings.emplace_back("report error");
  headings.insert(headings.end(), {"sparsity", "expression"});
  std::vector<Align> alignment(headings.size(), Align::kRight);
  alignment[0] = alignment[2] = alignment.back() = Align::kLeft;
  Table table(headings, alignment);
  table.SetKeys(3);
  table.GiveWay(headings.size() - 1);
  table.GiveWay(2);
  return table;
}

std::vector<std::string> Row(const RunReport& report, const StoredCandidate& candidate,
                             PerplexityTexts* texts) {
  const RunMeasures measures = MeasuresOf(report.config);
  const bool is_best = report.best && report.best->id == candidate.id;
  std::vector<std::string> cells = {is_best ? "*" : "", fmt::format("{}", candidate.id),
                                    DisplayName(candidate), fmt::format("{}", candidate.complexity),
                                    texts->Cell(candidate.fitness_nll, measures.fitness)};
  if (HasFitnessErrors(report)) cells.push_back(ErrorCell(FitnessError(report, candidate)));
  cells.push_back(texts->Cell(candidate.selection_nll, measures.selection));
  cells.push_back(texts->Cell(candidate.report_nll));
  if (!report.tasks.tasks.empty()) cells.push_back(ErrorCell(ReportError(report, candidate)));
  cells.push_back(candidate.achieved_sparsity ? fmt::format("{:.4f}", *candidate.achieved_sparsity)
                                              : "-");
  cells.push_back(candidate.text);
  return cells;
}

// The row of the dense model, which every pruned one is compared with.
std::vector<std::string> DenseRow(const RunReport& report, PerplexityTexts* texts) {
  const RunMeasures measures = MeasuresOf(report.config);
  std::vector<std::string> cells = {"", "", "dense model", "",
                                    texts->Cell(report.dense.fitness_nll, measures.fitness)};
  if (HasFitnessErrors(report)) cells.emplace_back("");
  cells.push_back(texts->Cell(report.dense.selection_nll, measures.selection));
  cells.push_back(texts->Cell(report.dense.report_nll));
  if (!report.tasks.tasks.empty()) cells.emplace_back("");
  cells.insert(cells.end(), {"0.0000", ""});
  return cells;
}

// Describes the best function against the best baseline, on the report split.
std::string DescribeComparison(const RunReport& report) {
  if (!report.best || !report.best_baseline) return "";
  const auto difference = report.against_best_baseline.find(report.best->id);
  if (difference == report.against_best_baseline.end()) return "";
  const std::string baseline =
      fmt::format("the best baseline by selection ({}, id {})", DisplayName(*report.best_baseline),
                  report.best_baseline->id);
  if (report.best->id == report.best_baseline->id) return fmt::format("* is {}\n", baseline);
  return fmt::format("* against {}, on the report split{}: {}\n", baseline,
                     report.best->scenarios.empty() ? "" : " of the first scenario",
                     Describe(difference->second));
}

}  // namespace

nlohmann::ordered_json ToJson(const StoredCandidate& candidate, const RunMeasures& measures) {
  const std::optional<double> forecast =
      candidate.forecast ? std::optional(candidate.forecast->nll) : std::nullopt;
  nlohmann::ordered_json json = {
      {"id", candidate.id},
      {"name", DisplayName(candidate)},
      {"expression", candidate.text},
      {"complexity", candidate.complexity},
      {ShownKey("fitness", measures.fitness), ShownJson(candidate.fitness_nll, measures.fitness)},
      {ShownKey("forecast", measures.fitness), ShownJson(forecast, measures.fitness)},
      {ShownKey("selection", measures.selection),
       ShownJson(candidate.selection_nll, measures.selection)},
      {ShownKey("report", kReported), ShownJson(candidate.report_nll, kReported)},
      {"sparsity", NumberOrNull(candidate.achieved_sparsity)}};
  if (!candidate.scenarios.empty()) json["scenarios"] = ScenariosJson(candidate, measures);
  return json;
}

nlohmann::ordered_json ToJson(const RunReport& report) {
  const RunMeasures measures = MeasuresOf(report.config);
  const auto finalist = [&](const StoredCandidate& candidate) {
    nlohmann::ordered_json json = ToJson(candidate, measures);
    if (HasFitnessErrors(report)) {
      json["fitness_zero_shot_error"] = NumberOrNull(FitnessError(report, candidate));
    }
    if (!report.tasks.tasks.empty()) {
      json["report_zero_shot_error"] = NumberOrNull(ReportError(report, candidate));
    }
    const auto verified = report.verified.find(candidate.id);
    json["report_window_nll"] = verified == report.verified.end()
                                    ? nlohmann::ordered_json(nullptr)
                                    : nlohmann::ordered_json(verified->second.window_nll);
    json["against_best_baseline"] = nullptr;
    const auto found = report.against_best_baseline.find(candidate.id);
    if (found != report.against_best_baseline.end()) {
      json["against_best_baseline"] = ToJson(found->second);
    }
    return json;
  };
  nlohmann::ordered_json json;
  json["front"] = nlohmann::ordered_json::array();
  json["baselines"] = nlohmann::ordered_json::array();
  json["other_finalists"] = nlohmann::ordered_json::array();
  for (const auto& [name, candidates] : {std::pair{"front", &report.front},
                                         {"baselines", &report.baselines},
                                         {"other_finalists", &report.other_finalists}}) {
    for (const StoredCandidate& candidate : *candidates) json[name].push_back(finalist(candidate));
  }
  json["dense"] = {{ShownKey("fitness", measures.fitness),
                    ShownJson(report.dense.fitness_nll, measures.fitness)},
                   {ShownKey("selection", measures.selection),
                    ShownJson(report.dense.selection_nll, measures.selection)},
                   {ShownKey("report", kReported), ShownJson(report.dense.report_nll, kReported)}};
  json["vocabulary"] =
      report.vocabulary > 0 ? nlohmann::ordered_json(report.vocabulary) : nlohmann::ordered_json();
  json["best"] = report.best ? finalist(*report.best) : nlohmann::ordered_json(nullptr);
  json["best_by"] = report.is_best_by_selection ? "selection" : "fitness";
  json["selection"] = {{"measured", report.selected_finalists},
                       {"finalists", report.planned_finalists}};
  json["best_baseline"] =
      report.best_baseline ? finalist(*report.best_baseline) : nlohmann::ordered_json(nullptr);
  json["intervals"] = PairedBootstrapJson();
  json["measurements"] = MeasurementsJson(report.config, report.tasks);
  json["fitness_rank_correlation"] = NumberOrNull(report.fitness_rank_correlation);
  json["forecasts"] = report.forecasts;
  json["forecast_error"] = NumberOrNull(report.forecast_error);
  json["forecast_rank_correlation"] = NumberOrNull(report.forecast_rank_correlation);
  json["refinement"] = report.refinement ? ToJson(*report.refinement, measures.selection)
                                         : nlohmann::ordered_json(nullptr);
  if (!report.refined_window_nll.empty()) {
    json["refinement"]["best"]["report_window_nll"] = report.refined_window_nll;
  }
  json["cost"] = ToJson(report.cost);
  json["hypervolume"] = report.hypervolume;
  json["end_reason"] = report.end_reason;
  json["stopped_early"] = report.stopped_early;
  json["candidates"] = report.candidates;
  json["evaluations"] = report.evaluations;
  json["failed"] = report.failed;
  json["baseline_settings"] = report.baseline_settings;
  json["baseline_settings_measured"] = report.baseline_settings_measured;
  json["target_sparsity"] = report.config.target_sparsity;
  json["target_bytes_share"] = report.config.target_bytes_share;
  json["scenarios"] = ScenariosJson(report);
  json["aggregate"] = NameOf(report.config.robust_aggregate);
  return json;
}

std::string ToTable(const RunReport& report, const Page& page) {
  Table table = EmptyTable(report);
  PerplexityTexts texts(report.vocabulary);
  table.AddRow(DenseRow(report, &texts));
  table.AddRule();
  for (const StoredCandidate& candidate : report.baselines) {
    table.AddRow(Row(report, candidate, &texts));
  }
  table.AddRule();
  for (const StoredCandidate& candidate : report.front) {
    table.AddRow(Row(report, candidate, &texts));
  }
  if (!report.other_finalists.empty()) table.AddRule();
  for (const StoredCandidate& candidate : report.other_finalists) {
    table.AddRow(Row(report, candidate, &texts));
  }
  const RunConfig& config = report.config;
  std::string text =
      "The dense model; every baseline at its best setting; the Pareto front of fitness and nodes; "
      "other finalists.\n" +
      ShownSentence(MeasuresOf(config)) + "\n\n" + table.Render(page) + texts.Note() +
      ScenarioTable(report, page);
  text += fmt::format("\n{}", DescribeMeasurements(config, report.tasks));
  text += fmt::format("{} candidates, {} distinct allocations measured, target sparsity {}\n",
                      report.candidates, report.evaluations,
                      TargetText(config.target_sparsity, config.target_bytes_share));
  text += DescribeSelection(report);
  text += DescribeComparison(report);
  if (report.fitness_rank_correlation) {
    text += fmt::format("rank correlation of fitness with selection over {} finalists: {:.2f}\n",
                        report.finalists, *report.fitness_rank_correlation);
  }
  if (report.forecast_error) {
    text += fmt::format(
        "the surrogate forecast {} {} with a root mean square error of {:.3f}{}\n",
        report.forecasts,
        config.fitness_measure == evaluator::Measure::kLoss ? "losses" : "KL divergences",
        *report.forecast_error,
        report.forecast_rank_correlation
            ? fmt::format(", rank correlation {:.2f}", *report.forecast_rank_correlation)
            : "");
  }
  if (report.stopped_early > 0) {
    text += fmt::format("racing stopped {} of the allocations early\n", report.stopped_early);
  }
  text += fmt::format(
      "hypervolume of the front {:.4g}{}\n", report.hypervolume,
      report.end_reason.empty() ? "" : fmt::format("; the search ended by: {}", report.end_reason));
  if (report.failed > 0) {
    text += fmt::format("{} candidates failed, most often: {}\n", report.failed,
                        report.commonest_failure);
  }
  if (report.baseline_settings_measured < report.baseline_settings) {
    text += fmt::format(
        "The search ended after {} of {} baseline settings: a longer search may find a better "
        "setting of a "
        "baseline.\n",
        report.baseline_settings_measured, report.baseline_settings);
  }
  if (report.refinement) {
    text += ToText(*report.refinement, report.config, report.vocabulary);
  }
  return Folded(text, page);
}

}  // namespace strata::cli
