// Reads tasks from files: JSON lines of items, and YAML that says how to score them
// (docs/evaluation.md).
#ifndef STRATA_EVALUATOR_TASKS_TASK_READER_H_
#define STRATA_EVALUATOR_TASKS_TASK_READER_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>

#include "evaluator/tasks/task.h"

namespace strata::tasks {

// Appends the tasks of `path` to `set`: one task for a file of items, whose first item determines
// its kind; one for a YAML task; all members and their groups for a YAML group. `limit` is the
// maximum number of items per task, from its start; 0: all. Errors: NotFound for a missing file;
// InvalidArgument as "FILE:LINE: FIELD: expected ..., found ..." for everything else, also for a
// second task of the same name.
absl::Status ReadTasks(const std::string& path, int64_t limit, TaskSet* set);

}  // namespace strata::tasks

#endif  // STRATA_EVALUATOR_TASKS_TASK_READER_H_
