#include "search/session.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "search/engine/engine_options.h"
#include "search/engine/outcome_codec.h"
#include "search/engine/scenarios.h"
#include "search/store/stored_view.h"
#include "search/task_digest.h"

namespace strata::search {
namespace {

constexpr char kEngineOptions[] = "engine_options";
constexpr char kSecondsSpent[] = "seconds_spent";
constexpr char kStoppedAfter[] = "search_stopped_after_candidate";
// What it holds once a search that was stopped was extended.
constexpr char kNotStopped[] = "none";
// Far more candidates than a search can measure.
constexpr int64_t kMaximumStoredCandidate = 10'000'000;
// Tasks of the refinement are numbered from here on, those of the engine below.
constexpr int64_t kFirstRefinementTask = int64_t{1} << 40;

// The first line in which two texts differ, of each.
std::pair<std::string, std::string> DifferingLines(std::string_view a, std::string_view b) {
  for (;;) {
    const size_t end_a = std::min(a.find('\n'), a.size());
    const size_t end_b = std::min(b.find('\n'), b.size());
    const std::string_view line_a = a.substr(0, end_a), line_b = b.substr(0, end_b);
    if (line_a != line_b || (end_a == a.size()) != (end_b == b.size()) || end_a == a.size()) {
      return {std::string(line_a), std::string(line_b)};
    }
    a.remove_prefix(end_a + 1);
    b.remove_prefix(end_b + 1);
  }
}

// Stores `value` in a new run; in a resumed one, checks that the stored value is the same.
absl::Status PutOrMatch(RunStore* store, const std::string& name, const std::string& value) {
  const absl::StatusOr<std::optional<std::string>> stored = store->Property(name);
  if (!stored.ok()) return stored.status();
  if (!*stored) return store->PutProperty(name, value);
  if (**stored == value) return absl::OkStatus();
  const auto [expected, found] = DifferingLines(**stored, value);
  return absl::FailedPreconditionError(
      fmt::format("the run was started with another {}: expected \"{}\", found \"{}\"; resume with "
                  "what it was started with, or start another run",
                  name, expected, found));
}

template <typename Number>
absl::StatusOr<std::optional<Number>> NumberProperty(const RunStore& store, const char* name) {
  const absl::StatusOr<std::optional<std::string>> text = store.Property(name);
  if (!text.ok()) return text.status();
  if (!*text || **text == kNotStopped) return std::optional<Number>();
  Number value{};
  const char* const end = (*text)->data() + (*text)->size();
  const auto [at, error] = std::from_chars((*text)->data(), end, value);
  if (error == std::errc() && at == end) return std::optional<Number>(value);
  return absl::DataLossError(
      fmt::format("property {} of the run: expected a number, found \"{}\"", name, **text));
}

// With the seed and target of the engine.
RefinementOptions RefinementOf(const SessionOptions& options) {
  RefinementOptions refinement = *options.refinement;
  refinement.seed = options.engine.seed;
  refinement.target = options.engine.target;
  return refinement;
}

class StoredSession final : public Session {
 public:
  StoredSession(SessionOptions options, const expr::UnitLayout& layout,
                std::unique_ptr<Engine> engine, RunStore* store)
      : options_(std::move(options)),
        layout_(layout),
        engine_(std::move(engine)),
        store_(store),
        started_seconds_(options_.now_seconds()) {}

