#include "search/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>

#include "search/allocation_hash.h"
#include "search/archive.h"
#include "search/engine_options.h"
#include "search/feature_ledger.h"
#include "search/finals.h"
#include "search/outcome_codec.h"
#include "search/progress.h"

namespace strata::search {
namespace {

// So many offspring in a row without an allocation not measured before end the search: the grammar
// and the limits leave nothing new to find, and breeding on would never end.
constexpr int kMaximumIdleOffspring = 500;

size_t Index(int64_t id) { return static_cast<size_t>(id); }

StrategyContext ContextOf(const EngineOptions& options, const FeatureLedger& ledger) {
  return {options.seed, options.target, NodeObjective(options.objectives),
          options.objectives.size(), &ledger.table()};
}

// Why the outcome is no measurement with these objectives; empty if it is one.
std::string FailureOf(const Outcome& outcome, const std::vector<std::string>& objectives) {
  if (const auto* failed = std::get_if<FailedOutcome>(&outcome)) {
    return failed->reason.empty() ? "failed without a reason" : failed->reason;
  }
  const auto& measured = std::get<EvaluateOutcome>(outcome);
  if (!std::isfinite(measured.mean_nll) || !std::isfinite(measured.achieved_sparsity)) {
    return fmt::format("measured a loss of {} at a sparsity of {}; both must be finite",
                       measured.mean_nll, measured.achieved_sparsity);
  }
  for (const std::string& name : objectives) {
    if (name == kLoss || name == kComplexity) continue;
    const auto found = measured.measures.find(name);
    if (found == measured.measures.end()) {
      return fmt::format("expected a measurement of {}, found none", name);
    }
    if (!std::isfinite(found->second)) {
      return fmt::format("measured a {} of {}; it must be finite", name, found->second);
    }
  }
  return "";
}

// A candidate is bred, then resolved (allocation known, or infeasible, or the same as an earlier
// one's), then settled (its fitness or failure is known), then told to the strategy. Breeding and
// resolving happen strictly in order of id, and when candidate k is bred the strategy was told of
// all up to k - lag and of no other: that is why timing cannot change what is found.
class SearchEngine final : public Engine {
 public:
  SearchEngine(const EngineOptions& options, const expr::UnitLayout& layout)
      : options_(options),
        ledger_(layout),
        strategy_(MakeStrategy(options.strategy, ContextOf(options, ledger_))),
        ladder_(options.ladder),
        progress_(options) {
    AdmitSeeds();
    // The features of all seeds in one task, so that one pass over the model measures them.
    std::set<std::string> features;
    for (const InFlight& flight : in_flight_) {
      features.insert(flight.required.begin(), flight.required.end());
    }
    feature_pool_ = strategy_->FeaturePool();
    features.insert(feature_pool_.begin(), feature_pool_.end());
    AskForFeatures(0, {features.begin(), features.end()});
    Advance();
  }

  Action Ask() override {
    if (!profile_queue_.empty()) {
      ProfileRequest request = std::move(profile_queue_.front());
      profile_queue_.pop_front();
      return HandOut(ProfileTask{std::move(request.features)}, request.asker);
    }
    if (!evaluate_queue_.empty()) {
      const auto [id, level] = evaluate_queue_.front();
      evaluate_queue_.pop_front();
      const Rung rung = phase_ == Phase::kSelecting   ? Rung::kSelect
                        : phase_ == Phase::kVerifying ? Rung::kVerify
                                                      : Rung::kSearch;
      if (rung == Rung::kSearch) last_handed_out_ = std::max(last_handed_out_, id);
      return HandOut(EvaluateTask{id, rung, candidates_[Index(id)].allocation, level}, id);
    }
    if (phase_ == Phase::kDone) return Done{};
    return Wait{};
  }

