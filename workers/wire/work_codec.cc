#include "workers/wire/work_codec.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "expr/allocation.h"
#include "expr/status_macros.h"
#include "workers/wire/field_checks.h"

namespace strata::workers {
namespace {

constexpr int kMaximumMeasures = 64;
constexpr int kEnvelopeBytes = 64 << 10;  // reserved for all of a message but its result
// Rows are pruned by whole weights, so the sparsity of a small layer differs from the requested
// one.
constexpr double kSparsityTolerance = 0.02;
constexpr double kMostDenseZeros = 0.5;  // share of a unit's weights

void Encode(const evaluator::Calibration& calibration, v1::Calibration* sent) {
  sent->set_sequences(calibration.sequences);
  sent->set_sequence_tokens(calibration.sequence_tokens);
}

void Encode(const evaluator::Fidelity& fidelity, v1::Fidelity* sent) {
  sent->set_split(NameOf(fidelity.split));
  sent->set_windows(fidelity.windows);
  sent->set_window_tokens(fidelity.window_tokens);
  sent->set_arithmetic(NameOf(fidelity.arithmetic));
  sent->set_protocol(NameOf(fidelity.protocol));
  sent->set_levels(fidelity.levels);
  sent->set_tasks(fidelity.tasks);
  sent->set_task_items(fidelity.task_items);
  sent->set_slope_step(fidelity.slope_step);
  sent->set_measure(NameOf(fidelity.measure));
}

absl::Status Decode(const v1::Calibration& sent, evaluator::Calibration* calibration) {
  absl::Status status = CheckCount("calibration.sequences", sent.sequences());
  status.Update(CheckCount("calibration.sequence_tokens", sent.sequence_tokens()));
  calibration->sequences = sent.sequences();
  calibration->sequence_tokens = sent.sequence_tokens();
  return status;
}

absl::Status Decode(const v1::Fidelity& sent, evaluator::Fidelity* fidelity) {
  absl::Status status = CheckCount("fidelity.windows", sent.windows());
  status.Update(CheckCount("fidelity.window_tokens", sent.window_tokens()));
  status.Update(ParseName(sent.split(), &fidelity->split));
  status.Update(ParseName(sent.arithmetic(), &fidelity->arithmetic));
  status.Update(ParseName(sent.protocol(), &fidelity->protocol));
  status.Update(ParseName(sent.measure(), &fidelity->measure));
  if (status.ok() && fidelity->split == evaluator::Split::kCalibration) {
    return absl::InvalidArgumentError(
        "fidelity.split: expected \"fitness\" or \"report\", found \"calibration\"");
  }
  for (const auto& [field, text] :
       {std::pair{"levels", &sent.levels()}, std::pair{"tasks", &sent.tasks()}}) {
    if (text->size() <= kMaximumTextBytes) continue;
    return absl::InvalidArgumentError(
        fmt::format("fidelity.{}: expected at most {} bytes, found {}", field, kMaximumTextBytes,
                    text->size()));
  }
  if (sent.task_items() != 0) {
    status.Update(CheckCount("fidelity.task_items", sent.task_items()));
  }
  if (!(sent.slope_step() >= 0 && sent.slope_step() < 1)) {
    return absl::InvalidArgumentError(fmt::format(
        "fidelity.slope_step: expected a number from 0 to below 1, found {}", sent.slope_step()));
  }
  if (sent.slope_step() > 0 && fidelity->measure != evaluator::Measure::kLoss) {
    status.Update(absl::InvalidArgumentError(
        fmt::format("fidelity.measure: expected \"loss\" where slope_step is above 0, found \"{}\"",
                    Printable(sent.measure()))));
  }
  fidelity->windows = sent.windows();
  fidelity->window_tokens = sent.window_tokens();
  fidelity->levels = sent.levels();
  fidelity->tasks = sent.tasks();
  fidelity->task_items = sent.task_items();
  fidelity->slope_step = sent.slope_step();
  return status;
}

absl::StatusOr<std::vector<double>> DecodeAllocation(
    const char* field, const google::protobuf::RepeatedField<double>& sent) {
  STRATA_RETURN_IF_ERROR(CheckCount(field, sent.size()));
  std::vector<double> allocation;
  for (const double sparsity : sent) {
    if (!(sparsity >= 0 && sparsity < 1)) {
      return absl::InvalidArgumentError(
          fmt::format("{}[{}]: expected a sparsity of at least 0 and below 1, found {}", field,
                      allocation.size(), sparsity));
    }
    allocation.push_back(sparsity);
  }
  return allocation;
}

absl::StatusOr<Request> DecodeProfile(const v1::ProfileWork& sent) {
  evaluator::ProfileRequest request;
  absl::Status status = Decode(sent.calibration(), &request.calibration);
  status.Update(ParseName(sent.granularity(), &request.granularity));
  status.Update(CheckCount("profile.features", sent.features_size()));
  if (!status.ok()) return status;
  for (const std::string& feature : sent.features()) {
    if (feature.empty() || feature.size() > kMaximumTextBytes) {
      return absl::InvalidArgumentError(fmt::format(
          "profile.features: expected 1 to {} bytes, found {}", kMaximumTextBytes, feature.size()));
    }
    request.features.push_back(feature);
  }
  for (const v1::PrunedFeature& pruned : sent.pruned()) {
    if (std::find(request.features.begin(), request.features.end(), pruned.feature()) ==
        request.features.end()) {
      return absl::InvalidArgumentError(
          fmt::format("profile.pruned: expected one of the features, found '{}'",
                      Printable(pruned.feature().substr(0, kMaximumNameBytes))));
    }
    STRATA_ASSIGN_OR_RETURN(request.pruned[pruned.feature()],
                            DecodeAllocation("profile.pruned", pruned.allocation()));
  }
  return request;
}

absl::StatusOr<Request> DecodeEvaluate(const v1::EvaluateWork& sent) {
  evaluator::EvaluateRequest request;
  absl::Status status = ParseName(sent.pruner(), &request.method.pruner);
  status.Update(Decode(sent.calibration(), &request.calibration));
  status.Update(ParseName(sent.granularity(), &request.granularity));
  status.Update(Decode(sent.fidelity(), &request.fidelity));
  if (sent.group() != 0) status.Update(CheckCount("evaluate.group", sent.group()));
  if (!status.ok()) return status;
  request.method.group = sent.group();
  STRATA_ASSIGN_OR_RETURN(request.allocation,
                          DecodeAllocation("evaluate.allocation", sent.allocation()));
  return request;
}

v1::Failure::Kind KindOf(const absl::Status& error) {
  switch (error.code()) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
      return v1::Failure::INVALID_WORK;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kAborted:
      return v1::Failure::INFRASTRUCTURE;
    default:
      return v1::Failure::EVALUATION;
  }
}

absl::Status CheckMeasures(const v1::EvaluateResult& result) {
  if (result.measures_size() > kMaximumMeasures) {
    return absl::InvalidArgumentError(
        fmt::format("evaluate.measures: expected at most {}, found {}", kMaximumMeasures,
                    result.measures_size()));
  }
  for (const auto& [name, value] : result.measures()) {
    if (name.empty() || name.size() > kMaximumNameBytes || !std::isfinite(value)) {
      return absl::InvalidArgumentError(
          fmt::format("evaluate.measures: expected finite numbers with names of 1 to {} bytes, "
                      "found {} of '{}'",
                      kMaximumNameBytes, value, Printable(name.substr(0, 40))));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckMeasurement(const v1::EvaluateResult& result) {
  absl::Status status = CheckCount("evaluate.window_nll", result.window_nll_size());
  double sum = 0;
  for (const double nll : result.window_nll()) {
    status.Update(CheckRange("evaluate.window_nll", nll, 0, 1e6));
    sum += nll;
  }
  status.Update(CheckRange("evaluate.mean_nll", result.mean_nll(), 0, 1e6));
  status.Update(CheckRange("evaluate.achieved_sparsity", result.achieved_sparsity(), 0, 1));
  status.Update(CheckMeasures(result));
  for (const double slope : result.slopes()) {
    status.Update(CheckRange("evaluate.slopes", slope, -1e9, 1e9));
  }
  status.Update(CheckSeconds("evaluate.prune_seconds", result.prune_seconds()));
  status.Update(CheckSeconds("evaluate.forward_seconds", result.forward_seconds()));
  status.Update(CheckSeconds("evaluate.loss_seconds", result.loss_seconds()));
  if (!status.ok()) return status;
  if (result.tokens() < 1) {
    return absl::InvalidArgumentError(
        fmt::format("evaluate.tokens: expected at least 1, found {}", result.tokens()));
  }
  const double mean = sum / result.window_nll_size();
  if (std::abs(mean - result.mean_nll()) > 1e-9 * (1 + mean)) {
    return absl::InvalidArgumentError(
        fmt::format("evaluate.mean_nll: expected the mean of the windows, {}, found {}", mean,
                    result.mean_nll()));
  }
  return absl::OkStatus();
}

absl::StatusOr<ReceivedResult> Decode(const v1::ProfileResult& result,
                                      const search::ProfileWork& item, int units) {
  const auto expected = static_cast<int>(item.features.size());
  if (result.features_size() != expected) {
    return absl::InvalidArgumentError(
        fmt::format("profile.features: expected {}, found {}", expected, result.features_size()));
  }
  search::ProfileOutcome outcome;
  for (const v1::FeatureVector& feature : result.features()) {
    if (feature.values_size() != units) {
      return absl::InvalidArgumentError(fmt::format(
          "profile.features[{}] ({}): expected {} values, found {}", outcome.values.size(),
          item.features[outcome.values.size()], units, feature.values_size()));
    }
    outcome.values.emplace_back(feature.values().begin(), feature.values().end());
  }
  const absl::Status status = CheckSeconds("profile.seconds", result.seconds());
  if (!status.ok()) return status;
  return ReceivedResult{.outcome = std::move(outcome), .seconds = {}};
}

// Checks that the measurement is of what was requested.
absl::Status CheckAnswers(const v1::EvaluateResult& result, const search::EvaluateWork& item,
                          const evaluator::Fidelity& fidelity,
                          const std::vector<int64_t>& parameters) {
  if (result.window_nll_size() != fidelity.windows) {
    return absl::InvalidArgumentError(
        fmt::format("evaluate.window_nll: expected {} windows, found {}", fidelity.windows,
                    result.window_nll_size()));
  }
  const int64_t tokens = fidelity.windows * (fidelity.window_tokens - 1);
  if (result.tokens() != tokens) {
    return absl::InvalidArgumentError(
        fmt::format("evaluate.tokens: expected {}, found {}", tokens, result.tokens()));
  }
  if (!fidelity.tasks.empty()) {
    const auto error = result.measures().find(search::kZeroShotError);
    const double value = error == result.measures().end() ? NAN : error->second;
    const std::string field = fmt::format("evaluate.measures[{}]", search::kZeroShotError);
    STRATA_RETURN_IF_ERROR(CheckRange(field, value, 0, 1));
  }
  const size_t slopes = fidelity.slope_step > 0 ? parameters.size() : 0;
  if (static_cast<size_t>(result.slopes_size()) != slopes) {
    return absl::InvalidArgumentError(
        fmt::format("evaluate.slopes: expected {}, found {}", slopes, result.slopes_size()));
  }
  if (item.allocation.size() != parameters.size()) {
    return absl::InternalError(fmt::format("allocation: expected {} sparsities, found {}",
                                           parameters.size(), item.allocation.size()));
  }
  expr::Allocation with_dense_zeros = item.allocation;
  for (double& sparsity : with_dense_zeros) sparsity = std::max(sparsity, kMostDenseZeros);
  const double least = expr::MeanSparsity(item.allocation, parameters) - kSparsityTolerance;
  const double most = expr::MeanSparsity(with_dense_zeros, parameters) + kSparsityTolerance;
  return CheckRange("evaluate.achieved_sparsity", result.achieved_sparsity(), least, most);
}

absl::StatusOr<ReceivedResult> Decode(const v1::EvaluateResult& result,
                                      const search::EvaluateWork& item, const MeasurementPlan& plan,
                                      const std::vector<int64_t>& parameters) {
  absl::Status status = CheckMeasurement(result);
  if (status.ok())
    status = CheckAnswers(result, item, FidelityOf(item.stage, item.rung, plan), parameters);
  if (!status.ok()) return status;
  return ReceivedResult{
      .outcome =
          search::EvaluateOutcome{
              .mean_nll = result.mean_nll(),
              .achieved_sparsity = result.achieved_sparsity(),
              .measures = {result.measures().begin(), result.measures().end()},
              .window_nll = {result.window_nll().begin(), result.window_nll().end()},
              .slopes = {result.slopes().begin(), result.slopes().end()}},
      .seconds = {.prune = result.prune_seconds(),
                  .forward = result.forward_seconds(),
                  .loss = result.loss_seconds()}};
}

absl::StatusOr<ReceivedResult> Decode(const v1::Failure& failure) {
  WorkFailure received;
  received.message = Printable(failure.message());
  static constexpr std::pair<v1::Failure::Kind, FailureKind> kKinds[] = {
      {v1::Failure::INFRASTRUCTURE, FailureKind::kInfrastructure},
      {v1::Failure::EVALUATION, FailureKind::kEvaluation},
      {v1::Failure::INVALID_WORK, FailureKind::kInvalidWork},
      {v1::Failure::CRASH, FailureKind::kCrash},
      {v1::Failure::TIME_LIMIT, FailureKind::kTimeLimit},
      {v1::Failure::MEMORY_LIMIT, FailureKind::kMemoryLimit}};
  const auto* const found =
      std::find_if(std::begin(kKinds), std::end(kKinds),
                   [&](const auto& kind) { return kind.first == failure.kind(); });
  if (found == std::end(kKinds)) {
    return absl::InvalidArgumentError(
        fmt::format("failure.kind: expected 1 to {}, found {} ({})", std::size(kKinds),
                    static_cast<int>(failure.kind()), received.message));
  }
  received.kind = found->second;
  return ReceivedResult{.outcome = std::move(received), .seconds = {}};
}

}  // namespace

v1::WorkItem EncodeWorkItem(const search::SessionItem& item, const MeasurementPlan& plan,
                            const SubjectDigests& subject) {
  v1::WorkItem sent;
  sent.set_digest(item.digest);
  sent.set_model_digest(subject.model);
  sent.set_text_digest(subject.text);
  if (const auto* profile = std::get_if<search::ProfileWork>(&item.item.work)) {
    v1::ProfileWork* work = sent.mutable_profile();
    Encode(plan.calibration, work->mutable_calibration());
    work->set_granularity(NameOf(plan.granularity));
    work->mutable_features()->Assign(profile->features.begin(), profile->features.end());
    for (const auto& [feature, allocation] : profile->pruned) {
      v1::PrunedFeature* pruned = work->add_pruned();
      pruned->set_feature(feature);
      pruned->mutable_allocation()->Assign(allocation.begin(), allocation.end());
    }
    return sent;
  }
  const auto& evaluate = std::get<search::EvaluateWork>(item.item.work);
  v1::EvaluateWork* work = sent.mutable_evaluate();
  work->set_pruner(NameOf(plan.method.pruner));
  work->set_group(plan.method.group);
  Encode(plan.calibration, work->mutable_calibration());
  work->set_granularity(NameOf(plan.granularity));
  work->mutable_allocation()->Assign(evaluate.allocation.begin(), evaluate.allocation.end());
  Encode(FidelityOf(evaluate.stage, evaluate.rung, plan), work->mutable_fidelity());
  return sent;
}

absl::StatusOr<Request> DecodeWorkItem(const v1::WorkItem& item) {
  for (const auto& [field, value] : {std::pair("work item.digest", &item.digest()),
                                     {"work item.model_digest", &item.model_digest()},
                                     {"work item.text_digest", &item.text_digest()}}) {
    if (value->size() <= kMaximumNameBytes) continue;
    return absl::InvalidArgumentError(fmt::format("{}: expected at most {} bytes, found {}", field,
                                                  kMaximumNameBytes, value->size()));
  }
  switch (item.work_case()) {
    case v1::WorkItem::kProfile:
      return DecodeProfile(item.profile());
    case v1::WorkItem::kEvaluate:
      return DecodeEvaluate(item.evaluate());
    default:
      return absl::InvalidArgumentError(
          "work item: expected a profile or an evaluation, found neither");
  }
}

v1::Result EncodeFailure(const std::string& digest, const absl::Status& error) {
  v1::Result sent;
  sent.set_digest(digest);
  sent.mutable_failure()->set_kind(KindOf(error));
  sent.mutable_failure()->set_message(Printable(std::string(error.message())));
  return sent;
}

v1::Result EncodeResult(const std::string& digest,
                        const absl::StatusOr<evaluator::Profile>& result) {
  if (!result.ok()) return EncodeFailure(digest, result.status());
  v1::Result sent;
  sent.set_digest(digest);
  for (const std::vector<double>& values : result->values) {
    sent.mutable_profile()->add_features()->mutable_values()->Assign(values.begin(), values.end());
  }
  sent.mutable_profile()->set_seconds(result->seconds);
  const size_t bytes = sent.ByteSizeLong();
  if (bytes > kMaximumMessageBytes - kEnvelopeBytes) {
    return EncodeFailure(
        digest, absl::OutOfRangeError(fmt::format(
                    "profile: expected a result of at most {} bytes, found {}; ask for fewer "
                    "features at once",
                    kMaximumMessageBytes - kEnvelopeBytes, bytes)));
  }
  return sent;
}

v1::Result EncodeResult(const std::string& digest,
                        const absl::StatusOr<evaluator::Measurement>& result) {
  if (!result.ok()) return EncodeFailure(digest, result.status());
  v1::Result sent;
  sent.set_digest(digest);
  v1::EvaluateResult* measurement = sent.mutable_evaluate();
  measurement->mutable_window_nll()->Assign(result->window_nll.begin(), result->window_nll.end());
  measurement->mutable_slopes()->Assign(result->slopes.begin(), result->slopes.end());
  measurement->set_mean_nll(result->mean_nll);
  measurement->set_tokens(result->tokens);
  measurement->set_achieved_sparsity(result->achieved_sparsity);
  if (result->zero_shot_error.has_value()) {
    (*measurement->mutable_measures())[search::kZeroShotError] = *result->zero_shot_error;
  }
  measurement->set_prune_seconds(result->seconds.prune);
  measurement->set_forward_seconds(result->seconds.forward);
  measurement->set_loss_seconds(result->seconds.loss);
  const absl::Status status = CheckMeasurement(*measurement);
  if (!status.ok()) {
    return EncodeFailure(
        digest, absl::InternalError(fmt::format("the evaluator gave an impossible measurement: {}",
                                                std::string(status.message()))));
  }
  return sent;
}

absl::StatusOr<ReceivedResult> DecodeResult(const v1::Result& result, const search::WorkItem& item,
                                            const MeasurementPlan& plan,
                                            const std::vector<int64_t>& parameters) {
  if (result.has_failure()) return Decode(result.failure());
  const auto* profile = std::get_if<search::ProfileWork>(&item.work);
  if (profile != nullptr && result.has_profile()) {
    return Decode(result.profile(), *profile, static_cast<int>(parameters.size()));
  }
  if (profile == nullptr && result.has_evaluate()) {
    return Decode(result.evaluate(), std::get<search::EvaluateWork>(item.work), plan, parameters);
  }
  return absl::InvalidArgumentError(fmt::format(
      "result: expected {} or a failure, found {}",
      profile != nullptr ? "a profile" : "a measurement",
      result.outcome_case() == v1::Result::OUTCOME_NOT_SET ? "nothing" : "the other kind"));
}

}  // namespace strata::workers
