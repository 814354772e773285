// Measurement plan: how the work items of a search become requests to an Evaluator. It holds
// everything about measurement that the search engine does not know.
#ifndef STRATA_WORKERS_WIRE_MEASUREMENT_PLAN_H_
#define STRATA_WORKERS_WIRE_MEASUREMENT_PLAN_H_

#include <absl/status/status.h>

#include <cstdint>
#include <string>
#include <vector>

#include "evaluator/evaluator.h"
#include "evaluator/names.h"
#include "search/session.h"

namespace strata::workers {

// Version of proto/strata.proto and of what its work items mean. Workers with another version are
// refused.
inline constexpr uint32_t kProtocolVersion = 10;

// Subject: a model with a text, as work items and workers name them.
struct SubjectDigests {
  std::string model, text;
};

struct MeasurementPlan {
  evaluator::PruningMethod method;
  evaluator::Granularity granularity = evaluator::Granularity::kBlock;
  evaluator::Calibration calibration;
  // Racing: fidelities of the rungs before the last one, cheapest first. Empty: no racing.
  std::vector<evaluator::Fidelity> racing;
  evaluator::Fidelity search;  // last rung: fitness split, cheap
  evaluator::Fidelity select;  // choice among finalists: fitness split, sequential protocol
  evaluator::Fidelity verify;  // final numbers: report split, sequential protocol
  evaluator::Fidelity refine;  // refinement: fitness split, sequential protocol
  std::vector<evaluator::Fidelity> refine_rungs;  // fewer windows of `refine`, the fewest first
  evaluator::Fidelity slope;  // slopes for the refinement: as `refine`, with slopes
};

// Returns the digest of the tasks that a plan's evaluations need, in any stage; empty: none.
const std::string& TasksOf(const MeasurementPlan& plan);

// Returns a reference to the fidelity, inside `plan`, of a stage's evaluations. `rung` matters only
// in the stages search and refine.
const evaluator::Fidelity& FidelityOf(search::Stage stage, int rung, const MeasurementPlan& plan);

// Fills in the contexts of a model with a text. A context is a string that names model, text,
// pruner, group, calibration, granularity, fidelity, operator table and protocol version; the
// context of profiles does not depend on pruner, group and fidelity.
void FillContexts(const MeasurementPlan& plan, const std::string& model_digest,
                  const std::string& text_digest, search::WorkContexts* contexts);

}  // namespace strata::workers

#endif  // STRATA_WORKERS_WIRE_MEASUREMENT_PLAN_H_
