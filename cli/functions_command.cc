// `strata functions`: lists the library of published allocation functions and the operators they
// are made of.
#include <fmt/format.h>

#include <memory>

#include "cli/report/function_json.h"
#include "cli/shared/command.h"
#include "cli/shared/model_argument.h"
#include "cli/shared/output.h"
#include "cli/shared/terminal.h"
#include "evaluator/names.h"
#include "expr/feature_table.h"
#include "expr/latex.h"
#include "expr/library_documentation.h"
#include "expr/operator_documentation.h"
#include "expr/status_macros.h"
#include "workers/wire/measurement_plan.h"

namespace strata::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
  std::string name;
  bool operators = false;
  bool json = false;
  std::string model;
  std::string granularity = "block";
  double sparsity = expr::kDocumentedSparsity;
  int blocks = 32;
  OutputFormat format = OutputFormat::kTable;
  bool wide = false;
};

const expr::BaselineSetting* DefaultOf(const expr::Baseline& baseline) {
  if (!baseline.published.empty()) return &baseline.published.front();
  return baseline.widened.empty() ? nullptr : &baseline.widened.front();
}

Json GridJson(const std::vector<expr::BaselineSetting>& settings) {
  Json grid = Json::array();
  for (const expr::BaselineSetting& setting : settings) {
    grid.push_back({{"settings", setting.settings},
                    {"expression", expr::PrintExpression(setting.expression)}});
  }
  return grid;
}

// Returns what the library says about a function, without the function itself.
Json DescriptionJson(const expr::Baseline& baseline) {
  Json json = {{"name", baseline.name},
               {"title", baseline.title},
               {"source", baseline.source},
               {"formula", baseline.formula},
               {"words", baseline.words},
               {"default_is", baseline.default_is},
               {"published", GridJson(baseline.published)},
               {"widened", GridJson(baseline.widened)},
               {"granularities",
                {{"block", baseline.granularities.block},
                 {"kind", baseline.granularities.kind},
                 {"linear", baseline.granularities.linear}}},
               {"needs",
                {{"features", baseline.needs.features},
                 {"gradients", baseline.needs.gradients},
                 {"gradient_free", baseline.needs.gradient_free},
                 {"spectra", baseline.needs.spectra}}},
               {"unstructured", baseline.unstructured},
               {"deviation", baseline.deviation}};
  if (!baseline.left_out.empty()) json["left_out"] = baseline.left_out;
  return json;
}

Json OperatorsJson() {
  Json rows = Json::array();
  for (const expr::Operator& row : expr::Operators()) {
    Json parameters = Json::array();
    for (const expr::OperatorParameter& parameter : row.parameters) {
      parameters.push_back({{"name", parameter.name},
                            {"minimum", parameter.minimum},
                            {"maximum", parameter.maximum},
                            {"default", parameter.default_value},
                            {"step", parameter.step}});
    }
    rows.push_back({{"name", row.name},
                    {"dsa", row.alias},
                    {"operands", row.arity},
                    {"parameters", std::move(parameters)},
                    {"total", row.domain == expr::DomainRule::kTotal},
                    {"meaning", row.meaning},
                    {"source", row.source}});
  }
  return rows;
}

absl::StatusOr<expr::UnitLayout> Layout(const Options& options) {
  if (options.model.empty()) {
    return expr::SquareBlocks(std::vector<int64_t>(static_cast<size_t>(options.blocks),
                                                   expr::DocumentedLayout().front().parameters));
  }
  evaluator::Granularity granularity = evaluator::Granularity::kBlock;
  if (absl::Status status = evaluator::ParseName(options.granularity, &granularity); !status.ok()) {
    return absl::InvalidArgumentError(
        fmt::format("--granularity: {}", std::string(status.message())));
  }
  STRATA_ASSIGN_OR_RETURN(const auto model, ReadModelArgument(options.model));
  return evaluator::LayoutOf(model, granularity);
}

void PrintList(const std::vector<expr::Baseline>& library, const Page& page) {
  Table table({"name", "default", "from", "function"},
              {Align::kLeft, Align::kLeft, Align::kLeft, Align::kLeft});
  table.GiveWay(3);
  table.GiveWay(2);
  table.GiveWay(1);
  for (const expr::Baseline& baseline : library) {
    const expr::BaselineSetting* usual = DefaultOf(baseline);
    table.AddRow({baseline.name, usual == nullptr ? "not possible here" : usual->settings,
                  baseline.source, baseline.formula});
  }
  fmt::print("{}\n", table.Render(page));
  PrintFolded(
      "`strata functions NAME` says more about one; `strata functions --operators` what the "
      "formulas are made of.\n",
      page);
}

