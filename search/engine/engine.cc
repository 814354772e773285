#include "search/engine/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <set>
#include <utility>

#include "search/engine/archive.h"
#include "search/engine/candidate_list.h"
#include "search/engine/candidate_resolver.h"
#include "search/engine/engine_options.h"
#include "search/engine/finals.h"
#include "search/engine/outcome_codec.h"
#include "search/engine/progress.h"
#include "search/engine/scenarios.h"
#include "search/engine/task_queue.h"

namespace strata::search {
namespace {

// So many offspring in a row without an allocation not measured before end the search: the grammar
// and the limits leave nothing new to find, and breeding on would never end.
constexpr int kMaximumIdleOffspring = 500;

size_t Index(int64_t id) { return static_cast<size_t>(id); }

EngineOptions WithScenarioObjectives(EngineOptions options) {
  options.objectives = ScenarioObjectives(options.objectives, options.robust.aggregate,
                                          static_cast<int>(options.robust.further.size()) + 1);
  return options;
}

// The strategy sees the first scenario's features and allocations and no others.
StrategyContext ContextOf(const EngineOptions& options, const expr::FeatureTable& features) {
  return {options.seed, options.target, NodeObjective(options.objectives),
          options.objectives.size(), &features};
}

// A candidate is bred, then resolved (allocation known, or infeasible, or the same as an earlier
// one's), then settled (its fitness or failure is known), then told to the strategy. Breeding and
// resolving happen strictly in order of id, and when candidate k is bred the strategy was told of
// all up to k - lag and of no other: that is why timing cannot change what is found.
class SearchEngine final : public Engine {
 public:
  SearchEngine(const EngineOptions& options, const expr::UnitLayout& layout)
      : options_(WithScenarioObjectives(options)),
        scenarios_(options, layout),
        resolver_(&scenarios_),
        strategy_(MakeStrategy(options.strategy, ContextOf(options_, resolver_.table(0)))),
        ladder_(options.ladder),
        progress_(options_) {
    AskForReferences(Rung::kSearch);
    AdmitSeeds();
    // One pass over the model for the features of all seeds and one for the pool's: two workers
    // make them at once, and the seeds are measured meanwhile.
    std::set<std::string> features;
    for (const InFlight& flight : in_flight_) {
      features.insert(flight.required.begin(), flight.required.end());
    }
    AskForFeatures(0, {features.begin(), features.end()});
    feature_pool_ = strategy_->FeaturePool();
    AskForFeatures(0, feature_pool_);
    Advance();
  }

  Action Ask() override {
    if (phase_ == Phase::kDone) return Done{};
    if (std::optional<Task> task = tasks_.HandOut()) return *std::move(task);
    return Wait{};
  }

  absl::Status Tell(int64_t task, const Outcome& outcome) override {
    const TaskQueue::HandedOut* found = tasks_.Find(task);
    if (found == nullptr) {
      return absl::InvalidArgumentError(
          fmt::format("task {} was not handed out, or its outcome was told before", task));
    }
    const absl::Status fits =
        CheckOutcome(found->task, features(SubjectOf(found->task)).units(), outcome);
    if (!fits.ok()) return fits;
    const TaskQueue::HandedOut told = tasks_.TakeBack(task);
    if (const auto* profile = std::get_if<ProfileTask>(&told.task.work)) {
      absl::StatusOr<std::vector<ProfileTask>> retry = resolver_.Settle(*profile, outcome);
      if (!retry.ok()) return retry.status();
      const bool is_wanted = !stop_after_ || told.asker <= *stop_after_;
      for (ProfileTask& again : *retry) {
        if (is_wanted) tasks_.Add(told.asker, std::move(again));
      }
    } else {
      TellEvaluation(std::get<EvaluateTask>(told.task.work), outcome);
    }
    Advance();
    return absl::OkStatus();
  }

  // Candidates are numbered without gaps, so those up to the last one handed out all stay, whatever
  // `last_candidate` says.
  void StopSearch(std::optional<int64_t> last_candidate) override {
    if (phase_ != Phase::kSearching && phase_ != Phase::kDraining) return;
    const int64_t last = last_candidate_handed_out();
    StopAfter(std::max(last_candidate.value_or(last), last), "stopped");
    Advance();
  }

