// `strata eval`: perplexity and tasks of a model, dense and pruned.
#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <utility>

#include "cli/eval_report.h"
#include "cli/eval_settings.h"
#include "cli/shared/command.h"
#include "cli/shared/json_text.h"
#include "cli/shared/work_progress.h"
#include "cli/stored_allocation.h"
#include "evaluator/files/write_file.h"
#include "evaluator/progress.h"
#include "evaluator/tasks/item_reader.h"
#include "evaluator/tasks/task_reader.h"
#include "evaluator/tokenizer/text_corpus.h"
#include "expr/allocation.h"
#include "workers/wire/measurement_plan.h"

namespace strata::cli {
namespace {

using tasks::ModelVersion;

// What is measured of every version of the model.
struct Work {
  tasks::TaskSet tasks;
  std::vector<tasks::LikelihoodRequest> windows;
};

absl::Status NameOption(const char* option, const absl::Status& status) {
  if (status.ok()) return status;
  return absl::Status(status.code(), fmt::format("{}: {}", option, std::string(status.message())));
}

absl::Status ReadNames(EvalSettings* settings) {
  absl::Status status = NameOption(
      "--arithmetic", workers::ParseName(settings->arithmetic, &settings->model.arithmetic));
  status.Update(NameOption("--pruner",
                           workers::ParseName(settings->pruner, &settings->pruned.method.pruner)));
  status.Update(
      NameOption("--protocol", workers::ParseName(settings->protocol, &settings->pruned.protocol)));
  settings->windows.keep_tail = settings->tail == "keep";
  if (settings->stream) settings->model.residence = evaluator::Residence::kStream;
  if (status.ok() && settings->text.empty() && settings->tasks.empty()) {
    status = absl::InvalidArgumentError("expected --text or --task, found neither");
  }
  if (status.ok() && settings->rolling && settings->text.empty()) {
    status = absl::InvalidArgumentError("--rolling: expected --text too, found none");
  }
  const std::filesystem::path folder = std::filesystem::path(settings->log_samples).parent_path();
  if (status.ok() && !folder.empty() && !std::filesystem::is_directory(folder)) {
    status = absl::NotFoundError(
        fmt::format("--log-samples: expected the folder '{}', found none", folder.string()));
  }
  return status;
}

absl::Status ReadTasks(const EvalSettings& settings, tasks::TaskSet* set) {
  for (const std::string& path : settings.tasks) {
    if (absl::Status status = tasks::ReadTasks(path, settings.limit, set); !status.ok()) {
      return status;
    }
  }
  if (!settings.rolling) return absl::OkStatus();
  const auto texts =
      evaluator::ReadTexts(settings.text, *evaluator::ParseTextFormat(settings.text_format));
  if (!texts.ok()) return texts.status();
  tasks::Task task;
  task.name = "rolling";
  task.kind = tasks::TaskKind::kRolling;
  task.metrics = tasks::DefaultMetricsOf(task.kind);
  for (const std::string& text : *texts) {
    const auto place = static_cast<int64_t>(task.items.size()) + 1;
    task.items.push_back(tasks::RollingItem(text, place));
  }
  set->tasks.push_back(std::move(task));
  return absl::OkStatus();
}

absl::Status CutText(const EvalSettings& settings, tasks::TaskEvaluator& evaluator, Work* work) {
  if (settings.text.empty()) return absl::OkStatus();
  const auto text =
      evaluator::ReadText(settings.text, *evaluator::ParseTextFormat(settings.text_format));
  if (!text.ok()) return text.status();
  const auto stream = evaluator.Tokenize(*text);
  if (!stream.ok()) return stream.status();
  auto windows = tasks::CutWindows(*stream, settings.windows);
  if (!windows.ok()) return NameOption(settings.text.c_str(), windows.status());
  work->windows = *std::move(windows);
  return absl::OkStatus();
}

// Nothing where there is no allocation.
absl::StatusOr<std::vector<ModelVersion>> VersionsOf(const EvalSettings& settings,
                                                     const evaluator::ModelSummary& model) {
  std::vector<ModelVersion> versions = {ModelVersion()};
  if (settings.allocation.empty()) return versions;
  evaluator::Granularity granularity = evaluator::Granularity::kBlock;
  absl::Status status =
      NameOption("--granularity", workers::ParseName(settings.granularity, &granularity));
  status.Update(evaluator::CheckGroup(model, settings.pruned.method.group));
  if (!status.ok()) return status;
  const auto stored = ReadStoredAllocation(settings.allocation, model, granularity);
  if (!stored.ok()) return stored.status();
  if (!stored->has_value()) {
    return absl::InvalidArgumentError(fmt::format(
        "--allocation: '{}' is a function without sparsities for this model; `strata allocate` "
        "applies it",
        settings.allocation));
  }
  auto sparsity =
      evaluator::SparsityOfLinears(model, (*stored)->granularity, (*stored)->allocation);
  if (!sparsity.ok()) return sparsity.status();
  versions.push_back(settings.pruned);
  versions.back().sparsity = *std::move(sparsity);
  return versions;
}

// The share of the prunable weights that a version lacks.
double SparsityOf(const ModelVersion& version, const evaluator::ModelSummary& model) {
  if (version.sparsity.empty()) return 0;
  return expr::MeanSparsity(version.sparsity, expr::ParametersOf(evaluator::LayoutOf(
                                                  model, evaluator::Granularity::kLinear)));
}

class Measurer {
 public:
  Measurer(tasks::TaskEvaluator& evaluator, tasks::ResponseStore* store, const Work& work)
      : evaluator_(evaluator), store_(store), work_(work) {}

