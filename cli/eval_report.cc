#include "cli/eval_report.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "cli/shared/output.h"
#include "cli/shared/perplexity_text.h"
#include "evaluator/tasks/item_scores.h"
#include "expr/status_macros.h"

namespace strata::cli {
namespace {

using Json = nlohmann::ordered_json;
using tasks::Estimate;

Json Number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

// Adds NAME, NAME_stderr if there is a standard error, and NAME_interval if there is an interval.
void AddEstimate(const std::string& name, const Estimate& estimate, Json* json) {
  (*json)[name] = Number(estimate.value);
  if (estimate.standard_error.has_value()) {
    (*json)[name + "_stderr"] = Number(*estimate.standard_error);
  }
  if (estimate.interval.has_value()) {
    (*json)[name + "_interval"] = {Number(estimate.interval->low), Number(estimate.interval->high)};
  }
}

void AddFigure(const std::string& name, const Estimate& estimate,
               const std::optional<Estimate>& difference, Json* json) {
  AddEstimate(name, estimate, json);
  if (difference.has_value()) AddEstimate(name + "_difference", *difference, json);
}

Json TaskJson(const tasks::TaskResult& task) {
  Json json = {{"documents", task.documents}};
  if (task.truncated_documents > 0) json["truncated_documents"] = task.truncated_documents;
  for (const tasks::MetricResult& metric : task.metrics) {
    AddFigure(metric.name, metric.estimate, metric.difference, &json);
  }
  return json;
}

Json VersionJson(const EvalFigures& figures) {
  Json json = Json::object();
  if (figures.perplexity.has_value()) {
    const tasks::PerplexityResult& result = *figures.perplexity;
    AddFigure("perplexity", result.perplexity, result.difference, &json);
    json["mean_nll"] = Number(result.mean_nll);
    json["windows"] = result.windows;
    json["tokens"] = result.tokens;
  }
  for (const tasks::TaskResult& task : figures.tasks) {
    json[task.is_group ? "groups" : "tasks"][task.name] = TaskJson(task);
  }
  return json;
}

// A row of the table: one figure of every version.
struct Row {
  std::string task;
  std::string documents;
  std::string metric;
  std::vector<const Estimate*> estimates;
  const std::optional<Estimate>* difference = nullptr;
};

std::vector<Row> RowsOf(const std::vector<EvalFigures>& versions) {
  std::vector<Row> rows;
  const EvalFigures& first = versions.front();
  const EvalFigures& last = versions.back();
  if (first.perplexity.has_value()) {
    Row row{"text", fmt::format("{}", first.perplexity->windows), "perplexity", {}, nullptr};
    for (const EvalFigures& one : versions) row.estimates.push_back(&one.perplexity->perplexity);
    row.difference = &last.perplexity->difference;
    rows.push_back(row);
  }
  for (size_t task = 0; task < first.tasks.size(); ++task) {
    for (size_t metric = 0; metric < first.tasks[task].metrics.size(); ++metric) {
      const tasks::TaskResult& result = first.tasks[task];
      Row row{metric == 0 ? result.name : "",
              metric == 0 ? fmt::format("{}", result.documents) : "",
              result.metrics[metric].name,
              {},
              nullptr};
      for (const EvalFigures& one : versions) {
        row.estimates.push_back(&one.tasks[task].metrics[metric].estimate);
      }
      row.difference = &last.tasks[task].metrics[metric].difference;
      rows.push_back(row);
    }
  }
  return rows;
}

std::string Text(double value) {
  return std::fabs(value) < 100 ? fmt::format("{:.4f}", value) : fmt::format("{:.2f}", value);
}

// Adds a value, its standard error and its interval. If `texts` is not null, the value is a
// perplexity.
void AddCells(const Estimate& estimate, PerplexityTexts* texts, std::vector<std::string>* cells) {
  const std::string value = Text(estimate.value);
  cells->push_back(texts == nullptr ? value : texts->Mark(value, estimate.value));
  cells->push_back(estimate.standard_error ? Text(*estimate.standard_error) : "");
  cells->push_back(estimate.interval ? fmt::format("{} .. {}", Text(estimate.interval->low),
                                                   Text(estimate.interval->high))
                                     : "");
}

Json SampleJson(const tasks::Task& task, size_t index, const tasks::ItemResponse& response,
                const std::vector<tasks::ScoreColumn>& columns, const std::string& version) {
  const tasks::TaskItem& item = task.items[index];
  Json json = {{"task", task.name}, {"version", version}, {"document", index}, {"line", item.line}};
  if (task.kind == tasks::TaskKind::kGeneration) {
    json["text"] = response.text;
    json["targets"] = item.targets;
  } else {
    json["log_likelihoods"] = Json::array();
    json["greedy"] = Json::array();
    for (const tasks::Likelihood& one : response.likelihoods) {
      json["log_likelihoods"].push_back(Number(one.log_likelihood));
      json["greedy"].push_back(one.greedy);
    }
  }
  if (task.kind == tasks::TaskKind::kMultipleChoice) json["gold"] = item.gold;
  if (response.truncated_tokens > 0) json["truncated_tokens"] = response.truncated_tokens;
  for (const tasks::ScoreColumn& column : columns) {
    json[column.Name()] = Number(column.values[index]);
  }
  return json;
}

}  // namespace

Json EvalJson(const std::vector<EvalFigures>& versions) {
  Json json = VersionJson(versions.front());
  for (size_t i = 1; i < versions.size(); ++i) {
    json[versions[i].version] = VersionJson(versions[i]);
    json[versions[i].version]["sparsity"] = versions[i].sparsity;
    json[versions[i].version]["counted_sparsity"] =
        versions[i].counted_sparsity ? Json(*versions[i].counted_sparsity) : Json(nullptr);
  }
  return json;
}

std::string SparsityLine(const EvalFigures& pruned) {
  const std::string asked =
      fmt::format("asked for: {:.4f} % of the prunable weights", 100 * pruned.sparsity);
  if (!pruned.counted_sparsity) {
    return asked + "; zeros not counted, as all answers were kept from an earlier measurement";
  }
  return fmt::format("{}; counted: {:.4f} % are zero ({:+.4f})", asked,
                     100 * *pruned.counted_sparsity,
                     100 * (*pruned.counted_sparsity - pruned.sparsity));
}

std::string EvalTable(const std::vector<EvalFigures>& versions, int64_t vocabulary,
                      const Page& page) {
  Table table({"task", "documents", "metric", "model", "value", "stderr", "95 % interval"},
              {Align::kLeft, Align::kRight, Align::kLeft, Align::kLeft, Align::kRight,
               Align::kRight, Align::kRight});
  table.SetKeys(4);
  table.GiveWay(0);
  table.GiveWay(2);
  PerplexityTexts texts(vocabulary);
  for (const Row& row : RowsOf(versions)) {
    // Perplexities of tasks are per word or byte, which the vocabulary says nothing about.
    PerplexityTexts* of_tokens =
        row.metric == "perplexity" && row.task == "text" ? &texts : nullptr;
    for (size_t i = 0; i < row.estimates.size(); ++i) {
      // What a figure's rows have in common stands in the first of them.
      std::vector<std::string> cells = {"", "", ""};
      if (i == 0) cells = {row.task, row.documents, row.metric};
      cells.push_back(versions[i].version);
      AddCells(*row.estimates[i], of_tokens, &cells);
      table.AddRow(std::move(cells));
    }
    if (versions.size() > 1 && row.difference->has_value()) {
      std::vector<std::string> cells = {"", "", "", "difference"};
      AddCells(**row.difference, nullptr, &cells);
      table.AddRow(std::move(cells));
    }
  }
  return table.Render(page) + Folded(texts.Note(), page);
}

absl::StatusOr<std::string> SampleLines(const tasks::TaskSet& set,
                                        const std::vector<EvalAnswers>& versions) {
  std::string lines;
  for (const EvalAnswers& version : versions) {
    for (size_t i = 0; i < set.tasks.size(); ++i) {
      const tasks::Task& task = set.tasks[i];
      STRATA_ASSIGN_OR_RETURN(const auto columns, tasks::ScoreItems(task, version.tasks[i]));
      for (size_t k = 0; k < task.items.size(); ++k) {
        Json json = SampleJson(task, k, version.tasks[i][k], columns, version.version);
        if (task.kind == tasks::TaskKind::kGeneration) {
          STRATA_ASSIGN_OR_RETURN(const auto answers,
                                  tasks::FilteredAnswers(task, version.tasks[i][k]));
          for (size_t filter = 0; filter < answers.size(); ++filter) {
            json["answers"][task.filters[filter].name] = answers[filter];
          }
        }
        lines += json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
      }
    }
  }
  return lines;
}

}  // namespace strata::cli
