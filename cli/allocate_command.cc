// `strata allocate`: the sparsity that a function gives to each unit of a model.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>

#include "cli/command.h"
#include "cli/feature_sources.h"
#include "cli/function_json.h"
#include "cli/json_text.h"
#include "cli/table.h"
#include "cli/write_file.h"
#include "evaluator/model_summary.h"
#include "workers/measurement_plan.h"

namespace strata::cli {
namespace {

struct Options {
  std::vector<std::string> function;
  FeatureMeasurement measurement;
  expr::AllocationTarget target;
  std::string granularity = "block";
  std::string format = "table";
  std::string output = "-";
};

std::string ToTable(const AppliedFunction& applied) {
  const auto units = evaluator::UnitsOf(applied.model, applied.granularity);
  const expr::UnitLayout layout = evaluator::LayoutOf(applied.model, applied.granularity);
  Table table({"unit", "weights", "sparsity"}, {Align::kLeft, Align::kRight, Align::kRight});
  for (size_t i = 0; i < units.size(); ++i) {
    table.AddRow({units[i].name, fmt::format("{}", layout[i].parameters),
                  fmt::format("{:.6f}", applied.allocation[i])});
  }
  const double mean = expr::MeanSparsity(applied.allocation, expr::ParametersOf(layout));
  return table.Render() +
         fmt::format("\n{}\nmean sparsity, weighted with the weights: {:.12f} (target {})\n",
                     expr::PrintExpression(applied.function.expression), mean,
                     applied.target.sparsity);
}

// Numbers as short as they can be and still read back the same.
std::string ToCsv(const AppliedFunction& applied) {
  const auto units = evaluator::UnitsOf(applied.model, applied.granularity);
  const expr::UnitLayout layout = evaluator::LayoutOf(applied.model, applied.granularity);
  std::string text = "name,parameters,sparsity\n";
  for (size_t i = 0; i < units.size(); ++i) {
    text += fmt::format("{},{},{}\n", units[i].name, layout[i].parameters, applied.allocation[i]);
  }
  return text;
}

absl::StatusOr<AppliedFunction> Apply(const Options& options) {
  AppliedFunction applied;
  applied.target = options.target;
  if (absl::Status status = expr::ValidateTarget(options.target); !status.ok()) return status;
  if (absl::Status status = workers::ParseName(options.granularity, &applied.granularity);
      !status.ok()) {
    return absl::InvalidArgumentError(
        fmt::format("--granularity: {}", std::string(status.message())));
  }
  auto model = evaluator::SummarizeModel(options.measurement.model);
  if (!model.ok()) return model.status();
  applied.model = *std::move(model);
  if (absl::Status status = evaluator::CheckGroup(applied.model, options.target.group);
      !status.ok()) {
    return status;
  }
  auto function = ReadFunctionArgument(fmt::format("{}", fmt::join(options.function, " ")),
                                       evaluator::LayoutOf(applied.model, applied.granularity),
                                       options.target.sparsity);
  if (!function.ok()) return function.status();
  applied.function = *std::move(function);
  if (expr::TypeOf(applied.function.expression) != expr::ValueType::kAllocation) {
    return absl::InvalidArgumentError(
        fmt::format("'{}' gives no sparsities: put it into one that does, as in span(..., 0.15)",
                    applied.function.name));
  }
  const auto table = MeasureFeatureTable(options.measurement, applied.model, applied.granularity,
                                         expr::RequiredFeatures(applied.function.expression));
  if (!table.ok()) return table.status();
  auto allocation = expr::EvaluateAllocation(applied.function.expression, *table, options.target);
  if (!allocation.ok()) return allocation.status();
  applied.allocation = *std::move(allocation);
  return applied;
}

absl::Status Allocate(const Options& options) {
  const auto applied = Apply(options);
  if (!applied.ok()) return applied.status();
  const std::string text = options.format == "json"  ? JsonText(FunctionJson(*applied))
                           : options.format == "csv" ? ToCsv(*applied)
                                                     : ToTable(*applied);
  if (options.output == "-") {
    fmt::print("{}", text);
    return absl::OkStatus();
  }
  return WriteFileAtomically(options.output, text);
}

}  // namespace

void AddAllocateCommand(CLI::App* app, Command* command) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app->add_subcommand(
      "allocate", "the sparsity that a function gives to each block or linear of a model");
  AddFunctionOption(verb, &options->function);
  verb->add_option("--model", options->measurement.model, "GGUF file")->required();
  verb->add_option("--sparsity", options->target.sparsity, "share of weights to prune, overall")
      ->required();
  verb->add_option("--minimum", options->target.minimum, "least sparsity of a unit")
      ->capture_default_str();
  verb->add_option("--maximum", options->target.maximum, "largest sparsity of a unit")
      ->capture_default_str();
  verb->add_option(
          "--group", options->target.group,
          "M: whole numbers of zeros in every M weights (n:M), at most 128; 0: any sparsity")
      ->capture_default_str();
  verb->add_option("--granularity", options->granularity, "block | kind | linear")
      ->capture_default_str();
  AddMeasurementOptions(verb, &options->measurement);
  verb->add_option("--format", options->format, "table | json | csv")
      ->check(CLI::IsMember({"table", "json", "csv"}))
      ->capture_default_str();
  verb->add_option("-o,--output", options->output, "file to write; -: standard output")
      ->capture_default_str();
  verb->callback([=] { *command = [=] { return Allocate(*options); }; });
}

}  // namespace strata::cli