  absl::StatusOr<EvalAnswers> Measure(const std::string& name, const ModelVersion& version) {
    EvalAnswers answers;
    answers.version = name;
    if (!work_.windows.empty()) {
      auto windows = Show(name + ", text", [&](const evaluator::Progress& progress) {
        return evaluator_.MeasureLikelihoods(version, work_.windows, store_, progress);
      });
      if (!windows.ok()) return windows.status();
      answers.windows = *std::move(windows);
    }
    for (const tasks::Task& task : work_.tasks.tasks) {
      auto responses =
          Show(fmt::format("{}, {}", name, task.name), [&](const evaluator::Progress& progress) {
            return evaluator_.Respond(version, task, store_, progress);
          });
      if (!responses.ok()) return responses.status();
      answers.tasks.push_back(*std::move(responses));
    }
    return answers;
  }

 private:
  template <typename Function>
  auto Show(const std::string& name, const Function& measure)
      -> decltype(measure(evaluator::Progress())) {
    WorkProgress progress(name);
    auto result = measure([&](double fraction) {
      progress.Show(fraction);
      return !InterruptRequested();
    });
    progress.Finish();
    return result;
  }

  tasks::TaskEvaluator& evaluator_;
  tasks::ResponseStore* store_;
  const Work& work_;
};

absl::StatusOr<std::vector<EvalFigures>> FiguresOf(const EvalSettings& settings, const Work& work,
                                                   const std::vector<EvalAnswers>& answers) {
  std::vector<EvalFigures> figures;
  for (const EvalAnswers& one : answers) {
    const bool is_first = figures.empty();
    EvalFigures version;
    version.version = one.version;
    if (!work.windows.empty()) {
      version.perplexity = tasks::SummarizeWindows(
          work.windows, one.windows,
          is_first ? std::vector<tasks::Likelihood>() : answers.front().windows,
          settings.bootstrap);
    }
    auto results = tasks::SummarizeTasks(
        work.tasks, one.tasks,
        is_first ? std::vector<std::vector<tasks::ItemResponse>>() : answers.front().tasks,
        settings.bootstrap);
    if (!results.ok()) return results.status();
    version.tasks = *std::move(results);
    figures.push_back(std::move(version));
  }
  return figures;
}

void SayWhatWasCut(const std::vector<EvalFigures>& figures, int64_t maximum_tokens) {
  for (const tasks::TaskResult& task : figures.front().tasks) {
    if (task.truncated_documents == 0 || task.is_group) continue;
    fmt::print(stderr,
               "{}: the contexts of {} of {} documents lost their beginning, because the model "
               "reads {} tokens at once\n",
               task.name, task.truncated_documents, task.documents, maximum_tokens);
  }
}

absl::Status Print(const EvalSettings& settings, const std::vector<EvalFigures>& figures,
                   double seconds) {
  if (settings.format == OutputFormat::kJson) {
    nlohmann::ordered_json json = EvalJson(figures);
    json["seconds"] = seconds;
    PrintJson(json);
    return absl::OkStatus();
  }
  fmt::print("{}", EvalTable(figures));
  if (figures.size() > 1) {
    fmt::print("pruned: {:.4f} % of the prunable weights; difference: pruned less dense\n",
               100 * figures.back().sparsity);
  }
  return absl::OkStatus();
}

absl::Status Evaluate(EvalSettings settings) {
  const auto start = std::chrono::steady_clock::now();
  if (absl::Status status = ReadNames(&settings); !status.ok()) return status;
  Work work;
  if (absl::Status status = ReadTasks(settings, &work.tasks); !status.ok()) return status;
  WatchForInterrupt();
  const auto evaluator = tasks::OpenTaskEvaluator(settings.model);
  if (!evaluator.ok()) return evaluator.status();
  if (absl::Status status = CutText(settings, **evaluator, &work); !status.ok()) return status;
  const auto versions = VersionsOf(settings, (*evaluator)->model());
  if (!versions.ok()) return versions.status();
  std::unique_ptr<tasks::ResponseStore> store;
  if (!settings.resume.empty()) {
    auto opened = tasks::ResponseStore::Open(settings.resume);
    if (!opened.ok()) return opened.status();
    store = *std::move(opened);
  }

  Measurer measurer(**evaluator, store.get(), work);
  std::vector<EvalAnswers> answers;
  for (const ModelVersion& version : *versions) {
    auto measured = measurer.Measure(version.sparsity.empty() ? "dense" : "pruned", version);
    if (!measured.ok()) return measured.status();
    answers.push_back(*std::move(measured));
  }
  auto figures = FiguresOf(settings, work, answers);
  if (!figures.ok()) return figures.status();
  figures->back().sparsity = SparsityOf(versions->back(), (*evaluator)->model());
  SayWhatWasCut(*figures, (*evaluator)->maximum_tokens());
  if (!settings.log_samples.empty()) {
    const auto lines = SampleLines(work.tasks, answers);
    if (!lines.ok()) return lines.status();
    if (absl::Status status = WriteFileAtomically(settings.log_samples, *lines); !status.ok()) {
      return status;
    }
  }
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return Print(settings, *figures, seconds);
}

}  // namespace

void AddEvalCommand(CLI::App* app, Command* command) {
  auto settings = std::make_shared<EvalSettings>();
  CLI::App* verb = app->add_subcommand("eval", "perplexity and tasks of a model, dense and pruned");
  AddEvalOptions(verb, settings.get());
  verb->callback([=] { *command = [=] { return Evaluate(*settings); }; });
}

}  // namespace strata::cli
