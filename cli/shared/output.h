// Plain-text tables and JSON for a terminal.
#ifndef STRATA_CLI_SHARED_OUTPUT_H_
#define STRATA_CLI_SHARED_OUTPUT_H_

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

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

  // Returns the table, which ends with a newline. Columns are padded to their widest cell and
  // separated by two spaces.
  std::string Render() const;

 private:
  std::vector<Align> alignment_;
  std::vector<std::vector<std::string>> rows_;  // an empty row is a rule
};

// Returns `json` as indented text with a final newline. Bytes that are not UTF-8 (a path can hold
// them) are replaced, because JSON cannot carry them.
std::string JsonText(const nlohmann::ordered_json& json);

// Prints JsonText(json) to standard output.
void PrintJson(const nlohmann::ordered_json& json);

}  // namespace strata::cli

#endif  // STRATA_CLI_SHARED_OUTPUT_H_
