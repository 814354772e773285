// `strata eval`: perplexity and tasks of a model, dense and pruned.
#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <utility>

#include "cli/apply_function.h"
#include "cli/eval_report.h"
#include "cli/eval_settings.h"
#include "cli/shared/command.h"
#include "cli/shared/model_argument.h"
#include "cli/shared/output.h"
#include "cli/shared/terminal.h"
#include "cli/shared/work_progress.h"
#include "cli/stored_allocation.h"
#include "evaluator/clock.h"
#include "evaluator/evaluator.h"
#include "evaluator/files/output_file.h"
#include "evaluator/names.h"
#include "evaluator/tasks/item_reader.h"
#include "evaluator/tasks/task_reader.h"
#include "evaluator/tokenizer/text_corpus.h"
#include "expr/allocation.h"
#include "expr/status_macros.h"
#include "workers/wire/measurement_plan.h"

namespace strata::cli {
namespace {

using tasks::ModelVersion;

// Work that is done for every version of the model.
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
      "--arithmetic", evaluator::ParseName(settings->arithmetic, &settings->model.arithmetic));
  status.Update(NameOption(
      "--pruner", evaluator::ParseName(settings->pruner, &settings->pruned.method.pruner)));
  status.Update(NameOption("--protocol",
                           evaluator::ParseName(settings->protocol, &settings->pruned.protocol)));
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

// Replaces options that were not given by the recipe of the file that holds the allocation.
void MergeRecipe(RecipeMerge* merge, EvalSettings* settings) {
  if (settings->allocation.empty()) return;
  const Recipe& stored = merge->stored();
  double target = stored.target_sparsity.value_or(0);
  if (stored.target_sparsity) {
    merge->Take("target sparsity", "", stored.target_sparsity, &target);
  }
  merge->Take("pruner", "--pruner", stored.pruner, &settings->pruner);
  merge->Take("group", "--group", stored.group, &settings->pruned.method.group);
  merge->Take("protocol", "--protocol", stored.protocol, &settings->protocol);
  merge->Take("granularity", "--granularity", stored.granularity, &settings->granularity);
  merge->Take("arithmetic", "--arithmetic", stored.arithmetic, &settings->arithmetic);
  if (settings->pruner != evaluator::NameOf(evaluator::Pruner::kMagnitude)) {
    merge->TakeText("--calibration-text", &settings->model.calibration_text_path);
  }
  evaluator::Calibration& calibration = settings->pruned.calibration;
  merge->Take("calibration sequences", "--calibration-sequences", stored.calibration_sequences,
              &calibration.sequences);
  merge->Take("calibration sequence tokens", "--calibration-sequence-tokens",
              stored.calibration_sequence_tokens, &calibration.sequence_tokens);
}

absl::Status ReadTasks(const EvalSettings& settings, tasks::TaskSet* set) {
  for (const std::string& path : settings.tasks) {
    STRATA_RETURN_IF_ERROR(tasks::ReadTasks(path, settings.limit, set));
  }
  if (!settings.rolling) return absl::OkStatus();
  STRATA_ASSIGN_OR_RETURN(
      const auto texts,
      evaluator::ReadTexts(settings.text, *evaluator::ParseTextFormat(settings.text_format)));
  tasks::Task task;
  task.name = "rolling";
  task.kind = tasks::TaskKind::kRolling;
  task.metrics = tasks::DefaultMetricsOf(task.kind);
  for (const std::string& text : texts) {
    const auto place = static_cast<int64_t>(task.items.size()) + 1;
    task.items.push_back(tasks::RollingItem(text, place));
  }
  set->tasks.push_back(std::move(task));
  return absl::OkStatus();
}

absl::Status CutText(const EvalSettings& settings, tasks::TaskEvaluator& evaluator, Work* work) {
  if (settings.text.empty()) return absl::OkStatus();
  STRATA_ASSIGN_OR_RETURN(
      const auto text,
      evaluator::ReadText(settings.text, *evaluator::ParseTextFormat(settings.text_format)));
  STRATA_ASSIGN_OR_RETURN(const auto stream, evaluator.Tokenize(text));
  auto windows = tasks::CutWindows(stream, settings.windows);
  if (!windows.ok()) return NameOption(settings.text.c_str(), windows.status());
  work->windows = *std::move(windows);
  return absl::OkStatus();
}

// Returns the dense version and, if there is an allocation, the pruned one.
absl::StatusOr<std::vector<ModelVersion>> VersionsOf(const EvalSettings& settings,
                                                     const evaluator::ModelSummary& model,
                                                     RecipeMerge* merge) {
  std::vector<ModelVersion> versions = {ModelVersion()};
  if (settings.allocation.empty()) return versions;
  evaluator::Granularity granularity = evaluator::Granularity::kBlock;
  absl::Status status =
      NameOption("--granularity", evaluator::ParseName(settings.granularity, &granularity));
  status.Update(evaluator::CheckGroup(model, settings.pruned.method.group));
  if (!status.ok()) return status;
  STRATA_ASSIGN_OR_RETURN(const auto stored,
                          ReadStoredAllocation(settings.allocation, model, granularity));
  if (!stored.has_value()) {
    const std::string remark = OtherModelRemark(merge->stored(), model.name, model.digest);
    return absl::InvalidArgumentError(fmt::format(
        "--allocation: '{}' is a function without sparsities for this model; `strata allocate` "
        "applies it{}{}",
        settings.allocation, remark.empty() ? "" : ". ", remark));
  }
  if (merge->IsGiven("--granularity") && granularity != stored->granularity) {
    return absl::InvalidArgumentError(
        fmt::format("--granularity: '{}' holds sparsities of granularity {}; leave the option out",
                    settings.allocation, evaluator::NameOf(stored->granularity)));
  }
  merge->SetGranularity(stored->granularity);
  STRATA_ASSIGN_OR_RETURN(
      auto sparsity, evaluator::SparsityOfLinears(model, stored->granularity, stored->allocation));
  versions.push_back(settings.pruned);
  versions.back().sparsity = std::move(sparsity);
  return versions;
}

// Returns the share of the prunable weights that a version lacks.
double SparsityOf(const ModelVersion& version, const evaluator::ModelSummary& model) {
  if (version.sparsity.empty()) return 0;
  return expr::MeanSparsity(version.sparsity, expr::ParametersOf(evaluator::LayoutOf(
                                                  model, evaluator::Granularity::kLinear)));
}

// Returns the share of the prunable weights of a pruned version that are zero, as they were
// counted.
std::optional<double> CountedSparsity(const ModelVersion& version,
                                      const tasks::TaskEvaluator& evaluator) {
  if (version.sparsity.empty()) return std::nullopt;
  const std::optional<int64_t> zeros = evaluator.CountedZeros(version);
  if (!zeros) return std::nullopt;
  int64_t weights = 0;
  for (const evaluator::LinearShape& linear : evaluator.model().linears) {
    weights += linear.rows * linear.columns;
  }
  return static_cast<double>(*zeros) / static_cast<double>(weights);
}

class Measurer {
 public:
  Measurer(tasks::TaskEvaluator& evaluator, tasks::ResponseStore* store, const Work& work)
      : evaluator_(evaluator), store_(store), work_(work) {}

