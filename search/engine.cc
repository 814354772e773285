#include "search/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>

#include "search/archive.h"
#include "search/breeding.h"
#include "search/engine_options.h"
#include "search/feature_ledger.h"
#include "search/outcome_codec.h"

namespace strata::search {
namespace {

// So many offspring in a row without an allocation not measured before end the search: the grammar
// and the limits leave nothing new to find, and breeding on would never end.
constexpr int kMaximumIdleOffspring = 500;

size_t Index(int64_t id) { return static_cast<size_t>(id); }

// A candidate is bred, then resolved (allocation known, or infeasible, or the same as an earlier
// one's), then settled (its fitness or failure is known). Breeding and resolving happen strictly in
// order of id, and breeding candidate k uses only settled candidates up to k - lag: that is why
// timing cannot change what is found.
class SearchEngine final : public Engine {
 public:
  SearchEngine(const EngineOptions& options, const expr::UnitLayout& layout)
      : options_(options),
        ledger_(layout),
        breeder_(options.seed, options.population, options.variation) {
    for (const Seed& seed : BaselineSeeds(options.baselines)) {
      breeder_.AddSeen(seed.expression);
      baseline_of_.push_back(seed.baseline);
      Admit({seed.expression, {"baseline", seed.name, {}}});
    }
    for (int i = 0; i < options.random_candidates; ++i) Admit(breeder_.Random());
    seeds_ = static_cast<int64_t>(candidates_.size());

    // The features of all seeds in one task, so that one pass over the model measures them.
    std::set<std::string> features;
    for (const Progress& progress : progress_) {
      features.insert(progress.required.begin(), progress.required.end());
    }
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
      const int64_t id = evaluate_queue_.front();
      evaluate_queue_.pop_front();
      const Rung rung = phase_ == Phase::kSelecting   ? Rung::kSelect
                        : phase_ == Phase::kVerifying ? Rung::kVerify
                                                      : Rung::kSearch;
      if (rung == Rung::kSearch) last_handed_out_ = id;
      return HandOut(EvaluateTask{id, rung, candidates_[Index(id)].allocation}, id);
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
    StopAfter(std::max(last_candidate.value_or(last_handed_out_), last_handed_out_));
    Advance();
  }

  Phase phase() const override { return phase_; }
  int64_t evaluations() const override { return evaluations_; }
  int64_t last_candidate_handed_out() const override { return last_handed_out_; }
  const std::vector<Candidate>& candidates() const override { return candidates_; }
  const expr::FeatureTable& features() const override { return ledger_.table(); }
  std::vector<int64_t> Front() const override { return ParetoFront(candidates_); }
  std::vector<int64_t> BestBaselines() const override {
    return BestOfBaselines(candidates_, baseline_of_);
  }

 private:
  struct Progress {
    std::vector<std::string> required;  // features
    bool settled = false;
  };
  struct ProfileRequest {
    int64_t asker = 0;  // the first candidate that needs them
    std::vector<std::string> features;
  };
  struct HandedOut {
    Task task;
    int64_t asker = 0;
  };

  Task HandOut(std::variant<ProfileTask, EvaluateTask> work, int64_t asker) {
    Task task{next_task_++, std::move(work)};
    outstanding_[task.id] = {task, asker};
    return task;
  }

  void AskForFeatures(int64_t asker, const std::vector<std::string>& features) {
    std::vector<std::string> unasked = ledger_.TakeUnasked(features);
    if (!unasked.empty()) profile_queue_.push_back({asker, std::move(unasked)});
  }

  void Admit(Offspring offspring) {
    Candidate candidate;
    candidate.id = static_cast<int64_t>(candidates_.size());
    candidate.text = expr::PrintExpression(offspring.expression);
    candidate.complexity = expr::Complexity(offspring.expression);
    progress_.push_back({expr::RequiredFeatures(offspring.expression), false});
    candidate.expression = std::move(offspring.expression);
    candidate.lineage = std::move(offspring.lineage);
    candidates_.push_back(std::move(candidate));
  }

