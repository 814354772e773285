#include "search/engine/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "expr/status_macros.h"
#include "search/engine/admission.h"
#include "search/engine/archive.h"
#include "search/engine/baseline_rounds.h"
#include "search/engine/candidate_list.h"
#include "search/engine/candidate_resolver.h"
#include "search/engine/engine_options.h"
#include "search/engine/feature_schedule.h"
#include "search/engine/finals.h"
#include "search/engine/flights.h"
#include "search/engine/outcome_codec.h"
#include "search/engine/progress.h"
#include "search/engine/scenarios.h"
#include "search/engine/search_limits.h"
#include "search/engine/work_queue.h"

namespace strata::search {
namespace {

EngineOptions WithScenarioObjectives(EngineOptions options) {
  options.objectives = ScenarioObjectives(options.objectives, options.robust.aggregate,
                                          static_cast<int>(options.robust.further.size()) + 1);
  return options;
}

// The strategy sees the first scenario's features and allocations and no others.
StrategyContext ContextOf(const EngineOptions& options, const expr::FeatureTable& features) {
  const std::vector<std::string>& objectives = options.objectives;
  return {options.seed,      options.target, NodeObjective(objectives),
          objectives.size(), &features,      options.simplifies};
}

// A candidate is bred, then resolved (its allocation is known, infeasible, or the same as an
// earlier one's), then settled (its fitness or failure is known), then reported to the strategy.
// Breeding and resolving happen strictly in order of id. When candidate k is bred, the strategy
// knows all candidates up to k - lag and no other, so timing cannot change what is found.
class SearchEngine final : public Engine {
 public:
  SearchEngine(const EngineOptions& options, const expr::UnitLayout& layout)
      : options_(WithScenarioObjectives(options)),
        scenarios_(options, layout),
        resolver_(&scenarios_),
        strategy_(MakeStrategy(options.strategy, ContextOf(options_, resolver_.table(0)))),
        ladder_(options.ladder),
        baselines_(options_),
        progress_(options_),
        admission_({&options_, &ladder_, strategy_.get(), &baselines_, &candidates_, &flights_}),
        limits_(options.maximum_evaluations) {
    if (scenarios_.count() > 1) AskForReferences(Stage::kSearch);
    admission_.AdmitSeeds();
    AskForFirstFeatures();
    Advance();
  }

  Action Ask() override {
    if (phase_ == Phase::kDone) return Done{};
    if (std::optional<WorkItem> item = items_.HandOut()) return *std::move(item);
    return Wait{};
  }

