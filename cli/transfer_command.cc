// `strata transfer`: applies a function unchanged to other models, texts and sparsities.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <memory>
#include <utility>

#include "cli/report/recipe.h"
#include "cli/report/run_report.h"
#include "cli/report/transfer_report.h"
#include "cli/shared/command.h"
#include "cli/shared/function_argument.h"
#include "cli/shared/model_argument.h"
#include "cli/shared/output.h"
#include "cli/shared/terminal.h"
#include "cli/transfer_measurement.h"
#include "evaluator/checkpoint/model_summary.h"
#include "evaluator/names.h"
#include "evaluator/tokenizer/text_corpus.h"
#include "expr/shortened.h"
#include "expr/status_macros.h"

namespace strata::cli {
namespace {

struct Options {
  std::vector<std::string> words;
  std::vector<std::string> models, texts, overrides;
  std::vector<double> sparsities = {0.5, 0.6, 0.7, 0.8};
  int threads = 1;
  bool stream = false;
  tasks::BootstrapOptions bootstrap;
  OutputFormat format = OutputFormat::kTable;
  bool wide = false;
};

// The functions to transfer, which are the same on every model, and how they are measured.
struct Job {
  TransferReport report;                    // without subjects
  std::vector<TransferFunction> functions;  // the function first, then the tuned baselines
  std::vector<std::string> models, texts;
  Recipe recipe;  // of the run or the file that holds the function
};

// True if a setting determines how an allocation is made or measured, or what it is compared with.
bool IsMeasurementKey(const std::string& key) {
  return key == "pruner" || key == "group" || key == "granularity" || key == "search.baselines" ||
         key == "search.baseline_units" || key.starts_with("allocation.") ||
         key.starts_with("calibration.") || key.starts_with("report.") ||
         key.starts_with("features.");
}

absl::Status SetOverrides(const std::vector<std::string>& overrides, RunConfig* config) {
  for (const std::string& text : overrides) {
    const size_t equals = std::min(text.find('='), text.size());
    const std::string key = text.substr(0, equals);
    if (equals == text.size()) {
      return absl::InvalidArgumentError(
          fmt::format("--set '{}': expected KEY=VALUE, e.g. report.windows=40", text));
    }
    STRATA_RETURN_IF_ERROR(SetOption(key, text.substr(equals + 1), "--set", config));
    if (!IsMeasurementKey(key)) {
      return absl::InvalidArgumentError(fmt::format(
          "--set: '{}' does not change how a transfer is measured; expected pruner, group, "
          "granularity, search.baselines, search.baseline_units, or a key of allocation, "
          "calibration, report or features",
          key));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<expr::Expression> AllocationFunction(const std::string& text) {
  auto expression = expr::ParseExpression(text);
  if (!expression.ok()) return absl::DataLossError(std::string(expression.status().message()));
  return expression;
}

// Reads the best function of a run and its tuned baselines. The settings of the run are the
// defaults.
absl::Status ReadRun(const std::string& folder, Job* job) {
  STRATA_ASSIGN_OR_RETURN(auto report, ReadRunReport(folder));
  if (!report.best) {
    return absl::FailedPreconditionError(
        fmt::format("'{}': expected a run with a result, found none", folder));
  }
  job->report.run = folder;
  job->report.function = fmt::format("{} of {}", DisplayName(*report.best), folder);
  STRATA_ASSIGN_OR_RETURN(auto best, AllocationFunction(report.best->text));
  job->functions.push_back({TransferRole::kFunction, job->report.function, std::move(best)});
  for (const search::StoredCandidate& candidate : report.baselines) {
    STRATA_ASSIGN_OR_RETURN(auto tuned, AllocationFunction(candidate.text));
    job->functions.push_back({TransferRole::kTuned, DisplayName(candidate), std::move(tuned)});
  }
  job->report.config = std::move(report.config);
  return absl::OkStatus();
}

// Reads a function. If its numbers depend on the model and the target, it is the one for the first
// model and the first target.
absl::Status ReadFunction(const std::string& text, double sparsity, Job* job) {
  STRATA_ASSIGN_OR_RETURN(const auto model, ReadModelArgument(job->models.front()));
  const expr::UnitLayout layout = evaluator::LayoutOf(model, job->report.config.granularity);
  STRATA_ASSIGN_OR_RETURN(auto function, ReadFunctionArgument(text, layout, sparsity));
  if (expr::TypeOf(function.expression) != expr::ValueType::kAllocation) {
    return absl::InvalidArgumentError(
        fmt::format("'{}' gives no sparsities: put it into one that does, as in span(..., 0.15)",
                    expr::Shortened(function.name)));
  }
  job->report.function = function.name;
  job->functions.push_back(
      {TransferRole::kFunction, function.name, std::move(function.expression)});
  return absl::OkStatus();
}

// Sets the settings that decide how an allocation is made and measured to those of a recipe.
absl::Status SetRecipe(const Recipe& recipe, RunConfig* config) {
  const auto set = [&](const char* key, const auto& value) -> absl::Status {
    if (!value) return absl::OkStatus();
    return SetOption(key, fmt::format("{}", *value), recipe.source, config);
  };
  absl::Status status = set("pruner", recipe.pruner);
  status.Update(set("group", recipe.group));
  status.Update(set("granularity", recipe.granularity));
  status.Update(set("report.arithmetic", recipe.arithmetic));
  status.Update(set("allocation.minimum", recipe.minimum_sparsity));
  status.Update(set("allocation.maximum", recipe.maximum_sparsity));
  status.Update(set("calibration.sequences", recipe.calibration_sequences));
  status.Update(set("calibration.sequence_tokens", recipe.calibration_sequence_tokens));
  return status;
}

// Prints the settings that --set changes although the recipe has other values.
void SayContradictions(const Recipe& recipe, const RunConfig& config) {
  RecipeMerge merge(recipe, [&](const std::string& option) {
    const auto origin = config.origins.find(option.substr(option.find(' ') + 1));
    return origin != config.origins.end() && origin->second == "--set";
  });
  RunConfig used = config;
  std::string pruner = NameOf(config.pruner), granularity = NameOf(config.granularity);
  std::string arithmetic = NameOf(config.report_arithmetic);
  merge.Take("pruner", "--set pruner", recipe.pruner, &pruner);
  merge.Take("group", "--set group", recipe.group, &used.group);
  merge.Take("granularity", "--set granularity", recipe.granularity, &granularity);
  merge.Take("arithmetic", "--set report.arithmetic", recipe.arithmetic, &arithmetic);
  merge.Take("minimum sparsity", "--set allocation.minimum", recipe.minimum_sparsity,
             &used.minimum_sparsity);
  merge.Take("maximum sparsity", "--set allocation.maximum", recipe.maximum_sparsity,
             &used.maximum_sparsity);
  merge.Take("calibration sequences", "--set calibration.sequences", recipe.calibration_sequences,
             &used.calibration_sequences);
  merge.Take("calibration sequence tokens", "--set calibration.sequence_tokens",
             recipe.calibration_sequence_tokens, &used.calibration_sequence_tokens);
  merge.SayContradictions();
}

absl::StatusOr<Job> ReadJob(const Options& options) {
  Job job;
  job.report.bootstrap = options.bootstrap;
  job.models = options.models;
  job.texts = options.texts;
  const std::string source = fmt::format("{}", fmt::join(options.words, " "));
  std::error_code ignored;
  const bool is_run = std::filesystem::is_directory(source, ignored);
  if (is_run) {
    STRATA_RETURN_IF_ERROR(ReadRun(source, &job));
    if (job.models.empty()) job.models = {job.report.config.model};
    if (job.texts.empty()) job.texts = {job.report.config.text};
    STRATA_ASSIGN_OR_RETURN(job.recipe, ReadRunRecipe(source));
  } else {
    STRATA_ASSIGN_OR_RETURN(job.recipe, ReadRecipe(source));
  }
  job.report.found_on_name = job.recipe.model_name;
  job.report.found_on_digest = job.recipe.model_digest;
  RunConfig& config = job.report.config;
  STRATA_RETURN_IF_ERROR(SetRecipe(job.recipe, &config));
  STRATA_RETURN_IF_ERROR(SetOverrides(options.overrides, &config));
  SayContradictions(job.recipe, config);
  if (job.models.empty() || job.texts.empty()) {
    return absl::InvalidArgumentError(
        fmt::format("'{}' is no run's folder, so --model and --text must name what to measure it "
                    "on",
                    source));
  }
  if (!is_run) {
    absl::Status status = ReadFunction(source, options.sparsities.front(), &job);
    if (!status.ok()) return status;
  }
  job.report.expression = expr::PrintExpression(job.functions.front().expression);
  // Settings that only a search needs are filled in or left out, so that the same rules can check
  // the rest.
  config.model = job.models.front();
  config.text = job.texts.front();
  config.run = "-";
  config.fitness_arithmetic = config.report_arithmetic;
  config.fitness_levels.clear();
  config.robust_models.clear();
  config.robust_texts.clear();
  config.robust_sparsities.clear();
  for (const double sparsity : options.sparsities) {
    config.target_sparsity = sparsity;
    config.origins["target_sparsity"] = "--sparsity";
    STRATA_RETURN_IF_ERROR(ValidateRunConfig(config));
  }
  return job;
}

absl::Status Transfer(const Options& options) {
  STRATA_ASSIGN_OR_RETURN(auto job, ReadJob(options));
  WatchForInterrupt();
  std::vector<TransferSubject> subjects;
  for (const std::string& model : job.models) {
    for (const std::string& text : job.texts) {
      STRATA_ASSIGN_OR_RETURN(auto subject, MeasureTransfer({.model = model,
                                                             .text = text,
                                                             .functions = job.functions,
                                                             .sparsities = options.sparsities,
                                                             .config = job.report.config,
                                                             .threads = options.threads,
                                                             .stream = options.stream}));
      const std::string remark =
          OtherModelRemark(job.recipe, subject.model_name, subject.model_digest);
      if (!remark.empty() && text == job.texts.front()) fmt::print(stderr, "{}\n", remark);
      subjects.push_back(std::move(subject));
    }
  }
  job.report.subjects = std::move(subjects);
  if (options.format == OutputFormat::kJson) {
    PrintJson(ToJson(job.report));
  } else {
    fmt::print("{}", ToTable(job.report, OutputPage(options.wide)));
  }
  return absl::OkStatus();
}

}  // namespace

void AddTransferCommand(CLI::App* app, Command* command) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app->add_subcommand(
      "transfer", "Measures a function, unchanged, on other models, texts and sparsities.");
  verb->add_option("FUNCTION", options->words,
                   "FUNCTION as `strata allocate` takes it, or the folder of a run. A run gives "
                   "its best function and its tuned baselines, measured with its settings.")
      ->required();
  verb->add_option(
          "--model", options->models,
          "Hugging Face directory or GGUF file; can be repeated. The default is the run's.")
      ->take_all()
      ->allow_extra_args(false);
  verb->add_option("--text", options->texts,
                   fmt::format("Text for calibration and measurement: {}; can be repeated. Each "
                               "text is used with every model. The default is the run's.",
                               evaluator::kDocumentsOfAText))
      ->take_all()
      ->allow_extra_args(false);
  verb->add_option("--sparsity", options->sparsities, "Target sparsities, separated by commas.")
      ->delimiter(',')
      ->take_all()
      ->allow_extra_args(false)
      ->capture_default_str();
  verb->add_option("--set", options->overrides,
                   "KEY=VALUE of a setting that says how to measure (`strata config`): pruner, "
                   "group, granularity, `allocation.*`, `calibration.*`, `report.*`, `features.*`, "
                   "search.baselines, search.baseline_units; can be repeated.")
      ->take_all()
      ->allow_extra_args(false);
  verb->add_option("--resamples", options->bootstrap.resamples,
                   "Resamples of the bootstrap; 0: no intervals.")
      ->check(CLI::Range(0, 10'000'000))
      ->capture_default_str();
  verb->add_option("--seed", options->bootstrap.seed, "Seed of the bootstrap.")
      ->capture_default_str();
  AddStreamOption(verb, &options->stream);
  AddThreadsOption(verb, &options->threads);
  AddFormatOption(verb, &options->format);
  AddWideOption(verb, &options->wide);
  verb->callback([=] { *command = [=] { return Transfer(*options); }; });
}

}  // namespace strata::cli
