#include "cli/report/refinement_report.h"

#include <fmt/format.h>

#include <charconv>

#include "cli/shared/measure_text.h"
#include "cli/shared/perplexity_text.h"
#include "evaluator/names.h"
#include "expr/status_macros.h"
#include "search/refinement/refinement_start.h"

namespace strata::cli {
namespace {

using evaluator::Measure;

nlohmann::ordered_json ToJson(const search::RefinedResult& result, Measure selection) {
  return {{"id", result.id},
          {ShownKey("refinement", selection), ShownJson(result.nll, selection)},
          {ShownKey("selection", selection), ShownJson(result.selection_nll, selection)},
          {ShownKey("report", Measure::kLoss), ShownJson(result.report_nll, Measure::kLoss)}};
}

// Returns "220.31 -> 201.20 (-8.7 %)", or an empty text if one of the two was not measured.
std::string Change(const std::optional<double>& from, const std::optional<double>& to,
                   Measure measure, PerplexityTexts* texts) {
  if (!from || !to) return "";
  const std::string start = texts->Cell(from, measure);
  return fmt::format("{} -> {} ({:+.1f} %)", start, texts->Cell(to, measure),
                     100 * (ShownRatio(*to, *from, measure) - 1));
}

}  // namespace

absl::StatusOr<std::optional<RefinementReport>> ReadRefinementReport(
    const search::RunStore& store) {
  STRATA_ASSIGN_OR_RETURN(const auto results, store.Refined());
  if (results.empty()) return std::optional<RefinementReport>();
  STRATA_ASSIGN_OR_RETURN(const auto from, store.Property(search::kRefinedFromProperty));
  RefinementReport report;
  const std::string digits = from.value_or("");
  int64_t candidate = 0;
  if (std::from_chars(digits.data(), digits.data() + digits.size(), candidate).ec != std::errc() ||
      results.front().id != 0) {
    return absl::DataLossError(
        fmt::format("the run's refinement lacks its start or the property '{}', a whole number",
                    search::kRefinedFromProperty));
  }
  if (candidate != search::kNoCandidate) report.candidate = candidate;
  STRATA_ASSIGN_OR_RETURN(const auto slopes, store.Property(search::kRefinedSlopesProperty));
  STRATA_ASSIGN_OR_RETURN(const auto failure, store.Property(search::kSlopeFailureProperty));
  const std::string count = slopes.value_or("0");
  if (std::from_chars(count.data(), count.data() + count.size(), report.slopes).ec != std::errc()) {
    return absl::DataLossError(
        fmt::format("the run's property '{}': expected a whole number, found '{}'",
                    search::kRefinedSlopesProperty, count));
  }
  report.slope_failure = failure.value_or("");
  report.start = report.best = results.front();
  for (const search::RefinedResult& result : results) {
    if (result.nll) ++report.tried;
    if (!result.failure.empty()) ++report.failed;
    if (!result.nll && result.failure.empty()) ++report.dropped;
    if (!result.selection_nll) continue;
    if (!report.best.selection_nll || *result.selection_nll < *report.best.selection_nll) {
      report.best = result;
    }
  }
  return std::optional<RefinementReport>(std::move(report));
}

nlohmann::ordered_json ToJson(const RefinementReport& report, Measure selection) {
  return {{"candidate", report.candidate ? nlohmann::ordered_json(*report.candidate)
                                         : nlohmann::ordered_json(nullptr)},
          {"tried", report.tried},
          {"dropped", report.dropped},
          {"failed", report.failed},
          {"slopes", report.slopes},
          {"slope_failure", report.slope_failure},
          {"start", ToJson(report.start, selection)},
          {"best", ToJson(report.best, selection)}};
}

std::string ToText(const RefinementReport& report, const RunConfig& config, int64_t vocabulary) {
  std::string text = fmt::format(
      "\nrefinement, apart from the functions: {} allocations near that of {} tried, {} windows of "
      "{} tokens, fitness split, sequential protocol, {}{}\n",
      report.tried, report.candidate ? fmt::format("{}", *report.candidate) : "uniform sparsities",
      config.selection_windows, config.report_window_tokens, NameOf(config.report_arithmetic),
      report.failed > 0 ? fmt::format("; {} failed", report.failed) : "");
  if (report.dropped > 0) {
    text += fmt::format("  {} more were measured on fewer windows only\n", report.dropped);
  }
  if (report.slopes > 0) {
    text += fmt::format("  slopes measured {} time{}, {}\n", report.slopes,
                        report.slopes == 1 ? "" : "s", NameOf(config.fitness_arithmetic));
  }
  if (!report.slope_failure.empty()) {
    text += fmt::format("  without slopes: {}\n", report.slope_failure);
  }
  if (!report.best.selection_nll) return text;
  if (report.best.id == report.start.id) {
    return text +
           fmt::format("  none has a lower selection {}\n", ShownName(config.selection_measure));
  }
  PerplexityTexts texts(vocabulary);
  text +=
      fmt::format("  selection  {}\n", Change(report.start.selection_nll, report.best.selection_nll,
                                              config.selection_measure, &texts));
  if (report.best.report_nll) {
    text += fmt::format("  report     {}\n", Change(report.start.report_nll, report.best.report_nll,
                                                    Measure::kLoss, &texts));
  }
  return text + texts.Note() + "  `strata export RUN --refined` writes it\n";
}

}  // namespace strata::cli
