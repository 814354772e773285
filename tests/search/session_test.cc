#include "search/session.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <set>

#include "search/work_contexts.h"
#include "tests/search/simulation.h"
#include "tests/support/temporary_folder.h"

namespace strata::search {
namespace {

using ::testing::HasSubstr;

class SessionTest : public ::testing::Test {
 protected:
  SessionTest() {
    auto store = RunStore::Create(temporary_ / "run", {.fsync = Fsync::kCheckpoint});
    EXPECT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
    options_.engine = SmallOptions(1, 40);
    options_.profile_context = "model=m\ntext=t";
    options_.search_context = "one-shot";
    options_.select_context = "sequential";
    options_.verify_context = "sequential, report";
    options_.now_seconds = [this] { return now_; };
  }

  std::unique_ptr<Session> MustCreate() {
    auto session = Session::Create(options_, SyntheticLayout(), store_.get());
    EXPECT_TRUE(session.ok()) << session.status();
    return *std::move(session);
  }

  TemporaryFolder temporary_;
  std::unique_ptr<RunStore> store_;
  SessionOptions options_;
  Laboratory laboratory_;
  double now_ = 1000;
};

TEST_F(SessionTest, RunsASearchAndStoresItsView) {
  const auto session = MustCreate();
  Drive(session.get(), &laboratory_, 3, 1);
  EXPECT_EQ(session->engine().phase(), Phase::kDone);
  const auto stored = store_->Candidates();
  ASSERT_TRUE(stored.ok());
  std::vector<Candidate> found = session->engine().candidates();
  ASSERT_EQ(stored->size(), found.size());
  std::set<int64_t> front, best;
  for (size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ((*stored)[i].text, found[i].text);
    EXPECT_EQ((*stored)[i].allocation, found[i].allocation);
    EXPECT_EQ((*stored)[i].fitness_nll, found[i].fitness_nll);
    EXPECT_EQ((*stored)[i].selection_nll, found[i].selection_nll);
    EXPECT_EQ((*stored)[i].report_nll, found[i].report_nll);
    EXPECT_EQ((*stored)[i].achieved_sparsity, found[i].achieved_sparsity);
    if ((*stored)[i].on_front) front.insert(found[i].id);
    if ((*stored)[i].best_of_baseline) best.insert(found[i].id);
  }
  const std::vector<int64_t> expected = session->engine().Front();
  EXPECT_EQ(front, std::set<int64_t>(expected.begin(), expected.end()));
  EXPECT_EQ(best, (std::set<int64_t>{0}));
}

// All of the view but the flags, as text.
std::string ViewOf(const std::vector<StoredCandidate>& rows) {
  std::vector<Candidate> candidates;
  for (const StoredCandidate& row : rows) {
    candidates.push_back({row.id, row.text, row.complexity, row.lineage, row.forecast,
                          row.allocation, row.scenarios, row.same_as, row.failure, row.rung_nll,
                          row.stopped_early, row.fitness_nll, row.measures, row.selection_nll,
                          row.report_nll, row.achieved_sparsity});
  }
  return Describe(candidates);
}

std::vector<int64_t> Sorted(std::vector<int64_t> ids) {
  std::sort(ids.begin(), ids.end());
  return ids;
}

TEST_F(SessionTest, TheStoredViewIsCurrentAfterEveryCompletion) {
  laboratory_.distort = [](const WorkItem& item, Outcome outcome) -> Outcome {
    const auto* evaluate = std::get_if<EvaluateWork>(&item.work);
    if (evaluate != nullptr && evaluate->candidate % 7 == 3) return FailedOutcome{"crashed"};
    return outcome;
  };
  options_.engine = SyntheticOptions(3, 0);
  options_.engine.ladder = {.rungs = 2, .rivals = 6};
  options_.racing_contexts = {"short"};
  options_.budget_seconds = 300;
  const auto session = MustCreate();
  int64_t copies = 0, stopped_early = 0, failures = 0;
  Drive(session.get(), &laboratory_, 3, 1, [&](int64_t) {
    now_ += 1;
    const auto stored = store_->Candidates();
    EXPECT_EQ(ViewOf(*stored), Describe(session->engine().candidates()));
    std::vector<int64_t> front, best;
    copies = stopped_early = failures = 0;
    for (const StoredCandidate& row : *stored) {
      if (row.on_front) front.push_back(row.id);
      if (row.best_of_baseline) best.push_back(row.id);
      copies += row.same_as ? 1 : 0;
      stopped_early += row.stopped_early ? 1 : 0;
      failures += row.failure.empty() ? 0 : 1;
    }
    EXPECT_EQ(front, Sorted(session->engine().Front()));
    EXPECT_EQ(best, Sorted(session->engine().BestBaselines()));
    return ::testing::Test::HasFailure();
  });
  EXPECT_EQ(session->engine().phase(), Phase::kDone);
  EXPECT_TRUE(session->search_stopped());
  // The run had all that changes a row.
  EXPECT_GT(copies, 0);
  EXPECT_GT(stopped_early, 0);
  EXPECT_GT(failures, 0);
}

TEST_F(SessionTest, WhatWasRecordedIsStoredByTheNextCommit) {
  std::vector<size_t> committed;
  options_.on_commit = [&](const RunChanges& changes) {
    if (!changes.outcomes.empty()) committed.push_back(changes.outcomes.size());
  };
  const auto session = MustCreate();
  // Several work items are out at a time.
  auto action = session->Next();
  ASSERT_TRUE(action.ok());
  const SessionItem first = std::get<SessionItem>(*action);
  ASSERT_TRUE(session->Record(first, laboratory_.Do(first.item)).ok());
  std::vector<SessionItem> items;
  while (items.size() < 3) {
    action = session->Next();
    ASSERT_TRUE(action.ok() && std::holds_alternative<SessionItem>(*action));
    items.push_back(std::get<SessionItem>(*action));
    ASSERT_TRUE(session->Record(items.back(), laboratory_.Do(items.back().item)).ok());
    EXPECT_FALSE(store_->FindOutcome(items.back().digest)->has_value());
  }
  EXPECT_EQ(session->Record(items[0], laboratory_.Do(items[0].item)).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(committed.empty());
  ASSERT_TRUE(session->Commit().ok());
  EXPECT_EQ(committed, std::vector<size_t>{4});
  for (const SessionItem& item : items) EXPECT_TRUE(store_->FindOutcome(item.digest)->has_value());
  ASSERT_TRUE(session->Commit().ok());
  EXPECT_EQ(committed.size(), 1u);
}

TEST_F(SessionTest, NeverAsksForWhatIsStored) {
  const auto first = MustCreate();
  Drive(first.get(), &laboratory_, 3, 1);
  ASSERT_EQ(first->engine().evaluations(), 40);
  EXPECT_EQ(Drive(MustCreate().get(), &laboratory_, 3, 1), 0);
  // More evaluations go on from there.
  options_.engine.maximum_evaluations = 50;
  const auto longer = MustCreate();
  const int64_t done = Drive(longer.get(), &laboratory_, 3, 1);
  EXPECT_EQ(longer->engine().evaluations(), 50);
  EXPECT_EQ(laboratory_.evaluations(Stage::kSearch), 50);
  EXPECT_GE(done, 10);
}

// A search that its time ended goes on, with the candidates it would have had.
TEST_F(SessionTest, AnExtendedSearchIsTheOneThatWasNeverStopped) {
  options_.engine.maximum_evaluations = 60;
  options_.budget_seconds = 10;
  {
    const auto session = MustCreate();
    Drive(session.get(), &laboratory_, 3, 1, [&](int64_t completions) {
      if (completions == 20) now_ += 11;
      return false;
    });
    EXPECT_TRUE(session->search_stopped());
    EXPECT_LT(session->engine().evaluations(), 60);
    EXPECT_EQ(*store_->Property(kEndReasonProperty), "time");
  }
  EXPECT_EQ(Drive(MustCreate().get(), &laboratory_, 3, 1), 0);  // resuming alone changes nothing
  options_.budget_seconds = 1000;
  options_.extend = true;
  {
    const auto session = MustCreate();
    EXPECT_FALSE(session->search_stopped());
    EXPECT_EQ(*store_->Property(kEndReasonProperty), "") << "an extended run is not done";
    Drive(session.get(), &laboratory_, 3, 1, [](int64_t completions) { return completions == 9; });
  }
  options_.extend = false;  // an extension that was cut off is resumed like any run
  const auto session = MustCreate();
  Drive(session.get(), &laboratory_, 3, 1);
  EXPECT_EQ(session->engine().evaluations(), 60);
  EXPECT_EQ(*store_->Property(kEndReasonProperty), "evaluations");

  TemporaryFolder other;
  const auto store = RunStore::Create(other / "run");
  options_.budget_seconds = 0;
  const auto whole = Session::Create(options_, SyntheticLayout(), store->get());
  Drive(whole->get(), &laboratory_, 3, 1);
  EXPECT_EQ(Describe(session->engine().candidates()), Describe((*whole)->engine().candidates()));
  EXPECT_EQ(Describe(*store_->Candidates()), Describe(*(*store)->Candidates()));
}

// Such a run breeds what it would have bred: all its outcomes are used again.
TEST_F(SessionTest, ARunThatBeganBeforeCandidatesWereSimplifiedIsResumedAsItWas) {
  options_.engine.simplifies = false;
  auto session = MustCreate();
  Drive(session.get(), &laboratory_, 3, 1, [](int64_t completions) { return completions == 30; });
  session.reset();
  options_.engine.simplifies = true;  // as a new run has it
  session = MustCreate();
  Drive(session.get(), &laboratory_, 3, 3);
  ASSERT_TRUE(session->done());
  options_.engine.simplifies = false;
  auto other = RunStore::Create(temporary_ / "other", {.fsync = Fsync::kCheckpoint});
  ASSERT_TRUE(other.ok()) << other.status();
  const auto whole = Session::Create(options_, SyntheticLayout(), other->get());
  ASSERT_TRUE(whole.ok()) << whole.status();
  Drive(whole->get(), &laboratory_, 3, 4);
  const auto resumed = store_->Candidates();
  const auto expected = (*other)->Candidates();
  ASSERT_TRUE(resumed.ok() && expected.ok());
  EXPECT_EQ(Describe(*resumed), Describe(*expected));
}

TEST_F(SessionTest, LossesOfTheDenseModelAreStoredAsSoonAsTheyAreKnown) {
  const auto session = MustCreate();
  bool is_stored_early = false;
  Drive(session.get(), &laboratory_, 1, 1, [&](int64_t) {
    const auto fitness = store_->Property(kDenseFitnessProperty);
    is_stored_early |= fitness->has_value() && session->engine().phase() == Phase::kSearching;
    return false;
  });
  EXPECT_TRUE(is_stored_early);
  for (const auto& [stage, property] : {std::pair{Stage::kSearch, kDenseFitnessProperty},
                                        {Stage::kSelect, kDenseSelectionProperty},
                                        {Stage::kVerify, kDenseReportProperty}}) {
    EXPECT_EQ(*store_->Property(property), fmt::format("{}", *session->engine().DenseLoss(stage)));
  }
}

TEST_F(SessionTest, EveryRungOfTheLadderHasItsContext) {
  options_.engine.ladder.rungs = 2;
  const absl::Status status = Session::Create(options_, SyntheticLayout(), store_.get()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("racing_contexts"));
  options_.racing_contexts = {"two windows"};
  const auto session = MustCreate();
  std::set<std::string> digests;
  laboratory_.distort = [&](const WorkItem& item, Outcome outcome) {
    const auto* work = std::get_if<EvaluateWork>(&item.work);
    if (work == nullptr || work->stage != Stage::kSearch) return outcome;
    const std::string context = work->rung == 0 ? "two windows" : "one-shot";
    EXPECT_TRUE(digests.insert(WorkDigest(context, item)).second);
    return outcome;
  };
  Drive(session.get(), &laboratory_, 3, 1);
  for (const std::string& digest : digests) EXPECT_TRUE(store_->FindOutcome(digest)->has_value());
  EXPECT_GT(digests.size(), 50u);
}

TEST_F(SessionTest, DigestsDependOnTheContexts) {
  // Of an evaluation and of features.
  const auto first_digests = [&] {
    TemporaryFolder folder;
    auto store = RunStore::Create(folder / "run");
    auto session = Session::Create(options_, SyntheticLayout(), store->get());
    std::pair<std::string, std::string> digests;
    while (digests.first.empty() || digests.second.empty()) {
      const auto action = (*session)->Next();
      if (!action.ok() || !std::holds_alternative<SessionItem>(*action)) break;
      const auto& item = std::get<SessionItem>(*action);
      const bool is_profile = std::holds_alternative<ProfileWork>(item.item.work);
      std::string& digest = is_profile ? digests.second : digests.first;
      if (digest.empty()) digest = item.digest;
    }
    return digests;
  };
  const auto [evaluation, profile] = first_digests();
  EXPECT_EQ(evaluation.size(), 64u);
  EXPECT_EQ(profile.size(), 64u);
  EXPECT_EQ(first_digests(), std::pair(evaluation, profile));
  options_.profile_context += "!";
  EXPECT_EQ(first_digests().first, evaluation);
  EXPECT_NE(first_digests().second, profile);
  options_.search_context += "!";
  EXPECT_NE(first_digests().first, evaluation);
}

TEST_F(SessionTest, RefusesToResumeSomethingElse) {
  MustCreate();
  const SessionOptions original = options_;
  struct Case {
    std::function<void(SessionOptions*)> change;
    const char *name, *expected, *found;
  };
  const Case cases[] = {
      {[](auto* o) { o->profile_context = "model=m\ntext=u"; }, "profile_context", "\"text=t\"",
       "\"text=u\""},
      {[](auto* o) { o->search_context = "exact"; }, "search_context", "\"one-shot\"", "\"exact\""},
      {[](auto* o) { o->select_context = ""; }, "select_context", "\"sequential\"", "\"\""},
      {[](auto* o) { o->verify_context = ""; }, "verify_context", "\"sequential, report\"", "\"\""},
      {[](auto* o) { o->engine.lag = 16; }, "engine_options", "\"lag=8\"", "\"lag=16\""},
      {[](auto* o) { o->engine.seed = 2; }, "engine_options", "\"seed=1\"", "\"seed=2\""}};
  for (const Case& c : cases) {
    SessionOptions changed = original;
    c.change(&changed);
    const absl::Status status = Session::Create(changed, SyntheticLayout(), store_.get()).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    for (const char* part : {c.name, c.expected, c.found}) {
      EXPECT_THAT(std::string(status.message()), HasSubstr(part));
    }
  }
  EXPECT_TRUE(Session::Create(original, SyntheticLayout(), store_.get()).ok());
}

TEST_F(SessionTest, AnOutcomeThatDoesNotFitIsNotStored) {
  const auto session = MustCreate();
  SessionItem item = std::get<SessionItem>(*session->Next());
  while (!std::holds_alternative<ProfileWork>(item.item.work)) {
    item = std::get<SessionItem>(*session->Next());
  }
  SessionItem unknown = item;
  unknown.item.id += 1000;
  SessionItem renamed = item;
  renamed.digest = "0123";
  for (const absl::Status& status :
       {session->Complete(item, EvaluateOutcome{1, 1}), session->Complete(item, ProfileOutcome{}),
        session->Complete(unknown, laboratory_.Do(item.item)),
        session->Complete(renamed, laboratory_.Do(item.item))}) {
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  }
  EXPECT_FALSE(store_->FindOutcome(item.digest)->has_value());
  EXPECT_TRUE(session->Complete(item, laboratory_.Do(item.item)).ok());
  EXPECT_TRUE(store_->FindOutcome(item.digest)->has_value());
  EXPECT_EQ(session->Complete(item, laboratory_.Do(item.item)).code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(SessionTest, LossesThatAreNoNumbersAreStoredAndSurvived) {
  laboratory_.distort = [](const WorkItem& item, Outcome outcome) -> Outcome {
    const auto* evaluate = std::get_if<EvaluateWork>(&item.work);
    if (evaluate != nullptr && evaluate->candidate % 3 == 1) {
      return EvaluateOutcome{std::numeric_limits<double>::quiet_NaN(), 0.7};
    }
    return outcome;
  };
  const auto session = MustCreate();
  Drive(session.get(), &laboratory_, 2, 1);
  EXPECT_EQ(session->engine().phase(), Phase::kDone);
  const auto again = MustCreate();
  EXPECT_EQ(Drive(again.get(), &laboratory_, 2, 1), 0);
  EXPECT_EQ(Describe(again->engine().candidates()), Describe(session->engine().candidates()));
}

TEST_F(SessionTest, TheBudgetEndsTheSearchPhaseOnly) {
  options_.engine.maximum_evaluations = 0;
  options_.budget_seconds = 25.0;
  const auto session = MustCreate();
  // Every work item takes a second, of which the search has 25; what comes after costs nothing of
  // the budget.
  int64_t of_search = 0;
  Drive(session.get(), &laboratory_, 1, 1, [&](int64_t) {
    now_ += 1;
    const Phase phase = session->engine().phase();
    of_search += phase == Phase::kSearching || phase == Phase::kDraining ? 1 : 0;
    return false;
  });
  EXPECT_EQ(of_search, 25);
  EXPECT_TRUE(session->search_stopped());
  EXPECT_TRUE(MustCreate()->search_stopped()) << "stored";
  EXPECT_EQ(session->engine().evaluations(), laboratory_.evaluations(Stage::kSearch));
  EXPECT_EQ(session->seconds_spent(), 25.0);
  EXPECT_GT(now_, 1026.0);
  EXPECT_EQ(*store_->Property("search_stopped_after_candidate"),
            fmt::format("{}", session->engine().candidates().back().id));
  EXPECT_EQ(store_->Candidates()->size(), session->engine().candidates().size());
}

TEST_F(SessionTest, TheBudgetAddsUpOverSittings) {
  options_.engine.maximum_evaluations = 0;
  options_.budget_seconds = 25.0;
  const auto tick = [&](int64_t completions) {
    now_ += 1;
    return completions == 10;
  };
  {
    const auto session = MustCreate();
    Drive(session.get(), &laboratory_, 1, 1, tick);
    EXPECT_EQ(session->seconds_spent(), 10.0);
  }
  now_ = 5;  // a clock of another boot
  const auto session = MustCreate();
  EXPECT_EQ(session->seconds_spent(),
            9.0);  // stored by the tenth completion, before the clock ticked
  Drive(session.get(), &laboratory_, 1, 1, [&](int64_t) {
    now_ += 1;
    return false;
  });
  EXPECT_EQ(session->seconds_spent(), 25.0);
}

TEST_F(SessionTest, DamagedNumbersOfTheBudgetAreDataLoss) {
  EXPECT_FALSE(MustCreate()->search_stopped());
  const auto expect_refused = [&](const std::string& name, const std::string& value) {
    ASSERT_TRUE(store_->PutProperty(name, value).ok());
    const absl::Status status = Session::Create(options_, SyntheticLayout(), store_.get()).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << name << " " << value;
    EXPECT_THAT(std::string(status.message()), HasSubstr(name));
    EXPECT_THAT(std::string(status.message()), HasSubstr(value));
  };
  for (const char* value : {"-2", "10000001", "9223372036854775807", "99999999999999999999", "x"}) {
    expect_refused("search_stopped_after_candidate", value);
  }
  ASSERT_TRUE(store_->PutProperty("search_stopped_after_candidate", "-1").ok());
  EXPECT_TRUE(MustCreate()->search_stopped());
  for (const char* value : {"nan", "-1", "inf"}) expect_refused("seconds_spent", value);
}

TEST_F(SessionTest, RefinesTheBestFinalistAndStoresItApart) {
  options_.refinement.emplace().evaluations = 20;
  options_.refine_context = "sequential, quick";
  const auto session = MustCreate();
  EXPECT_EQ(session->refinement(), nullptr);
  Drive(session.get(), &laboratory_, 3, 1);
  ASSERT_TRUE(session->done());
  ASSERT_NE(session->refinement(), nullptr);
  const auto stored = store_->Refined();
  ASSERT_TRUE(stored.ok()) << stored.status();
  EXPECT_EQ(*stored, session->refinement()->results());
  ASSERT_EQ(stored->size(), 20u);

  const Candidate* start = nullptr;
  for (const Candidate& candidate : session->engine().candidates()) {
    if (!candidate.selection_nll) continue;
    if (start == nullptr || *candidate.selection_nll < *start->selection_nll) start = &candidate;
  }
  ASSERT_NE(start, nullptr);
  const auto from = store_->Property(kRefinedFromProperty);
  EXPECT_EQ(**from, fmt::format("{}", start->id));
  EXPECT_EQ(stored->front().allocation, start->allocation);
  EXPECT_EQ(stored->front().selection_nll, start->selection_nll);
  const auto best = session->refinement()->best();
  ASSERT_TRUE(best.has_value());
  EXPECT_LT(*(*stored)[static_cast<size_t>(*best)].selection_nll, *start->selection_nll);
  // The start's selection and verification were measured before.
  EXPECT_EQ(laboratory_.evaluations(Stage::kRefine), 20);
}

TEST_F(SessionTest, AnImpossibleRefinementIsRefusedBeforeTheSearch) {
  options_.refinement.emplace().evaluations = 0;
  const absl::Status status = Session::Create(options_, SyntheticLayout(), store_.get()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("evaluations: expected at least 1"));
  options_.refinement->evaluations = 9;
  options_.refinement->method = RefinementMethod::kEvoPress;
  options_.refinement->evopress = {.rungs = {{1, 2}}, .windows = 4};
  const absl::Status rungs = Session::Create(options_, SyntheticLayout(), store_.get()).status();
  EXPECT_THAT(std::string(rungs.message()), HasSubstr("expected one for each of 1 rungs, found 0"));
}

TEST_F(SessionTest, RefusesImpossibleOptions) {
  SessionOptions options = options_;
  options.now_seconds = nullptr;
  EXPECT_EQ(Session::Create(options, SyntheticLayout(), store_.get()).status().code(),
            absl::StatusCode::kInvalidArgument);
  options = options_;
  options.budget_seconds = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(Session::Create(options, SyntheticLayout(), store_.get()).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Session::Create(options_, {}, store_.get()).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace strata::search