std::string SettingsText(const char* title, const std::vector<expr::BaselineSetting>& settings) {
  if (settings.empty()) return "";
  std::string text = fmt::format("\n{}\n", title);
  for (const expr::BaselineSetting& setting : settings) {
    text +=
        fmt::format("  {:<24}  {}\n", setting.settings, expr::PrintExpression(setting.expression));
  }
  return text;
}

std::string DescriptionText(const expr::Baseline& baseline) {
  std::string text = fmt::format("{}: {}\n{}\n\n  {}\n\n{}\n\n", baseline.name, baseline.title,
                                 baseline.source, baseline.formula, baseline.words);
  if (!baseline.left_out.empty()) text += fmt::format("not possible here: {}\n", baseline.left_out);
  text += fmt::format("needs        {}\n", expr::DescribeNeeds(baseline));
  text += fmt::format("granularity  {}\n", expr::DescribeGranularities(baseline.granularities));
  if (!baseline.unstructured)
    text += fmt::format("pattern      n:M, so it seeds no unstructured search\n");
  if (const expr::BaselineSetting* usual = DefaultOf(baseline); usual != nullptr) {
    if (!usual->settings.empty()) {
      text += fmt::format("default      {} ({})\n", usual->settings, baseline.default_is);
    }
    text += fmt::format("LaTeX        {}\n", expr::ToLatex(usual->expression));
  }
  if (!baseline.deviation.empty()) text += fmt::format("deviation    {}\n", baseline.deviation);
  text += SettingsText("published settings, the default first", baseline.published);
  return text + SettingsText("wider amplitudes", baseline.widened);
}

// Prints the default of a function as function JSON, with what the library says about it.
absl::Status PrintOneAsJson(const expr::Baseline& baseline, const expr::UnitLayout& layout,
                            double sparsity) {
  STRATA_ASSIGN_OR_RETURN(const auto function,
                          ReadFunctionArgument(baseline.name, layout, sparsity));
  Json json = FunctionJson(function);
  json["library"] = DescriptionJson(baseline);
  PrintJson(json);
  return absl::OkStatus();
}

absl::Status PrintOperators(bool as_json, const Page& page) {
  if (as_json) {
    PrintJson(OperatorsJson());
  } else {
    PrintFolded(expr::OperatorTableText(), page);
  }
  return absl::OkStatus();
}

absl::Status PrintFunctions(const Options& options) {
  const bool as_json = options.json || options.format == OutputFormat::kJson;
  const Page page = OutputPage(options.wide);
  if (options.operators) return PrintOperators(as_json, page);
  STRATA_RETURN_IF_ERROR(expr::ValidateTarget({.sparsity = options.sparsity}));
  STRATA_ASSIGN_OR_RETURN(const auto layout, Layout(options));
  const std::vector<expr::Baseline> library = expr::Library(layout, options.sparsity);
  if (options.name.empty()) {
    if (!as_json) {
      PrintList(library, page);
      return absl::OkStatus();
    }
    Json json = Json::array();
    for (const expr::Baseline& baseline : library) json.push_back(DescriptionJson(baseline));
    PrintJson(json);
    return absl::OkStatus();
  }
  for (const expr::Baseline& baseline : library) {
    if (baseline.name != options.name) continue;
    if (as_json) return PrintOneAsJson(baseline, layout, options.sparsity);
    PrintFolded(DescriptionText(baseline), page);
    return absl::OkStatus();
  }
  const absl::Status unknown = expr::FindPublished(options.name, layout, options.sparsity).status();
  if (!unknown.ok()) return unknown;
  return absl::InvalidArgumentError(
      fmt::format("NAME: expected the name of a function alone, found '{}' with settings; `strata "
                  "explain` shows "
                  "a function at other settings",
                  options.name));
}

}  // namespace

void AddFunctionsCommand(CLI::App* app, Command* command) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app->add_subcommand(
      "functions",
      "Lists the published allocation functions with their formulas, sources and settings.");
  verb->add_option("NAME", options->name, "Function to describe in full.");
  verb->add_flag("--operators", options->operators, "List the operators of the language instead.");
  CLI::Option* blocks =
      verb->add_option("--blocks", options->blocks,
                       "Show the settings for a model with this number of equal blocks.")
          ->check(CLI::Range(1, 100000))
          ->capture_default_str();
  verb->add_option("--model", options->model,
                   "Show the settings for this model, a Hugging Face directory or GGUF file.")
      ->excludes(blocks);
  verb->add_option("--granularity", options->granularity,
                   "Unit that gets one sparsity, with --model: block | kind | linear.")
      ->capture_default_str();
  verb->add_option("--sparsity", options->sparsity, "Show the settings for this target sparsity.")
      ->capture_default_str();
  AddFormatOption(verb, &options->format);
  AddWideOption(verb, &options->wide);
  verb->add_flag("--json", options->json, "Short for --format json.");
  verb->callback([=] { *command = [=] { return PrintFunctions(*options); }; });
}

}  // namespace strata::cli
