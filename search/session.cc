#include "search/session.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <utility>

#include "search/engine_options.h"
#include "search/outcome_codec.h"
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

// Which parts of a candidate's row have a value. Each part gets its value once, so a row needs
// writing again exactly when a bit changed.
uint16_t RowState(const Candidate& candidate, bool on_front, bool best_of_baseline) {
  unsigned state = 1;
  for (const bool part :
       {!candidate.allocation.empty(), candidate.same_as.has_value(), !candidate.failure.empty(),
        candidate.fitness_nll.has_value(), candidate.selection_nll.has_value(),
        candidate.report_nll.has_value(), candidate.stopped_early, on_front, best_of_baseline}) {
    state = state << 1 | (part ? 1u : 0u);
  }
  state = state << 4 | static_cast<unsigned>(candidate.level_nll.size());
  return static_cast<uint16_t>(state);
}

StoredCandidate RowOf(const Candidate& candidate, bool on_front, bool best_of_baseline) {
  StoredCandidate row;
  row.id = candidate.id;
  row.text = candidate.text;
  row.complexity = candidate.complexity;
  row.lineage = candidate.lineage;
  row.forecast = candidate.forecast;
  row.allocation = candidate.allocation;
  row.same_as = candidate.same_as;
  row.failure = candidate.failure;
  row.level_nll = candidate.level_nll;
  row.stopped_early = candidate.stopped_early;
  row.measures = candidate.measures;
  row.fitness_nll = candidate.fitness_nll;
  row.selection_nll = candidate.selection_nll;
  row.report_nll = candidate.report_nll;
  row.achieved_sparsity = candidate.achieved_sparsity;
  row.on_front = on_front;
  row.best_of_baseline = best_of_baseline;
  return row;
}

class StoredSession final : public Session {
 public:
  StoredSession(SessionOptions options, int units, std::unique_ptr<Engine> engine, RunStore* store)
      : options_(std::move(options)),
        units_(units),
        engine_(std::move(engine)),
        store_(store),
        started_seconds_(options_.now_seconds()) {}

  // Brings a stored run back to where it was; writes what identifies a new one.
  absl::Status Begin(const std::string& identity) {
    const absl::StatusOr<std::optional<std::string>> known = store_->Property(kEngineOptions);
    if (!known.ok()) return known.status();
    replaying_ = known->has_value();
    const std::string racing = fmt::format("{}", fmt::join(options_.racing_contexts, "\n"));
    const std::pair<const char*, const std::string*> properties[] = {
        {"profile_context", &options_.profile_context},
        {"racing_contexts", &racing},
        {"search_context", &options_.search_context},
        {"select_context", &options_.select_context},
        {"verify_context", &options_.verify_context},
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
      absl::Status stopped = StopWhenBudgetIsSpent();
      if (!stopped.ok()) return stopped;
      Action action = engine_->Ask();
      FreezeClock();
      if (!std::holds_alternative<Task>(action)) {
        if (told_from_store || std::holds_alternative<Done>(action)) {
          const absl::Status written = WriteCandidates();
          if (!written.ok()) return written;
        }
        if (std::holds_alternative<Done>(action)) {
          const absl::Status written =
              store_->PutProperty(kEndReasonProperty, stopped_ ? "time" : engine_->end_reason());
          if (!written.ok()) return written;
        }
        if (std::holds_alternative<Done>(action)) return SessionAction(Done{});
        return SessionAction(Wait{});
      }
      SessionTask task;
      task.task = std::get<Task>(std::move(action));
      task.digest = TaskDigest(ContextOf(task.task), task.task);
      const absl::StatusOr<std::optional<Outcome>> known = store_->FindOutcome(task.digest);
      if (!known.ok()) return known.status();
      if (!*known) {
        replaying_ = false;
        outstanding_[task.task.id] = task;
        if (told_from_store) {
          const absl::Status written = WriteCandidates();
          if (!written.ok()) return written;
        }
        return SessionAction(std::move(task));
      }
      const absl::Status told = engine_->Tell(task.task.id, **known);
      if (!told.ok()) {
        return absl::DataLossError(fmt::format("stored outcome {} does not fit its task: {}",
                                               task.digest, std::string(told.message())));
      }
      told_from_store = true;
      FreezeClock();
    }
  }

