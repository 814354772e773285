#include "cli/report/scenario_report.h"

#include <fmt/format.h>

#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "cli/config/robust_config.h"
#include "cli/shared/output.h"

namespace strata::cli {
namespace {

using Json = nlohmann::ordered_json;
using search::StoredCandidate;

Json Perplexity(const std::optional<double>& nll) {
  return nll ? Json(std::exp(*nll)) : Json(nullptr);
}

std::string Cell(const std::optional<double>& nll) {
  return nll ? fmt::format("{:.2f}", std::exp(*nll)) : "-";
}

// Adds the rows of the dense model and of uniform sparsities.
void AddReferences(const RunReport& report, Table* table) {
  if (report.references.empty()) return;
  for (const auto& [name, loss] : {std::pair("dense", &search::ReferenceLosses::dense),
                                   std::pair("uniform", &search::ReferenceLosses::uniform)}) {
    std::vector<std::string> row = {"", "", name};
    for (const search::ScenarioReferences& one : report.references) {
      row.push_back(Cell(one.verify.*loss));
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
  for (size_t i = 0; i < names.size(); ++i) {
    const bool known = i < report.references.size();
    const auto loss = [&](double value) { return known ? Perplexity(value) : Json(nullptr); };
    const auto one = known ? report.references[i] : search::ScenarioReferences();
    json.push_back({{"name", names[i]},
                    {"dense_selection_perplexity", loss(one.select.dense)},
                    {"uniform_selection_perplexity", loss(one.select.uniform)},
                    {"dense_report_perplexity", loss(one.verify.dense)},
                    {"uniform_report_perplexity", loss(one.verify.uniform)}});
  }
  return json;
}

Json ScenariosJson(const StoredCandidate& candidate) {
  Json json = Json::array();
  for (const search::ScenarioResult& scenario : candidate.scenarios) {
    json.push_back({{"fitness_perplexity", Perplexity(scenario.fitness_nll)},
                    {"selection_perplexity", Perplexity(scenario.selection_nll)},
                    {"report_perplexity", Perplexity(scenario.report_nll)},
                    {"sparsity", scenario.achieved_sparsity ? Json(*scenario.achieved_sparsity)
                                                            : Json(nullptr)}});
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
        row.push_back(Cell(scenario.report_nll));
      }
      if (row.size() == names.size() + 3) table.AddRow(std::move(row));
    }
  }
  return fmt::format(
      "\nIn each scenario, measured as report:\n\n{}\nThe perplexities further up stand for all "
      "scenarios: in each, a loss counts as its share of the way from "
      "dense to uniform, and {} is "
      "put back between those of the first ({}).\n",
      table.Render(page), HowCombined(report.config.robust_aggregate), names.front());
}

}  // namespace strata::cli
