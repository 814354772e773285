#include "search/engine/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <set>
#include <string>
#include <utility>

#include "expr/descent.h"
#include "expr/status_macros.h"
#include "search/engine/archive.h"
#include "search/engine/baseline_rounds.h"
#include "search/engine/candidate_list.h"
#include "search/engine/candidate_resolver.h"
#include "search/engine/engine_options.h"
#include "search/engine/feature_schedule.h"
#include "search/engine/finals.h"
#include "search/engine/outcome_codec.h"
#include "search/engine/progress.h"
#include "search/engine/scenarios.h"
#include "search/engine/work_queue.h"

namespace strata::search {
namespace {

// A measurement of slopes takes as long as about so many evaluations, and counts as so many.
constexpr int kEvaluationsPerSlopes = 3;

// This many offspring in a row without a new allocation end the search: the grammar and the limits
// leave nothing new to find, and breeding would never end.
constexpr int kMaximumIdleOffspring = 500;

size_t Index(int64_t id) { return static_cast<size_t>(id); }

EngineOptions WithScenarioObjectives(EngineOptions options) {
  options.objectives = ScenarioObjectives(options.objectives, options.robust.aggregate,
                                          static_cast<int>(options.robust.further.size()) + 1);
  return options;
}

// The strategy sees the first scenario's features and allocations and no others.
StrategyContext ContextOf(const EngineOptions& options, const expr::FeatureTable& features) {
  return {
      options.seed, options.target,    NodeObjective(options.objectives), options.objectives.size(),
      &features,    options.simplifies};
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
        progress_(options_) {
    if (scenarios_.count() > 1) AskForReferences(Stage::kSearch);
    AdmitSeeds();
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
    const absl::Status fits =
        CheckOutcome(found->item, features(SubjectOf(found->item)).units(), outcome);
    if (!fits.ok()) return fits;
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
  // A candidate that was not reported to the strategy yet.
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
    for (ProfileWork& item : resolver_.Ask(features)) items_.Add(asker, std::move(item));
  }

  void AskForFirstFeatures() {
    feature_pool_ = strategy_->FeaturePool();
    std::vector<std::vector<std::string>> of_seeds;
    for (const InFlight& flight : in_flight_) of_seeds.push_back(flight.required);
    for (ScheduledFeatures& scheduled :
         ScheduleFeatures(of_seeds, feature_pool_, options_.maximum_evaluations, &resolver_)) {
      items_.Add(scheduled.asker, std::move(scheduled.work));
    }
  }

  void AskForReferences(Stage stage) {
    for (EvaluateWork& item : scenarios_.ReferenceWork(stage)) {
      items_.Add(std::move(item));
      if (scenarios_.count() == 1) ++dense_missing_;
    }
  }

  // Adds the published functions, those of a warm start, and the first ones of the strategy.
  void AdmitSeeds() {
    for (const Seed& seed : baselines_.first_round()) AdmitBaseline(seed);
    for (const WarmStart& start : options_.warm_start) {
      strategy_->AddSeen(start.expression);
      Admit({start.expression, {"warm start", start.name, {}}});
    }
    always_measured_ = count();
    for (int i = 0; i < options_.random_candidates; ++i) Admit(strategy_->First());
    seeds_ = count();
  }

  void AdmitBaseline(const Seed& seed) {
    strategy_->AddSeen(seed.expression);
    baselines_.Add(count(), seed);
    const expr::Expression simplified = Simplified(seed.expression);
    const bool is_shorter = expr::Complexity(simplified) < expr::Complexity(seed.expression);
    AdmitAsIs({is_shorter ? simplified : seed.expression, {"baseline", seed.name, {}}});
  }

  expr::Expression Simplified(const expr::Expression& expression) const {
    if (!options_.simplifies) return expression;
    return expr::Simplified(expression, options_.strategy.variation.maximum_depth);
  }

  // Plans the tuning round of the baselines from what the strategy knows, so that timing does not
  // matter.
  void PlanTuning() {
    std::vector<std::optional<double>> fitness;
    for (size_t i = 0; i < baselines_.first_round().size(); ++i) {
      const auto id = static_cast<int64_t>(i);
      fitness.push_back(id < eligible_ ? candidates_[id].fitness_nll : std::nullopt);
    }
    baselines_.PlanTuning(fitness);
  }

  void Admit(Offspring offspring) {
    offspring.expression = Simplified(offspring.expression);
    AdmitAsIs(std::move(offspring));
  }

  void AdmitAsIs(Offspring offspring) {
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

  // Asks for what must be measured in a pruned model, now that its allocation is known, on behalf
  // of the first candidate that waits for such a feature. Returns true if a feature failed at once,
  // which settles candidates. If all candidates that wait were dropped, nobody needs anything.
  bool AskForPruned() {
    const size_t waiting = resolver_.waiting();
    if (waiting == 0) return false;
    const auto first =
        std::find_if(in_flight_.begin(), in_flight_.end(),
                     [](const InFlight& flight) { return !PrunedOf(flight.required).empty(); });
    if (first == in_flight_.end()) return false;
    std::vector<ProfileWork> ready = resolver_.TakeReady();
    const bool has_failed = resolver_.waiting() + ready.size() < waiting;
    for (ProfileWork& item : ready) {
      items_.Add(eligible_ + (first - in_flight_.begin()), std::move(item));
    }
    return has_failed;
  }

  // Returns those of `features` that are measured in a pruned model.
  static std::vector<std::string> PrunedOf(std::vector<std::string> features) {
    std::erase_if(features, [](const std::string& feature) {
      return !expr::PrunedFeature(feature).has_value();
    });
    return features;
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
    if (phase_ == Phase::kSelecting && IsRoundOver()) {
      phase_ = Phase::kVerifying;
      const std::vector<int64_t> selected = finals_.NextRound();
      if (!selected.empty() && scenarios_.count() == 1) AskForReferences(Stage::kVerify);
      MeasureFinalists(selected, Stage::kVerify);
    }
    if (phase_ == Phase::kVerifying && IsRoundOver()) phase_ = Phase::kDone;
  }

  void AdvanceSearch() {
    do {
      while (ResolveNext() || SettleNext() || BreedNext()) {
      }
    } while (AskForPruned());
  }

  bool IsRoundOver() const { return finals_.round_is_over() && dense_missing_ == 0; }

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
    if (stage == Stage::kSearch && scenarios_.count() == 1 && !has_asked_for_dense_) {
      has_asked_for_dense_ = true;
      AskForReferences(Stage::kSearch);
    }
  }

  void MeasureFinalists(const std::vector<int64_t>& ids, Stage stage) {
    const std::string failure = scenarios_.ReferenceFailure(stage);
    for (const int64_t id : ids) {
      if (failure.empty()) {
        Measure(id, stage);
      } else {
        finals_.Tell(id, stage, {.failure = failure}, &candidates_);
      }
    }
  }

  bool BreedNext() {
    const int64_t next = count();
    if (stop_after_ && next > *stop_after_) return false;
    if (next - options_.lag >= settled_prefix_) return false;
    if (!baselines_.has_tuning() && next != seeds_ && !resolver_.AreSettled(feature_pool_))
      return false;
    while (eligible_ <= next - options_.lag) TellStrategy();
    if (next == seeds_) PlanTuning();
    if (baselines_.has_tuning()) {
      AdmitBaseline(baselines_.TakeTuning());
    } else if (!Breeds(options_.strategy.kind)) {
      StopAfter(next - 1, "baselines");
      return false;
    } else if (resolver_.AreSettled(feature_pool_)) {
      Admit(strategy_->Breed());
    } else {
      return false;
    }
    AskForFeatures(next, in_flight_.back().required);
    return true;
  }

  // Reports the next candidate, which is settled.
  void TellStrategy() {
    const Candidate& candidate = candidates_[eligible_];
    const InFlight& flight = in_flight_.front();
    strategy_->AddResult({candidate.id, flight.expression, flight.required, candidate.allocation,
                          candidate.same_as.has_value(),
                          ObjectivesOf(candidate, options_.objectives)});
    if (!candidate.same_as) ladder_.AddResult(candidate.rung_nll, candidate.complexity);
    in_flight_.pop_front();
    ++eligible_;
  }

  bool ResolveNext() {
    if (resolved_ == count()) return false;
    const InFlight& flight = FlightOf(resolved_);
    if (!scenarios_.HasReferences(Stage::kSearch) || !resolver_.AreSettled(flight.required)) {
      return false;
    }
    Candidate& candidate = candidates_.Change(resolved_++);
    candidate.failure = scenarios_.ReferenceFailure(Stage::kSearch);
    if (candidate.failure.empty()) {
      resolver_.Resolve(flight.expression, flight.required, &candidate);
    }
    const bool is_new = candidate.failure.empty() && Deduplicate(&candidate);
    if (!candidate.failure.empty()) FlightOf(candidate.id).settled = true;
    for (std::string& feature : PrunedOf(flight.required)) {
      if (counted_slopes_.insert(std::move(feature)).second) allocations_ += kEvaluationsPerSlopes;
    }
    LimitSearch(candidate.id, is_new);
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
    if (options_.maximum_evaluations > 0 && allocations_ >= options_.maximum_evaluations) {
      StopAfter(id, "evaluations");
    } else if (idle_offspring_ == kMaximumIdleOffspring) {
      StopAfter(id, "nothing new");
    }
  }

  // Takes the next settled candidate into the archive, in order of id, before anything is bred that
  // depends on it. The point at which the search stagnates and ends therefore does not depend on
  // timing either.
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
    in_flight_.resize(Index(std::max<int64_t>(0, kept - eligible_)));
    resolved_ = std::min(resolved_, kept);
    if (settled_prefix_ > kept) {
      progress_ = SearchProgress(options_);
      for (const Candidate& candidate : candidates_.all()) progress_.Add(candidate);
      settled_prefix_ = kept;
    }
    if (last < 0) dense_missing_ = 0;  // it comes after the first candidate, so it waits too
    items_.DropAbove(last < 0 && scenarios_.count() == 1 ? last - 1 : last);
  }

