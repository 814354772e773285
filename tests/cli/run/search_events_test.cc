#include "cli/run/search_events.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "cli/run/search_snapshot.h"
#include "search/engine/best_candidate.h"
#include "tests/search/simulation.h"
#include "tests/support/temporary_folder.h"

namespace strata::cli {
namespace {

using Json = nlohmann::ordered_json;
using ::testing::Contains;
using ::testing::HasSubstr;

// Every kind of event that docs/search.md describes, with its fields.
std::map<std::string, std::vector<std::string>> DescribedEvents() {
  std::ifstream file(STRATA_SOURCE_DIR "/docs/search.md");
  std::map<std::string, std::vector<std::string>> described;
  std::string line;
  bool is_in_table = false;
  while (std::getline(file, line)) {
    if (line.starts_with("| event |")) is_in_table = true;
    if (is_in_table && !line.starts_with("|")) break;
    if (!is_in_table || !line.starts_with("| `")) continue;
    std::vector<std::string> words;
    for (size_t at = line.find('`'); at != std::string::npos; at = line.find('`', at + 1)) {
      const size_t end = line.find('`', at + 1);
      words.push_back(line.substr(at + 1, end - at - 1));
      at = end;
    }
    described[words[0]] = {words.begin() + 1, words.end()};
  }
  return described;
}

class SearchEventsTest : public ::testing::Test {
 protected:
  SearchEventsTest()
      : events_([this](const Json& event) { told_.push_back(event); }, [this] { return now_; },
                {}) {
    options_.engine = search::SyntheticOptions(3, 60);
    options_.engine.ladder = {.rungs = 2, .rivals = 6};
    options_.racing_contexts = {"short"};
    options_.profile_context = options_.search_context = "c";
    options_.select_context = "s";
    options_.verify_context = "v";
    options_.now_seconds = [this] { return now_; };
    options_.on_commit = [this](const search::RunChanges& changes) { events_.Committed(changes); };
    laboratory_.distort = [](const search::WorkItem& task,
                             search::Outcome outcome) -> search::Outcome {
      const auto* evaluate = std::get_if<search::EvaluateWork>(&task.work);
      if (evaluate != nullptr && evaluate->candidate % 9 == 5) return search::FailedOutcome{"bad"};
      return outcome;
    };
  }

  std::vector<std::string> Kinds() {
    std::vector<std::string> kinds;
    for (const Json& event : told_) kinds.push_back(event["event"]);
    return kinds;
  }
  int64_t Count(const std::string& kind) {
    const auto kinds = Kinds();
    return std::count(kinds.begin(), kinds.end(), kind);
  }

