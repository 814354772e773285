#include "evaluator/tasks/item_scores.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "evaluator/tasks/answer_filter.h"
#include "evaluator/tasks/python_text.h"
#include "expr/status_macros.h"

namespace strata::tasks {
namespace {

int Largest(const std::vector<double>& values) {
  return static_cast<int>(std::max_element(values.begin(), values.end()) - values.begin());
}

// Returns the scores by which the choices are compared.
std::vector<double> ChoiceScores(Metric metric, const TaskItem& item,
                                 const ItemResponse& response) {
  const size_t count = item.choices.size();
  std::vector<double> scores;
  for (size_t i = 0; i < count; ++i) {
    double score = response.likelihoods[i].log_likelihood;
    if (metric == Metric::kAccNorm) score /= static_cast<double>(CharacterCount(item.choices[i]));
    if (metric == Metric::kAccBytes) score /= static_cast<double>(item.choices[i].size());
    if (metric == Metric::kAccMutualInfo) {
      score -= response.likelihoods[count + i].log_likelihood;
    }
    scores.push_back(score);
  }
  return scores;
}

bool Contains(const std::vector<int>& values, int value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

double LogLikelihood(const ItemResponse& response) {
  double sum = 0;
  for (const Likelihood& one : response.likelihoods) sum += one.log_likelihood;
  return sum;
}

ScoreColumn Column(const Task& task, Metric metric, const std::vector<ItemResponse>& responses) {
  ScoreColumn column{metric, "", {}, {}};
  for (size_t i = 0; i < task.items.size(); ++i) {
    const TaskItem& item = task.items[i];
    const ItemResponse& response = responses[i];
    double weight = 1;
    double value = LogLikelihood(response);
    if (task.kind == TaskKind::kMultipleChoice) {
      value = Contains(item.gold, Largest(ChoiceScores(metric, item, response))) ? 1 : 0;
    } else if (metric == Metric::kAcc) {
      value = response.likelihoods.front().greedy ? 1 : 0;
    } else if (metric == Metric::kWordPerplexity) {
      weight = static_cast<double>(item.words);
    } else if (metric == Metric::kBytePerplexity || metric == Metric::kBitsPerByte) {
      weight = static_cast<double>(item.bytes);
    }
    column.values.push_back(value);
    column.weights.push_back(weight);
  }
  return column;
}

absl::StatusOr<std::vector<ScoreColumn>> ExactMatches(const Task& task,
                                                      const std::vector<ItemResponse>& responses) {
  STRATA_ASSIGN_OR_RETURN(const auto rules, CompiledRules::Create(task.exact_match));
  std::vector<ScoreColumn> columns;
  for (const AnswerFilter& settings : task.filters) {
    STRATA_ASSIGN_OR_RETURN(const auto filter, CompiledFilter::Create(settings));
    ScoreColumn column{Metric::kExactMatch, settings.name, {}, {}};
    for (size_t i = 0; i < task.items.size(); ++i) {
      const std::string answer = filter.Apply(responses[i].text);
      const std::vector<std::string>& targets = task.items[i].targets;
      const bool matches =
          std::any_of(targets.begin(), targets.end(),
                      [&](const std::string& target) { return rules.Matches(answer, target); });
      column.values.push_back(matches ? 1 : 0);
      column.weights.push_back(1);
    }
    columns.push_back(std::move(column));
  }
  return columns;
}

// Returns an error if a filter's expression exceeds its limit of steps on some text.
template <typename Function>
auto CatchExplosions(const Task& task, const Function& function) -> decltype(function()) {
  try {
    return function();
  } catch (const std::runtime_error& error) {
    return absl::InvalidArgumentError(
        fmt::format("task {}: a regular expression of its filters: {}", task.name, error.what()));
  }
}

// Number of log-likelihoods that the metrics of a task need from one item.
size_t ExpectedLikelihoods(const Task& task, const TaskItem& item) {
  if (task.kind == TaskKind::kGeneration) return 0;
  if (task.kind != TaskKind::kMultipleChoice) return 1;
  const bool twice = std::find(task.metrics.begin(), task.metrics.end(), Metric::kAccMutualInfo) !=
                     task.metrics.end();
  return (twice ? 2 : 1) * item.choices.size();
}

absl::Status CheckResponses(const Task& task, const std::vector<ItemResponse>& responses) {
  if (responses.size() != task.items.size()) {
    return absl::InvalidArgumentError(fmt::format("task {}: expected {} responses, found {}",
                                                  task.name, task.items.size(), responses.size()));
  }
  for (size_t i = 0; i < responses.size(); ++i) {
    const size_t expected = ExpectedLikelihoods(task, task.items[i]);
    if (responses[i].likelihoods.size() >= expected) continue;  // a rolling text has one per window
    return absl::InvalidArgumentError(
        fmt::format("task {}, item of line {}: expected {} log-likelihoods, found {}", task.name,
                    task.items[i].line, expected, responses[i].likelihoods.size()));
  }
  return absl::OkStatus();
}

}  // namespace

std::string ScoreColumn::Name() const {
  if (filter.empty()) return std::string(NameOf(metric));
  return fmt::format("{},{}", NameOf(metric), filter);
}

absl::StatusOr<std::vector<ScoreColumn>> ScoreItems(const Task& task,
                                                    const std::vector<ItemResponse>& responses) {
  STRATA_RETURN_IF_ERROR(CheckResponses(task, responses));
  return CatchExplosions(task, [&]() -> absl::StatusOr<std::vector<ScoreColumn>> {
    if (task.kind == TaskKind::kGeneration) return ExactMatches(task, responses);
    std::vector<ScoreColumn> columns;
    for (const Metric metric : task.metrics) columns.push_back(Column(task, metric, responses));
    return columns;
  });
}

absl::StatusOr<std::vector<std::string>> FilteredAnswers(const Task& task,
                                                         const ItemResponse& response) {
  return CatchExplosions(task, [&]() -> absl::StatusOr<std::vector<std::string>> {
    std::vector<std::string> answers;
    for (const AnswerFilter& settings : task.filters) {
      STRATA_ASSIGN_OR_RETURN(const auto filter, CompiledFilter::Create(settings));
      answers.push_back(filter.Apply(response.text));
    }
    return answers;
  });
}

}  // namespace strata::tasks
