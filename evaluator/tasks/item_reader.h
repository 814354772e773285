// The items of a task, one JSON object a line.
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

// Reads the items of a task of `kind`, by default the kind that the first line shows. A choice that
// begins with `delimiter` is as long as what follows it. Every line is checked, beyond `limit` too
// (0: none). NotFound; InvalidArgument names file, line and field.
absl::StatusOr<ItemFile> ReadItems(const std::string& path, std::optional<TaskKind> kind,
                                   const std::string& delimiter, int64_t limit);

// A rolling item of one text, with its words and bytes counted.
TaskItem RollingItem(std::string text, int64_t line);

}  // namespace strata::tasks

#endif  // STRATA_EVALUATOR_TASKS_ITEM_READER_H_
