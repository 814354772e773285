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

#include "expr/status_macros.h"
#include "search/engine/engine_options.h"
#include "search/engine/outcome_codec.h"
#include "search/engine/scenarios.h"
#include "search/refinement/refinement_start.h"
#include "search/store/stored_view.h"
#include "search/work_contexts.h"

namespace strata::search {
namespace {

constexpr char kEngineOptions[] = "engine_options";
constexpr char kSecondsSpent[] = "seconds_spent";
constexpr char kStoppedAfter[] = "search_stopped_after_candidate";
// Value of that property after a stopped search was extended.
constexpr char kNotStopped[] = "none";
// Far more candidates than a search can measure.
constexpr int64_t kMaximumStoredCandidate = 10'000'000;
// Work items of the refinement are numbered from here on, those of the engine below.
constexpr int64_t kFirstRefinementItem = int64_t{1} << 40;

// Returns the first line in which two texts differ, of each text.
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
  STRATA_ASSIGN_OR_RETURN(const std::optional<std::string> stored, store->Property(name));
  if (!stored) return store->PutProperty(name, value);
  if (*stored == value) return absl::OkStatus();
  const auto [expected, found] = DifferingLines(*stored, value);
  return absl::FailedPreconditionError(
      fmt::format("the run was started with another {}: expected \"{}\", found \"{}\"; resume with "
                  "what it was started with, or start another run",
                  name, expected, found));
}

template <typename Number>
absl::StatusOr<std::optional<Number>> NumberProperty(const RunStore& store, const char* name) {
  STRATA_ASSIGN_OR_RETURN(const std::optional<std::string> text, store.Property(name));
  if (!text || *text == kNotStopped) return std::optional<Number>();
  Number value{};
  const char* const end = text->data() + text->size();
  const auto [at, error] = std::from_chars(text->data(), end, value);
  if (error == std::errc() && at == end) return std::optional<Number>(value);
  return absl::DataLossError(
      fmt::format("property {} of the run: expected a number, found \"{}\"", name, *text));
}

// Returns the options of the refinement, with the seed and target of the engine.
RefinementOptions RefinementOf(const SessionOptions& options) {
  RefinementOptions refinement = *options.refinement;
  refinement.seed = options.engine.seed;
  refinement.target = options.engine.target;
  return refinement;
}

// Returns the options with which the stored run bred its candidates, which were not simplified at
// first. Those of a new run are as given.
absl::StatusOr<EngineOptions> OptionsOfRun(EngineOptions options, const RunStore& store) {
  STRATA_ASSIGN_OR_RETURN(const auto known, store.Property(kEngineOptions));
  if (known && known->find(kSimplifiesLine) == std::string::npos) options.simplifies = false;
  return options;
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

  // Restores a stored run to its last state. For a new run, stores what identifies it.
  absl::Status Begin(const std::string& identity) {
    STRATA_ASSIGN_OR_RETURN(const std::optional<std::string> known,
                            store_->Property(kEngineOptions));
    replaying_ = known.has_value();
    const std::string racing = fmt::format("{}", fmt::join(options_.racing_contexts, "\n"));
    const std::string refine_rungs =
        fmt::format("{}", fmt::join(options_.refine_rung_contexts, "\n"));
    const std::string further = ContextsText(options_.further_contexts);
    const std::pair<const char*, const std::string*> properties[] = {
        {"profile_context", &options_.profile_context},
        {"racing_contexts", &racing},
        {"search_context", &options_.search_context},
        {"select_context", &options_.select_context},
        {kVerifyContextProperty, &options_.verify_context},
        {"refine_context", &options_.refine_context},
        {"refine_rung_contexts", &refine_rungs},
        {"slope_context", &options_.slope_context},
        {"further_contexts", &further},
        {kEngineOptions, &identity}};
    for (const auto& [name, value] : properties) {
      STRATA_RETURN_IF_ERROR(PutOrMatch(store_, name, *value));
    }
    // A run that is extended is not done until it is done again.
    if (options_.extend) STRATA_RETURN_IF_ERROR(store_->PutProperty(kEndReasonProperty, ""));
    STRATA_ASSIGN_OR_RETURN(const auto spent, NumberProperty<double>(*store_, kSecondsSpent));
    earlier_seconds_ = spent.value_or(0.0);
    if (!std::isfinite(earlier_seconds_) || earlier_seconds_ < 0) {
      return absl::DataLossError(
          fmt::format("property {} of the run: expected seconds, finite and not negative, found {}",
                      kSecondsSpent, earlier_seconds_));
    }
    STRATA_ASSIGN_OR_RETURN(const auto stopped_after,
                            NumberProperty<int64_t>(*store_, kStoppedAfter));
    if (stopped_after && options_.extend) {
      return store_->PutProperty(kStoppedAfter, kNotStopped);
    }
    if (stopped_after) {
      // -1 means that the search was stopped before the first candidate was handed out.
      if (*stopped_after < -1 || *stopped_after > kMaximumStoredCandidate) {
        return absl::DataLossError(
            fmt::format("property {} of the run: expected a candidate from -1 to {}, found {}",
                        kStoppedAfter, kMaximumStoredCandidate, *stopped_after));
      }
      // The engine breeds up to that candidate and no further, as it did when the stop was decided.
      stopped_ = true;
      engine_->StopSearch(*stopped_after);
    }
    return absl::OkStatus();
  }

  absl::StatusOr<SessionAction> Next() override {
    bool told_from_store = false;
    for (;;) {
      STRATA_RETURN_IF_ERROR(StopWhenBudgetIsSpent());
      STRATA_ASSIGN_OR_RETURN(Action action, Ask());
      FreezeClock();
      const bool is_done = std::holds_alternative<Done>(action);
      if (!std::holds_alternative<WorkItem>(action)) {
        if (is_done) {
          is_done_ = true;
          changes_.properties[kEndReasonProperty] = EndReason(*this);
          changes_.properties[kScenarioReferencesProperty] = ScenarioReferencesText(*engine_);
        }
        if (is_done || told_from_store) STRATA_RETURN_IF_ERROR(Commit());
        return is_done ? SessionAction(Done{}) : SessionAction(Wait{});
      }
      SessionItem item;
      item.item = std::get<WorkItem>(std::move(action));
      item.digest = WorkDigest(ContextOf(options_, item.item), item.item);
      STRATA_ASSIGN_OR_RETURN(const std::optional<Outcome> known, FindOutcome(item.digest));
      if (!known) {
        replaying_ = false;
        outstanding_[item.item.id] = item;
        if (told_from_store) STRATA_RETURN_IF_ERROR(Commit());
        return SessionAction(std::move(item));
      }
      const absl::Status told = Tell(item.item, *known);
      if (!told.ok()) {
        return absl::DataLossError(fmt::format("stored outcome {} does not fit its work item: {}",
                                               item.digest, std::string(told.message())));
      }
      told_from_store = true;
      FreezeClock();
    }
  }

  absl::Status Complete(const SessionItem& item, const Outcome& outcome) override {
    STRATA_RETURN_IF_ERROR(Record(item, outcome));
    return Commit();
  }

  absl::Status Record(const SessionItem& item, const Outcome& outcome) override {
    const auto found = outstanding_.find(item.item.id);
    if (found == outstanding_.end() || found->second.digest != item.digest) {
      return absl::InvalidArgumentError(
          fmt::format("work item {} with digest {} was not handed out, or was completed before",
                      item.item.id, item.digest));
    }
    // No outcome that does not fit may reach the store, or the run could not be resumed.
    const int units = engine_->features(SubjectOf(item.item)).units();
    STRATA_RETURN_IF_ERROR(CheckOutcome(found->second.item, units, outcome));
    outstanding_.erase(found);
    changes_.outcomes.emplace(item.digest, outcome);
    STRATA_RETURN_IF_ERROR(Tell(item.item, outcome));
    FreezeClock();
    is_behind_ = true;
    return absl::OkStatus();
  }

  // Writes the outcomes and what they changed in one transaction, so the stored candidates are
  // always those that the stored outcomes give.
  absl::Status Commit() override {
    if (!broken_.ok()) return broken_;
    if (is_behind_) changes_.properties[kSecondsSpent] = fmt::format("{}", seconds_spent());
    is_behind_ = false;
    view_.Collect(engine_.get(), IsSearchOver(), &changes_);
    CollectRefined();
    CollectDense();
    if (changes_.empty()) return absl::OkStatus();
    // After a failure, the changes are lost to this session and the engine is ahead of the store,
    // so every later commit fails too.
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
  // Asks the engine for work and, once it is done, the refinement.
  absl::StatusOr<Action> Ask() {
    Action action = engine_->Ask();
    if (!std::holds_alternative<Done>(action) || !options_.refinement) return action;
    if (refinement_ == nullptr) STRATA_RETURN_IF_ERROR(BeginRefinement());
    if (refinement_ == nullptr) return Action(Done{});
    std::optional<EvaluateWork> item = refinement_->Ask();
    if (item) return Action(WorkItem{next_refinement_item_++, *std::move(item)});
    return refinement_->done() ? Action(Done{}) : Action(Wait{});
  }

  absl::Status Tell(const WorkItem& item, const Outcome& outcome) {
    if (item.id < kFirstRefinementItem) return engine_->Tell(item.id, outcome);
    const auto& evaluate = std::get<EvaluateWork>(item.work);
    const absl::Status told = refinement_->Tell(evaluate, outcome);
    if (told.ok()) changed_refined_.insert(evaluate.candidate);
    return told;
  }

  // Does nothing if no finalist to begin with was measured.
  absl::Status BeginRefinement() {
    const RefinementOptions options = RefinementOf(options_);
    STRATA_ASSIGN_OR_RETURN(const auto start,
                            StartOf(options.start, engine_->candidates(), layout_, options.target));
    if (!start) return absl::OkStatus();
    STRATA_ASSIGN_OR_RETURN(refinement_,
                            RefinementStage::Create(options, layout_, start->allocation));
    changes_.drops_refined = true;  // those of another start, before the run was extended
    changes_.properties[kRefinedFromProperty] = fmt::format("{}", start->candidate);
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

  void CollectDense() {
    for (const auto& [stage, property] : {std::pair{Stage::kSearch, kDenseFitnessProperty},
                                          {Stage::kSelect, kDenseSelectionProperty},
                                          {Stage::kVerify, kDenseReportProperty}}) {
      const std::optional<double> loss = engine_->DenseLoss(stage);
      if (!loss || !collected_dense_.insert(stage).second) continue;
      changes_.properties[property] = fmt::format("{}", *loss);
    }
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

  // Does nothing while stored outcomes are replayed, because a resumed run must first reach its
  // last state. A resumed run whose budget is spent therefore measures one more candidate, the
  // first that was not stored, and stops after it.
  absl::Status StopWhenBudgetIsSpent() {
    if (options_.budget_seconds <= 0 || replaying_ || stopped_ || IsSearchOver()) {
      return absl::OkStatus();
    }
    if (seconds_spent() < options_.budget_seconds) return absl::OkStatus();
    // The stop is stored before it takes effect, so that a resumed run repeats it before anything
    // that follows.
    const int64_t last = engine_->last_candidate_handed_out();
    changes_.properties[kSecondsSpent] = fmt::format("{}", seconds_spent());
    changes_.properties[kStoppedAfter] = fmt::format("{}", last);
    STRATA_RETURN_IF_ERROR(Commit());
    stopped_ = true;
    engine_->StopSearch(last);
    return absl::OkStatus();
  }

  // Finds an outcome that is stored, or recorded for the next commit.
  absl::StatusOr<std::optional<Outcome>> FindOutcome(const std::string& digest) const {
    const auto recorded = changes_.outcomes.find(digest);
    if (recorded != changes_.outcomes.end()) return std::optional<Outcome>(recorded->second);
    return store_->FindOutcome(digest);
  }

  const SessionOptions options_;
  const expr::UnitLayout layout_;
  const std::unique_ptr<Engine> engine_;
  std::unique_ptr<RefinementStage> refinement_;
  int64_t next_refinement_item_ = kFirstRefinementItem;
  std::set<int64_t> changed_refined_;  // since the last commit
  int64_t collected_slopes_ = 0;
  std::set<Stage> collected_dense_;  // whose dense losses are stored
  bool is_done_ = false;
  RunStore* const store_;
  const double started_seconds_;
  double earlier_seconds_ =
      0;  // spent before started_seconds_; all of them once the search is over
  bool search_over_ = false;
  bool replaying_ = false;  // true until work is handed out that is not stored
  bool stopped_ = false;    // the budget was spent, now or in an earlier sitting
  std::map<int64_t, SessionItem> outstanding_;
  StoredView view_;
  RunChanges changes_;      // to be written with the next commit
  bool is_behind_ = false;  // an outcome was recorded since the last commit
  absl::Status broken_;     // why nothing can be written any more
};

}  // namespace

const std::string& ContextOf(const SessionOptions& options, const WorkItem& item) {
  const int subject = SubjectOf(item);
  const WorkContexts& contexts =
      subject == 0 ? options : options.further_contexts[static_cast<size_t>(subject - 1)];
  return ContextOf(contexts, item);
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
  STRATA_RETURN_IF_ERROR(CheckContexts(options, options.further_contexts, options.engine));
  if (options.refinement) {
    STRATA_RETURN_IF_ERROR(ValidateRefinement(RefinementOf(options), layout));
    const bool has_rungs = options.refinement->method == RefinementMethod::kEvoPress;
    const size_t rungs = has_rungs ? options.refinement->evopress.rungs.size() : 0;
    if (options.refine_rung_contexts.size() != rungs) {
      return absl::InvalidArgumentError(
          fmt::format("refine_rung_contexts: expected one for each of {} rungs, found {}", rungs,
                      options.refine_rung_contexts.size()));
    }
  }
  STRATA_ASSIGN_OR_RETURN(const EngineOptions of_run, OptionsOfRun(options.engine, *store));
  STRATA_ASSIGN_OR_RETURN(std::unique_ptr<Engine> engine, Engine::Create(of_run, layout));
  auto session = std::make_unique<StoredSession>(options, layout, std::move(engine), store);
  STRATA_RETURN_IF_ERROR(session->Begin(IdentityText(of_run, layout)));
  return session;
}

}  // namespace strata::search
