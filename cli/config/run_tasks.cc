#include "cli/config/run_tasks.h"

#include <fmt/format.h>

#include "evaluator/files/json_field.h"
#include "evaluator/tasks/packed_requests.h"
#include "evaluator/tasks/zero_shot_requests.h"
#include "evaluator/tasks/zero_shot_tasks.h"

namespace strata::cli {
namespace {

using evaluator::Split;

absl::Status OfTasks(const absl::Status& status) {
  return absl::Status(status.code(),
                      fmt::format("fitness.tasks: {}", std::string(status.message())));
}

TaskReading ReadingOf(const std::vector<tasks::ItemRequests>& items) {
  TaskReading reading;
  for (const tasks::ItemRequests& item : items) {
    reading.sequences += static_cast<int64_t>(item.likelihoods.size());
  }
  reading.tokens = tasks::TokensRead(items);
  return reading;
}

}  // namespace

absl::StatusOr<RunTasks> ReadRunTasks(const RunConfig& config) {
  RunTasks described;
  if (config.fitness_tasks.empty()) return described;
  auto set = tasks::ReadZeroShotTasks(config.fitness_tasks);
  if (!set.ok()) return OfTasks(set.status());
  const auto requests = tasks::ZeroShotRequests::Open(*std::move(set), config.model);
  if (!requests.ok()) return OfTasks(requests.status());
  const auto fitness = (*requests)->Half(Split::kFitness, config.fitness_task_items);
  if (!fitness.ok()) return OfTasks(fitness.status());
  const auto report = (*requests)->Half(Split::kReport, config.report_task_items);
  if (!report.ok()) return OfTasks(report.status());
  described.digest = (*requests)->digest();
  for (size_t i = 0; i < (*fitness)->tasks.size(); ++i) {
    const tasks::Task& task = (*fitness)->tasks[i];
    described.tasks.push_back({task.name, std::string(NameOf(task.metrics.front())),
                               static_cast<int64_t>(task.items.size()),
                               static_cast<int64_t>((*report)->tasks[i].items.size()),
                               ReadingOf((*fitness)->requests[i]),
                               ReadingOf((*report)->requests[i])});
  }
  return described;
}

nlohmann::ordered_json ToJson(const RunTasks& tasks) {
  nlohmann::ordered_json json = {{"digest", tasks.digest},
                                 {"tasks", nlohmann::ordered_json::array()}};
  for (const RunTask& task : tasks.tasks) {
    json["tasks"].push_back({{"name", task.name},
                             {"metric", task.metric},
                             {"fitness_items", task.fitness_items},
                             {"report_items", task.report_items}});
  }
  return json;
}

absl::StatusOr<RunTasks> RunTasksFromJson(const std::string& text) {
  RunTasks tasks;
  if (text.empty()) return tasks;
  const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  try {
    json.at("digest").get_to(tasks.digest);
    for (const auto& task : json.at("tasks")) {
      tasks.tasks.push_back(
          {task.at("name"), task.at("metric"), task.at("fitness_items"), task.at("report_items")});
    }
  } catch (const nlohmann::json::exception& error) {
    return absl::DataLossError(
        fmt::format("the run's description of its tasks: {}", evaluator::ProblemOf(error)));
  }
  return tasks;
}

}  // namespace strata::cli
