#include "cli/run/warm_start.h"

#include <fmt/format.h>

#include <filesystem>
#include <sstream>
#include <system_error>
#include <utility>

#include "cli/report/run_report.h"
#include "cli/shared/function_argument.h"
#include "expr/blockwise.h"
#include "expr/status_macros.h"

namespace strata::cli {
namespace {

constexpr char kWarmStartProperty[] = "warm_start";

absl::Status Prefixed(const absl::Status& status) {
  return absl::Status(status.code(),
                      fmt::format("search.warm_start: {}", std::string(status.message())));
}

// Reads the functions of a run. Functions of blocks are rewritten for finer units, on which they
// give the same sparsities.
absl::StatusOr<std::vector<search::WarmStart>> FromRun(const std::string& folder,
                                                       const expr::UnitLayout& layout) {
  const auto report = ReadRunReport(folder);
  if (!report.ok()) return Prefixed(report.status());
  const bool lifts = report->config.granularity == evaluator::Granularity::kBlock &&
                     layout.front().kind != expr::UnitKind::kBlock;
  std::vector<search::WarmStart> functions;
  for (const auto* list : {&report->front, &report->other_finalists}) {
    for (const search::StoredCandidate& candidate : *list) {
      auto expression = expr::ParseExpression(candidate.text);
      if (!expression.ok()) return Prefixed(expression.status());
      functions.push_back({fmt::format("{} of {}", DisplayName(candidate), folder),
                           lifts ? expr::Blockwise(*expression) : *std::move(expression)});
    }
  }
  if (!functions.empty()) return functions;
  return absl::FailedPreconditionError(
      fmt::format("search.warm_start: expected a run with a result, found none in '{}'", folder));
}

absl::StatusOr<std::vector<search::WarmStart>> FromSource(const std::string& source,
                                                          const expr::UnitLayout& layout,
                                                          double target_sparsity) {
  std::error_code error;
  if (std::filesystem::is_directory(source, error)) return FromRun(source, layout);
  auto function = ReadFunctionArgument(source, layout, target_sparsity);
  if (!function.ok()) return Prefixed(function.status());
  return std::vector<search::WarmStart>{{function->name, std::move(function->expression)}};
}

}  // namespace

absl::StatusOr<std::vector<search::WarmStart>> ReadWarmStart(
    const std::vector<std::string>& sources, const expr::UnitLayout& layout,
    double target_sparsity) {
  std::vector<search::WarmStart> all;
  for (const std::string& source : sources) {
    STRATA_ASSIGN_OR_RETURN(auto functions, FromSource(source, layout, target_sparsity));
    for (search::WarmStart& function : functions) all.push_back(std::move(function));
  }
  return all;
}

// Stores one line per function: its expression, a tab, its name.
absl::Status StoreWarmStart(const std::vector<search::WarmStart>& functions,
                            search::RunStore* store) {
  std::string text;
  for (const search::WarmStart& function : functions) {
    text += fmt::format("{}\t{}\n", expr::PrintExpression(function.expression), function.name);
  }
  return store->PutProperty(kWarmStartProperty, text);
}

absl::StatusOr<std::vector<search::WarmStart>> StoredWarmStart(const search::RunStore& store) {
  STRATA_ASSIGN_OR_RETURN(const auto text, store.Property(kWarmStartProperty));
  std::vector<search::WarmStart> functions;
  std::stringstream lines(text.value_or(""));
  for (std::string line; std::getline(lines, line);) {
    const size_t tab = std::min(line.find('\t'), line.size());
    auto expression = expr::ParseExpression(line.substr(0, tab));
    if (!expression.ok()) {
      return absl::DataLossError(fmt::format("property {} of the run: {}", kWarmStartProperty,
                                             std::string(expression.status().message())));
    }
    functions.push_back({line.substr(std::min(tab + 1, line.size())), *std::move(expression)});
  }
  return functions;
}

}  // namespace strata::cli