  Phase phase() const override { return phase_; }
  const std::string& end_reason() const override { return end_reason_; }
  int64_t evaluations() const override { return evaluations_; }
  int64_t last_candidate_handed_out() const override { return tasks_.last_candidate_handed_out(); }
  const std::vector<Candidate>& candidates() const override { return candidates_.all(); }
  const expr::FeatureTable& features(int subject) const override {
    return resolver_.table(subject);
  }
  std::vector<ReferenceLosses> References(Rung rung) const override {
    return scenarios_.References(rung);
  }
  std::vector<int64_t> TakeChanged() override { return candidates_.TakeChanged(); }
  double ArchiveHypervolume() const override { return progress_.hypervolume(); }
  std::vector<int64_t> Front() const override { return progress_.Front(candidates_.all()); }
  std::vector<int64_t> BestBaselines() const override {
    return BestOfBaselines(candidates_.all(), baseline_of_);
  }

 private:
  // Of a candidate that the strategy was not told of yet.
  struct InFlight {
    expr::Expression expression;
    std::vector<std::string> required;  // features
    std::vector<double> limits;         // of the ladder
    bool settled = false;
  };
  InFlight& FlightOf(int64_t id) { return in_flight_[Index(id - eligible_)]; }
  int64_t count() const { return candidates_.count(); }
  bool IsSettled(int64_t id) { return id < eligible_ || FlightOf(id).settled; }

  void AskForFeatures(int64_t asker, const std::vector<std::string>& features) {
    for (ProfileTask& task : resolver_.Ask(features)) tasks_.Add(asker, std::move(task));
  }

  void AskForReferences(Rung rung) {
    for (EvaluateTask& task : scenarios_.ReferenceTasks(rung)) tasks_.Add(std::move(task));
  }

  // The published functions, those of a warm start, and the strategy's own first ones.
  void AdmitSeeds() {
    for (const Seed& seed : BaselineSeeds(options_.baselines)) {
      strategy_->AddSeen(seed.expression);
      baseline_of_.push_back(seed.baseline);
      Admit({seed.expression, {"baseline", seed.name, {}}});
    }
    for (const WarmStart& start : options_.warm_start) {
      strategy_->AddSeen(start.expression);
      Admit({start.expression, {"warm start", start.name, {}}});
    }
    always_measured_ = count();
    for (int i = 0; i < options_.random_candidates; ++i) Admit(strategy_->First());
    seeds_ = count();
  }

  void Admit(Offspring offspring) {
    Candidate candidate;
    candidate.id = count();
    candidate.text = expr::PrintExpression(offspring.expression);
    candidate.complexity = expr::Complexity(offspring.expression);
    candidate.lineage = std::move(offspring.lineage);
    candidate.forecast = offspring.forecast;
    InFlight flight;
    flight.required = expr::RequiredFeatures(offspring.expression);
    flight.expression = std::move(offspring.expression);
    flight.limits = ladder_.LimitsFor(candidate.complexity);
    in_flight_.push_back(std::move(flight));
    candidates_.Add(std::move(candidate));
  }

  // Everything that can be done without another outcome.
  void Advance() {
    while (ResolveNext() || SettleNext() || BreedNext()) {
    }
    if (phase_ == Phase::kDraining && count() == *stop_after_ + 1 && settled_prefix_ == count()) {
      phase_ = Phase::kSelecting;
      finalists_ = finals_.Begin(
          Finalists(candidates_.all(), options_.objectives, BestBaselines(), options_.finalists));
      if (!finalists_.empty()) {
        AskForReferences(Rung::kSelect);
        AskForReferences(Rung::kVerify);
      }
    }
    if (!finalists_.empty() && scenarios_.HasReferences(Rung::kSelect) &&
        scenarios_.HasReferences(Rung::kVerify)) {
      MeasureFinalists(std::exchange(finalists_, {}), Rung::kSelect);
    }
    if (phase_ == Phase::kSelecting && finals_.round_is_over()) {
      phase_ = Phase::kVerifying;
      MeasureFinalists(finals_.NextRound(), Rung::kVerify);
    }
    if (phase_ == Phase::kVerifying && finals_.round_is_over()) phase_ = Phase::kDone;
  }

