// `strata transfer`: a function applied unchanged to other models, texts and sparsities.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <memory>
#include <utility>

#include "cli/report/run_report.h"
#include "cli/report/transfer_report.h"
#include "cli/shared/command.h"
#include "cli/shared/function_argument.h"
#include "cli/shared/json_text.h"
#include "cli/transfer_measurement.h"
#include "evaluator/checkpoint/model_summary.h"

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
};

// What is transferred, the same on every model, and how it is measured.
struct Job {
  TransferReport report;                    // without subjects
  std::vector<TransferFunction> functions;  // the function first, then the tuned baselines
  std::vector<std::string> models, texts;
};

// Settings that say how an allocation is made and measured, or with what it is compared.
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
    if (absl::Status status = SetOption(key, text.substr(equals + 1), "--set", config);
        !status.ok()) {
      return status;
    }
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

// The best function of a run and its tuned baselines; the run's settings are the defaults.
absl::Status ReadRun(const std::string& folder, Job* job) {
  auto report = ReadRunReport(folder);
  if (!report.ok()) return report.status();
  if (!report->best) {
    return absl::FailedPreconditionError(
        fmt::format("'{}': expected a run with a result, found none", folder));
  }
  job->report.run = folder;
  job->report.function = fmt::format("{} of {}", DisplayName(*report->best), folder);
  auto best = AllocationFunction(report->best->text);
  if (!best.ok()) return best.status();
  job->functions.push_back({TransferRole::kFunction, job->report.function, *std::move(best)});
  for (const search::StoredCandidate& candidate : report->baselines) {
    auto tuned = AllocationFunction(candidate.text);
    if (!tuned.ok()) return tuned.status();
    job->functions.push_back({TransferRole::kTuned, DisplayName(candidate), *std::move(tuned)});
  }
  job->report.config = std::move(report->config);
  return absl::OkStatus();
}

// A name whose numbers depend on the model and the target means those of the first of each.
absl::Status ReadFunction(const std::string& text, double sparsity, Job* job) {
  const auto model = evaluator::SummarizeModel(job->models.front());
  if (!model.ok()) return model.status();
  evaluator::Granularity granularity = evaluator::Granularity::kBlock;
  absl::Status status = workers::ParseName(job->report.config.granularity, &granularity);
  if (!status.ok()) return status;
  auto function = ReadFunctionArgument(text, evaluator::LayoutOf(*model, granularity), sparsity);
  if (!function.ok()) return function.status();
  if (expr::TypeOf(function->expression) != expr::ValueType::kAllocation) {
    return absl::InvalidArgumentError(
        fmt::format("'{}' gives no sparsities: put it into one that does, as in span(..., 0.15)",
                    function->name));
  }
  job->report.function = function->name;
  job->functions.push_back(
      {TransferRole::kFunction, function->name, std::move(function->expression)});
  return absl::OkStatus();
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
    if (absl::Status status = ReadRun(source, &job); !status.ok()) return status;
    if (job.models.empty()) job.models = {job.report.config.model};
    if (job.texts.empty()) job.texts = {job.report.config.text};
  }
  RunConfig& config = job.report.config;
  if (absl::Status status = SetOverrides(options.overrides, &config); !status.ok()) return status;
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
  // What a search alone needs is filled in or left out, so that the rest can be checked by the same
  // rules.
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
    if (absl::Status status = ValidateRunConfig(config); !status.ok()) return status;
  }
  return job;
}

absl::Status Transfer(const Options& options) {
  auto job = ReadJob(options);
  if (!job.ok()) return job.status();
  WatchForInterrupt();
  std::vector<TransferSubject> subjects;
  for (const std::string& model : job->models) {
    for (const std::string& text : job->texts) {
      auto subject = MeasureTransfer({.model = model,
                                      .text = text,
                                      .functions = job->functions,
                                      .sparsities = options.sparsities,
                                      .config = job->report.config,
                                      .threads = options.threads,
                                      .stream = options.stream});
      if (!subject.ok()) return subject.status();
      subjects.push_back(*std::move(subject));
    }
  }
  job->report.subjects = std::move(subjects);
  if (options.format == OutputFormat::kJson) {
    PrintJson(ToJson(job->report));
  } else {
    fmt::print("{}", ToTable(job->report));
  }
  return absl::OkStatus();
}

}  // namespace

void AddTransferCommand(CLI::App* app, Command* command) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app->add_subcommand(
      "transfer", "a function applied unchanged to other models, texts and sparsities");
  verb->add_option("FUNCTION", options->words,
                   "a FUNCTION as `strata allocate` takes it, or the folder of a run: its best "
                   "function, beside its tuned baselines, measured with its settings")
      ->required();
  verb->add_option("--model", options->models,
                   "Hugging Face directory or GGUF file; repeatable; the run's if left out")
      ->take_all()
      ->allow_extra_args(false);
  verb->add_option("--text", options->texts,
                   "text that calibrates and measures; repeatable, each with every model; the "
                   "run's if left out")
      ->take_all()
      ->allow_extra_args(false);
  verb->add_option("--sparsity", options->sparsities, "sparsities with commas between")
      ->delimiter(',')
      ->take_all()
      ->allow_extra_args(false)
      ->capture_default_str();
  verb->add_option("--set", options->overrides,
                   "KEY=VALUE of the settings that say how to measure (`strata config`): pruner, "
                   "group, granularity, allocation.*, calibration.*, report.*, features.*, "
                   "search.baselines, search.baseline_units; repeatable")
      ->take_all()
      ->allow_extra_args(false);
  verb->add_option("--resamples", options->bootstrap.resamples, "of the bootstrap; 0: no intervals")
      ->check(CLI::Range(0, 10'000'000))
      ->capture_default_str();
  verb->add_option("--seed", options->bootstrap.seed, "of the bootstrap")->capture_default_str();
  AddStreamOption(verb, &options->stream);
  AddThreadsOption(verb, &options->threads);
  AddFormatOption(verb, &options->format);
  verb->callback([=] { *command = [=] { return Transfer(*options); }; });
}

}  // namespace strata::cli
