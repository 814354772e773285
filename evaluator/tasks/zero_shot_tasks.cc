#include "evaluator/tasks/zero_shot_tasks.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <numeric>

#include "evaluator/files/digest.h"
#include "evaluator/files/file_system.h"
#include "evaluator/tasks/item_scores.h"
#include "evaluator/tasks/task_reader.h"
#include "expr/status_macros.h"

namespace strata::tasks {
namespace {

namespace fs = std::filesystem;
using evaluator::Split;

bool IsSettings(const fs::path& path) {
  return path.extension() == ".yaml" || path.extension() == ".yml";
}

// Returns the files that a path stands for, ordered by name.
absl::StatusOr<std::vector<std::string>> FilesOf(const std::string& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return std::vector<std::string>{path};
  std::vector<std::string> settings, items;
  fs::directory_iterator entries(path, error);
  for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
    const fs::path& file = entries->path();
    if (IsSettings(file)) settings.push_back(file.string());
    if (file.extension() == ".jsonl") items.push_back(file.string());
  }
  if (error) return evaluator::FileStatus(error.value(), "list the folder", path);
  std::vector<std::string>& files = settings.empty() ? items : settings;
  std::sort(files.begin(), files.end());
  if (!files.empty()) return files;
  return absl::NotFoundError(
      fmt::format("{}: expected task files (.yaml or .jsonl), found none", path));
}

absl::Status CheckHalves(const Task& task) {
  int64_t of_fitness = 0;
  for (const TaskItem& item : task.items) of_fitness += HalfOf(item) == Split::kFitness ? 1 : 0;
  const auto of_report = static_cast<int64_t>(task.items.size()) - of_fitness;
  if (of_fitness > 0 && of_report > 0) return absl::OkStatus();
  return absl::InvalidArgumentError(fmt::format(
      "task {}: expected items in both halves, found {} for the fitness and {} for the report: a "
      "task needs more items than {}",
      task.name, of_fitness, of_report, task.items.size()));
}

// Appends a text preceded by its length, so that no two different lists give the same content.
void AppendText(const std::string& text, std::string* content) {
  *content += fmt::format("{}:{}", text.size(), text);
}

void AppendTexts(const std::vector<std::string>& texts, std::string* content) {
  *content += fmt::format("[{}]", texts.size());
  for (const std::string& text : texts) AppendText(text, content);
}

std::string ContentOf(const Task& task) {
  std::string content;
  const auto accuracy = AccuracyOf(task);
  AppendTexts({task.name, std::string(NameOf(task.kind)),
               accuracy.ok() ? std::string(NameOf(*accuracy)) : ""},
              &content);
  for (const TaskItem& item : task.items) {
    AppendTexts(item.contexts, &content);
    AppendTexts(item.continuations, &content);
    AppendTexts(item.choices, &content);
    content += fmt::format("({})", item.gold.size());
    for (const int gold : item.gold) content += fmt::format("{},", gold);
  }
  return content;
}

// Adds the tasks of one file that the set does not have yet, because the members of a group may
// also be named separately.
absl::Status AddTasks(const std::string& file, TaskSet read, TaskSet* set) {
  for (Task& task : read.tasks) {
    const auto known = std::find_if(set->tasks.begin(), set->tasks.end(),
                                    [&](const Task& other) { return other.name == task.name; });
    if (known == set->tasks.end()) {
      set->tasks.push_back(std::move(task));
    } else if (ContentOf(*known) != ContentOf(task)) {
      return absl::InvalidArgumentError(
          fmt::format("{}: expected tasks of different names, found two that are called '{}'", file,
                      task.name));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Metric> AccuracyOf(const Task& task) {
  for (const Metric wanted : {Metric::kAccNorm, Metric::kAcc}) {
    if (std::find(task.metrics.begin(), task.metrics.end(), wanted) != task.metrics.end()) {
      return wanted;
    }
  }
  return absl::InvalidArgumentError(
      fmt::format("task {}: expected the metric acc_norm or acc, of a task of kind multiple_choice "
                  "or loglikelihood, found the kind {}",
                  task.name, NameOf(task.kind)));
}

absl::StatusOr<TaskSet> ReadZeroShotTasks(const std::vector<std::string>& paths) {
  TaskSet set;
  for (const std::string& path : paths) {
    STRATA_ASSIGN_OR_RETURN(const auto files, FilesOf(path));
    for (const std::string& file : files) {
      TaskSet read;
      absl::Status status = ReadTasks(file, 0, &read);
      status.Update(AddTasks(file, std::move(read), &set));
      if (!status.ok()) return status;
    }
  }
  if (set.tasks.empty()) return absl::InvalidArgumentError("expected tasks, found none");
  for (const Task& task : set.tasks) {
    absl::Status status = AccuracyOf(task).status();
    status.Update(CheckHalves(task));
    if (!status.ok()) return status;
  }
  return set;
}

std::string TaskSetDigest(const TaskSet& set) {
  std::string content;
  for (const Task& task : set.tasks) AppendText(ContentOf(task), &content);
  return evaluator::Sha256(content);
}

Split HalfOf(const TaskItem& item) {
  std::string content;
  AppendTexts(item.contexts, &content);
  AppendTexts(item.continuations, &content);
  // The first hexadecimal digit decides: 8 of its 16 values belong to each half.
  return evaluator::Sha256(content).front() < '8' ? Split::kFitness : Split::kReport;
}

std::vector<Task> TasksOfHalf(const TaskSet& set, Split half, int64_t limit) {
  std::vector<Task> tasks;
  for (const Task& whole : set.tasks) {
    Task task;
    task.name = whole.name;
    task.kind = whole.kind;
    if (const auto accuracy = AccuracyOf(whole); accuracy.ok()) task.metrics = {*accuracy};
    for (const TaskItem& item : whole.items) {
      if (limit > 0 && static_cast<int64_t>(task.items.size()) == limit) break;
      if (HalfOf(item) == half) task.items.push_back(item);
    }
    task.items_in_file = whole.items_in_file;
    tasks.push_back(std::move(task));
  }
  return tasks;
}

absl::StatusOr<double> ZeroShotError(const std::vector<Task>& tasks,
                                     const std::vector<std::vector<ItemResponse>>& responses) {
  if (tasks.empty() || responses.size() != tasks.size()) {
    return absl::InvalidArgumentError(
        fmt::format("expected responses to {} tasks, found to {}", tasks.size(), responses.size()));
  }
  double accuracies = 0;
  for (size_t i = 0; i < tasks.size(); ++i) {
    STRATA_ASSIGN_OR_RETURN(const auto columns, ScoreItems(tasks[i], responses[i]));
    const std::vector<double>& values = columns.front().values;
    accuracies +=
        std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  }
  return 1 - accuracies / static_cast<double>(tasks.size());
}

}  // namespace strata::tasks
