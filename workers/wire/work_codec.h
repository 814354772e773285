// Codec of work items and results between the search, the wire and the evaluator. Everything that
// arrives is checked: kinds, sizes, ranges, and that numbers are finite.
//
// Feature values are an exception. NaN and infinity are valid there, because the value rules of
// expressions handle them (see expr/feature_table.h), so only the number of values is checked.
#ifndef STRATA_WORKERS_WIRE_WORK_CODEC_H_
#define STRATA_WORKERS_WIRE_WORK_CODEC_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "evaluator/evaluator.h"
#include "proto/strata.pb.h"
#include "search/session.h"
#include "workers/wire/measurement_plan.h"

namespace strata::workers {

// Size of the largest message that either side accepts: enough for the profile of a few thousand
// features of a few hundred linears. A larger profile is sent as the failure "invalid work item".
inline constexpr int kMaximumMessageBytes = 8 << 20;

// Coordinator: returns the message for a work item of a search, to be measured by `plan` on the
// model and text of `subject`.
v1::WorkItem EncodeWorkItem(const search::SessionItem& item, const MeasurementPlan& plan,
                            const SubjectDigests& subject = {});

// Worker: returns the evaluator's request for a work item. Errors: InvalidArgument, naming the
// field, what was expected and what was found.
using Request = std::variant<evaluator::ProfileRequest, evaluator::EvaluateRequest>;
absl::StatusOr<Request> DecodeWorkItem(const v1::WorkItem& item);

// Worker: returns the message for a finished work item. Errors become failures. InvalidArgument and
// OutOfRange become INVALID_WORK. Unavailable, ResourceExhausted, DeadlineExceeded and Aborted
// become INFRASTRUCTURE. All others become EVALUATION, and so does an impossible measurement, such
// as one with a number that is not finite.
v1::Result EncodeResult(const std::string& digest,
                        const absl::StatusOr<evaluator::Profile>& result);
v1::Result EncodeResult(const std::string& digest,
                        const absl::StatusOr<evaluator::Measurement>& result);
v1::Result EncodeFailure(const std::string& digest, const absl::Status& error);

// Kind of a failure, as documented at Failure in proto/strata.proto. Only kInfrastructure blames
// the machine; the others blame the work item.
enum class FailureKind {
  kInfrastructure,
  kEvaluation,
  kInvalidWork,
  kCrash,
  kTimeLimit,
  kMemoryLimit
};

struct WorkFailure {
  FailureKind kind = FailureKind::kEvaluation;
  std::string message;
};

struct ReceivedResult {
  std::variant<search::ProfileOutcome, search::EvaluateOutcome, WorkFailure> outcome;
  evaluator::StageSeconds seconds;  // only for a measurement
};

// Coordinator: returns what a worker sent for `item`, measured by `plan`. `parameters[i]` is the
// number of prunable weights of unit i. Errors: InvalidArgument, naming the field, what was
// expected and what was found.
//
// A measurement must have the requested numbers of windows and tokens, and a sparsity within 0.02
// of the requested one. The sparsity may be larger because of weights that were zero before
// pruning, if these are at most half of a unit.
absl::StatusOr<ReceivedResult> DecodeResult(const v1::Result& result, const search::WorkItem& item,
                                            const MeasurementPlan& plan,
                                            const std::vector<int64_t>& parameters);

}  // namespace strata::workers

#endif  // STRATA_WORKERS_WIRE_WORK_CODEC_H_
