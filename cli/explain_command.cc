// `strata explain`: shows a function as a tree with the values of its nodes, in words, and the
// allocation that it gives a model.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "cli/apply_function.h"
#include "cli/feature_sources.h"
#include "cli/report/recipe.h"
#include "cli/shared/command.h"
#include "cli/shared/expression_chart.h"
#include "cli/shared/function_argument.h"
#include "cli/shared/model_argument.h"
#include "cli/shared/terminal.h"
#include "evaluator/names.h"
#include "expr/dsa_string.h"
#include "expr/latex.h"
#include "expr/library_documentation.h"
#include "expr/reading.h"
#include "expr/status_macros.h"
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
  bool wide = false;
  const CLI::App* verb = nullptr;  // knows which options were given
};

// Units, target and features that a function is evaluated on.
struct Subject {
  std::string unit = "unit";  // noun for what one sparsity governs
  std::vector<std::string> names;
  expr::AllocationTarget target;
  std::optional<expr::FeatureTable> table;  // nullopt without a run and a model
  std::string recipe;                       // table of what decides the sparsities; may be empty
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
  if (absl::Status status = evaluator::ParseName(name, &granularity); !status.ok()) {
    return absl::InvalidArgumentError(
        fmt::format("--granularity: {}", std::string(status.message())));
  }
  return granularity;
}

// Sets target, bounds and group to those of a recipe, unless an option says otherwise. `model` is
// the model that an option names; null without one.
void TakeRecipe(const Options& options, const Recipe& recipe, const evaluator::ModelSummary* model,
                Subject* subject) {
  RecipeMerge merge(recipe, GivenOptions(options.verb));
  expr::AllocationTarget& target = subject->target;
  std::string pruner = "-", granularity = options.granularity.value_or("block");
  target.sparsity = options.sparsity.value_or(RunConfig().target_sparsity);
  merge.Take("pruner", "", recipe.pruner, &pruner);
  merge.Take("group", "", recipe.group, &target.group);
  merge.Take("granularity", "--granularity", recipe.granularity, &granularity);
  merge.Take("target sparsity", "--sparsity", recipe.target_sparsity, &target.sparsity);
  merge.Take("minimum sparsity", "", recipe.minimum_sparsity, &target.minimum);
  merge.Take("maximum sparsity", "", recipe.maximum_sparsity, &target.maximum);
  if (model != nullptr) merge.TakeModel(*model);
  merge.SayContradictions();
  subject->recipe = merge.ToTable(OutputPage(options.wide));
}

absl::StatusOr<Subject> SubjectOfRun(const Options& options) {
  STRATA_ASSIGN_OR_RETURN(auto run, ReadRunFeatures(options.run));
  if (options.granularity && *options.granularity != NameOf(run.config.granularity)) {
    return absl::InvalidArgumentError(
        fmt::format("--granularity: the features of '{}' are of granularity {}, not {}",
                    options.run, NameOf(run.config.granularity), *options.granularity));
  }
  STRATA_ASSIGN_OR_RETURN(const auto recipe, ReadRunRecipe(options.run));
  Subject subject{std::string(NounOf(run.config.granularity)),
                  std::move(run.unit_names),
                  {},
                  std::move(run.table),
                  ""};
  TakeRecipe(options, recipe, nullptr, &subject);
  return subject;
}

// Returns units and target, but no features yet. The features depend on the function, and some
// functions depend on the units.
Subject SubjectOfModel(const Options& options, const evaluator::ModelSummary& model,
                       evaluator::Granularity granularity, const Recipe& recipe) {
  Subject subject{std::string(NounOf(granularity)),
                  {},
                  {},
                  expr::FeatureTable(evaluator::LayoutOf(model, granularity)),
                  ""};
  TakeRecipe(options, recipe, &model, &subject);
  for (const auto& unit : evaluator::UnitsOf(model, granularity)) {
    subject.names.push_back(unit.name);
  }
  return subject;
}

std::string HeadText(const FunctionArgument& function, const Subject& subject, bool latex) {
  const expr::Expression& expression = function.expression;
  std::string text = fmt::format("{}\n", expr::PrintExpression(expression));
  if (function.kind == "library")
    text += fmt::format("{}, from {}\n", function.name, function.source);
  if (function.kind == "file") text += fmt::format("from {}\n", function.source);
  text += fmt::format("\n{}\n", expr::ReadingOf(expression, subject.unit));
  if (const expr::Expression simpler = expr::Canonicalize(expression); simpler != expression) {
    text += fmt::format("\nsimplified  {}\n", expr::PrintExpression(simpler));
  }
  if (const auto dsa = expr::PrintDsaString(expression); dsa.ok()) {
    text += fmt::format("\nDSA         {}\n", *dsa);
  }
  if (latex) text += fmt::format("\nLaTeX       {}\n", expr::ToLatex(expression));
  return text;
}

// Returns the features that the table lacks.
std::vector<std::string> Missing(const expr::Expression& expression,
                                 const expr::FeatureTable& table) {
  std::vector<std::string> features = expr::RequiredFeatures(expression);
  std::erase_if(features, [&](const std::string& name) { return table.Find(name) != nullptr; });
  return features;
}

