#include "cli/shared/output.h"

#include <fmt/format.h>

#include <algorithm>

namespace strata::cli {

Table::Table(std::vector<std::string> headings, std::vector<Align> alignment)
    : alignment_(std::move(alignment)) {
  rows_.push_back(std::move(headings));
  AddRule();
}

void Table::AddRow(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }

void Table::AddRule() { rows_.emplace_back(); }

std::string Table::Render() const {
  std::vector<size_t> widths(alignment_.size(), 0);
  for (const auto& row : rows_) {
    for (size_t column = 0; column < row.size(); ++column) {
      widths[column] = std::max(widths[column], row[column].size());
    }
  }
  std::string text;
  for (const auto& row : rows_) {
    std::string line;
    for (size_t column = 0; column < widths.size(); ++column) {
      if (column > 0) line += "  ";
      if (row.empty()) {
        line += std::string(widths[column], '-');
      } else if (alignment_[column] == Align::kLeft) {
        line += fmt::format("{:<{}}", row[column], widths[column]);
      } else {
        line += fmt::format("{:>{}}", row[column], widths[column]);
      }
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::string JsonText(const nlohmann::ordered_json& json) {
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

void PrintJson(const nlohmann::ordered_json& json) { fmt::print("{}", JsonText(json)); }

}  // namespace strata::cli
