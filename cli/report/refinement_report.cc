#include "cli/report/refinement_report.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "cli/shared/perplexity_text.h"
#include "evaluator/names.h"
#include "expr/status_macros.h"
#include "search/refinement/refinement_start.h"

namespace strata::cli {
namespace {

nlohmann::ordered_json Perplexity(const std::optional<double>& nll) {
  return nll ? nlohmann::ordered_json(std::exp(*nll)) : nlohmann::ordered_json(nullptr);
}

nlohmann::ordered_json ToJson(const search::RefinedResult& result) {
  return {{"id", result.id},
          {"refinement_perplexity", Perplexity(result.nll)},
          {"selection_perplexity", Perplexity(result.selection_nll)},
          {"report_perplexity", Perplexity(result.report_nll)}};
}

// Returns "220.31 -> 201.20 (-8.7 %)", or an empty text if one of the two was not measured.
std::string Change(const std::optional<double>& from, const std::optional<double>& to,
                   PerplexityTexts* texts) {
  if (!from || !to) return "";
  const std::string start = texts->Cell(from);
  return fmt::format("{} -> {} ({:+.1f} %)", start, texts->Cell(to),
                     100 * (std::exp(*to - *from) - 1));
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

nlohmann::ordered_json ToJson(const RefinementReport& report) {
  return {{"candidate", report.candidate ? nlohmann::ordered_json(*report.candidate)
                                         : nlohmann::ordered_json(nullptr)},
          {"tried", report.tried},
          {"dropped", report.dropped},
          {"failed", report.failed},
          {"slopes", report.slopes},
          {"slope_failure", report.slope_failure},
          {"start", ToJson(report.start)},
          {"best", ToJson(report.best)}};
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
    return text + "  none has a lower selection perplexity\n";
  }
  PerplexityTexts texts(vocabulary);
  text += fmt::format("  selection  {}\n",
                      Change(report.start.selection_nll, report.best.selection_nll, &texts));
  if (report.best.report_nll) {
    text += fmt::format("  report     {}\n",
                        Change(report.start.report_nll, report.best.report_nll, &texts));
  }
  return text + texts.Note() + "  `strata export RUN --refined` writes it\n";
}

}  // namespace strata::cli
