// Tasks from files: JSON lines of items, and YAML of how to score them (docs/evaluation.md).
#ifndef STRATA_EVALUATOR_TASKS_TASK_READER_H_
#define STRATA_EVALUATOR_TASKS_TASK_READER_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>

#include "evaluator/tasks/task.h"

namespace strata::tasks {

// Appends what `path` holds: one task for a file of items, whose kind its first item shows; one for
// a YAML task; all of its members and their groups for a YAML group. `limit` is the most items of a
// task, from its start; 0: all. NotFound for a file that is not there; InvalidArgument as
// "FILE:LINE: FIELD: expected ..., found ..." for all else, also for a second task of one name.
absl::Status ReadTasks(const std::string& path, int64_t limit, TaskSet* set);

}  // namespace strata::tasks

#endif  // STRATA_EVALUATOR_TASKS_TASK_READER_H_
