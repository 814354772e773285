#include "expr/library_documentation.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string_view>

#include "expr/feature_table.h"
#include "expr/latex.h"

namespace strata::expr {
namespace {

const BaselineSetting* DefaultOf(const Baseline& baseline) {
  if (!baseline.published.empty()) return &baseline.published.front();
  return baseline.widened.empty() ? nullptr : &baseline.widened.front();
}

std::string Section(const Baseline& baseline) {
  std::string out =
      fmt::format("### {}\n\n{} ({}).\n\n", baseline.name, baseline.title, baseline.source);
  out += fmt::format("`{}`\n\n", baseline.formula);
  const BaselineSetting* usual = DefaultOf(baseline);
  if (usual != nullptr) out += fmt::format("$$ {} $$\n\n", ToLatex(usual->expression));
  out += baseline.words + "\n\n";
  if (usual != nullptr && !usual->settings.empty()) {
    out += fmt::format("- Default: {} ({})\n", usual->settings, baseline.default_is);
    out += fmt::format("- Published: {}\n", DescribeSettings(baseline.published));
    out += fmt::format("- Widened: {}\n", DescribeSettings(baseline.widened));
  }
  out += fmt::format("- Needs: {}\n", DescribeNeeds(baseline));
  out += fmt::format("- Granularity: {}\n", DescribeGranularities(baseline.granularities));
  if (!baseline.unstructured)
    out += "- Gives n:M patterns, so it does not seed an unstructured search\n";
  if (!baseline.deviation.empty()) out += fmt::format("- Deviation: {}\n", baseline.deviation);
  return out + "\n";
}

}  // namespace

UnitLayout DocumentedLayout() { return SquareBlocks(std::vector<int64_t>(32, 202375168)); }

std::string DescribeNeeds(const Baseline& baseline) {
  if (!baseline.left_out.empty()) return "-";
  if (!baseline.needs.features) return "nothing but the shapes of the model";
  std::string text =
      fmt::format("`{}`", fmt::join(RequiredFeatures(DefaultOf(baseline)->expression), "`, `"));
  if (baseline.needs.gradients) text += "; gradients of the loss";
  if (baseline.needs.gradient_free) text += "; losses of perturbed weights";
  if (baseline.needs.spectra) text += "; singular values of every matrix";
  return text;
}

std::string DescribeGranularities(const Granularities& granularities) {
  std::vector<std::string_view> names;
  if (granularities.block) names.push_back("block");
  if (granularities.kind) names.push_back("kind");
  if (granularities.linear) names.push_back("linear");
  return fmt::format("{}", fmt::join(names, ", "));
}

std::string DescribeSettings(const std::vector<BaselineSetting>& settings) {
  if (settings.empty()) return "-";
  const std::string& first = settings.front().settings;
  if (first.find(' ') != std::string::npos) {
    std::vector<std::string_view> texts;
    for (const BaselineSetting& setting : settings) texts.push_back(setting.settings);
    return fmt::format("{}", fmt::join(texts, "; "));
  }
  const size_t equals = first.find('=');
  if (equals == std::string::npos) return first;
  std::vector<std::string_view> values;
  for (const BaselineSetting& setting : settings) {
    values.push_back(std::string_view(setting.settings).substr(equals + 1));
  }
  return fmt::format("{} {}", first.substr(0, equals), fmt::join(values, ", "));
}

std::string LibraryMarkdown() {
  const std::vector<Baseline> library = Library(DocumentedLayout(), kDocumentedSparsity);
  std::string out = "| name | function | default | from |\n|---|---|---|---|\n";
  for (const Baseline& baseline : library) {
    const BaselineSetting* usual = DefaultOf(baseline);
    out += fmt::format("| [{0}](#{0}) | `{1}` | {2} | {3} |\n", baseline.name, baseline.formula,
                       usual == nullptr ? "-" : usual->settings, baseline.source);
  }
  out += '\n';
  for (const Baseline& baseline : library) out += Section(baseline);
  return out;
}

}  // namespace strata::expr
