// What tells results of the same allocation or feature apart.
#ifndef STRATA_SEARCH_TASK_CONTEXTS_H_
#define STRATA_SEARCH_TASK_CONTEXTS_H_

#include <absl/status/status.h>

#include <string>
#include <vector>

#include "search/engine/engine.h"
#include "search/engine/task.h"

namespace strata::search {

// Everything besides the allocation or features that a result depends on: model, text, pruner,
// calibration, the fidelities, operator table, protocol version. Part of every task digest.
struct TaskContexts {
  std::string profile_context;
  std::vector<std::string> racing_contexts;  // of the levels before the last, EngineOptions::ladder
  std::string search_context;                // of the last level, whose loss is the fitness
  std::string select_context;
  std::string verify_context;
  std::string refine_context;  // where there is a refinement
  std::string slope_context;   // where it descends along slopes
};

// The context of a task of this subject, on the task's rung and level.
const std::string& ContextOf(const TaskContexts& contexts, const Task& task);

// One text of all, in which each context is a line; for comparing.
std::string ContextsText(const std::vector<TaskContexts>& all);

// InvalidArgument unless there is a context for every level of the ladder and every subject;
// `further` are those of the subjects but the first.
absl::Status CheckContexts(const TaskContexts& first, const std::vector<TaskContexts>& further,
                           const EngineOptions& engine);

}  // namespace strata::search

#endif  // STRATA_SEARCH_TASK_CONTEXTS_H_
