// A search session without a search. It hands out a fixed number of evaluations and records the
// outcomes that are reported to it.
#ifndef STRATA_TESTS_WORKERS_COORDINATOR_FAKE_SESSION_H_
#define STRATA_TESTS_WORKERS_COORDINATOR_FAKE_SESSION_H_

#include <fmt/format.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "expr/status_macros.h"
#include "search/session.h"

namespace strata::workers {

class FakeEngine : public search::Engine {
 public:
  explicit FakeEngine(int units)
      : features_(expr::SquareBlocks(std::vector<int64_t>(static_cast<size_t>(units), 100))) {}
  search::Action Ask() override { return search::Wait{}; }
  absl::Status Tell(int64_t, const search::Outcome&) override { return absl::OkStatus(); }
  void StopSearch(std::optional<int64_t>) override {}
  search::Phase phase() const override { return search::Phase::kSearching; }
  const std::string& end_reason() const override { return end_reason_; }
  double ArchiveHypervolume() const override { return 0; }
  int64_t evaluations() const override { return 0; }
  int64_t last_candidate_handed_out() const override { return -1; }
  const std::vector<search::Candidate>& candidates() const override { return candidates_; }
  const expr::FeatureTable& features(int) const override { return features_; }
  search::FeatureCounts feature_counts() const override { return {}; }
  std::vector<search::ReferenceLosses> References(search::Stage) const override { return {}; }
  std::vector<int64_t> TakeChanged() override { return {}; }
  std::vector<int64_t> Front() const override { return {}; }
  std::vector<int64_t> BestBaselines() const override { return {}; }

 private:
  expr::FeatureTable features_;
  const std::string end_reason_;
  std::vector<search::Candidate> candidates_;
};

inline constexpr int kFakeUnits = 3;

inline search::SessionItem MakeFakeItem(int64_t number, int units = kFakeUnits) {
  const double sparsity = 0.5 + 0.001 * static_cast<double>(number % 100);
  return {{number, search::EvaluateWork{number, search::Stage::kSearch,
                                        expr::Allocation(static_cast<size_t>(units), sparsity)}},
          fmt::format("digest{:026}", number)};
}

class FakeSession : public search::Session {
 public:
  explicit FakeSession(int64_t items, int units = kFakeUnits)
      : items_(items), units_(units), engine_(units) {}

  absl::StatusOr<search::SessionAction> Next() override {
    if (!next_error.ok()) return next_error;
    if (handed_out_ < items_) {
      search::SessionItem item = MakeFakeItem(handed_out_, units_);
      std::get<search::EvaluateWork>(item.item.work).subject =
          static_cast<int>(handed_out_++ % subjects);
      return search::SessionAction(std::move(item));
    }
    if (waits_when_out_of_items || static_cast<int64_t>(outcomes.size()) < items_) {
      return search::SessionAction(search::Wait{});
    }
    return search::SessionAction(search::Done{});
  }
  absl::Status Complete(const search::SessionItem& item, const search::Outcome& outcome) override {
    STRATA_RETURN_IF_ERROR(Record(item, outcome));
    return Commit();
  }
  absl::Status Record(const search::SessionItem& item, const search::Outcome& outcome) override {
    if (!record_error.ok()) return record_error;
    if (!outcomes.emplace(item.digest, outcome).second) {
      return absl::InternalError("told twice: " + item.digest);
    }
    return absl::OkStatus();
  }
  absl::Status Commit() override {
    ++commits;
    return commit_error;
  }
  const search::Engine& engine() const override { return engine_; }
  double seconds_spent() const override { return 0; }
  bool search_stopped() const override { return false; }

  bool waits_when_out_of_items = false;  // if true, the session is never done
  int subjects = 1;                      // work item k belongs to subject k mod subjects
  absl::Status next_error;
  absl::Status record_error;
  absl::Status commit_error;
  int commits = 0;
  std::map<std::string, search::Outcome> outcomes;  // by digest

 private:
  const int64_t items_;
  const int units_;
  int64_t handed_out_ = 0;
  FakeEngine engine_;
};

}  // namespace strata::workers

#endif  // STRATA_TESTS_WORKERS_COORDINATOR_FAKE_SESSION_H_
