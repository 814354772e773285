#include "search/store/candidate_rows.h"

#include <SQLiteCpp/Column.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <string>
#include <system_error>
#include <utility>

#include "expr/status_macros.h"
#include "search/engine/outcome_codec.h"

namespace strata::search {
namespace {

absl::StatusOr<std::vector<int64_t>> ParseParents(const std::string& text) {
  std::vector<int64_t> parents;
  const char* const end = text.data() + text.size();
  for (const char* at = text.data(); at != end;) {
    int64_t id = 0;
    const auto [next, error] = std::from_chars(at, end, id);
    if (error != std::errc() || (next != end && *next != ',')) {
      return absl::DataLossError(
          fmt::format("expected candidate ids joined by commas, found \"{}\"", text));
    }
    parents.push_back(id);
    at = next == end ? end : next + 1;
  }
  return parents;
}

void BindOptional(SQLite::Statement* statement, int index, const std::optional<double>& value) {
  if (value) {
    statement->bind(index, *value);
  } else {
    statement->bind(index);
  }
}

void BindBytes(SQLite::Statement* statement, int index, const std::string& bytes) {
  statement->bind(index, static_cast<const void*>(bytes.data()), static_cast<int>(bytes.size()));
}

std::optional<double> OptionalDouble(const SQLite::Column& column) {
  if (column.isNull()) return std::nullopt;
  return column.getDouble();
}

constexpr std::optional<double> ScenarioResult::*kScenarioNumbers[] = {
    &ScenarioResult::fitness_nll, &ScenarioResult::selection_nll, &ScenarioResult::report_nll,
    &ScenarioResult::achieved_sparsity};

std::vector<double> NumbersOf(const std::vector<ScenarioResult>& scenarios) {
  std::vector<double> numbers;
  for (const ScenarioResult& scenario : scenarios) {
    numbers.push_back(static_cast<double>(scenario.allocation.size()));
    numbers.insert(numbers.end(), scenario.allocation.begin(), scenario.allocation.end());
    for (const auto member : kScenarioNumbers) {
      numbers.push_back((scenario.*member).has_value() ? 1 : 0);
      if (scenario.*member) numbers.push_back(*(scenario.*member));
    }
  }
  return numbers;
}

absl::StatusOr<std::vector<ScenarioResult>> ReadScenarios(const std::string& bytes) {
  STRATA_ASSIGN_OR_RETURN(const std::vector<double> numbers, DecodeDoubles(bytes));
  bool is_whole = true;
  size_t at = 0;
  const auto next = [&] {
    is_whole = is_whole && at < numbers.size();
    return is_whole ? numbers[at++] : 0.0;
  };
  std::vector<ScenarioResult> scenarios;
  while (is_whole && at < numbers.size()) {
    ScenarioResult scenario;
    const double units = next();
    is_whole = units >= 0 && units <= static_cast<double>(numbers.size());
    for (double unit = 0; is_whole && unit < units; ++unit) scenario.allocation.push_back(next());
    for (const auto member : kScenarioNumbers) {
      if (next() != 0) scenario.*member = next();
    }
    scenarios.push_back(std::move(scenario));
  }
  if (is_whole) return scenarios;
  return absl::DataLossError("the results of its scenarios end in the middle of one");
}

}  // namespace

void BindCandidate(const StoredCandidate& candidate, SQLite::Statement* put) {
  put->bind(1, candidate.id);
  put->bind(2, candidate.text);
  put->bind(3, candidate.complexity);
  put->bind(4, candidate.lineage.origin);
  put->bind(5, candidate.lineage.name);
  put->bind(6, fmt::format("{}", fmt::join(candidate.lineage.parents, ",")));
  BindBytes(put, 7, EncodeDoubles(candidate.allocation));
  if (candidate.same_as) {
    put->bind(8, *candidate.same_as);
  } else {
    put->bind(8);
  }
  put->bind(9, candidate.failure);
  BindOptional(put, 10, candidate.fitness_nll);
  BindOptional(put, 11, candidate.selection_nll);
  BindOptional(put, 12, candidate.report_nll);
  BindOptional(put, 13, candidate.achieved_sparsity);
  put->bind(14, candidate.on_front ? 1 : 0);
  put->bind(15, candidate.best_of_baseline ? 1 : 0);
  BindOptional(put, 16, candidate.forecast ? std::optional(candidate.forecast->nll) : std::nullopt);
  BindOptional(put, 17,
               candidate.forecast ? std::optional(candidate.forecast->deviation) : std::nullopt);
  BindBytes(put, 18, EncodeDoubles(candidate.rung_nll));
  put->bind(19, candidate.stopped_early ? 1 : 0);
  BindBytes(put, 20, EncodeDoubles(candidate.measures));
  BindBytes(put, 21, EncodeDoubles(NumbersOf(candidate.scenarios)));
}

absl::StatusOr<StoredCandidate> ReadCandidate(SQLite::Statement& row) {
  StoredCandidate candidate;
  candidate.id = row.getColumn(0).getInt64();
  candidate.text = row.getColumn(1).getString();
  candidate.complexity = row.getColumn(2).getInt();
  candidate.lineage.origin = row.getColumn(3).getString();
  candidate.lineage.name = row.getColumn(4).getString();
  absl::StatusOr<std::vector<int64_t>> parents = ParseParents(row.getColumn(5).getString());
  absl::StatusOr<std::vector<double>> allocation = DecodeDoubles(row.getColumn(6).getString());
  absl::StatusOr<std::vector<double>> rungs = DecodeDoubles(row.getColumn(17).getString());
  absl::StatusOr<std::vector<double>> measures = DecodeDoubles(row.getColumn(19).getString());
  absl::StatusOr<std::vector<ScenarioResult>> scenarios =
      ReadScenarios(row.getColumn(20).getString());
  for (const absl::Status& status : {parents.status(), allocation.status(), rungs.status(),
                                     measures.status(), scenarios.status()}) {
    if (status.ok()) continue;
    return absl::DataLossError(
        fmt::format("candidate {}: {}", candidate.id, std::string(status.message())));
  }
  candidate.lineage.parents = *std::move(parents);
  candidate.allocation = *std::move(allocation);
  if (!row.getColumn(7).isNull()) candidate.same_as = row.getColumn(7).getInt64();
  candidate.failure = row.getColumn(8).getString();
  candidate.fitness_nll = OptionalDouble(row.getColumn(9));
  candidate.selection_nll = OptionalDouble(row.getColumn(10));
  candidate.report_nll = OptionalDouble(row.getColumn(11));
  candidate.achieved_sparsity = OptionalDouble(row.getColumn(12));
  candidate.on_front = row.getColumn(13).getInt() != 0;
  candidate.best_of_baseline = row.getColumn(14).getInt() != 0;
  const std::optional<double> forecast = OptionalDouble(row.getColumn(15));
  if (forecast) candidate.forecast = {*forecast, row.getColumn(16).getDouble()};
  candidate.rung_nll = *std::move(rungs);
  candidate.stopped_early = row.getColumn(18).getInt() != 0;
  candidate.measures = *std::move(measures);
  candidate.scenarios = *std::move(scenarios);
  return candidate;
}

void BindRefined(const RefinedResult& result, SQLite::Statement* put) {
  put->bind(1, result.id);
  put->bind(2, result.parent);
  BindBytes(put, 3, EncodeDoubles(result.allocation));
  put->bind(4, result.failure);
  BindOptional(put, 5, result.nll);
  BindOptional(put, 6, result.selection_nll);
  BindOptional(put, 7, result.report_nll);
  BindOptional(put, 8, result.achieved_sparsity);
}

absl::StatusOr<RefinedResult> ReadRefined(SQLite::Statement& row) {
  RefinedResult result;
  result.id = row.getColumn(0).getInt64();
  result.parent = row.getColumn(1).getInt64();
  absl::StatusOr<std::vector<double>> allocation = DecodeDoubles(row.getColumn(2).getString());
  if (!allocation.ok()) {
    return absl::DataLossError(fmt::format("refined allocation {}: {}", result.id,
                                           std::string(allocation.status().message())));
  }
  result.allocation = *std::move(allocation);
  result.failure = row.getColumn(3).getString();
  result.nll = OptionalDouble(row.getColumn(4));
  result.selection_nll = OptionalDouble(row.getColumn(5));
  result.report_nll = OptionalDouble(row.getColumn(6));
  result.achieved_sparsity = OptionalDouble(row.getColumn(7));
  return result;
}

}  // namespace strata::search
