#include "workers/wire/work_codec.h"

#include <gmock/gmock.h>
#include <google/protobuf/stubs/logging.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "tests/workers/wire/work_codec_fixture.h"

namespace strata::workers {
namespace {

using testing::HasSubstr;

search::SessionItem MakeProfileItem() {
  return {{4, search::ProfileWork{{"var(abslog(WX))", "outliers(5)"}}}, "profile-digest"};
}

std::string DecodeError(const v1::Result& result) {
  const auto received = DecodeResult(result, MakeFakeItem(0).item, MakePlan(), kParameters);
  return received.ok() ? "" : std::string(received.status().message());
}

TEST(WorkCodecTest, ProfileWorkItemRoundTrip) {
  const v1::WorkItem sent = EncodeWorkItem(MakeProfileItem(), MakePlan());
  EXPECT_EQ(sent.digest(), "profile-digest");
  const auto request = DecodeWorkItem(sent);
  ASSERT_TRUE(request.ok()) << request.status();
  const auto& profile = std::get<evaluator::ProfileRequest>(*request);
  EXPECT_THAT(profile.features, testing::ElementsAre("var(abslog(WX))", "outliers(5)"));
  EXPECT_EQ(profile.granularity, evaluator::Granularity::kLinear);
  EXPECT_EQ(profile.calibration.sequences, 5);
  EXPECT_EQ(profile.calibration.sequence_tokens, 77);
}

TEST(WorkCodecTest, AllocationsOfPrunedFeaturesTravelWithThem) {
  search::SessionItem item = {{4, search::ProfileWork{{"slopes(uniform(), 0.7)"},
                                                      0,
                                                      {{"slopes(uniform(), 0.7)", {0.6, 0.8}}}}},
                              "profile-digest"};
  v1::WorkItem sent = EncodeWorkItem(item, MakePlan());
  auto request = DecodeWorkItem(sent);
  ASSERT_TRUE(request.ok()) << request.status();
  const auto& profile = std::get<evaluator::ProfileRequest>(*request);
  EXPECT_THAT(profile.pruned, testing::ElementsAre(testing::Pair("slopes(uniform(), 0.7)",
                                                                 testing::ElementsAre(0.6, 0.8))));
  sent.mutable_profile()->mutable_pruned(0)->set_allocation(1, 1.0);
  EXPECT_THAT(std::string(DecodeWorkItem(sent).status().message()), HasSubstr("profile.pruned[1]"));
  sent = EncodeWorkItem(item, MakePlan());
  sent.mutable_profile()->mutable_pruned(0)->set_feature("slopes(rank(depth, 0.1), 0.7)");
  EXPECT_THAT(std::string(DecodeWorkItem(sent).status().message()),
              HasSubstr("expected one of the features"));
}

TEST(WorkCodecTest, EvaluateWorkItemRoundTripOfEveryStage) {
  search::SessionItem item = MakeFakeItem(0);
  auto& work = std::get<search::EvaluateWork>(item.item.work);
  work.allocation = {0.0, 1.0 / 3.0, 0.98765432109876543};
  auto request = DecodeWorkItem(EncodeWorkItem(item, MakePlan()));
  ASSERT_TRUE(request.ok()) << request.status();
  auto evaluate = std::get<evaluator::EvaluateRequest>(*request);
  EXPECT_EQ(evaluate.allocation, work.allocation);
  EXPECT_EQ(evaluate.fidelity.split, evaluator::Split::kFitness);
  EXPECT_EQ(evaluate.fidelity.windows, 3);
  EXPECT_EQ(evaluate.fidelity.window_tokens, 65);
  EXPECT_EQ(evaluate.fidelity.arithmetic, evaluator::Arithmetic::kFloat32);
  EXPECT_EQ(evaluate.fidelity.protocol, evaluator::Protocol::kOneShot);
  EXPECT_EQ(evaluate.fidelity.levels, "level-digest");

  MeasurementPlan selecting = MakePlan();
  selecting.select = selecting.verify;
  selecting.select.split = evaluator::Split::kFitness;
  selecting.select.windows = 5;
  work.stage = search::Stage::kSelect;
  request = DecodeWorkItem(EncodeWorkItem(item, selecting));
  ASSERT_TRUE(request.ok()) << request.status();
  evaluate = std::get<evaluator::EvaluateRequest>(*request);
  EXPECT_EQ(evaluate.fidelity.split, evaluator::Split::kFitness);
  EXPECT_EQ(evaluate.fidelity.windows, 5);
  EXPECT_EQ(evaluate.fidelity.protocol, evaluator::Protocol::kSequential);

  work.stage = search::Stage::kVerify;
  request = DecodeWorkItem(EncodeWorkItem(item, MakePlan()));
  ASSERT_TRUE(request.ok()) << request.status();
  evaluate = std::get<evaluator::EvaluateRequest>(*request);
  EXPECT_EQ(evaluate.fidelity.split, evaluator::Split::kReport);
  EXPECT_EQ(evaluate.fidelity.windows, 9);
  EXPECT_EQ(evaluate.fidelity.arithmetic, evaluator::Arithmetic::kBFloat16);
  EXPECT_EQ(evaluate.fidelity.protocol, evaluator::Protocol::kSequential);
}

TEST(WorkCodecTest, HostileWorkItemsAreRefusedByName) {
  const v1::WorkItem good = EncodeWorkItem(MakeFakeItem(0), MakePlan());
  const auto error_of = [](const v1::WorkItem& item) {
    const auto request = DecodeWorkItem(item);
    EXPECT_EQ(request.status().code(), absl::StatusCode::kInvalidArgument);
    return std::string(request.status().message());
  };
  EXPECT_THAT(error_of(v1::WorkItem()), HasSubstr("neither"));
  for (const double bad : {-0.1, 1.0, std::nan(""), std::numeric_limits<double>::infinity()}) {
    v1::WorkItem item = good;
    item.mutable_evaluate()->set_allocation(1, bad);
    EXPECT_THAT(error_of(item), HasSubstr("allocation[1]"));
  }
  v1::WorkItem item = good;
  item.set_digest(std::string(257, 'x'));
  EXPECT_THAT(error_of(item), HasSubstr("work item.digest"));
  item = good;
  item.mutable_evaluate()->clear_allocation();
  EXPECT_THAT(error_of(item), HasSubstr("allocation"));
  item = good;
  item.mutable_evaluate()->set_pruner("magic");
  EXPECT_THAT(error_of(item), HasSubstr("found \"magic\""));
  item = good;
  item.mutable_evaluate()->mutable_fidelity()->set_windows(-4);
  EXPECT_THAT(error_of(item), HasSubstr("fidelity.windows"));
  item = good;
  item.mutable_evaluate()->mutable_fidelity()->set_split("calibration");
  EXPECT_THAT(error_of(item), HasSubstr("fidelity.split"));
  item = good;
  item.mutable_evaluate()->mutable_calibration()->set_sequence_tokens(int64_t{1} << 60);
  EXPECT_THAT(error_of(item), HasSubstr("calibration.sequence_tokens"));
  item = EncodeWorkItem(MakeProfileItem(), MakePlan());
  item.mutable_profile()->add_features(std::string(5000, 'x'));
  EXPECT_THAT(error_of(item), HasSubstr("profile.features"));
  item.mutable_profile()->clear_features();
  EXPECT_THAT(error_of(item), HasSubstr("profile.features"));
}

TEST(WorkCodecTest, ProfileResultRoundTripKeepsWhatIsNotFinite) {
  const double infinity = std::numeric_limits<double>::infinity();
  const evaluator::Profile profile{{{1, 2, 3}, {infinity, std::nan(""), 0}}, 7};
  const auto received = DecodeResult(EncodeResult("profile-digest", profile),
                                     MakeProfileItem().item, MakePlan(), kParameters);
  ASSERT_TRUE(received.ok()) << received.status();
  const auto& values = std::get<search::ProfileOutcome>(received->outcome).values;
  EXPECT_EQ(values[0], profile.values[0]);
  EXPECT_EQ(values[1][0], infinity);
  EXPECT_TRUE(std::isnan(values[1][1]));
}

TEST(WorkCodecTest, ProfileResultOfTheWrongSizeIsRefused) {
  const auto error_of = [](const evaluator::Profile& profile) {
    const auto received =
        DecodeResult(EncodeResult("d", profile), MakeProfileItem().item, MakePlan(), kParameters);
    return std::string(received.status().message());
  };
  EXPECT_THAT(error_of({{{1, 2, 3}}, 0}), HasSubstr("expected 2, found 1"));
  EXPECT_THAT(error_of({{{1, 2, 3}, {1, 2}}, 0}), HasSubstr("(outliers(5)): expected 3 values"));
  EXPECT_THAT(error_of({{{1, 2, 3}, {1, 2, 3}}, -1}), HasSubstr("profile.seconds"));
}

TEST(WorkCodecTest, MeasurementRoundTrip) {
  const auto received = DecodeResult(MakeResult(), MakeFakeItem(0).item, MakePlan(), kParameters);
  ASSERT_TRUE(received.ok()) << received.status();
  const auto& outcome = std::get<search::EvaluateOutcome>(received->outcome);
  EXPECT_EQ(outcome.mean_nll, 3.5);
  EXPECT_EQ(outcome.achieved_sparsity, 0.5);
  EXPECT_EQ(outcome.window_nll, (std::vector<double>{3.0, 3.5, 4.0}));
  EXPECT_TRUE(outcome.measures.empty());
  EXPECT_EQ(received->seconds.prune, 1);
  EXPECT_EQ(received->seconds.forward, 2);
  EXPECT_EQ(received->seconds.loss, 3);
}

TEST(WorkCodecTest, OtherMeasuresAreTakenByNameAndChecked) {
  v1::Result result = MakeResult();
  (*result.mutable_evaluate()->mutable_measures())["zero_shot_error"] = 0.25;
  const auto received = DecodeResult(result, MakeFakeItem(0).item, MakePlan(), kParameters);
  ASSERT_TRUE(received.ok()) << received.status();
  EXPECT_EQ(std::get<search::EvaluateOutcome>(received->outcome).measures,
            (std::map<std::string, double>{{"zero_shot_error", 0.25}}));
  (*result.mutable_evaluate()->mutable_measures())["zero_shot_error"] = std::nan("");
  EXPECT_THAT(DecodeError(result), HasSubstr("evaluate.measures: expected finite numbers"));
  result.mutable_evaluate()->clear_measures();
  (*result.mutable_evaluate()->mutable_measures())[""] = 1;
  EXPECT_THAT(DecodeError(result), HasSubstr("names of 1 to"));
  for (int i = 0; i < 65; ++i) {
    (*result.mutable_evaluate()->mutable_measures())[std::string(i + 1, 'a')] = 1;
  }
  EXPECT_THAT(DecodeError(result), HasSubstr("expected at most 64"));
}

TEST(WorkCodecTest, ARungOfTheLadderHasItsOwnFidelity) {
  MeasurementPlan plan = MakePlan();
  plan.racing = {plan.search};
  plan.racing[0].windows = 2;
  search::SessionItem item = MakeFakeItem(0);
  auto& work = std::get<search::EvaluateWork>(item.item.work);
  const auto windows_at = [&](int rung) {
    work.rung = rung;
    return std::get<evaluator::EvaluateRequest>(*DecodeWorkItem(EncodeWorkItem(item, plan)))
        .fidelity.windows;
  };
  EXPECT_EQ(windows_at(0), 2);
  EXPECT_EQ(windows_at(1), 3);
}

TEST(WorkCodecTest, HostileMeasurementsAreRefusedByName) {
  const double nan = std::nan("");
  v1::Result result = MakeResult();
  result.mutable_evaluate()->set_mean_nll(nan);
  EXPECT_THAT(DecodeError(result), HasSubstr("mean_nll"));
  result = MakeResult();
  result.mutable_evaluate()->set_mean_nll(3.6);
  EXPECT_THAT(DecodeError(result), HasSubstr("expected the mean of the windows"));
  result = MakeResult();
  result.mutable_evaluate()->set_window_nll(0, nan);
  EXPECT_THAT(DecodeError(result), HasSubstr("window_nll"));
  result = MakeResult();
  result.mutable_evaluate()->clear_window_nll();
  EXPECT_THAT(DecodeError(result), HasSubstr("window_nll"));
  result = MakeResult();
  result.mutable_evaluate()->set_achieved_sparsity(1.5);
  EXPECT_THAT(DecodeError(result), HasSubstr("achieved_sparsity"));
  result = MakeResult();
  result.mutable_evaluate()->set_tokens(0);
  EXPECT_THAT(DecodeError(result), HasSubstr("tokens"));
  result = MakeResult();
  result.mutable_evaluate()->set_forward_seconds(-1);
  EXPECT_THAT(DecodeError(result), HasSubstr("forward_seconds"));
  result.clear_outcome();
  EXPECT_THAT(DecodeError(result), HasSubstr("found nothing"));
  result.mutable_profile();
  EXPECT_THAT(DecodeError(result), HasSubstr("found the other kind"));
  result.mutable_failure();
  EXPECT_THAT(DecodeError(result), HasSubstr("failure.kind"));
  result.mutable_failure()->set_kind(static_cast<v1::Failure::Kind>(17));
  EXPECT_THAT(DecodeError(result), HasSubstr("failure.kind"));
}

TEST(WorkCodecTest, MeasurementsOfSomethingElseAreRefused) {
  v1::Result result = MakeResult();
  result.mutable_evaluate()->add_window_nll(3.5);
  EXPECT_THAT(DecodeError(result), HasSubstr("window_nll: expected 3 windows, found 4"));
  result = MakeResult();
  result.mutable_evaluate()->set_tokens(191);
  EXPECT_THAT(DecodeError(result), HasSubstr("tokens: expected 192, found 191"));
  for (const double bad : {0.0, 0.479, 0.521, 1.0}) {
    result = MakeResult();
    result.mutable_evaluate()->set_achieved_sparsity(bad);
    EXPECT_THAT(DecodeError(result), HasSubstr("achieved_sparsity")) << bad;
  }
  for (const double good : {0.481, 0.519}) {
    result = MakeResult();
    result.mutable_evaluate()->set_achieved_sparsity(good);
    EXPECT_EQ(DecodeError(result), "") << good;
  }
}

TEST(WorkCodecTest, TheSparsityAskedForIsWeightedAndDenseZerosMayExceedIt) {
  search::SessionItem item = MakeFakeItem(0);
  std::get<search::EvaluateWork>(item.item.work).allocation = {0.1, 0.9, 0.9};
  const std::vector<int64_t> parameters = {800, 100, 100};
  const auto is_accepted = [&](double achieved) {
    v1::Result result = MakeResult();
    result.mutable_evaluate()->set_achieved_sparsity(achieved);
    return DecodeResult(result, item.item, MakePlan(), parameters).ok();
  };
  EXPECT_FALSE(is_accepted(0.239));
  EXPECT_TRUE(is_accepted(0.241));
  EXPECT_TRUE(is_accepted(0.599));
  EXPECT_FALSE(is_accepted(0.601));
}

TEST(WorkCodecTest, AProfileTooLargeForAMessageIsAnInvalidWorkItem) {
  const evaluator::Profile profile{{std::vector<double>(kMaximumMessageBytes / 8, 1.0)}, 7};
  const v1::Result sent = EncodeResult("d", profile);
  EXPECT_EQ(sent.failure().kind(), v1::Failure::INVALID_WORK);
  EXPECT_THAT(sent.failure().message(), HasSubstr("fewer features"));
}

TEST(WorkCodecTest, ErrorsBecomeFailuresOfTheRightKind) {
  const auto failure_of = [](const absl::Status& error) {
    const auto received =
        DecodeResult(EncodeFailure("d", error), MakeFakeItem(0).item, MakePlan(), kParameters);
    return std::get<WorkFailure>(received.value().outcome);
  };
  EXPECT_EQ(failure_of(absl::InvalidArgumentError("x")).kind, FailureKind::kInvalidWork);
  EXPECT_EQ(failure_of(absl::ResourceExhaustedError("x")).kind, FailureKind::kInfrastructure);
  EXPECT_EQ(failure_of(absl::UnavailableError("x")).kind, FailureKind::kInfrastructure);
  EXPECT_EQ(failure_of(absl::InternalError("boom")).kind, FailureKind::kEvaluation);
  EXPECT_EQ(failure_of(absl::InternalError("boom")).message, "boom");
  EXPECT_EQ(failure_of(absl::InternalError("caf\xc3\xa9 \xff")).message, "caf?? ?");
  EXPECT_EQ(failure_of(absl::InternalError("a\n\x1b[2J")).message, "a\\\\n\\\\x1b[2J");
  EXPECT_EQ(failure_of(absl::InternalError(std::string(10000, 'x'))).message.size(), 4096u);
}

TEST(WorkCodecTest, AMeasurementThatIsNotFiniteIsSentAsAFailure) {
  evaluator::Measurement measurement;
  measurement.window_nll = {std::nan("")};
  measurement.mean_nll = std::nan("");
  measurement.tokens = 1;
  const v1::Result sent = EncodeResult("d", measurement);
  EXPECT_EQ(sent.failure().kind(), v1::Failure::EVALUATION);
  EXPECT_THAT(sent.failure().message(), HasSubstr("window_nll"));
}

// Bytes changed in good messages: whatever still parses is decoded or refused, and what is accepted
// is in range.
TEST(WorkCodecTest, RandomBytesNeverPassUnchecked) {
  const google::protobuf::LogSilencer silencer;  // it reports every text that is not UTF-8
  std::mt19937 random(20240607);
  const std::string item_bytes = EncodeWorkItem(MakeFakeItem(0), MakePlan()).SerializeAsString();
  const std::string result_bytes = MakeResult().SerializeAsString();
  int parsed = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string bytes = round % 2 == 0 ? item_bytes : result_bytes;
    const int changes = 1 + static_cast<int>(random() % 8);
    for (int i = 0; i < changes; ++i) bytes[random() % bytes.size()] = static_cast<char>(random());
    if (random() % 4 == 0) bytes.resize(random() % bytes.size());
    v1::WorkItem item;
    if (round % 2 == 0 && item.ParseFromString(bytes)) {
      ++parsed;
      const auto request = DecodeWorkItem(item);
      if (!request.ok() || !std::holds_alternative<evaluator::EvaluateRequest>(*request)) continue;
      for (const double sparsity : std::get<evaluator::EvaluateRequest>(*request).allocation) {
        ASSERT_TRUE(sparsity >= 0 && sparsity < 1);
      }
    }
    v1::Result result;
    if (round % 2 == 1 && result.ParseFromString(bytes)) {
      ++parsed;
      const auto received = DecodeResult(result, MakeFakeItem(0).item, MakePlan(), kParameters);
      if (!received.ok()) continue;
      if (const auto* outcome = std::get_if<search::EvaluateOutcome>(&received->outcome)) {
        ASSERT_TRUE(std::isfinite(outcome->mean_nll));
        ASSERT_TRUE(outcome->achieved_sparsity >= 0 && outcome->achieved_sparsity <= 1);
      }
    }
  }
  EXPECT_GT(parsed, 1000);
}

}  // namespace
}  // namespace strata::workers
