#include "search/task_contexts.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace strata::search {

const std::string& ContextOf(const TaskContexts& contexts, const Task& task) {
  const auto* evaluate = std::get_if<EvaluateTask>(&task.work);
  if (evaluate == nullptr) return contexts.profile_context;
  const auto level = static_cast<size_t>(evaluate->level);
  if (evaluate->rung == Rung::kSearch && level < contexts.racing_contexts.size()) {
    return contexts.racing_contexts[level];
  }
  switch (evaluate->rung) {
    case Rung::kSearch:
      return contexts.search_context;
    case Rung::kSelect:
      return contexts.select_context;
    case Rung::kRefine:
      return contexts.refine_context;
    case Rung::kSlope:
      return contexts.slope_context;
    case Rung::kVerify:
      break;
  }
  return contexts.verify_context;
}

std::string ContextsText(const std::vector<TaskContexts>& all) {
  std::string text;
  for (const TaskContexts& contexts : all) {
    text += fmt::format("{}\n{}{}{}\n{}\n{}\n", contexts.profile_context,
                        fmt::join(contexts.racing_contexts, "\n"),
                        contexts.racing_contexts.empty() ? "" : "\n", contexts.search_context,
                        contexts.select_context, contexts.verify_context);
  }
  return text;
}

absl::Status CheckContexts(const TaskContexts& first, const std::vector<TaskContexts>& further,
                           const EngineOptions& engine) {
  std::vector<const TaskContexts*> all = {&first};
  for (const TaskContexts& contexts : further) all.push_back(&contexts);
  for (const TaskContexts* contexts : all) {
    if (static_cast<int>(contexts->racing_contexts.size()) + 1 == engine.ladder.levels) {
      continue;
    }
    return absl::InvalidArgumentError(
        fmt::format("racing_contexts: expected one less than the {} levels of the ladder, found {}",
                    engine.ladder.levels, contexts->racing_contexts.size()));
  }
  const size_t subjects = engine.robust.further_layouts.size() + 1;
  if (all.size() == subjects) return absl::OkStatus();
  return absl::InvalidArgumentError(
      fmt::format("further_contexts: expected those of all {} subjects but the first, found {}",
                  subjects, further.size()));
}

}  // namespace strata::search