  // Everything that can be done without another outcome.
  void Advance() {
    while (ResolveNext() || BreedNext()) {
    }
    const auto count = static_cast<int64_t>(candidates_.size());
    if (phase_ == Phase::kDraining && count == *stop_after_ + 1 && settled_prefix_ == count) {
      phase_ = Phase::kSelecting;
      QueueFinalists(Finalists(candidates_, BestBaselines(), options_.finalists));
    }
    if (phase_ == Phase::kSelecting && finalists_left_ == 0) {
      phase_ = Phase::kVerifying;
      QueueFinalists(std::exchange(selected_, {}));
    }
    if (phase_ == Phase::kVerifying && finalists_left_ == 0) phase_ = Phase::kDone;
  }

  void QueueFinalists(std::vector<int64_t> ids) {
    // Their order of arrival must not matter.
    std::sort(ids.begin(), ids.end());
    evaluate_queue_.assign(ids.begin(), ids.end());
    finalists_left_ = ids.size();
  }

  bool BreedNext() {
    const auto next = static_cast<int64_t>(candidates_.size());
    if (stop_after_ && next > *stop_after_) return false;
    if (next - options_.lag >= settled_prefix_) return false;
    for (; eligible_ <= next - options_.lag; ++eligible_) {
      const Candidate& candidate = candidates_[Index(eligible_)];
      if (!candidate.fitness_nll) continue;
      breeder_.AddResult(candidate.id, *candidate.fitness_nll, candidate.complexity);
    }
    Admit(breeder_.Breed(candidates_));
    AskForFeatures(next, progress_.back().required);
    return true;
  }

  bool ResolveNext() {
    if (resolved_ == static_cast<int64_t>(candidates_.size())) return false;
    const std::vector<std::string>& required = progress_[Index(resolved_)].required;
    if (!ledger_.AreSettled(required)) return false;
    Candidate& candidate = candidates_[Index(resolved_++)];
    candidate.failure = ledger_.FailureAmong(required);
    if (candidate.failure.empty()) {
      absl::StatusOr<expr::Allocation> allocation =
          expr::EvaluateAllocation(candidate.expression, features(), options_.target);
      if (allocation.ok()) {
        candidate.allocation = *std::move(allocation);
      } else {
        candidate.failure = std::string(allocation.status().message());
      }
    }
    const bool is_new = candidate.failure.empty() && Deduplicate(&candidate);
    if (!candidate.failure.empty()) Settle(candidate.id);
    LimitSearch(candidate.id, is_new);
    return true;
  }