  // Brings a stored run back to where it was; writes what identifies a new one.
  absl::Status Begin(const std::string& identity) {
    const absl::StatusOr<std::optional<std::string>> known = store_->Property(kEngineOptions);
    if (!known.ok()) return known.status();
    replaying_ = known->has_value();
    const std::string racing = fmt::format("{}", fmt::join(options_.racing_contexts, "\n"));
    const std::string further = ContextsText(options_.further_contexts);
    const std::pair<const char*, const std::string*> properties[] = {
        {"profile_context", &options_.profile_context},
        {"racing_contexts", &racing},
        {"search_context", &options_.search_context},
        {"select_context", &options_.select_context},
        {kVerifyContextProperty, &options_.verify_context},
        {"refine_context", &options_.refine_context},
        {"slope_context", &options_.slope_context},
        {"further_contexts", &further},
        {kEngineOptions, &identity}};
    for (const auto& [name, value] : properties) {
      const absl::Status same = PutOrMatch(store_, name, *value);
      if (!same.ok()) return same;
    }
    const auto spent = NumberProperty<double>(*store_, kSecondsSpent);
    if (!spent.ok()) return spent.status();
    earlier_seconds_ = spent->value_or(0.0);
    if (!std::isfinite(earlier_seconds_) || earlier_seconds_ < 0) {
      return absl::DataLossError(
          fmt::format("property {} of the run: expected seconds, finite and not negative, found {}",
                      kSecondsSpent, earlier_seconds_));
    }
    const auto stopped_after = NumberProperty<int64_t>(*store_, kStoppedAfter);
    if (!stopped_after.ok()) return stopped_after.status();
    if (*stopped_after && options_.extend) {
      return store_->PutProperty(kStoppedAfter, kNotStopped);
    }
    if (*stopped_after) {
      // -1: stopped before the first was handed out.
      if (**stopped_after < -1 || **stopped_after > kMaximumStoredCandidate) {
        return absl::DataLossError(
            fmt::format("property {} of the run: expected a candidate from -1 to {}, found {}",
                        kStoppedAfter, kMaximumStoredCandidate, **stopped_after));
      }
      // The engine breeds up to there and no further, as it did when the stop was decided.
      stopped_ = true;
      engine_->StopSearch(**stopped_after);
    }
    return absl::OkStatus();
  }

  absl::StatusOr<SessionAction> Next() override {
    bool told_from_store = false;
    for (;;) {
      absl::Status status = StopWhenBudgetIsSpent();
      if (!status.ok()) return status;
      absl::StatusOr<Action> asked = Ask();
      if (!asked.ok()) return asked.status();
      Action action = *std::move(asked);
      FreezeClock();
      const bool is_done = std::holds_alternative<Done>(action);
      if (!std::holds_alternative<Task>(action)) {
        if (is_done) {
          is_done_ = true;
          changes_.properties[kEndReasonProperty] = stopped_ ? "time" : engine_->end_reason();
          changes_.properties[kScenarioReferencesProperty] = ScenarioReferencesText(*engine_);
        }
        if (is_done || told_from_store) status = Commit();
        if (!status.ok()) return status;
        return is_done ? SessionAction(Done{}) : SessionAction(Wait{});
      }
      SessionTask task;
      task.task = std::get<Task>(std::move(action));
      task.digest = TaskDigest(ContextOf(options_, task.task), task.task);
      const absl::StatusOr<std::optional<Outcome>> known = FindOutcome(task.digest);
      if (!known.ok()) return known.status();
      if (!*known) {
        replaying_ = false;
        outstanding_[task.task.id] = task;
        if (told_from_store) status = Commit();
        if (!status.ok()) return status;
        return SessionAction(std::move(task));
      }
      const absl::Status told = Tell(task.task, **known);
      if (!told.ok()) {
        return absl::DataLossError(fmt::format("stored outcome {} does not fit its task: {}",
                                               task.digest, std::string(told.message())));
      }
      told_from_store = true;
      FreezeClock();
    }
  }

  absl::Status Complete(const SessionTask& task, const Outcome& outcome) override {
    const absl::Status recorded = Record(task, outcome);
    return recorded.ok() ? Commit() : recorded;
  }

  absl::Status Record(const SessionTask& task, const Outcome& outcome) override {
    const auto found = outstanding_.find(task.task.id);
    if (found == outstanding_.end() || found->second.digest != task.digest) {
      return absl::InvalidArgumentError(
          fmt::format("task {} with digest {} was not handed out, or was completed before",
                      task.task.id, task.digest));
    }
    // Nothing unfit may reach the store, or the run could not be resumed.
    const int units = engine_->features(SubjectOf(task.task)).units();
    const absl::Status fits = CheckOutcome(found->second.task, units, outcome);
    if (!fits.ok()) return fits;
    outstanding_.erase(found);
    changes_.outcomes.emplace(task.digest, outcome);
    const absl::Status told = Tell(task.task, outcome);
    if (!told.ok()) return told;
    FreezeClock();
    is_behind_ = true;
    return absl::OkStatus();
  }

