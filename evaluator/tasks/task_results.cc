#include "evaluator/tasks/task_results.h"

#include <algorithm>
#include <utility>

#include "expr/status_macros.h"

namespace strata::tasks {
namespace {

using Columns = std::vector<ScoreColumn>;

absl::StatusOr<std::vector<Columns>> ScoreAll(
    const TaskSet& set, const std::vector<std::vector<ItemResponse>>& responses) {
  std::vector<Columns> scores;
  for (size_t i = 0; i < responses.size(); ++i) {
    STRATA_ASSIGN_OR_RETURN(auto columns, ScoreItems(set.tasks[i], responses[i]));
    scores.push_back(std::move(columns));
  }
  return scores;
}

Stratum StratumOf(const ScoreColumn& column, bool weight_by_size) {
  const double share = weight_by_size ? static_cast<double>(column.values.size()) : 1.0;
  return {column.values, column.weights, share};
}

// Returns one figure for several tasks.
MetricResult Summarize(const std::vector<const ScoreColumn*>& columns,
                       const std::vector<const ScoreColumn*>& compared, bool weight_by_size,
                       const BootstrapOptions& bootstrap) {
  const auto strata_of = [&](const std::vector<const ScoreColumn*>& of) {
    std::vector<Stratum> strata;
    for (const ScoreColumn* column : of) strata.push_back(StratumOf(*column, weight_by_size));
    return strata;
  };
  const Metric metric = columns.front()->metric;
  const Link link = LinkOf(metric);
  MetricResult result{metric, columns.front()->Name(), {}, std::nullopt};
  result.estimate = EstimateFigure(strata_of(columns), link, bootstrap);
  if (!compared.empty()) {
    result.difference =
        EstimateDifference(strata_of(compared), strata_of(columns), link, bootstrap);
  }
  return result;
}

// Returns the column of that name of every task; empty unless every task has one.
std::vector<const ScoreColumn*> Find(const std::vector<Columns>& scores,
                                     const std::vector<int>& tasks, const std::string& name) {
  std::vector<const ScoreColumn*> found;
  for (const int task : tasks) {
    const auto column = std::find_if(scores[task].begin(), scores[task].end(),
                                     [&](const auto& one) { return one.Name() == name; });
    if (column == scores[task].end()) return {};
    found.push_back(&*column);
  }
  return found;
}

TaskResult SummarizeGroup(const TaskGroup& group, const std::vector<Columns>& scores,
                          const std::vector<Columns>& compared, const BootstrapOptions& bootstrap) {
  TaskResult result;
  result.name = group.name;
  for (const ScoreColumn& column : scores[group.tasks.front()]) {
    const bool wanted =
        std::find(group.metrics.begin(), group.metrics.end(), column.metric) != group.metrics.end();
    const auto columns = Find(scores, group.tasks, column.Name());
    if (!wanted || columns.empty()) continue;
    const auto other = compared.empty() ? std::vector<const ScoreColumn*>()
                                        : Find(compared, group.tasks, column.Name());
    result.metrics.push_back(Summarize(columns, other, group.weight_by_size, bootstrap));
  }
  return result;
}

}  // namespace

Link LinkOf(Metric metric) {
  switch (metric) {
    case Metric::kPerplexity:
    case Metric::kWordPerplexity:
    case Metric::kBytePerplexity:
      return Link::kPerplexity;
    case Metric::kBitsPerByte:
      return Link::kBitsPerByte;
    default:
      return Link::kMean;
  }
}

absl::StatusOr<std::vector<TaskResult>> SummarizeTasks(
    const TaskSet& set, const std::vector<std::vector<ItemResponse>>& responses,
    const std::vector<std::vector<ItemResponse>>& compared, const BootstrapOptions& bootstrap) {
  STRATA_ASSIGN_OR_RETURN(const auto scores, ScoreAll(set, responses));
  STRATA_ASSIGN_OR_RETURN(const auto compared_scores, ScoreAll(set, compared));
  std::vector<TaskResult> results;
  for (size_t i = 0; i < set.tasks.size(); ++i) {
    TaskGroup alone{set.tasks[i].name, {static_cast<int>(i)}, true, set.tasks[i].metrics};
    results.push_back(SummarizeGroup(alone, scores, compared_scores, bootstrap));
    results.back().documents = static_cast<int64_t>(set.tasks[i].items.size());
    for (const ItemResponse& response : responses[i]) {
      if (response.truncated_tokens > 0) ++results.back().truncated_documents;
    }
  }
  for (const TaskGroup& group : set.groups) {
    TaskResult result = SummarizeGroup(group, scores, compared_scores, bootstrap);
    result.is_group = true;
    for (const int task : group.tasks) {
      result.documents += results[task].documents;
      result.truncated_documents += results[task].truncated_documents;
    }
    results.push_back(std::move(result));
  }
  return results;
}

}  // namespace strata::tasks