  void TellEvaluation(const EvaluateWork& item, const Outcome& outcome) {
    if (item.reference != Reference::kNone) {
      if (scenarios_.count() == 1) --dense_missing_;
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
      if (!is_last && GoesOn(item, measured.mean_nll)) {
        Measure(candidate.id, Stage::kSearch, item.rung + 1);
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

  // Baselines and warm starts always go on, because the others are compared with them.
  bool GoesOn(const EvaluateWork& item, double nll) {
    return item.candidate < always_measured_ || baselines_.Contains(item.candidate) ||
           nll <= FlightOf(item.candidate).limits[static_cast<size_t>(item.rung)];
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
  std::deque<InFlight> in_flight_;  // of candidates from eligible_ on
  int64_t always_measured_ = 0;     // candidates below are baselines or warm starts
  int64_t seeds_ = 0;               // candidates below were not bred from results
  int64_t resolved_ = 0;            // candidates below are resolved
  int64_t settled_prefix_ = 0;      // candidates below are settled and in the archive's order
  int64_t eligible_ = 0;            // candidates below are known to the strategy
  WorkQueue items_;
  std::optional<int64_t> stop_after_;  // set when the search phase ends; nothing above stays
  std::string end_reason_;
  int64_t dense_missing_ = 0;  // work items of one scenario's dense model without an outcome
  bool has_asked_for_dense_ = false;
  int64_t allocations_ = 0;  // distinct ones admitted to measurement, slopes counted in
  std::set<std::string> counted_slopes_;  // features
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
