#include "expr/nearest_name.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "expr/operator_table.h"

namespace strata::expr {
namespace {

// Returns the Levenshtein distance.
size_t Edits(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

std::string_view NearestName(std::string_view name, std::span<const std::string_view> candidates) {
  // The beginning of an absurdly long name is enough, and it bounds the work.
  const std::string_view start = name.substr(0, 64);
  std::string_view nearest;
  size_t fewest = std::string_view::npos;
  for (const std::string_view candidate : candidates) {
    const size_t edits = Edits(start, candidate);
    if (edits < fewest) {
      fewest = edits;
      nearest = candidate;
    }
  }
  return nearest;
}

std::string_view NearestOperatorName(std::string_view name) {
  std::vector<std::string_view> candidates;
  for (const Operator& row : Operators()) {
    const bool word = row.kind != OperatorKind::kConstant && row.name.size() > 0 &&
                      (row.name[0] == '_' || (row.name[0] >= 'A' && row.name[0] <= 'z'));
    if (!word) continue;
    candidates.push_back(row.name);
    if (!row.alias.empty()) candidates.push_back(row.alias);
  }
  return NearestName(name, candidates);
}

}  // namespace strata::expr
