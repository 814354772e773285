// Plain-text tables for a terminal.
#ifndef STRATA_CLI_TABLE_H_
#define STRATA_CLI_TABLE_H_

#include <string>
#include <vector>

namespace strata::cli {

enum class Align { kLeft, kRight };

class Table {
 public:
  // One heading and alignment per column.
  Table(std::vector<std::string> headings, std::vector<Align> alignment);

  // `cells` has one text per column.
  void AddRow(std::vector<std::string> cells);

  // A line across the table, between groups of rows.
  void AddRule();

  // Columns padded to their widest cell and separated by two spaces; ends with a newline.
  std::string Render() const;

 private:
  std::vector<Align> alignment_;
  std::vector<std::vector<std::string>> rows_;  // an empty row is a rule
};

}  // namespace strata::cli

#endif  // STRATA_CLI_TABLE_H_
