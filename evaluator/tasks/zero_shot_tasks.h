// The zero-shot error of a model: one less the mean accuracy over tasks. The items of every task
// are dealt to two halves, one for the fitness of a search and one for its report, which share no
// item.
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

// Reads task files. A folder stands for its .yaml and .yml files, or, where it has none, for its
// .jsonl files, by name; a task that is named again, as a group's member may be, counts once.
// InvalidArgument, besides what ReadTasks says: no task, two of one name, one that has no accuracy
// (AccuracyOf), one that has no items in a half.
absl::StatusOr<TaskSet> ReadZeroShotTasks(const std::vector<std::string>& paths);

// acc_norm where the task has it, else acc. InvalidArgument for a task with neither, which are
// those of kinds loglikelihood_rolling and generate_until.
absl::StatusOr<Metric> AccuracyOf(const Task& task);

// SHA-256 over everything that the error depends on: names, kinds, accuracies and items, in order.
// Where the files lie and what they are called is no part of it.
std::string TaskSetDigest(const TaskSet& set);

// kFitness or kReport, by SHA-256 of the item's contexts and continuations: wherever it stands, and
// in whatever task, the same item is in the same half.
evaluator::Split HalfOf(const TaskItem& item);

// The first `limit` items of each task in that half, 0: all of them; the only metric is AccuracyOf.
// Of kFitness or kReport.
std::vector<Task> TasksOfHalf(const TaskSet& set, evaluator::Split half, int64_t limit);

// Of the accuracies of the tasks, each by the same weight. `tasks` as TasksOfHalf gives them, and
// for each of their items a response. Errors of ScoreItems.
absl::StatusOr<double> ZeroShotError(const std::vector<Task>& tasks,
                                     const std::vector<std::vector<ItemResponse>>& responses);

}  // namespace strata::tasks

#endif  // STRATA_EVALUATOR_TASKS_ZERO_SHOT_TASKS_H_
