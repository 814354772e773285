#include "cli/report/transfer_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cli/shared/output.h"
#include "cli/shared/perplexity_text.h"
#include "evaluator/names.h"

namespace strata::cli {
namespace {

using Json = nlohmann::ordered_json;

const char* NameOf(TransferRole role) {
  switch (role) {
    case TransferRole::kFunction:
      return "function";
    case TransferRole::kTuned:
      return "tuned baseline";
    case TransferRole::kPublished:
      return "published";
  }
  return "";
}

const TransferRow* BestBaseline(const TransferCell& cell) {
  const TransferRow* best = nullptr;
  for (const TransferRow& row : cell.rows) {
    if (row.role == TransferRole::kFunction || !row.failure.empty()) continue;
    if (best == nullptr || row.mean_nll < best->mean_nll) best = &row;
  }
  return best;
}

// Returns log-likelihoods, one per window, in the form that the estimates take.
std::vector<tasks::Stratum> WindowsOf(const TransferRow& row) {
  tasks::Stratum stratum;
  for (const double nll : row.window_nll) {
    stratum.values.push_back(-nll);
    stratum.weights.push_back(1);
  }
  return {stratum};
}

Json ToJson(const TransferRow& row, const TransferRow* best_baseline) {
  Json json = {{"role", NameOf(row.role)}, {"name", row.name}, {"expression", row.expression}};
  if (!row.failure.empty()) {
    json["failure"] = row.failure;
    return json;
  }
  json["perplexity"] = std::exp(row.mean_nll);
  json["ratio_to_best_baseline"] = best_baseline == nullptr
                                       ? Json(nullptr)
                                       : Json(std::exp(row.mean_nll - best_baseline->mean_nll));
  json["achieved_sparsity"] = row.achieved_sparsity;
  json["allocation"] = row.allocation;
  json["window_nll"] = row.window_nll;
  return json;
}

Json ToJson(const TransferCell& cell, const tasks::BootstrapOptions& bootstrap) {
  Json json = {{"sparsity", cell.sparsity}};
  const TransferRow* best = BestBaseline(cell);
  json["functions"] = Json::array();
  for (const TransferRow& row : cell.rows) json["functions"].push_back(ToJson(row, best));
  const auto comparison = Compare(cell, bootstrap);
  json["comparison"] = nullptr;
  if (!comparison) return json;
  const auto& interval = comparison->difference.interval;
  json["comparison"] = {{"best_baseline", comparison->baseline->name},
                        {"best_baseline_role", NameOf(comparison->baseline->role)},
                        {"perplexity_ratio", comparison->ratio},
                        {"perplexity_difference", comparison->difference.value},
                        {"perplexity_difference_interval",
                         interval ? Json::array({interval->low, interval->high}) : Json(nullptr)}};
  return json;
}

Json MeasurementJson(const RunConfig& config) {
  return {{"split", "report"},
          {"protocol", "sequential"},
          {"windows", config.report_windows},
          {"window_tokens", config.report_window_tokens},
          {"arithmetic", NameOf(config.report_arithmetic)},
          {"pruner", NameOf(config.pruner)},
          {"group", config.group},
          {"granularity", NameOf(config.granularity)},
          {"minimum_sparsity", config.minimum_sparsity},
          {"maximum_sparsity", config.maximum_sparsity},
          {"calibration_sequences", config.calibration_sequences},
          {"calibration_sequence_tokens", config.calibration_sequence_tokens}};
}

std::string IntervalText(const tasks::Estimate& difference) {
  return difference.interval ? fmt::format("{:+.2f} to {:+.2f}", difference.interval->low,
                                           difference.interval->high)
                             : "-";
}

void AddRows(const TransferCell& cell, const tasks::BootstrapOptions& bootstrap,
             PerplexityTexts* texts, Table* table) {
  const TransferRow* best = BestBaseline(cell);
  const auto comparison = Compare(cell, bootstrap);
  std::vector<const TransferRow*> rows;
  for (const TransferRow& row : cell.rows) rows.push_back(&row);
  // The order is: the function, the baselines from best to worst, then rows without sparsities.
  std::stable_sort(rows.begin() + 1, rows.end(), [](const TransferRow* a, const TransferRow* b) {
    if (a->failure.empty() != b->failure.empty()) return a->failure.empty();
    return a->failure.empty() && a->mean_nll < b->mean_nll;
  });
  for (const TransferRow* row : rows) {
    const std::string mark = row->role == TransferRole::kFunction ? "*" : "";
    const std::string sparsity = fmt::format("{}", cell.sparsity);
    if (!row->failure.empty()) {
      table->AddRow({mark, sparsity, row->name, "-", "-", "-", "-", row->failure});
      continue;
    }
    const bool compared = row->role == TransferRole::kFunction && comparison;
    table->AddRow(
        {mark, sparsity, row->name, texts->Cell(row->mean_nll),
         best == nullptr ? "-" : fmt::format("{:.3f}", std::exp(row->mean_nll - best->mean_nll)),
         compared ? fmt::format("{:+.2f}", comparison->difference.value) : "",
         compared ? IntervalText(comparison->difference) : "",
         row->role == TransferRole::kFunction ? "" : NameOf(row->role)});
  }
}

}  // namespace

std::optional<TransferComparison> Compare(const TransferCell& cell,
                                          const tasks::BootstrapOptions& bootstrap) {
  const TransferRow* baseline = BestBaseline(cell);
  if (baseline == nullptr || cell.rows.empty()) return std::nullopt;
  const TransferRow& function = cell.rows.front();
  if (function.role != TransferRole::kFunction || !function.failure.empty()) return std::nullopt;
  return TransferComparison{baseline, std::exp(function.mean_nll - baseline->mean_nll),
                            tasks::EstimateDifference(WindowsOf(*baseline), WindowsOf(function),
                                                      tasks::Link::kPerplexity, bootstrap)};
}

nlohmann::ordered_json ToJson(const TransferReport& report) {
  Json json = {
      {"function", report.function},
      {"expression", report.expression},
      {"run", report.run.empty() ? Json(nullptr) : Json(report.run)},
      {"found_on", report.found_on_digest.empty()
                       ? Json(nullptr)
                       : Json{{"name", report.found_on_name}, {"digest", report.found_on_digest}}},
      {"measurement", MeasurementJson(report.config)},
      {"bootstrap",
       {{"unit", "windows, paired"},
        {"resamples", report.bootstrap.resamples},
        {"seed", report.bootstrap.seed},
        {"coverage", report.bootstrap.coverage}}}};
  json["subjects"] = Json::array();
  for (const TransferSubject& subject : report.subjects) {
    Json one = {
        {"model",
         {{"path", subject.model}, {"name", subject.model_name}, {"digest", subject.model_digest}}},
        {"text", {{"path", subject.text}, {"digest", subject.text_digest}}},
        {"dense_perplexity", std::exp(subject.dense_nll)}};
    one["sparsities"] = Json::array();
    for (const TransferCell& cell : subject.cells) {
      one["sparsities"].push_back(ToJson(cell, report.bootstrap));
    }
    json["subjects"].push_back(std::move(one));
  }
  return json;
}

std::string ToTable(const TransferReport& report, const Page& page) {
  std::string text = fmt::format("* {}\n  {}\n", report.function, report.expression);
  if (!report.found_on_digest.empty()) {
    text += fmt::format("  found on {}, digest {}\n", report.found_on_name, report.found_on_digest);
  }
  for (const TransferSubject& subject : report.subjects) {
    Table table({"", "sparsity", "function", "perplexity", "ratio", "difference", "interval", ""},
                {Align::kLeft, Align::kRight, Align::kLeft, Align::kRight, Align::kRight,
                 Align::kRight, Align::kRight, Align::kLeft});
    table.SetKeys(3);
    table.GiveWay(7);
    table.GiveWay(2);
    PerplexityTexts texts(subject.vocabulary);
    const std::string dense = texts.Cell(subject.dense_nll);
    for (size_t i = 0; i < subject.cells.size(); ++i) {
      if (i > 0) table.AddRule();
      AddRows(subject.cells[i], report.bootstrap, &texts, &table);
    }
    text += fmt::format("\n{} ({}) on {}, dense {}\n\n{}{}", subject.model_name, subject.model,
                        subject.text, dense, table.Render(page), texts.Note());
  }
  const RunConfig& config = report.config;
  text += fmt::format(
      "\nperplexity  {} windows of {} tokens, report split, sequential protocol, {}, pruner {}{}, "
      "one sparsity per {}, {} calibration sequences of {} tokens\n"
      "ratio       perplexity to that of the cell's best baseline, which was chosen on these very "
      "windows; below 1 is better\n"
      "interval    of the difference to it: {:.0f} %, paired bootstrap over windows, {} resamples, "
      "seed {}\n",
      config.report_windows, config.report_window_tokens, NameOf(config.report_arithmetic),
      NameOf(config.pruner), config.group > 0 ? fmt::format(" in groups of {}", config.group) : "",
      NameOf(config.granularity), config.calibration_sequences, config.calibration_sequence_tokens,
      100 * report.bootstrap.coverage, report.bootstrap.resamples, report.bootstrap.seed);
  return Folded(text, page);
}

}  // namespace strata::cli
