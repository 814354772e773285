// A plan and a measurement of the fake work item 0, for tests of the codec.
#ifndef STRATA_TESTS_WORKERS_WIRE_WORK_CODEC_FIXTURE_H_
#define STRATA_TESTS_WORKERS_WIRE_WORK_CODEC_FIXTURE_H_

#include <vector>

#include "tests/workers/coordinator/fake_session.h"
#include "workers/wire/work_codec.h"

namespace strata::workers {

inline const std::vector<int64_t> kParameters(kFakeUnits, 100);

inline MeasurementPlan MakePlan() {
  MeasurementPlan plan;
  plan.granularity = evaluator::Granularity::kLinear;
  plan.calibration = {.sequences = 5, .sequence_tokens = 77};
  plan.search = {.windows = 3, .window_tokens = 65, .levels = "level-digest"};
  plan.verify = {.split = evaluator::Split::kReport,
                 .windows = 9,
                 .window_tokens = 129,
                 .arithmetic = evaluator::Arithmetic::kBFloat16,
                 .protocol = evaluator::Protocol::kSequential};
  return plan;
}

// Returns a measurement of the fake work item 0 as a worker sends it.
inline v1::Result MakeResult() {
  evaluator::Measurement measurement;
  measurement.window_nll = {3.0, 3.5, 4.0};
  measurement.mean_nll = 3.5;
  measurement.tokens = 3 * 64;
  measurement.achieved_sparsity = 0.5;
  measurement.seconds = {.prune = 1, .forward = 2, .loss = 3};
  return EncodeResult(MakeFakeItem(0).digest, measurement);
}

}  // namespace strata::workers

#endif  // STRATA_TESTS_WORKERS_WIRE_WORK_CODEC_FIXTURE_H_