  // The outcomes and what they changed in one transaction: the stored candidates are always those
  // that the stored outcomes give.
  absl::Status Commit() override {
    if (!broken_.ok()) return broken_;
    if (is_behind_) changes_.properties[kSecondsSpent] = fmt::format("{}", seconds_spent());
    is_behind_ = false;
    view_.Collect(engine_.get(), IsSearchOver(), &changes_);
    CollectRefined();
    if (changes_.empty()) return absl::OkStatus();
    // What could not be written is lost to this sitting, and the engine is ahead of the store.
    broken_ = store_->Write(changes_);
    if (!broken_.ok()) return broken_;
    if (options_.on_commit) options_.on_commit(changes_);
    changes_ = {};
    return absl::OkStatus();
  }

  const Engine& engine() const override { return *engine_; }
  const RefinementStage* refinement() const override { return refinement_.get(); }
  bool done() const override { return is_done_; }

  double seconds_spent() const override {
    if (search_over_) return earlier_seconds_;
    return earlier_seconds_ + std::max(0.0, options_.now_seconds() - started_seconds_);
  }

  bool search_stopped() const override { return stopped_; }

 private:
  // Of the engine, and once it is done of the refinement.
  absl::StatusOr<Action> Ask() {
    Action action = engine_->Ask();
    if (!std::holds_alternative<Done>(action) || !options_.refinement) return action;
    if (refinement_ == nullptr) {
      if (absl::Status status = BeginRefinement(); !status.ok()) return status;
    }
    if (refinement_ == nullptr) return Action(Done{});
    std::optional<EvaluateTask> task = refinement_->Ask();
    if (task) return Action(Task{next_refinement_task_++, *std::move(task)});
    return refinement_->done() ? Action(Done{}) : Action(Wait{});
  }

  absl::Status Tell(const Task& task, const Outcome& outcome) {
    if (task.id < kFirstRefinementTask) return engine_->Tell(task.id, outcome);
    const auto& evaluate = std::get<EvaluateTask>(task.work);
    const absl::Status told = refinement_->Tell(evaluate, outcome);
    if (told.ok()) changed_refined_.insert(evaluate.candidate);
    return told;
  }

  // From the finalist of the lowest selection loss: of equals the simplest, then the earliest. None
  // where no finalist was measured.
  absl::Status BeginRefinement() {
    const Candidate* start = nullptr;
    const auto order = [](const Candidate& candidate) {
      return std::tuple(*candidate.selection_nll, candidate.complexity, candidate.id);
    };
    for (const Candidate& candidate : engine_->candidates()) {
      if (!candidate.selection_nll) continue;
      if (start == nullptr || order(candidate) < order(*start)) start = &candidate;
    }
    if (start == nullptr) return absl::OkStatus();
    auto refinement = RefinementStage::Create(RefinementOf(options_), layout_, start->allocation);
    if (!refinement.ok()) return refinement.status();
    refinement_ = *std::move(refinement);
    changes_.drops_refined = true;  // what was refined of another start before the run was extended
    changes_.properties[kRefinedFromProperty] = fmt::format("{}", start->id);
    return absl::OkStatus();
  }

  void CollectRefined() {
    if (refinement_ != nullptr && refinement_->slopes_measured() != collected_slopes_) {
      collected_slopes_ = refinement_->slopes_measured();
      changes_.properties[kRefinedSlopesProperty] = fmt::format("{}", collected_slopes_);
      changes_.properties[kSlopeFailureProperty] = refinement_->slope_failure();
    }
    for (const int64_t id : changed_refined_) {
      changes_.refined.push_back(refinement_->results()[static_cast<size_t>(id)]);
    }
    changed_refined_.clear();
  }

  bool IsSearchOver() const {
    return engine_->phase() != Phase::kSearching && engine_->phase() != Phase::kDraining;
  }

