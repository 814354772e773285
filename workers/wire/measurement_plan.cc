#include "workers/wire/measurement_plan.h"

#include <fmt/format.h>

#include "expr/operator_table.h"

namespace strata::workers {
namespace {

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
  if (fidelity.measure != evaluator::Measure::kLoss) {
    text += fmt::format(" measure={}", NameOf(fidelity.measure));
  }
  return text;
}

// Returns the fidelity of a rung; `last` is that of the rung after all of `rungs`.
const evaluator::Fidelity& RungOf(int rung, const std::vector<evaluator::Fidelity>& rungs,
                                  const evaluator::Fidelity& last) {
  return static_cast<size_t>(rung) < rungs.size() ? rungs[static_cast<size_t>(rung)] : last;
}

std::vector<std::string> EvaluateContexts(const std::string& pruned,
                                          const std::vector<evaluator::Fidelity>& rungs) {
  std::vector<std::string> contexts;
  for (const evaluator::Fidelity& rung : rungs) {
    contexts.push_back(fmt::format("evaluate {} {}", pruned, Describe(rung)));
  }
  return contexts;
}

}  // namespace

const evaluator::Fidelity& FidelityOf(search::Stage stage, int rung, const MeasurementPlan& plan) {
  switch (stage) {
    case search::Stage::kSearch:
      return RungOf(rung, plan.racing, plan.search);
    case search::Stage::kSelect:
      return plan.select;
    case search::Stage::kRefine:
      return RungOf(rung, plan.refine_rungs, plan.refine);
    case search::Stage::kSlope:
      return plan.slope;
    case search::Stage::kVerify:
      break;
  }
  return plan.verify;
}

const std::string& TasksOf(const MeasurementPlan& plan) {
  return plan.verify.tasks.empty() ? plan.search.tasks : plan.verify.tasks;
}

void FillContexts(const MeasurementPlan& plan, const std::string& model_digest,
                  const std::string& text_digest, search::WorkContexts* contexts) {
  const std::string common =
      fmt::format("wire={} operators={:016x} model={} text={} granularity={} {}", kProtocolVersion,
                  expr::OperatorTableHash(), model_digest, text_digest, NameOf(plan.granularity),
                  Describe(plan.calibration));
  const std::string pruned =
      fmt::format("{} pruner={} group={}", common, NameOf(plan.method.pruner), plan.method.group);
  contexts->profile_context = "profile " + common;
  contexts->racing_contexts = EvaluateContexts(pruned, plan.racing);
  contexts->search_context = fmt::format("evaluate {} {}", pruned, Describe(plan.search));
  contexts->select_context = fmt::format("evaluate {} {}", pruned, Describe(plan.select));
  contexts->verify_context = fmt::format("evaluate {} {}", pruned, Describe(plan.verify));
  contexts->refine_context = fmt::format("evaluate {} {}", pruned, Describe(plan.refine));
  contexts->refine_rung_contexts = EvaluateContexts(pruned, plan.refine_rungs);
  contexts->slope_context = fmt::format("evaluate {} {}", pruned, Describe(plan.slope));
}

}  // namespace strata::workers