  absl::Status Tell(int64_t item, const Outcome& outcome) override {
    const WorkQueue::HandedOut* found = items_.Find(item);
    if (found == nullptr) {
      return absl::InvalidArgumentError(
          fmt::format("work item {} was not handed out, or its outcome was told before", item));
    }
    STRATA_RETURN_IF_ERROR(
        CheckOutcome(found->item, features(SubjectOf(found->item)).units(), outcome));
    const WorkQueue::HandedOut told = items_.TakeBack(item);
    if (const auto* profile = std::get_if<ProfileWork>(&told.item.work)) {
      STRATA_ASSIGN_OR_RETURN(std::vector<ProfileWork> retry, resolver_.Settle(*profile, outcome));
      const bool is_wanted = !stop_after_ || told.asker <= *stop_after_;
      for (ProfileWork& again : retry) {
        if (is_wanted) items_.Add(told.asker, std::move(again));
      }
      if (!profile->pruned.empty()) evaluations_ += kEvaluationsPerSlopes;
    } else {
      TellEvaluation(std::get<EvaluateWork>(told.item.work), outcome);
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
  int64_t last_candidate_handed_out() const override { return items_.last_candidate_handed_out(); }
  const std::vector<Candidate>& candidates() const override { return candidates_.all(); }
  const expr::FeatureTable& features(int subject) const override {
    return resolver_.table(subject);
  }
  FeatureCounts feature_counts() const override { return resolver_.counts(); }
  std::vector<ReferenceLosses> References(Stage stage) const override {
    return scenarios_.References(stage);
  }
  std::optional<double> DenseLoss(Stage stage) const override {
    return scenarios_.DenseLoss(stage);
  }
  std::vector<int64_t> TakeChanged() override { return candidates_.TakeChanged(); }
  double ArchiveHypervolume() const override { return progress_.hypervolume(); }
  std::vector<int64_t> Front() const override { return progress_.Front(candidates_.all()); }
  std::vector<int64_t> BestBaselines() const override {
    return BestOfBaselines(candidates_.all(), baselines_.baseline_of());
  }

 private:
  int64_t count() const { return candidates_.count(); }
  bool is_round_over() const { return finals_.round_is_over() && !scenarios_.awaits_dense(); }

  void AskForFirstFeatures() {
    feature_pool_ = strategy_->FeaturePool();
    std::vector<std::vector<std::string>> of_seeds;
    for (const Flight& flight : flights_.all()) of_seeds.push_back(flight.required);
    for (ScheduledFeatures& scheduled :
         ScheduleFeatures(of_seeds, feature_pool_, options_.maximum_evaluations, &resolver_)) {
      items_.Add(scheduled.asker, std::move(scheduled.work));
    }
  }

  void AskForReferences(Stage stage) {
    for (EvaluateWork& item : scenarios_.AskForReferences(stage)) items_.Add(std::move(item));
  }

  // Plans the tuning round of the baselines from what the strategy knows, so that timing does not
  // matter.
  void PlanTuning() {
    std::vector<std::optional<double>> fitness;
    for (size_t i = 0; i < baselines_.first_round().size(); ++i) {
      const auto id = static_cast<int64_t>(i);
      fitness.push_back(id < flights_.first_id() ? candidates_[id].fitness_nll : std::nullopt);
    }
    baselines_.PlanTuning(fitness);
  }

  // Asks for what must be measured in a pruned model, now that its allocation is known, on behalf
  // of the first candidate that waits for such a feature. Returns true if a feature failed at once,
  // which settles candidates. If all candidates that wait were dropped, nobody needs anything.
  bool AskForPruned() {
    const size_t waiting = resolver_.waiting();
    if (waiting == 0) return false;
    const std::optional<int64_t> first = flights_.FirstWithPruned();
    if (!first) return false;
    std::vector<ProfileWork> ready = resolver_.TakeReady();
    const bool has_failed = resolver_.waiting() + ready.size() < waiting;
    for (ProfileWork& item : ready) items_.Add(*first, std::move(item));
    return has_failed;
  }

  // Does everything that needs no further outcome.
  void Advance() {
    AdvanceSearch();
    if (phase_ == Phase::kDraining && count() == *stop_after_ + 1 && settled_prefix_ == count()) {
      phase_ = Phase::kSelecting;
      finalists_ = finals_.Begin(
          Finalists(candidates_.all(), options_.objectives, BestBaselines(), options_.finalists));
      if (!finalists_.empty()) {
        AskForReferences(Stage::kSelect);
        if (scenarios_.count() > 1) AskForReferences(Stage::kVerify);
      }
    }
    if (!finalists_.empty() && scenarios_.HasReferences(Stage::kSelect) &&
        scenarios_.HasReferences(Stage::kVerify)) {
      MeasureFinalists(std::exchange(finalists_, {}), Stage::kSelect);
    }
    if (phase_ == Phase::kSelecting && is_round_over()) {
      phase_ = Phase::kVerifying;
      const std::vector<int64_t> selected = finals_.NextRound();
      if (!selected.empty() && scenarios_.count() == 1) AskForReferences(Stage::kVerify);
      MeasureFinalists(selected, Stage::kVerify);
    }
    if (phase_ == Phase::kVerifying && is_round_over()) phase_ = Phase::kDone;
  }

  void AdvanceSearch() {
    do {
      while (ResolveNext() || SettleNext() || BreedNext()) {
      }
    } while (AskForPruned());
  }

  void Measure(int64_t id, Stage stage, int rung = 0) {
    const Candidate& candidate = candidates_[id];
    std::vector<expr::Allocation> allocations = {candidate.allocation};
    for (size_t i = 1; i < candidate.scenarios.size(); ++i) {
      allocations.push_back(candidate.scenarios[i].allocation);
    }
    for (EvaluateWork& item : scenarios_.WorkOf(id, stage, rung, allocations)) {
      items_.Add(std::move(item));
    }
    // One scenario needs no reference to begin. The dense model follows the first candidate, so
    // that its loss is shown from early on.
    if (stage == Stage::kSearch && !scenarios_.HasAsked(Stage::kSearch)) {
      AskForReferences(Stage::kSearch);
    }
  }

  void MeasureFinalists(const std::vector<int64_t>& ids, Stage stage) {
    const std::string failure = scenarios_.ReferenceFailure(stage);
    for (const int64_t id : ids) {
      if (failure.empty()) Measure(id, stage);
      if (!failure.empty()) finals_.Tell(id, stage, {.failure = failure}, &candidates_);
    }
  }

  bool BreedNext() {
    const int64_t next = count();
    if (stop_after_ && next > *stop_after_) return false;
    if (next - options_.lag >= settled_prefix_) return false;
    if (!baselines_.has_tuning() && next != admission_.seeds() &&
        !resolver_.AreSettled(feature_pool_))
      return false;
    while (flights_.first_id() <= next - options_.lag) TellStrategy();
    if (next == admission_.seeds()) PlanTuning();
    if (baselines_.has_tuning()) {
      admission_.AdmitBaseline(baselines_.TakeTuning());
    } else if (!Breeds(options_.strategy.kind)) {
      StopAfter(next - 1, "baselines");
      return false;
    } else if (resolver_.AreSettled(feature_pool_)) {
      admission_.Admit(strategy_->Breed());
    } else {
      return false;
    }
    for (ProfileWork& item : resolver_.Ask(flights_.latest().required)) {
      items_.Add(next, std::move(item));
    }
    return true;
  }

  // Reports the next candidate, which is settled.
  void TellStrategy() {
    const Candidate& candidate = candidates_[flights_.first_id()];
    const Flight& flight = flights_.first();
    strategy_->AddResult({candidate.id, flight.expression, flight.required, candidate.allocation,
                          candidate.same_as.has_value(),
                          ObjectivesOf(candidate, options_.objectives)});
    if (!candidate.same_as) ladder_.AddResult(candidate.rung_nll, candidate.complexity);
    flights_.EndFirst();
  }

  bool ResolveNext() {
    if (resolved_ == count()) return false;
    const Flight& flight = flights_[resolved_];
    if (!scenarios_.HasReferences(Stage::kSearch) || !resolver_.AreSettled(flight.required)) {
      return false;
    }
    Candidate& candidate = candidates_.Change(resolved_++);
    candidate.failure = scenarios_.ReferenceFailure(Stage::kSearch);
    if (candidate.failure.empty()) {
      resolver_.Resolve(flight.expression, flight.required, &candidate);
    }
    const bool is_new = candidate.failure.empty() && Deduplicate(&candidate);
    if (!candidate.failure.empty()) flights_.Settle(candidate.id);
    limits_.Count(flight.required, is_new, candidate.id >= admission_.seeds());
    if (const char* reason = limits_.Reason()) StopAfter(candidate.id, reason);
    return true;
  }

  // Returns true if the candidate's allocation is new in some scenario; then it is queued for
  // measurement.
  bool Deduplicate(Candidate* candidate) {
    candidate->same_as = resolver_.FindSame(*candidate, candidates_.all());
    if (!candidate->same_as) {
      Measure(candidate->id, Stage::kSearch);
      return true;
    }
    if (flights_.IsSettled(*candidate->same_as)) {
      candidates_.CopyResult(candidate->id);
      flights_.Settle(candidate->id);
    } else {
      candidates_.CopyLater(candidate->id);
    }
    return false;
  }

  // Takes the next settled candidate into the archive, in order of id, before anything is bred that
  // depends on it. The point at which the search stagnates and ends therefore does not depend on
  // timing either.
  bool SettleNext() {
    if (settled_prefix_ == count() || !flights_.IsSettled(settled_prefix_)) return false;
    const int64_t id = settled_prefix_++;
    progress_.Add(candidates_[id]);
    if (options_.stagnation_evaluations > 0 && id >= admission_.seeds() &&
        progress_.idle_evaluations() >= options_.stagnation_evaluations) {
      StopAfter(id + options_.lag - 1, "stagnation");
    }
    return true;
  }

  // Drops the candidates above `last`, none of which was handed out. If there are several reasons,
  // the one that ends the search first counts.
  void StopAfter(int64_t last, const char* reason) {
    phase_ = Phase::kDraining;
    if (stop_after_ && *stop_after_ <= last) return;
    end_reason_ = reason;
    stop_after_ = last;
    const int64_t kept = last + 1;
    if (count() <= kept) return;
    candidates_.Truncate(kept);
    flights_.Truncate(kept);
    resolved_ = std::min(resolved_, kept);
    if (settled_prefix_ > kept) {
      progress_ = SearchProgress(options_);
      for (const Candidate& candidate : candidates_.all()) progress_.Add(candidate);
      settled_prefix_ = kept;
    }
    if (last < 0) scenarios_.ForgetDense();  // it comes after the first candidate, so it waits too
    items_.DropAbove(last < 0 && scenarios_.count() == 1 ? last - 1 : last);
  }

  void TellEvaluation(const EvaluateWork& item, const Outcome& outcome) {
    if (item.reference != Reference::kNone) {
      scenarios_.TellReference(item, outcome);
      return;
    }
    const bool is_last = item.rung + 1 == options_.ladder.rungs;
    const bool needs_measures = item.stage == Stage::kSearch && is_last;
    const auto result = scenarios_.Tell(
        item, outcome, needs_measures ? options_.objectives : std::vector<std::string>());
    if (!result) return;
    if (item.stage != Stage::kSearch) {
      finals_.Tell(item.candidate, item.stage, *result, &candidates_);
    } else {
      TellFitness(item, *result, is_last);
    }
  }

  void TellFitness(const EvaluateWork& item, const ScenarioOutcome& result, bool is_last) {
    if (item.rung == 0) ++evaluations_;
    Candidate& candidate = candidates_.Change(item.candidate);
    candidate.failure = result.failure;
    const bool is_measured = result.failure.empty();
    const EvaluateOutcome& measured = result.combined;
    if (is_measured) {
      if (options_.ladder.rungs > 1) candidate.rung_nll.push_back(measured.mean_nll);
      candidate.achieved_sparsity = measured.achieved_sparsity;
      const std::vector<double>& limits = flights_[candidate.id].limits;
      if (!is_last && (admission_.IsAlwaysMeasured(candidate.id) ||
                       measured.mean_nll <= limits[static_cast<size_t>(item.rung)])) {
        Measure(candidate.id, Stage::kSearch, item.rung + 1);
        return;
      }
      candidate.stopped_early = !is_last;
    }
    if (is_measured && is_last) {
      candidates_.SetFitness(candidate.id, result, options_.objectives);
    }
    flights_.Settle(candidate.id);
    for (const int64_t copy : candidates_.CopyToAll(candidate.id)) flights_.Settle(copy);
  }

  const EngineOptions options_;
  Scenarios scenarios_;
  CandidateResolver resolver_;
  std::unique_ptr<Strategy> strategy_;
  Ladder ladder_;
  BaselineRounds baselines_;
  SearchProgress progress_;
  Finals finals_;
  std::vector<int64_t> finalists_;         // waiting for the references of selection
  std::vector<std::string> feature_pool_;  // measured before anything is bred
  CandidateList candidates_;
  Flights flights_;
  Admission admission_;
  SearchLimits limits_;
  int64_t resolved_ = 0;        // candidates below are resolved
  int64_t settled_prefix_ = 0;  // candidates below are settled and in the archive's order
  WorkQueue items_;
  std::optional<int64_t> stop_after_;  // set when the search phase ends; nothing above stays
  std::string end_reason_;
  int64_t evaluations_ = 0;
  Phase phase_ = Phase::kSearching;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Engine>> Engine::Create(const EngineOptions& options,
                                                       const expr::UnitLayout& layout) {
  STRATA_RETURN_IF_ERROR(ValidateOptions(options, layout));
  return std::make_unique<SearchEngine>(options, layout);
}

}  // namespace strata::search
