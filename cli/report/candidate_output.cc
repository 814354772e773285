#include "cli/report/candidate_output.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "cli/report/candidate_query.h"
#include "cli/report/run_report_output.h"
#include "cli/shared/output.h"

namespace strata::cli {
namespace {

using search::StoredCandidate;

constexpr size_t kGap = 2;  // between columns
constexpr size_t kNarrowestExpression = 24;

struct Column {
  const CandidateField* field = nullptr;
  std::vector<std::string> cells;
  size_t width = 0;
};

std::string CellOf(const CandidateField& field, const StoredCandidate& candidate,
                   const RunMeasures& measures) {
  const FieldValue value = field.value(candidate, measures);
  if (const auto* number = std::get_if<double>(&value)) {
    const std::string name = field.name;
    if (name == "forecast") return ShownText(candidate.forecast->nll, measures.fitness);
    if (name == "fitness") return ShownText(candidate.fitness_nll, measures.fitness);
    if (name == "selection") return ShownText(candidate.selection_nll, measures.selection);
    return name == "sparsity" ? fmt::format("{:.4f}", *number)
           : name == "report" ? fmt::format("{:.2f}", *number)
                              : fmt::format("{:.0f}", *number);
  }
  const auto* text = std::get_if<std::string>(&value);
  return text == nullptr ? "" : *text;
}

// Returns the columns of a table that may be as wide as it likes, in their order. Names of
// baselines, parents and failures would make every row wide, and JSON and CSV have them.
std::vector<Column> AllColumns(const std::vector<StoredCandidate>& candidates,
                               const RunMeasures& measures) {
  std::vector<Column> columns;
  for (const CandidateField& field : CandidateFields()) {
    const std::string name = field.name;
    if (name == "name" || name == "parents" || name == "failure") continue;
    Column column{&field, {}, name.size()};
    bool has_values = name == "expression";
    for (const StoredCandidate& candidate : candidates) {
      std::string cell = CellOf(field, candidate, measures);
      has_values = has_values || !cell.empty();
      if (cell.empty()) cell = "-";
      column.width = std::max(column.width, cell.size());
      column.cells.push_back(std::move(cell));
    }
    if (has_values) columns.push_back(std::move(column));
  }
  return columns;
}

// Width of the table with an expression, the last column, of at most `expression` characters.
size_t WidthOf(const std::vector<Column>& columns, size_t expression) {
  size_t width = std::min(columns.back().width, expression);
  for (size_t i = 0; i + 1 < columns.size(); ++i) width += columns[i].width + kGap;
  return width;
}

// Leaves out what does not fit, the least important first, and cuts expressions. Returns the names
// of what is missing.
std::vector<std::string> FitInto(size_t width, std::vector<Column>* columns) {
  std::vector<std::string> missing;
  for (const char* name : {"same_as", "sparsity", "front", "origin", "forecast", "report",
                           "selection", "state", "nodes"}) {
    if (WidthOf(*columns, kNarrowestExpression) <= width) break;
    const size_t removed = std::erase_if(
        *columns, [&](const Column& column) { return std::string(column.field->name) == name; });
    if (removed > 0) missing.emplace_back(name);
  }
  Column& expression = columns->back();
  const size_t others = WidthOf(*columns, 0);
  const size_t room = std::max(width > others ? width - others : 0, kNarrowestExpression);
  if (expression.width <= room) return missing;
  // Expressions are ASCII, so a byte is a character.
  for (std::string& cell : expression.cells) {
    if (cell.size() > room) cell = cell.substr(0, room - 3) + "...";
  }
  missing.emplace_back("ends of expressions");
  return missing;
}

std::string CsvCell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + '"';
}

}  // namespace

std::string CandidateTable(const std::vector<StoredCandidate>& candidates, size_t all,
                           const RunMeasures& measures, const Page& page) {
  std::vector<Column> shown = AllColumns(candidates, measures);
  std::vector<std::string> missing;
  if (page.columns) missing = FitInto(*page.columns, &shown);
  std::vector<std::string> headings;
  std::vector<Align> alignment;
  for (const Column& column : shown) {
    headings.emplace_back(column.field->name);
    alignment.push_back(column.field->is_number ? Align::kRight : Align::kLeft);
  }
  Table table(std::move(headings), std::move(alignment));
  table.GiveWay(shown.size() - 1);
  for (size_t i = 0; i < candidates.size(); ++i) {
    std::vector<std::string> row;
    for (const Column& column : shown) row.push_back(column.cells[i]);
    table.AddRow(std::move(row));
  }
  std::string text =
      fmt::format("{} of {} candidates. {}\n", candidates.size(), all, ShownSentence(measures));
  if (!missing.empty()) {
    text +=
        fmt::format("for want of width without {}; --wide shows all\n", fmt::join(missing, ", "));
  }
  return table.Render(page) + Folded(text, page);
}

nlohmann::ordered_json CandidatesJson(const std::vector<StoredCandidate>& candidates, size_t all,
                                      const RunMeasures& measures) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const StoredCandidate& candidate : candidates) {
    nlohmann::ordered_json json = ToJson(candidate, measures);
    json["state"] = StateOf(candidate);
    json["origin"] = candidate.lineage.origin;
    json["parents"] = candidate.lineage.parents;
    json["on_front"] = candidate.on_front;
    json["same_as"] = nullptr;
    if (candidate.same_as) json["same_as"] = *candidate.same_as;
    json["failure"] = candidate.failure;
    list.push_back(std::move(json));
  }
  return {{"candidates", std::move(list)}, {"all", all}};
}

std::string CandidatesCsv(const std::vector<StoredCandidate>& candidates,
                          const RunMeasures& measures) {
  std::vector<std::string> cells;
  for (const CandidateField& field : CandidateFields()) cells.emplace_back(field.name);
  std::string text = fmt::format("{}\n", fmt::join(cells, ","));
  for (const StoredCandidate& candidate : candidates) {
    cells.clear();
    for (const CandidateField& field : CandidateFields()) {
      const FieldValue value = field.value(candidate, measures);
      const auto* number = std::get_if<double>(&value);
      const auto* words = std::get_if<std::string>(&value);
      cells.push_back(number != nullptr  ? fmt::format("{}", *number)
                      : words != nullptr ? CsvCell(*words)
                                         : "");
    }
    text += fmt::format("{}\n", fmt::join(cells, ","));
  }
  return text;
}

}  // namespace strata::cli