  absl::Status Complete(const SessionTask& task, const Outcome& outcome) override {
    const auto found = outstanding_.find(task.task.id);
    if (found == outstanding_.end() || found->second.digest != task.digest) {
      return absl::InvalidArgumentError(
          fmt::format("task {} with digest {} was not handed out, or was completed before",
                      task.task.id, task.digest));
    }
    // Nothing unfit may reach the store, or the run could not be resumed.
    const absl::Status fits = CheckOutcome(found->second.task, units_, outcome);
    if (!fits.ok()) return fits;
    absl::Status status = store_->PutOutcome(task.digest, outcome);
    if (!status.ok()) return status;
    outstanding_.erase(found);
    status = engine_->Tell(task.task.id, outcome);
    if (!status.ok()) return status;
    FreezeClock();
    status = store_->PutProperty(kSecondsSpent, fmt::format("{}", seconds_spent()));
    if (!status.ok()) return status;
    return WriteCandidates();
  }

  const Engine& engine() const override { return *engine_; }

  double seconds_spent() const override {
    if (search_over_) return earlier_seconds_;
    return earlier_seconds_ + std::max(0.0, options_.now_seconds() - started_seconds_);
  }

  bool search_stopped() const override { return stopped_; }

 private:
  const std::string& ContextOf(const Task& task) const {
    const auto* evaluate = std::get_if<EvaluateTask>(&task.work);
    if (evaluate == nullptr) return options_.profile_context;
    const auto level = static_cast<size_t>(evaluate->level);
    if (evaluate->rung == Rung::kSearch && level < options_.racing_contexts.size()) {
      return options_.racing_contexts[level];
    }
    if (evaluate->rung == Rung::kSearch) return options_.search_context;
    return evaluate->rung == Rung::kSelect ? options_.select_context : options_.verify_context;
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
    absl::Status written = store_->PutProperty(kSecondsSpent, fmt::format("{}", seconds_spent()));
    written.Update(store_->PutProperty(kStoppedAfter, fmt::format("{}", last)));
    if (!written.ok()) return written;
    stopped_ = true;
    engine_->StopSearch(last);
    return absl::OkStatus();
  }

  // Writes the rows that changed since they were written last in this sitting.
  absl::Status WriteCandidates() {
    const std::vector<Candidate>& candidates = engine_->candidates();
    std::vector<char> on_front(candidates.size()), best(candidates.size());
    for (const int64_t id : engine_->Front()) on_front[static_cast<size_t>(id)] = 1;
    for (const int64_t id : engine_->BestBaselines()) best[static_cast<size_t>(id)] = 1;

    // Rows of candidates that a stop dropped, written now or by an earlier sitting.
    const bool is_final = IsSearchOver();
    if (candidates.size() < written_.size() || (is_final && !dropped_)) {
      const absl::Status dropped =
          store_->DropCandidatesAbove(static_cast<int64_t>(candidates.size()) - 1);
      if (!dropped.ok()) return dropped;
      dropped_ = is_final;
    }
    std::vector<uint16_t> states(candidates.size());
    written_.resize(candidates.size());
    std::vector<StoredCandidate> changed;
    for (size_t i = 0; i < candidates.size(); ++i) {
      states[i] = RowState(candidates[i], on_front[i] != 0, best[i] != 0);
      if (states[i] == written_[i]) continue;
      changed.push_back(RowOf(candidates[i], on_front[i] != 0, best[i] != 0));
    }
    if (changed.empty()) return absl::OkStatus();
    const absl::Status put = store_->PutCandidates(changed);
    if (put.ok()) written_ = std::move(states);
    return put;
  }

  const SessionOptions options_;
  const int units_;
  const std::unique_ptr<Engine> engine_;
  RunStore* const store_;
  const double started_seconds_;
  double earlier_seconds_ =
      0;  // spent before started_seconds_; all of them once the search is over
  bool search_over_ = false;
  bool replaying_ = false;  // no work was handed out yet that is not stored
  bool stopped_ = false;    // the budget was spent, now or in an earlier sitting
  bool dropped_ = false;
  std::map<int64_t, SessionTask> outstanding_;
  std::vector<uint16_t> written_;  // RowState per candidate, 0 for rows not written in this sitting
};

}  // namespace

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
  if (static_cast<int>(options.racing_contexts.size()) + 1 != options.engine.ladder.levels) {
    return absl::InvalidArgumentError(
        fmt::format("racing_contexts: expected one less than the {} levels of the ladder, found {}",
                    options.engine.ladder.levels, options.racing_contexts.size()));
  }
  absl::StatusOr<std::unique_ptr<Engine>> engine = Engine::Create(options.engine, layout);
  if (!engine.ok()) return engine.status();
  auto session = std::make_unique<StoredSession>(options, static_cast<int>(layout.size()),
                                                 *std::move(engine), store);
  const absl::Status begun = session->Begin(IdentityText(options.engine, layout));
  if (!begun.ok()) return begun;
  return session;
}

}  // namespace strata::search