  // True if the candidate's allocation is new; then it is queued for measurement.
  bool Deduplicate(Candidate* candidate) {
    const auto [first, is_new] =
        first_with_key_.try_emplace(expr::QuantizedKey(candidate->allocation), candidate->id);
    if (is_new) {
      evaluate_queue_.push_back(candidate->id);
      return true;
    }
    candidate->same_as = first->second;
    if (progress_[Index(first->second)].settled) {
      CopyResult(candidate);
      Settle(candidate->id);
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
    const bool is_full =
        options_.maximum_evaluations > 0 && allocations_ == options_.maximum_evaluations;
    if (is_full || idle_offspring_ == kMaximumIdleOffspring) StopAfter(id);
  }

  // Drops the candidates above `last`, of which none was handed out.
  void StopAfter(int64_t last) {
    phase_ = Phase::kDraining;
    stop_after_ = std::min(last, stop_after_.value_or(last));
    const int64_t kept = *stop_after_ + 1;
    if (static_cast<int64_t>(candidates_.size()) <= kept) return;
    candidates_.resize(Index(kept));
    progress_.resize(Index(kept));
    resolved_ = std::min(resolved_, kept);
    settled_prefix_ = std::min(settled_prefix_, kept);
    std::erase_if(evaluate_queue_, [&](int64_t id) { return id >= kept; });
    std::erase_if(profile_queue_, [&](const ProfileRequest& r) { return r.asker >= kept; });
    for (auto& [first, copies] : copies_) {
      std::erase_if(copies, [&](int64_t id) { return id >= kept; });
    }
  }

  void Settle(int64_t id) {
    progress_[Index(id)].settled = true;
    while (settled_prefix_ < static_cast<int64_t>(progress_.size()) &&
           progress_[Index(settled_prefix_)].settled) {
      ++settled_prefix_;
    }
  }

  void CopyResult(Candidate* copy) {
    const Candidate& measured = candidates_[Index(*copy->same_as)];
    copy->fitness_nll = measured.fitness_nll;
    copy->achieved_sparsity = measured.achieved_sparsity;
    if (!measured.failure.empty()) {
      copy->failure = fmt::format("same allocation as candidate {}, which failed: {}", measured.id,
                                  measured.failure);
    }
  }

  // Why the outcome is no measurement; empty if it is one.
  static std::string FailureOf(const Outcome& outcome) {
    if (const auto* failed = std::get_if<FailedOutcome>(&outcome)) {
      return failed->reason.empty() ? "failed without a reason" : failed->reason;
    }
    const auto& measured = std::get<EvaluateOutcome>(outcome);
    if (std::isfinite(measured.mean_nll) && std::isfinite(measured.achieved_sparsity)) return "";
    return fmt::format("measured a loss of {} at a sparsity of {}; both must be finite",
                       measured.mean_nll, measured.achieved_sparsity);
  }

  void TellEvaluation(const EvaluateTask& task, const Outcome& outcome) {
    const std::string failure = FailureOf(outcome);
    const auto* measured = failure.empty() ? &std::get<EvaluateOutcome>(outcome) : nullptr;
    if (task.rung != Rung::kSearch) {
      TellFinalist(task, measured, failure);
      return;
    }
    ++evaluations_;
    Candidate& candidate = candidates_[Index(task.candidate)];
    candidate.failure = failure;
    if (measured != nullptr) {
      candidate.fitness_nll = measured->mean_nll;
      candidate.achieved_sparsity = measured->achieved_sparsity;
    }
    Settle(candidate.id);
    for (const int64_t copy : copies_[candidate.id]) {
      CopyResult(&candidates_[Index(copy)]);
      Settle(copy);
    }
    copies_.erase(candidate.id);
  }

  // All candidates with the finalist's allocation get its result. One that fails selection is not
  // verified: it is quarantined, and could not be chosen.
  void TellFinalist(const EvaluateTask& task, const EvaluateOutcome* measured,
                    const std::string& failure) {
    --finalists_left_;
    const bool is_selection = task.rung == Rung::kSelect;
    if (is_selection && measured != nullptr) selected_.push_back(task.candidate);
    for (Candidate& candidate : candidates_) {
      if (MeasuredAs(candidate) != task.candidate) continue;
      if (measured == nullptr) {
        candidate.failure =
            fmt::format("{}: {}", is_selection ? "selection" : "verification", failure);
      } else if (is_selection) {
        candidate.selection_nll = measured->mean_nll;
      } else {
        candidate.report_nll = measured->mean_nll;
        candidate.achieved_sparsity = measured->achieved_sparsity;
      }
    }
  }

  const EngineOptions options_;
  FeatureLedger ledger_;
  Breeder breeder_;
  std::vector<Candidate> candidates_;
  std::vector<Progress> progress_;  // parallel to candidates_
  std::vector<int> baseline_of_;    // of the first candidates
  int64_t seeds_ = 0;               // candidates that were not bred from results
  int64_t resolved_ = 0;            // candidates below are resolved
  int64_t settled_prefix_ = 0;      // candidates below are settled
  int64_t eligible_ = 0;            // candidates below are known to the breeder
  std::unordered_map<std::string, int64_t> first_with_key_;  // by quantised allocation
  std::map<int64_t, std::vector<int64_t>> copies_;           // that wait for a measurement
  std::deque<ProfileRequest> profile_queue_;
  std::deque<int64_t> evaluate_queue_;  // of the search rung, later of verification
  std::map<int64_t, HandedOut> outstanding_;
  int64_t next_task_ = 0;
  int64_t last_handed_out_ = -1;
  std::optional<int64_t> stop_after_;  // set when the search phase ends; then nothing above exists
  int64_t allocations_ = 0;            // distinct ones admitted to measurement
  int64_t evaluations_ = 0;
  int idle_offspring_ = 0;
  std::vector<int64_t> selected_;  // finalists measured on Rung::kSelect
  size_t finalists_left_ = 0;      // of the current phase, not told yet
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
