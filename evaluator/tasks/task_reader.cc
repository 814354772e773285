#include "evaluator/tasks/task_reader.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <utility>

#include "evaluator/tasks/answer_filter.h"
#include "evaluator/tasks/item_reader.h"
#include "evaluator/tasks/settings_node.h"
#include "expr/status_macros.h"

namespace strata::tasks {
namespace {

namespace fs = std::filesystem;

constexpr int kDeepestGroup = 16;  // a group that contains itself would never end

absl::StatusOr<FilterStep> ReadStep(const SettingsNode& node) {
  absl::Status status = node.CheckKeys({"function", "regex_pattern", "group_select", "fallback"});
  if (!status.ok()) return status;
  const std::map<std::string, FilterStepKind> kinds = {
      {"regex", FilterStepKind::kRegex},
      {"take_first", FilterStepKind::kTakeFirst},
      {"remove_whitespace", FilterStepKind::kRemoveWhitespace},
      {"lowercase", FilterStepKind::kLowercase},
      {"uppercase", FilterStepKind::kUppercase}};
  std::string function;
  FilterStep step;
  status = node.Read("function", &function);
  status.Update(node.Read("regex_pattern", &step.expression));
  status.Update(node.Read("group_select", &step.group_select));
  status.Update(node.Read("fallback", &step.fallback));
  if (!status.ok()) return status;
  const auto kind = kinds.find(function);
  if (kind == kinds.end()) {
    return node.Expected("function", "regex, take_first, remove_whitespace, lowercase or uppercase",
                         function);
  }
  step.kind = kind->second;
  if (step.kind == FilterStepKind::kRegex && !node.Has("regex_pattern")) {
    return node.Expected("regex_pattern", "a regular expression", "nothing");
  }
  return step;
}

absl::StatusOr<std::vector<AnswerFilter>> ReadFilters(const SettingsNode& settings) {
  std::vector<AnswerFilter> filters;
  STRATA_ASSIGN_OR_RETURN(const auto nodes, settings.List("filters"));
  for (const SettingsNode& node : nodes) {
    STRATA_RETURN_IF_ERROR(node.CheckKeys({"name", "filter"}));
    AnswerFilter filter;
    STRATA_RETURN_IF_ERROR(node.Read("name", &filter.name));
    STRATA_ASSIGN_OR_RETURN(const auto steps, node.List("filter"));
    for (const SettingsNode& step_node : steps) {
      STRATA_ASSIGN_OR_RETURN(const auto step, ReadStep(step_node));
      filter.steps.push_back(step);
    }
    // An expression that does not compile is an error of this file.
    if (absl::Status status = CompiledFilter::Create(filter).status(); !status.ok()) {
      return node.Refuse(fmt::format("\"filter\": {}", std::string(status.message())));
    }
    filters.push_back(std::move(filter));
  }
  return filters;
}

absl::Status ReadMetrics(const SettingsNode& settings, const std::vector<Metric>& known,
                         std::vector<Metric>* metrics) {
  if (!settings.Has("metrics")) return absl::OkStatus();
  std::vector<std::string> names;
  STRATA_RETURN_IF_ERROR(settings.Read("metrics", &names));
  metrics->clear();
  for (const std::string& name : names) {
    const std::optional<Metric> metric = MetricNamed(name);
    if (!metric.has_value() || std::find(known.begin(), known.end(), *metric) == known.end()) {
      std::string expected;
      for (const Metric one : known) expected += fmt::format(" {}", NameOf(one));
      return settings.Expected("metrics", fmt::format("some of{}", expected), name);
    }
    metrics->push_back(*metric);
  }
  return absl::OkStatus();
}

absl::Status ReadGenerationSettings(const SettingsNode& settings, Task* task) {
  absl::Status status = settings.Read("until", &task->until);
  status.Update(settings.Read("maximum_tokens", &task->maximum_tokens));
  status.Update(settings.Read("ignore_case", &task->exact_match.ignore_case));
  status.Update(settings.Read("ignore_punctuation", &task->exact_match.ignore_punctuation));
  status.Update(settings.Read("ignore_numbers", &task->exact_match.ignore_numbers));
  status.Update(settings.Read("regexes_to_ignore", &task->exact_match.ignored_expressions));
  if (!status.ok()) return status;
  if (task->maximum_tokens < 1) {
    return settings.Expected("maximum_tokens", "a number from 1",
                             fmt::format("{}", task->maximum_tokens));
  }
  if (absl::Status rules = CompiledRules::Create(task->exact_match).status(); !rules.ok()) {
    return settings.Refuse(fmt::format("\"regexes_to_ignore\": {}", std::string(rules.message())));
  }
  if (!settings.Has("filters")) return absl::OkStatus();
  STRATA_ASSIGN_OR_RETURN(auto filters, ReadFilters(settings));
  if (!filters.empty()) task->filters = std::move(filters);
  return absl::OkStatus();
}

class TaskSetReader {
 public:
  TaskSetReader(int64_t limit, TaskSet* set) : limit_(limit), set_(*set) {}

