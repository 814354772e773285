// The zero-shot error of a model: 1 minus the mean accuracy over tasks. The items of every task are
// split into two halves without common items: one for the fitness of a search, one for its report.
#ifndef STRATA_EVALUATOR_TASKS_ZERO_SHOT_TASKS_H_
#define STRATA_EVALUATOR_TASKS_ZERO_SHOT_TASKS_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "evaluator/evaluator.h"
#include "evaluator/tasks/responses.h"
#include "evaluator/tasks/task.h"

namespace strata::tasks {

// Reads task files. A folder stands for its .yaml and .yml files, ordered by name, or for its
// .jsonl files if it has none of those. A task that is named again, such as a member of a group,
// counts once. Errors: those of ReadTasks; InvalidArgument if there is no task, if two tasks have
// the same name, and for a task that has no accuracy (AccuracyOf) or no items in one half.
absl::StatusOr<TaskSet> ReadZeroShotTasks(const std::vector<std::string>& paths);

// Returns acc_norm if the task has it, else acc. Errors: InvalidArgument for a task with neither,
// that is, one of kind loglikelihood_rolling or generate_until.
absl::StatusOr<Metric> AccuracyOf(const Task& task);

// Returns SHA-256 over everything that the error depends on: names, kinds, accuracies and items, in
// order. Names and places of the files are not part of it.
std::string TaskSetDigest(const TaskSet& set);

// Returns kFitness or kReport, by SHA-256 of the item's contexts and continuations. The same item
// is in the same half wherever it stands and whatever task it belongs to.
evaluator::Split HalfOf(const TaskItem& item);

// Returns the tasks with the first `limit` items (0: all) of that half, kFitness or kReport. The
// only metric of each task is AccuracyOf.
std::vector<Task> TasksOfHalf(const TaskSet& set, evaluator::Split half, int64_t limit);

// Returns 1 minus the mean accuracy of the tasks, which all have the same weight. `tasks` come from
// TasksOfHalf; `responses` holds, for each task, one response per item. Errors: those of
// ScoreItems.
absl::StatusOr<double> ZeroShotError(const std::vector<Task>& tasks,
                                     const std::vector<std::vector<ItemResponse>>& responses);

}  // namespace strata::tasks

#endif  // STRATA_EVALUATOR_TASKS_ZERO_SHOT_TASKS_H_
