// What a task is, whatever file it was read from: its items, and how answers to them are scored.
// Kinds, metrics and filters are those of lm-evaluation-harness, by its names.
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

enum class Metric {
  kAcc,             // multiple choice: the largest sum; log-likelihood: greedy decoding gives it
  kAccNorm,         // the largest sum divided by the characters of the choice
  kAccBytes,        // the same divided by its UTF-8 bytes
  kAccMutualInfo,   // the largest sum less the choice's log-likelihood without its context
  kPerplexity,      // exp of the mean negative log-likelihood of a continuation
  kWordPerplexity,  // exp of the negative log-likelihood of all texts per word
  kBytePerplexity,  // the same per UTF-8 byte
  kBitsPerByte,     // its logarithm to base 2
  kExactMatch       // the filtered answer is a target
};

std::string_view NameOf(TaskKind kind);  // "multiple_choice", ...
std::string_view NameOf(Metric metric);  // "acc", "acc_norm", ...
std::optional<TaskKind> TaskKindNamed(std::string_view name);
std::optional<Metric> MetricNamed(std::string_view name);

// Those that apply to a kind; the first ones are the default where a task names none.
std::vector<Metric> MetricsOf(TaskKind kind);
std::vector<Metric> DefaultMetricsOf(TaskKind kind);
bool HigherIsBetter(Metric metric);

struct TaskItem {
  int64_t line = 0;  // in the file of items, from 1
  // One for each continuation; one for a generation; none for a rolling text.
  std::vector<std::string> contexts;
  // What is scored, with the delimiter before it: one for each choice, one for the other kinds,
  // none for a generation.
  std::vector<std::string> continuations;
  std::vector<std::string> choices;  // multiple choice: the texts whose lengths normalise
  std::vector<int> gold;             // multiple choice: the right ones, ascending; may be empty
  std::vector<std::string> targets;  // generation: any of them is right
  int64_t words = 0;                 // rolling: what the loss is divided by
  int64_t bytes = 0;
};

enum class FilterStepKind { kRegex, kTakeFirst, kRemoveWhitespace, kLowercase, kUppercase };

// One step from a generated text to an answer.
struct FilterStep {
  FilterStepKind kind = FilterStepKind::kTakeFirst;
  // kRegex: match number `group_select` of all (negative: from the end), of which the first group
  // that is not empty counts, without surrounding white space; `fallback` where there is none.
  std::string expression = {};
  int64_t group_select = 0;
  std::string fallback = "[invalid]";
};

struct AnswerFilter {
  std::string name = "none";
  std::vector<FilterStep> steps = {};
};

// What is not looked at when an answer is compared with a target, applied in this order to both.
struct ExactMatchRules {
  std::vector<std::string> ignored_expressions;  // matches are removed
  bool ignore_case = false;
  bool ignore_punctuation = false;  // of ASCII
  bool ignore_numbers = false;      // digits of ASCII
};

struct Task {
  std::string name;
  TaskKind kind = TaskKind::kMultipleChoice;
  std::vector<Metric> metrics;
  std::vector<TaskItem> items;
  int64_t items_in_file = 0;  // more than `items` where a limit was set

  // Generation only.
  std::vector<std::string> until;
  int64_t maximum_tokens = 256;
  std::vector<AnswerFilter> filters = {AnswerFilter()};
  ExactMatchRules exact_match;
};

// Tasks that are reported together too, as MMLU's subjects are.
struct TaskGroup {
  std::string name;
  std::vector<int> tasks;      // indices of all tasks below it, at whatever depth
  bool weight_by_size = true;  // each task by the number of its items; else all alike
  std::vector<Metric> metrics;
};

struct TaskSet {
  std::vector<Task> tasks;
  std::vector<TaskGroup> groups;
};

}  // namespace strata::tasks

#endif  // STRATA_EVALUATOR_TASKS_TASK_H_
