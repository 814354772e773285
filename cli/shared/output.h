// Plain-text tables and JSON for a terminal.
#ifndef STRATA_CLI_SHARED_OUTPUT_H_
#define STRATA_CLI_SHARED_OUTPUT_H_

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/shared/page.h"

namespace strata::cli {

enum class Align { kLeft, kRight };

class Table {
 public:
  // Takes one heading and one alignment per column.
  Table(std::vector<std::string> headings, std::vector<Align> alignment);

  // `cells` has one text per column.
  void AddRow(std::vector<std::string> cells);

  // Adds a line across the table, between groups of rows.
  void AddRule();

  // Declares that a column gives way if the table is wider than its page. Its cells are wrapped,
  // or, where few columns would be left for them, put on lines of their own below their row.
  // Columns give way in the order of the calls.
  void GiveWay(size_t column);

  // Sets the number of first columns that tell the rows apart; the default is 1. If a table is too
  // wide although columns gave way, it is split, and every part begins with these columns.
  void SetKeys(size_t columns);

  // Returns the table, which ends with a newline. Columns are padded to their widest cell and
  // separated by two spaces. No line is wider than the page, and no text of a cell is left out.
  // Control characters in cells are shown as blanks.
  std::string Render(const Page& page = Page()) const;

 private:
  // Columns with their widths, from left to right, and those that are put below each row.
  struct Part {
    std::vector<size_t> columns;
    std::vector<size_t> widths;
    std::vector<size_t> below;
    size_t page_columns = 0;  // for what is below

    size_t Width() const;
  };

  Part WholeTable() const;
  std::vector<Part> PartsFor(size_t page_columns) const;
  std::vector<Part> Split(const Part& part) const;
  std::string RowText(const std::vector<std::string>& row, const Part& part) const;

  std::vector<Align> alignment_;
  std::vector<size_t> giving_way_;
  size_t keys_ = 1;
  std::vector<std::vector<std::string>> rows_;  // an empty row is a rule
};

// Returns `json` as indented text with a final newline. Bytes that are not UTF-8 (a path can hold
// them) are replaced, because JSON cannot carry them.
std::string JsonText(const nlohmann::ordered_json& json);

// Prints JsonText(json) to standard output.
void PrintJson(const nlohmann::ordered_json& json);

}  // namespace strata::cli

#endif  // STRATA_CLI_SHARED_OUTPUT_H_
