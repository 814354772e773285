// Reads the items of a task from a file with one JSON object per line.
#ifndef STRATA_EVALUATOR_TASKS_ITEM_READER_H_
#define STRATA_EVALUATOR_TASKS_ITEM_READER_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "evaluator/tasks/task.h"

namespace strata::tasks {

struct ItemFile {
  TaskKind kind = TaskKind::kMultipleChoice;
  std::vector<TaskItem> items;
  int64_t items_in_file = 0;
};

// Reads the items of a task of `kind`; without a kind, the first item determines it. The length of
// a choice that begins with `delimiter` counts from behind the delimiter. Returns the first `limit`
// items (0: all), but checks every line. Errors: those of evaluator::FileStatus; InvalidArgument
// names file, line and field, or the byte that is not UTF-8. Blank lines are left out.
absl::StatusOr<ItemFile> ReadItems(const std::string& path, std::optional<TaskKind> kind,
                                   const std::string& delimiter, int64_t limit);

// Returns a rolling item with one text and the numbers of its words and bytes.
TaskItem RollingItem(std::string text, int64_t line);

}  // namespace strata::tasks

#endif  // STRATA_EVALUATOR_TASKS_ITEM_READER_H_
