// `strata allocate`: the sparsity that a function gives to each unit of a model.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>

#include "cli/apply_function.h"
#include "cli/shared/command.h"
#include "cli/shared/model_argument.h"
#include "cli/shared/output.h"
#include "cli/shared/terminal.h"
#include "cli/shared/text_output.h"
#include "evaluator/checkpoint/model_summary.h"
#include "evaluator/files/output_file.h"
#include "expr/status_macros.h"

namespace strata::cli {
namespace {

struct Options {
  std::vector<std::string> function;
  AllocationOptions allocation;
  std::vector<double> sparsities;  // targets
  std::string format = "table";
  bool wide = false;
  TextOutput output;
};

// One function at several targets, on the same units.
using Allocations = std::vector<AppliedFunction>;

// Returns text whose lines fit the page.
std::string ToTable(const Allocations& allocations, const Page& page) {
  const AppliedFunction& first = allocations.front();
  const auto units = evaluator::UnitsOf(first.model, first.granularity);
  const expr::UnitLayout layout = evaluator::LayoutOf(first.model, first.granularity);
  std::vector<std::string> headings = {"unit", "weights"};
  for (const AppliedFunction& one : allocations) {
    headings.push_back(allocations.size() == 1 ? "sparsity"
                                               : fmt::format("at {}", one.target.sparsity));
  }
  std::vector<Align> alignment(headings.size(), Align::kRight);
  alignment.front() = Align::kLeft;
  Table table(headings, alignment);
  // A table of several targets may be split, and every part then names the units.
  if (allocations.size() == 1) table.GiveWay(0);
  for (size_t i = 0; i < units.size(); ++i) {
    std::vector<std::string> cells = {units[i].name, fmt::format("{}", layout[i].parameters)};
    for (const AppliedFunction& one : allocations) {
      cells.push_back(fmt::format("{:.6f}", one.allocation[i]));
    }
    table.AddRow(std::move(cells));
  }
  std::string text;
  for (const AppliedFunction& one : allocations) {
    text += fmt::format("\n{}\nmean sparsity, weighted with the weights: {:.12f} (target {})\n",
                        expr::PrintExpression(one.function.expression),
                        expr::MeanSparsity(one.allocation, expr::ParametersOf(layout)),
                        one.target.sparsity);
  }
  return table.Render(page) + Folded(text, page);
}

// Returns one object, or an array of one object for each of several targets.
std::string ToJson(const Allocations& allocations) {
  if (allocations.size() == 1) return JsonText(FunctionJson(allocations.front()));
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const AppliedFunction& one : allocations) json.push_back(FunctionJson(one));
  return JsonText(json);
}

// Returns CSV with a row for each target and unit. Only linears have a role. Each number is as
// short as it can be and still read back the same.
std::string ToCsv(const Allocations& allocations) {
  std::string text = "target_sparsity,name,block,kind,role,parameters,sparsity\n";
  for (const AppliedFunction& one : allocations) {
    const auto units = evaluator::UnitsOf(one.model, one.granularity);
    const expr::UnitLayout layout = evaluator::LayoutOf(one.model, one.granularity);
    for (size_t i = 0; i < units.size(); ++i) {
      const expr::Unit& unit = layout[i];
      text +=
          fmt::format("{},{},{},{},{},{},{}\n", one.target.sparsity, units[i].name, unit.block,
                      expr::UnitKindName(unit.kind),
                      unit.role == expr::LinearRole::kNone ? "" : expr::LinearRoleName(unit.role),
                      unit.parameters, one.allocation[i]);
    }
  }
  return text;
}

absl::Status Allocate(Options options) {
  STRATA_RETURN_IF_ERROR(CheckTextOutput(options.output));
  STRATA_ASSIGN_OR_RETURN(const auto model,
                          ReadModelArgument(options.allocation.measurement.model));
  const std::string function = fmt::format("{}", fmt::join(options.function, " "));
  STRATA_ASSIGN_OR_RETURN(const auto recipe, ReadRecipe(function));
  if (options.sparsities.empty()) {
    return absl::InvalidArgumentError(
        "expected --sparsity, the share of weights to prune, or --bytes-share, found neither");
  }
  // The recipe is the same at every target. A target of its own is reported against the first.
  options.allocation.target.sparsity = options.sparsities.front();
  RecipeMerge merge(recipe, GivenOptions(options.allocation.verb));
  TakeRecipe(&merge, /*needs_text=*/true, &options.allocation);
  merge.TakeModel(model);
  merge.SayContradictions();
  STRATA_ASSIGN_OR_RETURN(auto allocations,
                          ApplyFunctionAt(options.sparsities, function, model, options.allocation));
  Recipe used = recipe;
  const FeatureMeasurement& measurement = options.allocation.measurement;
  if (!measurement.text.empty()) {
    if (measurement.text != recipe.text) used.text_digest.clear();
    used.text = measurement.text;
    used.calibration_sequences = measurement.calibration.sequences;
    used.calibration_sequence_tokens = measurement.calibration.sequence_tokens;
  }
  for (AppliedFunction& one : allocations) one.recipe = used;
  const bool is_file = options.output.path != "-";
  const std::string text = options.format == "json" ? ToJson(allocations)
                           : options.format == "csv"
                               ? ToCsv(allocations)
                               : ToTable(allocations, OutputPage(options.wide || is_file));
  return WriteTextOutput(options.output, text);
}

}  // namespace

void AddAllocateCommand(CLI::App* app, Command* command) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app->add_subcommand(
      "allocate", "Prints the sparsity that a function gives to each unit of a model.");
  AddFunctionOption(verb, &options->function);
  AddAllocationOptions(verb, &options->allocation, &options->sparsities);
  verb->add_option("--format", options->format, "Form of the output: table | json | csv.")
      ->check(CLI::IsMember({"table", "json", "csv"}))
      ->capture_default_str();
  AddWideOption(verb, &options->wide);
  AddTextOutputOptions(verb, &options->output);
  verb->callback([=] { *command = [=] { return Allocate(*options); }; });
}

}  // namespace strata::cli