std::string MissingText(const Options& options, const std::vector<std::string>& missing) {
  const std::string text = fmt::format("\nnot measured: {}\n", fmt::join(missing, ", "));
  if (options.run.empty()) return text + "To measure, name a text with --text.\n";
  return text +
         fmt::format(
             "'{}' has no such results of this version of Strata. To measure, name the model "
             "and a text with --model and --text instead of --run.\n",
             options.run);
}

absl::Status PrintValues(const Options& options, const FunctionArgument& function,
                         const Subject& subject) {
  const expr::Expression& expression = function.expression;
  const Page page = OutputPage(options.wide);
  if (!subject.table.has_value()) {
    fmt::print("\n{}", TreeChart(expression, {}, page));
    PrintFolded("\nFor the values of its nodes add --run RUN, or --model FILE and --text FOLDER.\n",
                page);
    return absl::OkStatus();
  }
  const std::vector<expr::NodeValue> nodes =
      expr::EvaluateNodes(expression, *subject.table, subject.target);
  fmt::print("\n{}", TreeChart(expression, nodes, page));
  if (const auto missing = Missing(expression, *subject.table); !missing.empty()) {
    PrintFolded(MissingText(options, missing), page);
    return absl::OkStatus();
  }
  if (expr::TypeOf(expression) != expr::ValueType::kAllocation) return absl::OkStatus();
  if (!nodes.front().status.ok()) return nodes.front().status;
  fmt::print("\n{}mean {:.12f}, target {}\n",
             AllocationChart(subject.names, nodes.front().values, page),
             expr::MeanSparsity(nodes.front().values, subject.table->parameters()),
             subject.target.sparsity);
  if (!subject.recipe.empty()) fmt::print("\n{}", subject.recipe);
  return absl::OkStatus();
}

absl::StatusOr<FunctionArgument> Function(const Options& options, const expr::UnitLayout& layout,
                                          double sparsity) {
  return ReadFunctionArgument(fmt::format("{}", fmt::join(options.function, " ")), layout,
                              sparsity);
}

absl::Status ExplainOnModel(const Options& options) {
  STRATA_ASSIGN_OR_RETURN(const auto recipe,
                          ReadRecipe(fmt::format("{}", fmt::join(options.function, " "))));
  STRATA_ASSIGN_OR_RETURN(
      const auto granularity,
      GranularityOf(options.granularity.value_or(recipe.granularity.value_or("block"))));
  STRATA_ASSIGN_OR_RETURN(const auto model, ReadModelArgument(options.measurement.model));
  Subject subject = SubjectOfModel(options, model, granularity, recipe);
  STRATA_ASSIGN_OR_RETURN(const auto function,
                          Function(options, subject.table->layout(), subject.target.sparsity));
  const std::vector<std::string> features = expr::RequiredFeatures(function.expression);
  if (!options.measurement.text.empty() && !features.empty()) {
    STRATA_ASSIGN_OR_RETURN(auto table,
                            MeasureFeatureTable(options.measurement, model, granularity, features));
    subject.table = std::move(table);
  }
  PrintFolded(HeadText(function, subject, options.latex), OutputPage(options.wide));
  return PrintValues(options, function, subject);
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
    STRATA_ASSIGN_OR_RETURN(auto of_run, SubjectOfRun(options));
    subject = std::move(of_run);
  } else if (options.granularity) {
    STRATA_ASSIGN_OR_RETURN(const auto granularity, GranularityOf(*options.granularity));
    subject.unit = NounOf(granularity);
  }
  STRATA_ASSIGN_OR_RETURN(
      const auto function,
      Function(options, subject.table ? subject.table->layout() : expr::DocumentedLayout(),
               subject.target.sparsity));
  PrintFolded(HeadText(function, subject, options.latex), OutputPage(options.wide));
  return PrintValues(options, function, subject);
}

}  // namespace

void AddExplainCommand(CLI::App* app, Command* command) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app->add_subcommand(
      "explain",
      "Explains a function in words and as a tree, with the value of every node for each unit.");
  AddFunctionOption(verb, &options->function);
  CLI::Option* run =
      verb->add_option("--run", options->run, "Folder of a run whose measured features are used.");
  options->verb = verb;
  verb->add_option("--model", options->measurement.model,
                   "Hugging Face directory or GGUF file on which features are measured.")
      ->excludes(run);
  AddMeasurementOptions(verb, &options->measurement);
  verb->add_option("--sparsity", options->sparsity,
                   "Target sparsity. The default is the run's, or 0.7 without a run.");
  verb->add_option("--granularity", options->granularity,
                   "Unit that gets one sparsity: block | kind | linear.");
  verb->add_flag("--latex", options->latex, "Also print the function in LaTeX.");
  AddWideOption(verb, &options->wide);
  verb->callback([=] { *command = [=] { return Explain(*options); }; });
}

}  // namespace strata::cli