  void Measure(int64_t id, Rung rung, int level = 0) {
    const Candidate& candidate = candidates_[id];
    std::vector<expr::Allocation> allocations = {candidate.allocation};
    for (size_t i = 1; i < candidate.scenarios.size(); ++i) {
      allocations.push_back(candidate.scenarios[i].allocation);
    }
    for (EvaluateTask& task : scenarios_.TasksOf(id, rung, level, allocations)) {
      tasks_.Add(std::move(task));
    }
  }

  void MeasureFinalists(const std::vector<int64_t>& ids, Rung rung) {
    const std::string failure = scenarios_.ReferenceFailure(rung);
    for (const int64_t id : ids) {
      if (failure.empty()) {
        Measure(id, rung);
      } else {
        finals_.Tell(id, rung, {.failure = failure}, &candidates_);
      }
    }
  }

  bool BreedNext() {
    const int64_t next = count();
    if (stop_after_ && next > *stop_after_) return false;
    if (next - options_.lag >= settled_prefix_) return false;
    if (!resolver_.AreSettled(feature_pool_)) return false;
    while (eligible_ <= next - options_.lag) TellStrategy();
    Admit(strategy_->Breed());
    AskForFeatures(next, in_flight_.back().required);
    return true;
  }

  // Of the next candidate, which is settled.
  void TellStrategy() {
    const Candidate& candidate = candidates_[eligible_];
    const InFlight& flight = in_flight_.front();
    strategy_->AddResult({candidate.id, flight.expression, flight.required, candidate.allocation,
                          candidate.same_as.has_value(),
                          ObjectivesOf(candidate, options_.objectives)});
    if (!candidate.same_as) ladder_.AddResult(candidate.level_nll, candidate.complexity);
    in_flight_.pop_front();
    ++eligible_;
  }

  bool ResolveNext() {
    if (resolved_ == count()) return false;
    const InFlight& flight = FlightOf(resolved_);
    if (!scenarios_.HasReferences(Rung::kSearch) || !resolver_.AreSettled(flight.required)) {
      return false;
    }
    Candidate& candidate = candidates_.Change(resolved_++);
    candidate.failure = scenarios_.ReferenceFailure(Rung::kSearch);
    if (candidate.failure.empty()) {
      resolver_.Resolve(flight.expression, flight.required, &candidate);
    }
    const bool is_new = candidate.failure.empty() && Deduplicate(&candidate);
    if (!candidate.failure.empty()) FlightOf(candidate.id).settled = true;
    LimitSearch(candidate.id, is_new);
    return true;
  }

  // True if the candidate's allocation is new in some scenario; then it is queued for measurement.
  bool Deduplicate(Candidate* candidate) {
    candidate->same_as = resolver_.FindSame(*candidate, candidates_.all());
    if (!candidate->same_as) {
      Measure(candidate->id, Rung::kSearch);
      return true;
    }
    if (IsSettled(*candidate->same_as)) {
      candidates_.CopyResult(candidate->id);
      FlightOf(candidate->id).settled = true;
    } else {
      candidates_.CopyLater(candidate->id);
    }
    return false;
  }

  // Ends the search at the last evaluation allowed, or when nothing new comes any more.
  void LimitSearch(int64_t id, bool is_new) {
    if (is_new) {
      ++allocations_;
      idle_offspring_ = 0;
    } else if (id >= seeds_) {
      ++idle_offspring_;
    }
    if (options_.maximum_evaluations > 0 && allocations_ == options_.maximum_evaluations) {
      StopAfter(id, "evaluations");
    } else if (idle_offspring_ == kMaximumIdleOffspring) {
      StopAfter(id, "nothing new");
    }
  }

  // Takes the next settled candidate into the archive, in order of id, before anything is bred that
  // could not be bred without it: so whether the search stagnates, and where it then ends, does not
  // depend on timing either.
  bool SettleNext() {
    if (settled_prefix_ == count() || !IsSettled(settled_prefix_)) return false;
    const int64_t id = settled_prefix_++;
    progress_.Add(candidates_[id]);
    if (options_.stagnation_evaluations > 0 && id >= seeds_ &&
        progress_.idle_evaluations() >= options_.stagnation_evaluations) {
      StopAfter(id + options_.lag - 1, "stagnation");
    }
    return true;
  }