  absl::StatusOr<EvalAnswers> Measure(const std::string& name, const ModelVersion& version) {
    EvalAnswers answers;
    answers.version = name;
    if (!work_.windows.empty()) {
      STRATA_ASSIGN_OR_RETURN(
          auto windows, Show(name + ", text", [&](const evaluator::Progress& progress) {
            return evaluator_.MeasureLikelihoods(version, work_.windows, store_, progress);
          }));
      answers.windows = std::move(windows);
    }
    for (const tasks::Task& task : work_.tasks.tasks) {
      STRATA_ASSIGN_OR_RETURN(
          auto responses,
          Show(fmt::format("{}, {}", name, task.name), [&](const evaluator::Progress& progress) {
            return evaluator_.Respond(version, task, store_, progress);
          }));
      answers.tasks.push_back(std::move(responses));
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
    STRATA_ASSIGN_OR_RETURN(
        auto results,
        tasks::SummarizeTasks(
            work.tasks, one.tasks,
            is_first ? std::vector<std::vector<tasks::ItemResponse>>() : answers.front().tasks,
            settings.bootstrap));
    version.tasks = std::move(results);
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
                   const RecipeMerge& recipe, int64_t vocabulary, double seconds) {
  if (settings.format == OutputFormat::kJson) {
    nlohmann::ordered_json json = EvalJson(figures);
    if (figures.size() > 1) json[figures.back().version]["recipe"] = recipe.ToJson();
    json["seconds"] = seconds;
    PrintJson(json);
    return absl::OkStatus();
  }
  const Page page = OutputPage(settings.wide);
  fmt::print("{}", EvalTable(figures, vocabulary, page));
  if (figures.size() > 1) {
    PrintFolded(fmt::format("{}\ndifference: pruned less dense\n", SparsityLine(figures.back())),
                page);
    fmt::print("\n{}", recipe.ToTable(page));
  }
  return absl::OkStatus();
}

absl::Status Evaluate(EvalSettings settings) {
  const double start = evaluator::SteadySeconds();
  STRATA_ASSIGN_OR_RETURN(const auto stored, ReadRecipe(settings.allocation));
  RecipeMerge merge(stored, GivenOptions(settings.verb));
  MergeRecipe(&merge, &settings);
  STRATA_RETURN_IF_ERROR(ReadNames(&settings));
  Work work;
  STRATA_RETURN_IF_ERROR(ReadTasks(settings, &work.tasks));
  WatchForInterrupt();
  STRATA_ASSIGN_OR_RETURN(const auto evaluator, tasks::OpenTaskEvaluator(settings.model));
  SayNotes(evaluator->model());
  STRATA_RETURN_IF_ERROR(CutText(settings, *evaluator, &work));
  STRATA_ASSIGN_OR_RETURN(const auto versions, VersionsOf(settings, evaluator->model(), &merge));
  merge.TakeModel(evaluator->model());
  merge.SayContradictions();
  std::unique_ptr<tasks::ResponseStore> store;
  if (!settings.resume.empty()) {
    STRATA_ASSIGN_OR_RETURN(auto opened, tasks::ResponseStore::Open(settings.resume));
    store = std::move(opened);
  }

  Measurer measurer(*evaluator, store.get(), work);
  std::vector<EvalAnswers> answers;
  for (const ModelVersion& version : versions) {
    STRATA_ASSIGN_OR_RETURN(
        auto measured, measurer.Measure(version.sparsity.empty() ? "dense" : "pruned", version));
    answers.push_back(std::move(measured));
  }
  STRATA_ASSIGN_OR_RETURN(auto figures, FiguresOf(settings, work, answers));
  figures.back().sparsity = SparsityOf(versions.back(), evaluator->model());
  figures.back().counted_sparsity = CountedSparsity(versions.back(), *evaluator);
  SayWhatWasCut(figures, evaluator->maximum_tokens());
  if (!settings.log_samples.empty()) {
    STRATA_ASSIGN_OR_RETURN(const auto lines, SampleLines(work.tasks, answers));
    STRATA_RETURN_IF_ERROR(evaluator::WriteFileAtomically(settings.log_samples, lines));
  }
  const double seconds = evaluator::SecondsSince(start);
  return Print(settings, figures, merge, evaluator->model().vocabulary, seconds);
}

}  // namespace

void AddEvalCommand(CLI::App* app, Command* command) {
  auto settings = std::make_shared<EvalSettings>();
  CLI::App* verb = app->add_subcommand(
      "eval", "Measures the perplexity and the tasks of a model, dense and pruned.");
  AddEvalOptions(verb, settings.get());
  verb->callback([=] { *command = [=] { return Evaluate(*settings); }; });
}

}  // namespace strata::cli