  const TemporaryFolder temporary_;
  const std::string folder_ = temporary_.path();
  double now_ = 100;
  std::vector<Json> told_;
  SearchEvents events_;
  search::SessionOptions options_;
  search::Laboratory laboratory_;
};

TEST_F(SearchEventsTest, ASearchIsToldWholeAndAsDescribed) {
  auto store = search::RunStore::Create(folder_, {.fsync = search::Fsync::kCheckpoint});
  ASSERT_TRUE(store.ok()) << store.status();
  auto session = search::Session::Create(options_, search::SyntheticLayout(), store->get());
  ASSERT_TRUE(session.ok()) << session.status();
  events_.Begin("run", "model", 0.7, false);
  workers::CoordinatorStatus workers;
  workers.workers = {{.name = "a", .connected = true, .leased_item = "d1"}};
  SearchSnapshot snapshot({});
  search::Drive(session->get(), &laboratory_, 3, 1, [&](int64_t n) {
    now_ += 1;
    if (n == 10) workers.failures.crash = 2;
    if (n == 20)
      workers.workers[0] = {.name = "a", .connected = false, .leased_item = "", .results = 7};
    events_.Observe((*session)->engine(), workers);
    return false;
  });
  ASSERT_TRUE((*session)->Next().ok());
  events_.Observe((*session)->engine(), workers);
  events_.End(**session);

  const auto& candidates = (*session)->engine().candidates();
  EXPECT_EQ(Kinds().front(), "run_started");
  EXPECT_EQ(Kinds().back(), "finished");
  EXPECT_EQ(Count("candidate_bred"), static_cast<int64_t>(candidates.size()));
  int64_t measured = 0, failed = 0, stopped = 0;
  double best = 1e300;
  for (const search::Candidate& candidate : candidates) {
    measured += candidate.fitness_nll ? 1 : 0;
    failed += candidate.failure.empty() ? 0 : 1;
    stopped += candidate.stopped_early ? 1 : 0;
    if (candidate.fitness_nll) best = std::min(best, *candidate.fitness_nll);
  }
  EXPECT_EQ(Count("candidate_measured"), measured);
  EXPECT_EQ(Count("candidate_failed"), failed);
  EXPECT_EQ(Count("candidate_stopped_early"), stopped);
  EXPECT_GT(failed, 0);
  EXPECT_GT(stopped, 0);
  const auto report_best = search::BestCandidate(candidates, /*is_selection_complete=*/true);
  EXPECT_EQ(told_.back()["best"], report_best->id) << "the finalist that the selection chose";
  EXPECT_EQ(told_.back()["best_selection_nll"], *report_best->selection_nll);
  EXPECT_EQ(snapshot.Take(**session, workers, 0)["best"]["candidate"], report_best->id);
  EXPECT_EQ(told_.back()["end_reason"], **(*store)->Property(search::kEndReasonProperty));
  EXPECT_EQ(Count("worker_joined"), 1);
  EXPECT_EQ(Count("worker_left"), 1);
  EXPECT_EQ(Count("worker_failed"), 1);
  EXPECT_GE(Count("phase_changed"), 3);

  // Kinds and fields are those of the documentation.
  const auto described = DescribedEvents();
  for (const Json& event : told_) {
    const auto found = described.find(event["event"]);
    ASSERT_NE(found, described.end()) << event;
    std::vector<std::string> fields;
    for (const auto& [name, value] : event.items()) fields.push_back(name);
    ASSERT_GE(fields.size(), 2u);
    EXPECT_EQ(fields[1], "unix_seconds");
    fields.erase(fields.begin(), fields.begin() + 2);
    EXPECT_EQ(fields, found->second) << event;
  }
  for (const auto& [kind, fields] : described) EXPECT_GT(Count(kind), 0) << kind;

  // And the losses told only fall.
  double last = 1e300;
  for (const Json& event : told_) {
    if (event["event"] != "new_best") continue;
    EXPECT_LT(event["fitness_nll"].get<double>(), last);
    last = event["fitness_nll"];
  }
}

TEST_F(SearchEventsTest, ASnapshotSaysWhatWorkersDoAndSinceWhen) {
  auto store = search::RunStore::Create(folder_, {.fsync = search::Fsync::kCheckpoint});
  ASSERT_TRUE(store.ok()) << store.status();
  auto session = search::Session::Create(options_, search::SyntheticLayout(), store->get());
  ASSERT_TRUE(session.ok()) << session.status();
  search::Drive(session->get(), &laboratory_, 3, 1, [](int64_t n) { return n == 90; });
  workers::CoordinatorStatus workers;
  workers.leased_items = 1;
  workers.failures.time_limit = 3;
  workers.workers = {
      {.name = "a", .connected = true, .leased_item = "d1", .busy_seconds = 3, .seen_seconds = 4},
      {.name = "b", .connected = true, .leased_item = ""}};
  SearchSnapshot snapshot({});
  snapshot.Take(**session, workers, 50);
  workers.workers[1].leased_item = "d2";
  const Json taken = snapshot.Take(**session, workers, 60);
  EXPECT_EQ(taken["workers"][0]["state"], "working");
  EXPECT_EQ(taken["workers"][0]["since_unix_seconds"], 50.0);
  EXPECT_EQ(taken["workers"][0]["utilisation"], 0.75);
  EXPECT_EQ(taken["workers"][1]["since_unix_seconds"], 60.0);
  EXPECT_EQ(taken["failures"]["time_limit"], 3);
  EXPECT_EQ(taken["evaluations"], (*session)->engine().evaluations());
  EXPECT_EQ(taken["front"], (*session)->engine().Front().size());
  EXPECT_FALSE(taken["best"].is_null());

  ASSERT_TRUE(WriteSnapshot(folder_, taken).ok());
  const auto read = ReadSnapshot(folder_);
  ASSERT_TRUE(read.ok() && *read);
  EXPECT_EQ(**read, taken);
  EXPECT_FALSE(ReadSnapshot(folder_ + "/none")->has_value());
  std::ofstream(folder_ + "/status.json") << "[]";
  EXPECT_TRUE(absl::IsDataLoss(ReadSnapshot(folder_).status()));
}

}  // namespace
}  // namespace strata::cli
