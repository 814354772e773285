#include "cli/report/scenario_report.h"

#include <fmt/format.h>

#include <optional>
#include <utility>
#include <vector>

#include "cli/config/robust_config.h"
#include "cli/shared/measure_text.h"
#include "cli/shared/output.h"

namespace strata::cli {
namespace {

using Json = nlohmann::ordered_json;
using search::StoredCandidate;

constexpr evaluator::Measure kReported = evaluator::Measure::kLoss;

// Adds the rows of the dense model and of uniform sparsities.
void AddReferences(const RunReport& report, Table* table) {
  if (report.references.empty()) return;
  for (const auto& [name, loss] : {std::pair("dense", &search::ReferenceLosses::dense),
                                   std::pair("uniform", &search::ReferenceLosses::uniform)}) {
    std::vector<std::string> row = {"", "", name};
    for (const search::ScenarioReferences& one : report.references) {
      row.push_back(ShownText(one.verify.*loss, kReported));
    }
    table->AddRow(std::move(row));
  }
  table->AddRule();
}

const char* HowCombined(search::Aggregate aggregate) {
  if (aggregate == search::Aggregate::kWorst) return "the largest share";
  if (aggregate == search::Aggregate::kPareto)
    return "the mean share, and each scenario's loss is an objective";
  return "the mean share";
}

}  // namespace

Json ScenariosJson(const RunReport& report) {
  Json json = Json::array();
  const std::vector<std::string> names = ScenarioNames(report.config);
  const evaluator::Measure selection = report.config.selection_measure;
  for (size_t i = 0; i < names.size(); ++i) {
    const bool known = i < report.references.size();
    const auto shown = [&](double value, evaluator::Measure measure) {
      return known ? ShownJson(value, measure) : Json(nullptr);
    };
    const auto one = known ? report.references[i] : search::ScenarioReferences();
    json.push_back(
        {{"name", names[i]},
         {ShownKey("dense_selection", selection), shown(one.select.dense, selection)},
         {ShownKey("uniform_selection", selection), shown(one.select.uniform, selection)},
         {ShownKey("dense_report", kReported), shown(one.verify.dense, kReported)},
         {ShownKey("uniform_report", kReported), shown(one.verify.uniform, kReported)}});
  }
  return json;
}

Json ScenariosJson(const StoredCandidate& candidate, const RunMeasures& measures) {
  Json json = Json::array();
  for (const search::ScenarioResult& scenario : candidate.scenarios) {
    json.push_back(
        {{ShownKey("fitness", measures.fitness), ShownJson(scenario.fitness_nll, measures.fitness)},
         {ShownKey("selection", measures.selection),
          ShownJson(scenario.selection_nll, measures.selection)},
         {ShownKey("report", kReported), ShownJson(scenario.report_nll, kReported)},
         {"sparsity",
          scenario.achieved_sparsity ? Json(*scenario.achieved_sparsity) : Json(nullptr)}});
  }
  return json;
}

std::string ScenarioTable(const RunReport& report, const Page& page) {
  const std::vector<std::string> names = ScenarioNames(report.config);
  if (names.empty()) return "";
  std::vector<std::string> headings = {"", "id", "name"};
  std::vector<Align> alignment = {Align::kLeft, Align::kRight, Align::kLeft};
  for (const std::string& name : names) {
    headings.push_back(name);
    alignment.push_back(Align::kRight);
  }
  Table table(std::move(headings), std::move(alignment));
  table.SetKeys(3);
  table.GiveWay(2);
  AddReferences(report, &table);
  for (const auto* list : {&report.baselines, &report.front, &report.other_finalists}) {
    for (const StoredCandidate& candidate : *list) {
      if (!candidate.report_nll || (list == &report.front && candidate.best_of_baseline)) continue;
      const bool is_best = report.best && report.best->id == candidate.id;
      std::vector<std::string> row = {is_best ? "*" : "", fmt::format("{}", candidate.id),
                                      DisplayName(candidate)};
      for (const search::ScenarioResult& scenario : candidate.scenarios) {
        row.push_back(ShownText(scenario.report_nll, kReported));
      }
      if (row.size() == names.size() + 3) table.AddRow(std::move(row));
    }
  }
  return fmt::format(
      "\nIn each scenario, measured as report:\n\n{}\nThe numbers further up stand for all "
      "scenarios: in each, what is measured counts as its share of the way from "
      "dense to uniform, and {} is "
      "put back between those of the first ({}).\n",
      table.Render(page), HowCombined(report.config.robust_aggregate), names.front());
}

}  // namespace strata::cli
