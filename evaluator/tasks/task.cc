#include "evaluator/tasks/task.h"

namespace strata::tasks {
namespace {

struct KindName {
  TaskKind kind;
  std::string_view name;
};
constexpr KindName kKinds[] = {{TaskKind::kMultipleChoice, "multiple_choice"},
                               {TaskKind::kLogLikelihood, "loglikelihood"},
                               {TaskKind::kRolling, "loglikelihood_rolling"},
                               {TaskKind::kGeneration, "generate_until"}};

struct MetricRow {
  Metric metric;
  std::string_view name;
  bool higher_is_better;
  bool is_default;
  std::vector<TaskKind> kinds;
};

const std::vector<MetricRow>& Metrics() {
  using enum TaskKind;
  static const std::vector<MetricRow> rows = {
      {Metric::kPerplexity, "perplexity", false, true, {kLogLikelihood}},
      {Metric::kAcc, "acc", true, true, {kMultipleChoice, kLogLikelihood}},
      {Metric::kAccNorm, "acc_norm", true, true, {kMultipleChoice}},
      {Metric::kAccBytes, "acc_bytes", true, false, {kMultipleChoice}},
      {Metric::kAccMutualInfo, "acc_mutual_info", true, false, {kMultipleChoice}},
      {Metric::kWordPerplexity, "word_perplexity", false, true, {kRolling}},
      {Metric::kBytePerplexity, "byte_perplexity", false, true, {kRolling}},
      {Metric::kBitsPerByte, "bits_per_byte", false, true, {kRolling}},
      {Metric::kExactMatch, "exact_match", true, true, {kGeneration}}};
  return rows;
}

const MetricRow& RowOf(Metric metric) {
  for (const MetricRow& row : Metrics()) {
    if (row.metric == metric) return row;
  }
  return Metrics().front();
}

std::vector<Metric> Select(TaskKind kind, bool only_defaults) {
  std::vector<Metric> metrics;
  for (const MetricRow& row : Metrics()) {
    if (only_defaults && !row.is_default) continue;
    for (const TaskKind applies : row.kinds) {
      if (applies == kind) metrics.push_back(row.metric);
    }
  }
  return metrics;
}

}  // namespace

std::string_view NameOf(TaskKind kind) {
  for (const KindName& row : kKinds) {
    if (row.kind == kind) return row.name;
  }
  return "unknown kind";
}

std::string_view NameOf(Metric metric) { return RowOf(metric).name; }

std::optional<TaskKind> TaskKindNamed(std::string_view name) {
  for (const KindName& row : kKinds) {
    if (row.name == name) return row.kind;
  }
  return std::nullopt;
}

std::optional<Metric> MetricNamed(std::string_view name) {
  for (const MetricRow& row : Metrics()) {
    if (row.name == name) return row.metric;
  }
  return std::nullopt;
}

std::vector<Metric> MetricsOf(TaskKind kind) { return Select(kind, /*only_defaults=*/false); }

std::vector<Metric> DefaultMetricsOf(TaskKind kind) { return Select(kind, /*only_defaults=*/true); }

bool HigherIsBetter(Metric metric) { return RowOf(metric).higher_is_better; }

}  // namespace strata::tasks
