#include "cli/shared/output.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace strata::cli {

namespace {

constexpr size_t kGap = 2;            // blanks between columns
constexpr size_t kLeastWrapped = 24;  // a narrower column is put below its row
constexpr size_t kLeastForced = 2;    // a wide character needs two
constexpr size_t kIndentBelow = 4;

// A cell is one line, whatever it holds.
std::string CellText(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return text;
}

std::string Padded(const std::string& text, size_t width, Align align) {
  const std::string padding(width - std::min(width, ColumnsOf(text)), ' ');
  return align == Align::kLeft ? text + padding : padding + text;
}

void AppendLine(std::string line, std::string* text) {
  line.erase(line.find_last_not_of(' ') + 1);
  *text += line + "\n";
}

}  // namespace

Table::Table(std::vector<std::string> headings, std::vector<Align> alignment)
    : alignment_(std::move(alignment)) {
  AddRow(std::move(headings));
  AddRule();
}

void Table::AddRow(std::vector<std::string> cells) {
  for (std::string& cell : cells) cell = CellText(std::move(cell));
  rows_.push_back(std::move(cells));
}

void Table::AddRule() { rows_.emplace_back(); }

void Table::GiveWay(size_t column) { giving_way_.push_back(column); }

void Table::SetKeys(size_t columns) { keys_ = columns; }

size_t Table::Part::Width() const {
  size_t width = columns.empty() ? 0 : kGap * (columns.size() - 1);
  for (const size_t column : widths) width += column;
  return width;
}

Table::Part Table::WholeTable() const {
  Part part;
  for (size_t column = 0; column < alignment_.size(); ++column) {
    size_t width = 0;
    for (const auto& row : rows_) {
      if (!row.empty()) width = std::max(width, ColumnsOf(row[column]));
    }
    part.columns.push_back(column);
    part.widths.push_back(width);
  }
  return part;
}

std::vector<Table::Part> Table::PartsFor(size_t page_columns) const {
  Part whole = WholeTable();
  whole.page_columns = page_columns;
  for (size_t below = 0;; ++below) {
    Part part = whole;
    for (size_t i = below; i < giving_way_.size() && part.Width() > page_columns; ++i) {
      const auto at = std::find(part.columns.begin(), part.columns.end(), giving_way_[i]);
      size_t& width = part.widths[static_cast<size_t>(at - part.columns.begin())];
      const size_t least = std::min(width, kLeastWrapped);
      width -= std::min(width - least, part.Width() - page_columns);
    }
    if (part.Width() <= page_columns) return {part};
    if (below == giving_way_.size()) return Split(whole);
    const auto at = std::find(whole.columns.begin(), whole.columns.end(), giving_way_[below]);
    whole.widths.erase(whole.widths.begin() + (at - whole.columns.begin()));
    whole.columns.erase(at);
    whole.below.push_back(giving_way_[below]);
  }
}

std::vector<Table::Part> Table::Split(const Part& part) const {
  Part keys;
  keys.page_columns = part.page_columns;
  size_t next = 0;
  for (; next < part.columns.size() && part.columns[next] < keys_; ++next) {
    keys.columns.push_back(part.columns[next]);
    keys.widths.push_back(part.widths[next]);
  }
  std::vector<Part> parts;
  do {
    Part one = keys;
    one.below = parts.empty() ? part.below : std::vector<size_t>();
    const auto take = [&] {
      one.columns.push_back(part.columns[next]);
      one.widths.push_back(part.widths[next]);
      ++next;
    };
    if (next < part.columns.size()) take();
    while (next < part.columns.size() &&
           one.Width() + kGap + part.widths[next] <= part.page_columns) {
      take();
    }
    // Keys that leave no room for a single column are wrapped, and at last the column itself.
    const auto first = one.widths.begin();
    for (const auto last : {first + static_cast<long>(keys.widths.size()), one.widths.end()}) {
      while (first != last && one.Width() > part.page_columns) {
        size_t& widest = *std::max_element(first, last);
        if (widest <= kLeastForced) break;
        --widest;
      }
    }
    parts.push_back(std::move(one));
  } while (next < part.columns.size());
  return parts;
}

std::string Table::RowText(const std::vector<std::string>& row, const Part& part) const {
  std::vector<std::vector<std::string>> cells;
  size_t lines = 1;
  for (size_t i = 0; i < part.columns.size(); ++i) {
    cells.push_back(row.empty()
                        ? std::vector{std::string(part.widths[i], '-')}
                        : Wrapped(row[part.columns[i]], std::max(part.widths[i], kLeastForced)));
    lines = std::max(lines, cells.back().size());
  }
  std::string text;
  for (size_t k = 0; k < lines; ++k) {
    std::string line;
    for (size_t i = 0; i < cells.size(); ++i) {
      if (i > 0) line += std::string(kGap, ' ');
      line += Padded(k < cells[i].size() ? cells[i][k] : "", part.widths[i],
                     alignment_[part.columns[i]]);
    }
    AppendLine(std::move(line), &text);
  }
  if (row.empty()) return text;
  for (const size_t column : part.below) {
    if (row[column].empty()) continue;
    for (const std::string& line : Wrapped(row[column], part.page_columns - kIndentBelow)) {
      AppendLine(std::string(kIndentBelow, ' ') + line, &text);
    }
  }
  return text;
}

std::string Table::Render(const Page& page) const {
  std::string text;
  for (const Part& part : page.columns ? PartsFor(*page.columns) : std::vector{WholeTable()}) {
    if (!text.empty()) text += "\n";
    for (const auto& row : rows_) text += RowText(row, part);
  }
  return text;
}

std::string JsonText(const nlohmann::ordered_json& json) {
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

void PrintJson(const nlohmann::ordered_json& json) { fmt::print("{}", JsonText(json)); }

}  // namespace strata::cli
