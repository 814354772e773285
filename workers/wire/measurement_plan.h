// How the tasks of a search become requests to an Evaluator: everything about measurement that the
// search engine does not know.
#ifndef STRATA_WORKERS_MEASUREMENT_PLAN_H_
#define STRATA_WORKERS_MEASUREMENT_PLAN_H_

#include <absl/status/status.h>

#include <cstdint>
#include <string>
#include <vector>

#include "evaluator/evaluator.h"
#include "search/session.h"

namespace strata::workers {

// Version of proto/strata.proto and of what its tasks mean. Workers with another one are refused.
inline constexpr uint32_t kProtocolVersion = 7;

// A model with a text, as tasks and workers name them.
struct SubjectDigests {
  std::string model, text;
};

struct MeasurementPlan {
  evaluator::PruningMethod method;
  evaluator::Granularity granularity = evaluator::Granularity::kBlock;
  evaluator::Calibration calibration;
  // Levels before the last of the search's ladder, cheapest first. Empty: none.
  std::vector<evaluator::Fidelity> racing;
  evaluator::Fidelity search;  // fitness split, cheap: the last level
  evaluator::Fidelity select;  // fitness split, sequential protocol: chooses among finalists
  evaluator::Fidelity verify;  // report split, sequential protocol
  evaluator::Fidelity refine;  // fitness split, sequential protocol: of a refinement
  evaluator::Fidelity slope;   // the same with slopes
};

// Digest of the tasks that a plan's evaluations need, on whatever rung; empty: none.
const std::string& TasksOf(const MeasurementPlan& plan);

// How evaluations of a rung, and of the search's of a level, are measured. A reference into `plan`.
const evaluator::Fidelity& FidelityOf(search::Rung rung, int level, const MeasurementPlan& plan);

// Names used in configurations, on the wire and in reports.
std::string NameOf(evaluator::Pruner value);       // "magnitude", "wanda", "ria", "sparsegpt"
std::string NameOf(evaluator::Granularity value);  // "block", "linear"
std::string NameOf(evaluator::Protocol value);     // "one-shot", "refreshed", "sequential"
std::string NameOf(evaluator::Arithmetic value);   // "fp32", "bf16"
std::string NameOf(evaluator::Split value);        // "calibration", "fitness", "report"

// InvalidArgument lists the known names and leaves `value` as it was.
absl::Status ParseName(const std::string& name, evaluator::Pruner* value);
absl::Status ParseName(const std::string& name, evaluator::Granularity* value);
absl::Status ParseName(const std::string& name, evaluator::Protocol* value);
absl::Status ParseName(const std::string& name, evaluator::Arithmetic* value);
absl::Status ParseName(const std::string& name, evaluator::Split* value);

// The contexts of a model and text: text that names model, text, pruner, calibration,
// granularity, fidelity, operator table and protocol version.
void FillContexts(const MeasurementPlan& plan, const std::string& model_digest,
                  const std::string& text_digest, search::TaskContexts* contexts);

}  // namespace strata::workers

#endif  // STRATA_WORKERS_MEASUREMENT_PLAN_H_
