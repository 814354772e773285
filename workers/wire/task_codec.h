// Tasks and results between the search, the wire and the evaluator. Everything that arrives is
// checked: kinds, sizes, ranges, finite numbers.
//
// Feature values are the exception: NaN and infinity are measurements that the expressions' rules
// deal with (see expr/feature_table.h), so only their number is checked.
#ifndef STRATA_WORKERS_TASK_CODEC_H_
#define STRATA_WORKERS_TASK_CODEC_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "evaluator/evaluator.h"
#include "proto/strata.pb.h"
#include "search/session.h"
#include "workers/coordinator/lease_table.h"
#include "workers/wire/measurement_plan.h"

namespace strata::workers {

// Largest message either side accepts: the profile of a few thousand features of a few hundred
// linears. A larger profile is sent as an invalid task.
inline constexpr int kMaximumMessageBytes = 8 << 20;

// Coordinator: a task of a search as the plan says to measure it, on the model and text of its
// subject.
v1::Task EncodeTask(const search::SessionTask& task, const MeasurementPlan& plan,
                    const SubjectDigests& subject = {});

// Worker: the request of a task. InvalidArgument names the field, what was expected and what was
// found.
using Request = std::variant<evaluator::ProfileRequest, evaluator::EvaluateRequest>;
absl::StatusOr<Request> DecodeTask(const v1::Task& task);

// Worker: what to send for a finished task. Errors become failures: InvalidArgument and OutOfRange
// an invalid task; Unavailable, ResourceExhausted, DeadlineExceeded and Aborted one of the
// infrastructure; others one of the evaluation, as is a measurement with a number that is not
// finite.
v1::Result EncodeResult(const std::string& digest,
                        const absl::StatusOr<evaluator::Profile>& result);
v1::Result EncodeResult(const std::string& digest,
                        const absl::StatusOr<evaluator::Measurement>& result);
v1::Result EncodeFailure(const std::string& digest, const absl::Status& error);

struct TaskFailure {
  FailureKind kind = FailureKind::kEvaluation;
  std::string message;
};

struct ReceivedResult {
  std::variant<search::ProfileOutcome, search::EvaluateOutcome, TaskFailure> outcome;
  evaluator::StageSeconds seconds;  // of a measurement
};

// Coordinator: what a worker sent for `task`, measured by `plan`. `parameters[i]` is the number of
// prunable weights of unit i. InvalidArgument names the field, what was expected and what was
// found.
//
// A measurement must have the windows and tokens that were asked for, and a sparsity within 0.02 of
// the one that was asked for. It may be larger by weights that were zero before pruning, as far as
// these are at most half of a unit.
absl::StatusOr<ReceivedResult> DecodeResult(const v1::Result& result, const search::Task& task,
                                            const MeasurementPlan& plan,
                                            const std::vector<int64_t>& parameters);

}  // namespace strata::workers

#endif  // STRATA_WORKERS_TASK_CODEC_H_
