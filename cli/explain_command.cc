// `strata explain`: a function as a tree with the values of its nodes, in words, and what it makes
// of a model.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "cli/feature_sources.h"
#include "cli/shared/command.h"
#include "cli/shared/expression_chart.h"
#include "cli/shared/function_argument.h"
#include "evaluator/checkpoint/model_summary.h"
#include "expr/dsa_string.h"
#include "expr/latex.h"
#include "expr/library_documentation.h"
#include "expr/reading.h"
#include "workers/wire/measurement_plan.h"

namespace strata::cli {
namespace {

struct Options {
  std::vector<std::string> function;
  std::string run;
  FeatureMeasurement measurement;
  std::optional<double> sparsity;
  std::optional<std::string> granularity;
  bool latex = false;
};

// What a function is evaluated on.
struct Subject {
  std::string unit = "unit";  // what one sparsity governs
  std::vector<std::string> names;
  expr::AllocationTarget target;
  std::optional<expr::FeatureTable> table;  // none without a run and a model
};

std::string_view NounOf(evaluator::Granularity granularity) {
  switch (granularity) {
    case evaluator::Granularity::kBlock:
      return "block";
    case evaluator::Granularity::kKind:
      return "part of a block";
    case evaluator::Granularity::kLinear:
      return "linear layer";
  }
  return "unit";
}

absl::StatusOr<evaluator::Granularity> GranularityOf(const std::string& name) {
  evaluator::Granularity granularity = evaluator::Granularity::kBlock;
  if (absl::Status status = workers::ParseName(name, &granularity); !status.ok()) {
    return absl::InvalidArgumentError(
        fmt::format("--granularity: {}", std::string(status.message())));
  }
  return granularity;
}

absl::StatusOr<Subject> SubjectOfRun(const Options& options) {
  auto run = ReadRunFeatures(options.run);
  if (!run.ok()) return run.status();
  if (options.granularity && *options.granularity != run->config.granularity) {
    return absl::InvalidArgumentError(
        fmt::format("--granularity: the features of '{}' are of granularity {}, not {}",
                    options.run, run->config.granularity, *options.granularity));
  }
  const auto granularity = GranularityOf(run->config.granularity);
  if (!granularity.ok()) return granularity.status();
  return Subject{std::string(NounOf(*granularity)),
                 std::move(run->unit_names),
                 {.sparsity = options.sparsity.value_or(run->config.target_sparsity),
                  .minimum = run->config.minimum_sparsity,
                  .maximum = run->config.maximum_sparsity},
                 std::move(run->table)};
}

// Units and target, but no features yet: which ones depends on the function, and some functions on
// the units.
Subject SubjectOfModel(const Options& options, const evaluator::ModelSummary& model,
                       evaluator::Granularity granularity) {
  Subject subject{std::string(NounOf(granularity)),
                  {},
                  {.sparsity = options.sparsity.value_or(RunConfig().target_sparsity)},
                  expr::FeatureTable(evaluator::LayoutOf(model, granularity))};
  for (const auto& unit : evaluator::UnitsOf(model, granularity)) {
    subject.names.push_back(unit.name);
  }
  return subject;
}

void PrintHead(const FunctionArgument& function, const Subject& subject, bool latex) {
  const expr::Expression& expression = function.expression;
  fmt::print("{}\n", expr::PrintExpression(expression));
  if (function.kind == "library") fmt::print("{}, from {}\n", function.name, function.source);
  if (function.kind == "file") fmt::print("from {}\n", function.source);
  fmt::print("\n{}\n", expr::ReadingOf(expression, subject.unit));
  if (const expr::Expression simpler = expr::Canonicalize(expression); simpler != expression) {
    fmt::print("\nsimplified  {}\n", expr::PrintExpression(simpler));
  }
  if (const auto dsa = expr::PrintDsaString(expression); dsa.ok()) {
    fmt::print("\nDSA         {}\n", *dsa);
  }
  if (latex) fmt::print("\nLaTeX       {}\n", expr::ToLatex(expression));
}

// The features that the table lacks.
std::vector<std::string> Missing(const expr::Expression& expression,
                                 const expr::FeatureTable& table) {
  std::vector<std::string> features = expr::RequiredFeatures(expression);
  std::erase_if(features, [&](const std::string& name) { return table.Find(name) != nullptr; });
  return features;
}

void PrintMissing(const Options& options, const std::vector<std::string>& missing) {
  fmt::print("\nnot measured: {}\n", fmt::join(missing, ", "));
  if (options.run.empty()) {
    fmt::print("To measure, name a text with --text.\n");
  } else {
    fmt::print(
        "'{}' has no such results of this version of Strata. To measure, name the model and "
        "a text with --model and --text instead of --run.\n",
        options.run);
  }
}

absl::Status PrintValues(const Options& options, const FunctionArgument& function,
                         const Subject& subject) {
  const expr::Expression& expression = function.expression;
  if (!subject.table.has_value()) {
    fmt::print("\n{}", TreeChart(expression, {}));
    fmt::print("\nFor the values of its nodes add --run RUN, or --model FILE and --text FOLDER.\n");
    return absl::OkStatus();
  }
  const std::vector<expr::NodeValue> nodes =
      expr::EvaluateNodes(expression, *subject.table, subject.target);
  fmt::print("\n{}", TreeChart(expression, nodes));
  if (const auto missing = Missing(expression, *subject.table); !missing.empty()) {
    PrintMissing(options, missing);
    return absl::OkStatus();
  }
  if (expr::TypeOf(expression) != expr::ValueType::kAllocation) return absl::OkStatus();
  if (!nodes.front().status.ok()) return nodes.front().status;
  fmt::print("\n{}mean {:.12f}, target {}\n", AllocationChart(subject.names, nodes.front().values),
             expr::MeanSparsity(nodes.front().values, subject.table->parameters()),
             subject.target.sparsity);
  return absl::OkStatus();
}

absl::StatusOr<FunctionArgument> Function(const Options& options, const expr::UnitLayout& layout,
                                          double sparsity) {
  return ReadFunctionArgument(fmt::format("{}", fmt::join(options.function, " ")), layout,
                              sparsity);
}

absl::Status ExplainOnModel(const Options& options) {
  const auto granularity = GranularityOf(options.granularity.value_or("block"));
  if (!granularity.ok()) return granularity.status();
  const auto model = evaluator::SummarizeModel(options.measurement.model);
  if (!model.ok()) return model.status();
  Subject subject = SubjectOfModel(options, *model, *granularity);
  const auto function = Function(options, subject.table->layout(), subject.target.sparsity);
  if (!function.ok()) return function.status();
  const std::vector<std::string> features = expr::RequiredFeatures(function->expression);
  if (!options.measurement.text.empty() && !features.empty()) {
    auto table = MeasureFeatureTable(options.measurement, *model, *granularity, features);
    if (!table.ok()) return table.status();
    subject.table = *std::move(table);
  }
  PrintHead(*function, subject, options.latex);
  return PrintValues(options, *function, subject);
}

absl::Status Explain(const Options& options) {
  if (options.sparsity) {
    absl::Status status = expr::ValidateTarget({.sparsity = *options.sparsity});
    if (!status.ok()) return status;
  }
  if (!options.measurement.model.empty()) return ExplainOnModel(options);
  Subject subject;
  subject.target.sparsity = options.sparsity.value_or(RunConfig().target_sparsity);
  if (!options.run.empty()) {
    auto of_run = SubjectOfRun(options);
    if (!of_run.ok()) return of_run.status();
    subject = *std::move(of_run);
  } else if (options.granularity) {
    const auto granularity = GranularityOf(*options.granularity);
    if (!granularity.ok()) return granularity.status();
    subject.unit = NounOf(*granularity);
  }
  const auto function =
      Function(options, subject.table ? subject.table->layout() : expr::DocumentedLayout(),
               subject.target.sparsity);
  if (!function.ok()) return function.status();
  PrintHead(*function, subject, options.latex);
  return PrintValues(options, *function, subject);
}

}  // namespace

void AddExplainCommand(CLI::App* app, Command* command) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app->add_subcommand(
      "explain", "a function in words and as a tree, with the value of every node for each unit");
  AddFunctionOption(verb, &options->function);
  CLI::Option* run =
      verb->add_option("--run", options->run, "folder of a run whose measured features to use");
  verb->add_option("--model", options->measurement.model,
                   "Hugging Face directory or GGUF file to measure features on")
      ->excludes(run);
  AddMeasurementOptions(verb, &options->measurement);
  verb->add_option("--sparsity", options->sparsity, "target; by default that of the run, or 0.7");
  verb->add_option("--granularity", options->granularity, "block | kind | linear");
  verb->add_flag("--latex", options->latex, "also print the function in LaTeX");
  verb->callback([=] { *command = [=] { return Explain(*options); }; });
}

}  // namespace strata::cli