  absl::Status Tell(int64_t task, const Outcome& outcome) override {
    const auto found = outstanding_.find(task);
    if (found == outstanding_.end()) {
      return absl::InvalidArgumentError(
          fmt::format("task {} was not handed out, or its outcome was told before", task));
    }
    const absl::Status fits = CheckOutcome(found->second.task, features().units(), outcome);
    if (!fits.ok()) return fits;
    const HandedOut told = std::move(found->second);
    outstanding_.erase(found);

    if (const auto* profile = std::get_if<ProfileTask>(&told.task.work)) {
      absl::StatusOr<std::vector<std::string>> retry = ledger_.Settle(profile->features, outcome);
      if (!retry.ok()) return retry.status();
      const bool is_wanted = !stop_after_ || told.asker <= *stop_after_;
      for (const std::string& feature : *retry) {
        if (is_wanted) profile_queue_.push_back({told.asker, {feature}});
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
    StopAfter(std::max(last_candidate.value_or(last_handed_out_), last_handed_out_), "stopped");
    Advance();
  }

  Phase phase() const override { return phase_; }
  const std::string& end_reason() const override { return end_reason_; }
  int64_t evaluations() const override { return evaluations_; }
  int64_t last_candidate_handed_out() const override { return last_handed_out_; }
  const std::vector<Candidate>& candidates() const override { return candidates_; }
  const expr::FeatureTable& features() const override { return ledger_.table(); }
  std::vector<int64_t> TakeChanged() override {
    std::vector<int64_t> changed = std::exchange(changed_, {});
    for (const int64_t id : changed) is_changed_[Index(id)] = false;
    return changed;
  }
  double ArchiveHypervolume() const override { return progress_.hypervolume(); }
  std::vector<int64_t> Front() const override {
    std::vector<int64_t> ids;
    for (const auto& member : progress_.archive().members()) ids.push_back(member.id);
    std::sort(ids.begin(), ids.end(), [&](int64_t a, int64_t b) {
      const Candidate &first = candidates_[Index(a)], &second = candidates_[Index(b)];
      return std::tuple(first.complexity, *first.fitness_nll, a) <
             std::tuple(second.complexity, *second.fitness_nll, b);
    });
    return ids;
  }
  std::vector<int64_t> BestBaselines() const override {
    return BestOfBaselines(candidates_, baseline_of_);
  }

 private:
  // Of a candidate that the strategy was not told of yet.
  struct InFlight {
    expr::Expression expression;
    std::vector<std::string> required;  // features
    std::vector<double> limits;         // of the ladder
    bool settled = false;
  };
  struct ProfileRequest {
    int64_t asker = 0;  // the first candidate that needs them
    std::vector<std::string> features;
  };
  struct Measuring {
    int64_t id = 0;
    int level = 0;
  };
  struct HandedOut {
    Task task;
    int64_t asker = 0;
  };

  InFlight& FlightOf(int64_t id) { return in_flight_[Index(id - eligible_)]; }
  int64_t count() const { return static_cast<int64_t>(candidates_.size()); }
  void MarkChanged(int64_t id) {
    if (is_changed_[Index(id)]) return;
    is_changed_[Index(id)] = true;
    changed_.push_back(id);
  }
  bool IsSettled(int64_t id) { return id < eligible_ || FlightOf(id).settled; }

  Task HandOut(std::variant<ProfileTask, EvaluateTask> work, int64_t asker) {
    Task task{next_task_++, std::move(work)};
    outstanding_[task.id] = {task, asker};
    return task;
  }

  void AskForFeatures(int64_t asker, const std::vector<std::string>& features) {
    std::vector<std::string> unasked = ledger_.TakeUnasked(features);
    if (!unasked.empty()) profile_queue_.push_back({asker, std::move(unasked)});
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
    candidates_.push_back(std::move(candidate));
    is_changed_.push_back(false);
    MarkChanged(candidates_.back().id);
  }

  // Everything that can be done without another outcome.
  void Advance() {
    while (ResolveNext() || SettleNext() || BreedNext()) {
    }
    if (phase_ == Phase::kDraining && count() == *stop_after_ + 1 && settled_prefix_ == count()) {
      phase_ = Phase::kSelecting;
      Measure(finals_.Begin(
          Finalists(candidates_, options_.objectives, BestBaselines(), options_.finalists)));
    }
    if (phase_ == Phase::kSelecting && finals_.round_is_over()) {
      phase_ = Phase::kVerifying;
      Measure(finals_.NextRound());
    }
    if (phase_ == Phase::kVerifying && finals_.round_is_over()) phase_ = Phase::kDone;
  }

  void Measure(const std::vector<int64_t>& ids) {
    for (const int64_t id : ids) evaluate_queue_.push_back({id, 0});
  }

  bool BreedNext() {
    const int64_t next = count();
    if (stop_after_ && next > *stop_after_) return false;
    if (next - options_.lag >= settled_prefix_) return false;
    if (!ledger_.AreSettled(feature_pool_)) return false;
    while (eligible_ <= next - options_.lag) TellStrategy();
    Admit(strategy_->Breed());
    AskForFeatures(next, in_flight_.back().required);
    return true;
  }

  // Of the next candidate, which is settled.
  void TellStrategy() {
    const Candidate& candidate = candidates_[Index(eligible_)];
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
    if (!ledger_.AreSettled(flight.required)) return false;
    Candidate& candidate = candidates_[Index(resolved_++)];
    MarkChanged(candidate.id);
    candidate.failure = ledger_.FailureAmong(flight.required);
    if (candidate.failure.empty()) {
      absl::StatusOr<expr::Allocation> allocation =
          expr::EvaluateAllocation(flight.expression, features(), options_.target);
      if (allocation.ok()) {
        candidate.allocation = *std::move(allocation);
      } else {
        candidate.failure = std::string(allocation.status().message());
      }
    }
    const bool is_new = candidate.failure.empty() && Deduplicate(&candidate);
    if (!candidate.failure.empty()) FlightOf(candidate.id).settled = true;
    LimitSearch(candidate.id, is_new);
    return true;
  }

  // True if the candidate's allocation is new; then it is queued for measurement.
  bool Deduplicate(Candidate* candidate) {
    const auto [first, is_new] =
        first_with_hash_.try_emplace(AllocationHash(candidate->allocation), candidate->id);
    // Two allocations that only share a hash are measured both.
    if (is_new || expr::QuantizedKey(candidates_[Index(first->second)].allocation) !=
                      expr::QuantizedKey(candidate->allocation)) {
      evaluate_queue_.push_back({candidate->id, 0});
      return true;
    }
    candidate->same_as = first->second;
    if (IsSettled(first->second)) {
      CopyResult(candidate);
      FlightOf(candidate->id).settled = true;
    } else {
      copies_[first->second].push_back(candidate->id);
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
    progress_.Add(candidates_[Index(id)]);
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
    candidates_.resize(Index(kept));
    is_changed_.resize(Index(kept));
    std::erase_if(changed_, [&](int64_t id) { return id >= kept; });
    in_flight_.resize(Index(std::max<int64_t>(0, kept - eligible_)));
    resolved_ = std::min(resolved_, kept);
    if (settled_prefix_ > kept) {
      progress_ = SearchProgress(options_);
      for (const Candidate& candidate : candidates_) progress_.Add(candidate);
      settled_prefix_ = kept;
    }
    std::erase_if(evaluate_queue_, [&](const Measuring& m) { return m.id >= kept; });
    std::erase_if(profile_queue_, [&](const ProfileRequest& r) { return r.asker >= kept; });
    for (auto& [first, copies] : copies_) {
      std::erase_if(copies, [&](int64_t id) { return id >= kept; });
    }
  }

  void CopyResult(Candidate* copy) {
    MarkChanged(copy->id);
    const Candidate& measured = candidates_[Index(*copy->same_as)];
    copy->fitness_nll = measured.fitness_nll;
    copy->measures = measured.measures;
    copy->level_nll = measured.level_nll;
    copy->stopped_early = measured.stopped_early;
    copy->achieved_sparsity = measured.achieved_sparsity;
    if (!measured.failure.empty()) {
      copy->failure = fmt::format("same allocation as candidate {}, which failed: {}", measured.id,
                                  measured.failure);
    }
  }

  void TellEvaluation(const EvaluateTask& task, const Outcome& outcome) {
    const bool is_last = task.level + 1 == options_.ladder.levels;
    const bool needs_measures = task.rung == Rung::kSearch && is_last;
    const std::string failure =
        FailureOf(outcome, needs_measures ? options_.objectives : std::vector<std::string>());
    const auto* measured = failure.empty() ? &std::get<EvaluateOutcome>(outcome) : nullptr;
    if (task.rung != Rung::kSearch) {
      for (const int64_t id : finals_.Tell(task, measured, failure, &candidates_)) MarkChanged(id);
      return;
    }
    if (task.level == 0) ++evaluations_;
    Candidate& candidate = candidates_[Index(task.candidate)];
    MarkChanged(candidate.id);
    candidate.failure = failure;
    if (measured != nullptr) {
      if (options_.ladder.levels > 1) candidate.level_nll.push_back(measured->mean_nll);
      candidate.achieved_sparsity = measured->achieved_sparsity;
      if (!is_last && GoesOn(task, measured->mean_nll)) {
        evaluate_queue_.push_back({candidate.id, task.level + 1});
        return;
      }
      candidate.stopped_early = !is_last;
    }
    if (measured != nullptr && is_last) {
      candidate.fitness_nll = measured->mean_nll;
      for (const std::string& name : options_.objectives) {
        const auto found = measured->measures.find(name);
        if (found != measured->measures.end()) candidate.measures.push_back(found->second);
      }
    }
    FlightOf(candidate.id).settled = true;
    for (const int64_t copy : copies_[candidate.id]) {
      CopyResult(&candidates_[Index(copy)]);
      FlightOf(copy).settled = true;
    }
    copies_.erase(candidate.id);
  }

  // Baselines and warm starts always do: they are what the others are compared with.
  bool GoesOn(const EvaluateTask& task, double nll) {
    return task.candidate < always_measured_ ||
           nll <= FlightOf(task.candidate).limits[static_cast<size_t>(task.level)];
  }

  const EngineOptions options_;
  FeatureLedger ledger_;
  std::unique_ptr<Strategy> strategy_;
  Ladder ladder_;
  SearchProgress progress_;
  Finals finals_;
  std::vector<std::string> feature_pool_;  // measured before anything is bred
  std::vector<Candidate> candidates_;
  std::vector<bool> is_changed_;  // of every candidate: whether it is among changed_
  std::vector<int64_t> changed_;
  std::deque<InFlight> in_flight_;  // of candidates from eligible_ on
  std::vector<int> baseline_of_;    // of the first candidates
  int64_t always_measured_ = 0;     // candidates below are baselines or warm starts
  int64_t seeds_ = 0;               // candidates below were not bred from results
  int64_t resolved_ = 0;            // candidates below are resolved
  int64_t settled_prefix_ = 0;      // candidates below are settled and in the archive's order
  int64_t eligible_ = 0;            // candidates below are known to the strategy
  std::unordered_map<uint64_t, int64_t> first_with_hash_;  // by AllocationHash
  std::map<int64_t, std::vector<int64_t>> copies_;         // that wait for a measurement
  std::deque<ProfileRequest> profile_queue_;
  std::deque<Measuring> evaluate_queue_;  // of the search, later of selection and verification
  std::map<int64_t, HandedOut> outstanding_;
  int64_t next_task_ = 0;
  int64_t last_handed_out_ = -1;
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