  // Returns the indices of the tasks of a file.
  absl::StatusOr<std::vector<int>> Read(const fs::path& path, int depth) {
    const std::string extension = path.extension().string();
    if (extension != ".yaml" && extension != ".yml") return ReadBare(path);
    STRATA_ASSIGN_OR_RETURN(const auto settings, SettingsNode::Load(path.string()));
    if (settings.Has("group")) return ReadGroup(settings, path, depth);
    return ReadTask(settings, path);
  }

 private:
  absl::StatusOr<std::vector<int>> Keep(Task task, const std::string& path) {
    for (const Task& other : set_.tasks) {
      if (other.name != task.name) continue;
      return absl::InvalidArgumentError(
          fmt::format("{}: expected tasks of different names, found '{}' twice", path, task.name));
    }
    set_.tasks.push_back(std::move(task));
    return std::vector<int>{static_cast<int>(set_.tasks.size()) - 1};
  }

  absl::StatusOr<std::vector<int>> ReadBare(const fs::path& path) {
    STRATA_ASSIGN_OR_RETURN(auto file, ReadItems(path.string(), std::nullopt, " ", limit_));
    Task task;
    task.name = path.stem().string();
    task.kind = file.kind;
    task.metrics = DefaultMetricsOf(task.kind);
    task.items = std::move(file.items);
    task.items_in_file = file.items_in_file;
    return Keep(std::move(task), path.string());
  }

  absl::StatusOr<std::vector<int>> ReadTask(const SettingsNode& settings, const fs::path& path) {
    absl::Status status = settings.CheckKeys(
        {"task", "kind", "items", "metrics", "delimiter", "until", "maximum_tokens", "filters",
         "ignore_case", "ignore_punctuation", "ignore_numbers", "regexes_to_ignore", "origin"});
    Task task;
    task.name = path.stem().string();
    std::string kind;
    std::string items;
    std::string delimiter = " ";
    status.Update(settings.Read("task", &task.name));
    status.Update(settings.ReadRequired("kind", &kind));
    status.Update(settings.ReadRequired("items", &items));
    status.Update(settings.Read("delimiter", &delimiter));
    if (!status.ok()) return status;
    const std::optional<TaskKind> named = TaskKindNamed(kind);
    if (!named.has_value()) {
      return settings.Expected(
          "kind", "multiple_choice, loglikelihood, loglikelihood_rolling or generate_until", kind);
    }
    task.kind = *named;
    task.metrics = DefaultMetricsOf(task.kind);
    status = ReadMetrics(settings, MetricsOf(task.kind), &task.metrics);
    if (status.ok() && task.kind == TaskKind::kGeneration) {
      status = ReadGenerationSettings(settings, &task);
    } else if (status.ok()) {
      status = settings.CheckAbsent({"until", "maximum_tokens", "filters", "ignore_case",
                                     "ignore_punctuation", "ignore_numbers", "regexes_to_ignore"},
                                    fmt::format("a task of kind {}", kind));
    }
    if (!status.ok()) return status;
    STRATA_ASSIGN_OR_RETURN(
        auto file, ReadItems((path.parent_path() / items).string(), task.kind, delimiter, limit_));
    task.items = std::move(file.items);
    task.items_in_file = file.items_in_file;
    return Keep(std::move(task), path.string());
  }

  absl::StatusOr<std::vector<int>> ReadGroup(const SettingsNode& settings, const fs::path& path,
                                             int depth) {
    if (depth > kDeepestGroup) {
      return settings.Refuse(fmt::format("groups within groups deeper than {}", kDeepestGroup));
    }
    TaskGroup group;
    std::vector<std::string> members;
    absl::Status status =
        settings.CheckKeys({"group", "tasks", "metrics", "weight_by_size", "origin"});
    status.Update(settings.ReadRequired("group", &group.name));
    status.Update(settings.ReadRequired("tasks", &members));
    status.Update(settings.Read("weight_by_size", &group.weight_by_size));
    if (!status.ok()) return status;
    const size_t place = set_.groups.size();
    set_.groups.emplace_back();  // before the groups inside it
    for (const std::string& member : members) {
      STRATA_ASSIGN_OR_RETURN(const auto tasks, Read(path.parent_path() / member, depth + 1));
      group.tasks.insert(group.tasks.end(), tasks.begin(), tasks.end());
    }
    if (group.tasks.empty()) return settings.Expected("tasks", "at least one task", "none");
    const std::vector<Metric> common = CommonMetrics(group.tasks);
    group.metrics = common;
    status = ReadMetrics(settings, common, &group.metrics);
    if (!status.ok()) return status;
    std::vector<int> tasks = group.tasks;
    set_.groups[place] = std::move(group);
    return tasks;
  }

  // Returns the metrics that every task has.
  std::vector<Metric> CommonMetrics(const std::vector<int>& tasks) const {
    std::vector<Metric> common = set_.tasks[tasks.front()].metrics;
    for (const int index : tasks) {
      const std::vector<Metric>& metrics = set_.tasks[index].metrics;
      std::erase_if(common, [&](Metric metric) {
        return std::find(metrics.begin(), metrics.end(), metric) == metrics.end();
      });
    }
    return common;
  }

  int64_t limit_;
  TaskSet& set_;
};

}  // namespace

absl::Status ReadTasks(const std::string& path, int64_t limit, TaskSet* set) {
  return TaskSetReader(limit, set).Read(path, 0).status();
}

}  // namespace strata::tasks