  // Drops the candidates above `last`, of which none was handed out. Of several reasons the one
  // that ends the search first counts.
  void StopAfter(int64_t last, const char* reason) {
    phase_ = Phase::kDraining;
    if (stop_after_ && *stop_after_ <= last) return;
    end_reason_ = reason;
    stop_after_ = last;
    const int64_t kept = last + 1;
    if (count() <= kept) return;
    candidates_.Truncate(kept);
    in_flight_.resize(Index(std::max<int64_t>(0, kept - eligible_)));
    resolved_ = std::min(resolved_, kept);
    if (settled_prefix_ > kept) {
      progress_ = SearchProgress(options_);
      for (const Candidate& candidate : candidates_.all()) progress_.Add(candidate);
      settled_prefix_ = kept;
    }
    tasks_.DropAbove(last);
  }

  void TellEvaluation(const EvaluateTask& task, const Outcome& outcome) {
    if (task.reference != Reference::kNone) {
      scenarios_.TellReference(task, outcome);
      return;
    }
    const bool is_last = task.level + 1 == options_.ladder.levels;
    const bool needs_measures = task.rung == Rung::kSearch && is_last;
    const auto result = scenarios_.Tell(
        task, outcome, needs_measures ? options_.objectives : std::vector<std::string>());
    if (!result) return;
    if (task.rung != Rung::kSearch) {
      finals_.Tell(task.candidate, task.rung, *result, &candidates_);
    } else {
      TellFitness(task, *result, is_last);
    }
  }

  void TellFitness(const EvaluateTask& task, const ScenarioOutcome& result, bool is_last) {
    if (task.level == 0) ++evaluations_;
    Candidate& candidate = candidates_.Change(task.candidate);
    candidate.failure = result.failure;
    const bool is_measured = result.failure.empty();
    const EvaluateOutcome& measured = result.combined;
    if (is_measured) {
      if (options_.ladder.levels > 1) candidate.level_nll.push_back(measured.mean_nll);
      candidate.achieved_sparsity = measured.achieved_sparsity;
      if (!is_last && GoesOn(task, measured.mean_nll)) {
        Measure(candidate.id, Rung::kSearch, task.level + 1);
        return;
      }
      candidate.stopped_early = !is_last;
    }
    if (is_measured && is_last) {
      candidates_.SetFitness(candidate.id, result, options_.objectives);
    }
    FlightOf(candidate.id).settled = true;
    for (const int64_t copy : candidates_.CopyToAll(candidate.id)) FlightOf(copy).settled = true;
  }

  // Baselines and warm starts always do: they are what the others are compared with.
  bool GoesOn(const EvaluateTask& task, double nll) {
    return task.candidate < always_measured_ ||
           nll <= FlightOf(task.candidate).limits[static_cast<size_t>(task.level)];
  }

  const EngineOptions options_;
  Scenarios scenarios_;
  CandidateResolver resolver_;
  std::unique_ptr<Strategy> strategy_;
  Ladder ladder_;
  SearchProgress progress_;
  Finals finals_;
  std::vector<int64_t> finalists_;         // that wait for the references of selection
  std::vector<std::string> feature_pool_;  // measured before anything is bred
  CandidateList candidates_;
  std::deque<InFlight> in_flight_;  // of candidates from eligible_ on
  std::vector<int> baseline_of_;    // of the first candidates
  int64_t always_measured_ = 0;     // candidates below are baselines or warm starts
  int64_t seeds_ = 0;               // candidates below were not bred from results
  int64_t resolved_ = 0;            // candidates below are resolved
  int64_t settled_prefix_ = 0;      // candidates below are settled and in the archive's order
  int64_t eligible_ = 0;            // candidates below are known to the strategy
  TaskQueue tasks_;
  std::optional<int64_t> stop_after_;  // set when the search phase ends; then nothing above exists
  std::string end_reason_;
  int64_t allocations_ = 0;  // distinct ones admitted to measurement
  int64_t evaluations_ = 0;
  int idle_offspring_ = 0;
  Phase phase_ = Phase::kSearching;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Engine>> Engine::Create(const EngineOptions& options,
                                                       const expr::UnitLayout& layout) {
  const absl::Status valid = ValidateOptions(options, layout);
  if (!valid.ok()) return valid;
  return std::make_unique<SearchEngine>(options, layout);
}

}  // namespace strata::search