  // Selection and verification do not count against the budget.
  void FreezeClock() {
    if (search_over_ || !IsSearchOver()) return;
    earlier_seconds_ = seconds_spent();
    search_over_ = true;
  }

  // Not while stored outcomes are replayed: a resumed run must first be where it was. So a resumed
  // run whose budget is spent measures one more candidate, the first that was not stored, and stops
  // after it.
  absl::Status StopWhenBudgetIsSpent() {
    if (options_.budget_seconds <= 0 || replaying_ || stopped_ || IsSearchOver()) {
      return absl::OkStatus();
    }
    if (seconds_spent() < options_.budget_seconds) return absl::OkStatus();
    // Written before it takes effect: whatever follows happens after a stop that a resumed run
    // repeats.
    const int64_t last = engine_->last_candidate_handed_out();
    changes_.properties[kSecondsSpent] = fmt::format("{}", seconds_spent());
    changes_.properties[kStoppedAfter] = fmt::format("{}", last);
    const absl::Status written = Commit();
    if (!written.ok()) return written;
    stopped_ = true;
    engine_->StopSearch(last);
    return absl::OkStatus();
  }

  // Stored, or recorded and soon to be.
  absl::StatusOr<std::optional<Outcome>> FindOutcome(const std::string& digest) const {
    const auto recorded = changes_.outcomes.find(digest);
    if (recorded != changes_.outcomes.end()) return std::optional<Outcome>(recorded->second);
    return store_->FindOutcome(digest);
  }

  const SessionOptions options_;
  const expr::UnitLayout layout_;
  const std::unique_ptr<Engine> engine_;
  std::unique_ptr<RefinementStage> refinement_;
  int64_t next_refinement_task_ = kFirstRefinementTask;
  std::set<int64_t> changed_refined_;  // since the last commit
  int64_t collected_slopes_ = 0;
  bool is_done_ = false;
  RunStore* const store_;
  const double started_seconds_;
  double earlier_seconds_ =
      0;  // spent before started_seconds_; all of them once the search is over
  bool search_over_ = false;
  bool replaying_ = false;  // no work was handed out yet that is not stored
  bool stopped_ = false;    // the budget was spent, now or in an earlier sitting
  std::map<int64_t, SessionTask> outstanding_;
  StoredView view_;
  RunChanges changes_;      // to be written with the next commit
  bool is_behind_ = false;  // an outcome was recorded since the last commit
  absl::Status broken_;     // why nothing can be written any more
};

}  // namespace

const std::string& ContextOf(const SessionOptions& options, const Task& task) {
  const int subject = SubjectOf(task);
  const TaskContexts& contexts =
      subject == 0 ? options : options.further_contexts[static_cast<size_t>(subject - 1)];
  return ContextOf(contexts, task);
}

absl::StatusOr<std::unique_ptr<Session>> Session::Create(const SessionOptions& options,
                                                         const expr::UnitLayout& layout,
                                                         RunStore* store) {
  if (options.now_seconds == nullptr) {
    return absl::InvalidArgumentError("now_seconds: expected a clock, found none");
  }
  if (!std::isfinite(options.budget_seconds) || options.budget_seconds < 0) {
    return absl::InvalidArgumentError(fmt::format(
        "budget_seconds must be finite and not negative, found {}", options.budget_seconds));
  }
  const absl::Status complete = CheckContexts(options, options.further_contexts, options.engine);
  if (!complete.ok()) return complete;
  if (options.refinement) {
    const absl::Status valid = ValidateRefinement(RefinementOf(options), layout);
    if (!valid.ok()) return valid;
  }
  absl::StatusOr<std::unique_ptr<Engine>> engine = Engine::Create(options.engine, layout);
  if (!engine.ok()) return engine.status();
  auto session = std::make_unique<StoredSession>(options, layout, *std::move(engine), store);
  const absl::Status begun = session->Begin(IdentityText(options.engine, layout));
  if (!begun.ok()) return begun;
  return session;
}

}  // namespace strata::search
