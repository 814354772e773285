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
  std::string format = "table";
  bool wide = false;
  TextOutput output;
};

std::string ToTable(const AppliedFunction& applied, const Page& page) {
  const auto units = evaluator::UnitsOf(applied.model, applied.granularity);
  const expr::UnitLayout layout = evaluator::LayoutOf(applied.model, applied.granularity);
  Table table({"unit", "weights", "sparsity"}, {Align::kLeft, Align::kRight, Align::kRight});
  table.GiveWay(0);
  for (size_t i = 0; i < units.size(); ++i) {
    table.AddRow({units[i].name, fmt::format("{}", layout[i].parameters),
                  fmt::format("{:.6f}", applied.allocation[i])});
  }
  const double mean = expr::MeanSparsity(applied.allocation, expr::ParametersOf(layout));
  return table.Render(page) +
         Folded(fmt::format("\n{}\nmean sparsity, weighted with the weights: {:.12f} (target {})\n",
                            expr::PrintExpression(applied.function.expression), mean,
                            applied.target.sparsity),
                page);
}

// Returns CSV. Each number is as short as it can be and still read back the same.
std::string ToCsv(const AppliedFunction& applied) {
  const auto units = evaluator::UnitsOf(applied.model, applied.granularity);
  const expr::UnitLayout layout = evaluator::LayoutOf(applied.model, applied.granularity);
  std::string text = "name,parameters,sparsity\n";
  for (size_t i = 0; i < units.size(); ++i) {
    text += fmt::format("{},{},{}\n", units[i].name, layout[i].parameters, applied.allocation[i]);
  }
  return text;
}

absl::Status Allocate(Options options) {
  STRATA_RETURN_IF_ERROR(CheckTextOutput(options.output));
  STRATA_ASSIGN_OR_RETURN(const auto model,
                          ReadModelArgument(options.allocation.measurement.model));
  const std::string function = fmt::format("{}", fmt::join(options.function, " "));
  STRATA_ASSIGN_OR_RETURN(const auto recipe, ReadRecipe(function));
  RecipeMerge merge(recipe, GivenOptions(options.allocation.verb));
  TakeRecipe(&merge, /*needs_text=*/true, &options.allocation);
  merge.SayContradictions();
  STRATA_ASSIGN_OR_RETURN(auto applied, ApplyFunction(function, model, options.allocation));
  applied.recipe = recipe;
  const FeatureMeasurement& measurement = options.allocation.measurement;
  if (!measurement.text.empty()) {
    if (measurement.text != recipe.text) applied.recipe.text_digest.clear();
    applied.recipe.text = measurement.text;
    applied.recipe.calibration_sequences = measurement.calibration.sequences;
    applied.recipe.calibration_sequence_tokens = measurement.calibration.sequence_tokens;
  }
  const bool is_file = options.output.path != "-";
  const std::string text = options.format == "json" ? JsonText(FunctionJson(applied))
                           : options.format == "csv"
                               ? ToCsv(applied)
                               : ToTable(applied, OutputPage(options.wide || is_file));
  return WriteTextOutput(options.output, text);
}

}  // namespace

void AddAllocateCommand(CLI::App* app, Command* command) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app->add_subcommand(
      "allocate", "Prints the sparsity that a function gives to each unit of a model.");
  AddFunctionOption(verb, &options->function);
  AddAllocationOptions(verb, &options->allocation)->required();
  verb->add_option("--format", options->format, "Form of the output: table | json | csv.")
      ->check(CLI::IsMember({"table", "json", "csv"}))
      ->capture_default_str();
  AddWideOption(verb, &options->wide);
  AddTextOutputOptions(verb, &options->output);
  verb->callback([=] { *command = [=] { return Allocate(*options); }; });
}

}  // namespace strata::cli
