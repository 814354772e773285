// An evaluation task: its items and how answers to them are scored. Kinds, metrics and filters are
// those of lm-evaluation-harness, under the same names.
#ifndef STRATA_EVALUATOR_TASKS_TASK_H_
#define STRATA_EVALUATOR_TASKS_TASK_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace strata::tasks {

enum class TaskKind {
  kMultipleChoice,  // the likeliest of several continuations
  kLogLikelihood,   // the likelihood of one continuation, and whether greedy decoding gives it
  kRolling,         // the likelihood of a whole text, in windows
  kGeneration       // greedy text up to a stop string, compared with the right answer
};

// An accuracy is the share of items whose right choice ranks first; its comment says by what.
enum class Metric {
  kAcc,             // log-likelihood; for kLogLikelihood: share of texts that greedy decoding gives
  kAccNorm,         // log-likelihood divided by the number of characters of the choice
  kAccBytes,        // log-likelihood divided by the number of UTF-8 bytes of the choice
  kAccMutualInfo,   // log-likelihood less that of the choice without its context
  kPerplexity,      // exp of the mean negative log-likelihood of a continuation
  kWordPerplexity,  // exp of the negative log-likelihood of all texts per word
  kBytePerplexity,  // the same per UTF-8 byte
  kBitsPerByte,     // logarithm of kBytePerplexity to base 2
  kExactMatch       // share of filtered answers that are a target
};

std::string_view NameOf(TaskKind kind);  // "multiple_choice", ...
std::string_view NameOf(Metric metric);  // "acc", "acc_norm", ...
std::optional<TaskKind> TaskKindNamed(std::string_view name);
std::optional<Metric> MetricNamed(std::string_view name);

// Returns the metrics that apply to a kind.
std::vector<Metric> MetricsOf(TaskKind kind);
// Returns the metrics of a task that names none.
std::vector<Metric> DefaultMetricsOf(TaskKind kind);
bool HigherIsBetter(Metric metric);

struct TaskItem {
  int64_t line = 0;  // in the file of items, from 1
  // One context per continuation; one for a generation; none for a rolling text.
  std::vector<std::string> contexts;
  // The scored texts, each with the delimiter before it: one per choice, one for the other kinds,
  // none for a generation.
  std::vector<std::string> continuations;
  std::vector<std::string> choices;  // multiple choice: texts whose lengths divide the score
  std::vector<int> gold;             // multiple choice: right indices, ascending; may be empty
  std::vector<std::string> targets;  // generation: the right answers
  int64_t words = 0;                 // rolling: number of words; divides the loss
  int64_t bytes = 0;
};

enum class FilterStepKind { kRegex, kTakeFirst, kRemoveWhitespace, kLowercase, kUppercase };

// One step from a generated text to an answer.
struct FilterStep {
  FilterStepKind kind = FilterStepKind::kTakeFirst;
  // kRegex takes match number `group_select` of `expression` (from 0; negative: from the end). The
  // answer is its first group that is not empty, or the whole match if there are no groups, without
  // surrounding white space. `fallback` is the answer if there is no such match, or if all of
  // several groups are empty.
  std::string expression = {};
  int64_t group_select = 0;
  std::string fallback = "[invalid]";
};

struct AnswerFilter {
  std::string name = "none";
  std::vector<FilterStep> steps = {};
};

// Rules for what is ignored when an answer is compared with a target. They apply to both texts, in
// this order.
struct ExactMatchRules {
  std::vector<std::string> ignored_expressions;  // matches are removed
  bool ignore_case = false;
  bool ignore_punctuation = false;  // ASCII punctuation
  bool ignore_numbers = false;      // ASCII digits
};

struct Task {
  std::string name;
  TaskKind kind = TaskKind::kMultipleChoice;
  std::vector<Metric> metrics;
  std::vector<TaskItem> items;
  int64_t items_in_file = 0;  // more than `items` if a limit was set

  // Generation only.
  std::vector<std::string> until;
  int64_t maximum_tokens = 256;
  std::vector<AnswerFilter> filters = {AnswerFilter()};
  ExactMatchRules exact_match;
};

// Tasks that are also reported together, such as the subjects of MMLU.
struct TaskGroup {
  std::string name;
  std::vector<int> tasks;      // indices of all tasks in the group, at any depth
  bool weight_by_size = true;  // by the number of items of each task; else equally
  std::vector<Metric> metrics;
};

struct TaskSet {
  std::vector<Task> tasks;
  std::vector<TaskGroup> groups;
};

}  // namespace strata::tasks

#endif  // STRATA_EVALUATOR_TASKS_TASK_H_
