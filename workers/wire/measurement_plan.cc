#include "workers/wire/measurement_plan.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "expr/operator_table.h"

namespace strata::workers {
namespace {

template <typename Value, size_t count>
using NameTable = std::array<std::pair<Value, const char*>, count>;

constexpr NameTable<evaluator::Pruner, 4> kPruners = {
    {{evaluator::Pruner::kMagnitude, "magnitude"},
     {evaluator::Pruner::kWanda, "wanda"},
     {evaluator::Pruner::kRia, "ria"},
     {evaluator::Pruner::kSparseGpt, "sparsegpt"}}};
constexpr NameTable<evaluator::Granularity, 3> kGranularities = {
    {{evaluator::Granularity::kBlock, "block"},
     {evaluator::Granularity::kKind, "kind"},
     {evaluator::Granularity::kLinear, "linear"}}};
constexpr NameTable<evaluator::Protocol, 3> kProtocols = {
    {{evaluator::Protocol::kOneShot, "one-shot"},
     {evaluator::Protocol::kRefreshed, "refreshed"},
     {evaluator::Protocol::kSequential, "sequential"}}};
constexpr NameTable<evaluator::Arithmetic, 2> kArithmetics = {
    {{evaluator::Arithmetic::kFloat32, "fp32"}, {evaluator::Arithmetic::kBFloat16, "bf16"}}};
constexpr NameTable<evaluator::Split, 3> kSplits = {
    {{evaluator::Split::kCalibration, "calibration"},
     {evaluator::Split::kFitness, "fitness"},
     {evaluator::Split::kReport, "report"}}};

template <typename Value, size_t count>
std::string FindName(const NameTable<Value, count>& table, Value value) {
  for (const auto& [known, name] : table) {
    if (known == value) return name;
  }
  return fmt::format("unknown({})", static_cast<int>(value));
}

template <typename Value, size_t count>
absl::Status FindValue(const NameTable<Value, count>& table, const char* what,
                       const std::string& name, Value* value) {
  std::string known_names;
  for (const auto& [known, known_name] : table) {
    if (name == known_name) {
      *value = known;
      return absl::OkStatus();
    }
    known_names += fmt::format("{}\"{}\"", known_names.empty() ? "" : ", ", known_name);
  }
  return absl::InvalidArgumentError(
      fmt::format("{}: expected one of {}, found \"{}\"", what, known_names, name));
}

std::string Describe(const evaluator::Calibration& calibration) {
  return fmt::format("calibration={}x{}", calibration.sequences, calibration.sequence_tokens);
}

std::string Describe(const evaluator::Fidelity& fidelity) {
  std::string text = fmt::format("split={} windows={}x{} arithmetic={} protocol={}",
                                 NameOf(fidelity.split), fidelity.windows, fidelity.window_tokens,
                                 NameOf(fidelity.arithmetic), NameOf(fidelity.protocol));
  if (!fidelity.levels.empty()) text += fmt::format(" levels={}", fidelity.levels);
  if (!fidelity.tasks.empty()) {
    text += fmt::format(" tasks={} task_items={}", fidelity.tasks, fidelity.task_items);
  }
  if (fidelity.slope_step > 0) text += fmt::format(" slope_step={}", fidelity.slope_step);
  return text;
}

}  // namespace

std::string NameOf(evaluator::Pruner value) { return FindName(kPruners, value); }
std::string NameOf(evaluator::Granularity value) { return FindName(kGranularities, value); }
std::string NameOf(evaluator::Protocol value) { return FindName(kProtocols, value); }
std::string NameOf(evaluator::Arithmetic value) { return FindName(kArithmetics, value); }
std::string NameOf(evaluator::Split value) { return FindName(kSplits, value); }

absl::Status ParseName(const std::string& name, evaluator::Pruner* value) {
  return FindValue(kPruners, "pruner", name, value);
}
absl::Status ParseName(const std::string& name, evaluator::Granularity* value) {
  return FindValue(kGranularities, "granularity", name, value);
}
absl::Status ParseName(const std::string& name, evaluator::Protocol* value) {
  return FindValue(kProtocols, "protocol", name, value);
}
absl::Status ParseName(const std::string& name, evaluator::Arithmetic* value) {
  return FindValue(kArithmetics, "arithmetic", name, value);
}
absl::Status ParseName(const std::string& name, evaluator::Split* value) {
  return FindValue(kSplits, "split", name, value);
}

const evaluator::Fidelity& FidelityOf(search::Rung rung, int level, const MeasurementPlan& plan) {
  switch (rung) {
    case search::Rung::kSearch:
      return static_cast<size_t>(level) < plan.racing.size()
                 ? plan.racing[static_cast<size_t>(level)]
                 : plan.search;
    case search::Rung::kSelect:
      return plan.select;
    case search::Rung::kRefine:
      return plan.refine;
    case search::Rung::kSlope:
      return plan.slope;
    case search::Rung::kVerify:
      break;
  }
  return plan.verify;
}

const std::string& TasksOf(const MeasurementPlan& plan) {
  return plan.verify.tasks.empty() ? plan.search.tasks : plan.verify.tasks;
}

void FillContexts(const MeasurementPlan& plan, const std::string& model_digest,
                  const std::string& text_digest, search::TaskContexts* contexts) {
  const std::string common =
      fmt::format("wire={} operators={:016x} model={} text={} granularity={} {}", kProtocolVersion,
                  expr::OperatorTableHash(), model_digest, text_digest, NameOf(plan.granularity),
                  Describe(plan.calibration));
  const std::string pruned =
      fmt::format("{} pruner={} group={}", common, NameOf(plan.method.pruner), plan.method.group);
  contexts->profile_context = "profile " + common;
  contexts->racing_contexts.clear();
  for (const evaluator::Fidelity& level : plan.racing) {
    contexts->racing_contexts.push_back(fmt::format("evaluate {} {}", pruned, Describe(level)));
  }
  contexts->search_context = fmt::format("evaluate {} {}", pruned, Describe(plan.search));
  contexts->select_context = fmt::format("evaluate {} {}", pruned, Describe(plan.select));
  contexts->verify_context = fmt::format("evaluate {} {}", pruned, Describe(plan.verify));
  contexts->refine_context = fmt::format("evaluate {} {}", pruned, Describe(plan.refine));
  contexts->slope_context = fmt::format("evaluate {} {}", pruned, Describe(plan.slope));
}

}  // namespace strata::workers
