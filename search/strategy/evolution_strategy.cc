#include "search/strategy/evolution_strategy.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <iterator>
#include <limits>
#include <set>
#include <string>
#include <unordered_set>
#include <utility>

#include "expr/blockwise.h"
#include "expr/descent.h"
#include "search/strategy/descent_lines.h"
#include "search/strategy/mating_pool.h"
#include "search/strategy/random.h"
#include "search/strategy/strategy.h"
#include "search/strategy/surrogate.h"
#include "search/strategy/variation_choice.h"

namespace strata::search {
namespace {

constexpr int kTries = 20;
constexpr size_t kTreesPerFeature = 20;
constexpr size_t kTerms = 3;  // as many of the latest slopes are offered as terms

// The predictions for an offspring before it is measured.
struct Appraisal {
  expr::Allocation allocation;
  std::vector<Prediction> measured;  // per measured objective
  double score = 0;                  // lower is more promising
};

struct Proposal {
  Offspring offspring;
  std::optional<Appraisal> appraisal;
};

class EvolutionStrategy final : public Strategy {
 public:
  EvolutionStrategy(const StrategyOptions& options, const StrategyContext& context)
      : options_(options),
        context_(context),
        random_(MakeRandomGenerator(context.seed)),
        variation_(options.variation),
        choice_(options.variation),
        lines_(options.descent_interval, context.target.sparsity),
        pool_(static_cast<size_t>(options.population)) {
    perturb_only_ = adjust_only_ = options.variation;
    for (double expr::VariationOptions::*weight :
         {&expr::VariationOptions::replace_operator_weight,
          &expr::VariationOptions::swap_source_weight,
          &expr::VariationOptions::replace_subtree_weight, &expr::VariationOptions::insert_weight,
          &expr::VariationOptions::delete_weight, &expr::VariationOptions::hoist_weight,
          &expr::VariationOptions::combine_weight, &expr::VariationOptions::adjust_weight,
          &expr::VariationOptions::graft_weight}) {
      perturb_only_.*weight = adjust_only_.*weight = 0;
    }
    perturb_only_.perturb_parameter_weight = adjust_only_.adjust_weight = 1;
    adjust_only_.perturb_parameter_weight = 0;
  }

  void AddSeen(const expr::Expression& expression) override {
    seen_.Add(expression);
    pending_.emplace_back();
  }

  void AddResult(const CandidateResult& result) override {
    pending_.pop_front();
    for (const std::string& feature : result.features) {
      if (known_features_.insert(feature).second) LearnSlopes(feature);
    }
    if (!result.allocation.empty()) measured_.insert(AllocationHash(result.allocation));
    if (!result.objectives) return;
    lines_.Learn(result);
    Learn(result);
    pool_.Insert({result.id, result.expression, *result.objectives}, context_.node_objective);
  }

  Offspring First() override {
    Offspring offspring;
    offspring.lineage.origin = "random";
    for (int attempt = 0; attempt < kTries; ++attempt) {
      offspring.expression = Simplified(RandomOrAdjusted());
      if (seen_.Add(offspring.expression)) break;
    }
    pending_.emplace_back();
    return offspring;
  }

  std::vector<std::string> FeaturePool() override {
    if (!options_.surrogate.enabled) return {};
    std::set<std::string> pool;
    const auto wanted = static_cast<size_t>(options_.surrogate.feature_pool);
    for (size_t i = 0; i < kTreesPerFeature * wanted && pool.size() < wanted; ++i) {
      const expr::Expression tree =
          Simplified(expr::RandomExpression(*random_, options_.variation));
      for (std::string& feature : expr::RequiredFeatures(tree)) {
        // Most functions of finer units build on one of the blocks.
        if (Adjusts() && !expr::FeatureOfBlocks(feature)) {
          pool.insert(expr::BlockwiseFeature(feature));
        }
        pool.insert(std::move(feature));
      }
    }
    known_features_.insert(pool.begin(), pool.end());
    return {pool.begin(), pool.end()};
  }

  Offspring Breed() override {
    if (pool_.empty()) return First();
    if (std::optional<Offspring> step = lines_.Next(pool_.Best())) {
      step->expression = Simplified(std::move(step->expression));
      seen_.Add(step->expression);
      pending_.emplace_back();
      return *std::move(step);
    }
    const bool is_filtered = surrogate_ != nullptr && surrogate_->is_ready() &&
                             random_->Uniform(0, 1) >= options_.surrogate.unfiltered_share;
    std::optional<Proposal> proposal = is_filtered ? MostPromising() : New();
    if (!proposal) return First();
    seen_.Add(proposal->offspring.expression);
    pending_.push_back(proposal->appraisal ? proposal->appraisal->allocation : expr::Allocation());
    return std::move(proposal->offspring);
  }

 private:
  // What is shown and measured is judged: the nodes and features of the simplified form count.
  expr::Expression Simplified(expr::Expression expression) const {
    if (!context_.simplifies) return expression;
    return expr::Simplified(expression, options_.variation.maximum_depth);
  }

  bool Adjusts() const { return options_.variation.adjust_weight > 0; }

  // If functions are adjusted, three of four are library functions with an adjustment. Random trees
  // for fine units are far worse than those, and say little about what is better.
  expr::Expression RandomOrAdjusted() {
    const std::vector<expr::Expression>& library = options_.variation.library;
    if (!Adjusts() || library.empty() || random_->Below(4) == 0) {
      return expr::RandomExpression(*random_, options_.variation);
    }
    return expr::Mutate(*random_, library[random_->Below(library.size())], adjust_only_);
  }

  std::vector<double> MeasuredOf(const Objectives& objectives) const {
    Objectives measured = objectives;
    if (context_.node_objective >= 0) measured.erase(measured.begin() + context_.node_objective);
    return measured;
  }

  void Learn(const CandidateResult& result) {
    if (!options_.surrogate.enabled || result.is_copy) return;
    std::vector<double> measured = MeasuredOf(*result.objectives);
    if (surrogate_ == nullptr) {
      surrogate_ = std::make_unique<Surrogate>(options_.surrogate, context_.features->layout(),
                                               measured.size());
    }
    surrogate_->Add(result.allocation, std::move(measured));
  }

  // A function to breed from: a member of the pool, or a proposal that was not measured and has
  // ancestors in the pool.
  struct Parent {
    const expr::Expression* expression;
    std::vector<int64_t> ids;
  };

  Parent AnyMember() {
    const MatingPool::Member& member = pool_.Tournament(*random_);
    return {&member.expression, {member.id}};
  }

  // Half of the parents are members of the pool, if there are proposals.
  Parent AnyOf(const std::vector<Proposal>& proposals) {
    if (proposals.empty() || random_->Below(2) == 0) return AnyMember();
    const uint64_t a = random_->Below(proposals.size()), b = random_->Below(proposals.size());
    const Offspring& better = proposals[std::min(a, b)].offspring;
    return {&better.expression, better.lineage.parents};
  }

  // Breeds from the pool and from `proposals`, the most promising first.
  Proposal Vary(const std::vector<Proposal>& proposals = {}) {
    const Parent first = AnyOf(proposals);
    const size_t variation = choice_.Draw(*random_);
    if (variation != VariationChoice::kCrossover) {
      return {{Simplified(expr::Mutate(*random_, *first.expression, choice_.OptionsOf(variation))),
               {"mutation", "", first.ids}},
              std::nullopt};
    }
    const Parent second = AnyOf(proposals);
    return {
        {Simplified(expr::Crossover(*random_, *first.expression, *second.expression, variation_)),
         {"crossover", "", {first.ids.front(), second.ids.front()}}},
        std::nullopt};
  }

  // Learns the slopes that a feature holds, if it holds slopes.
  void LearnSlopes(const std::string& feature) {
    const std::vector<double>* slopes = context_.features->Find(feature);
    const std::optional<expr::Expression> parsed = expr::PrunedFeature(feature);
    if (slopes == nullptr || !parsed) return;
    const auto allocation = expr::OperandAllocation(*parsed, *context_.features);
    if (!allocation.ok()) return;
    if (surrogate_ != nullptr) surrogate_->AddSlopes(*allocation, *slopes);
    if (variation_.terms.size() == kTerms) variation_.terms.erase(variation_.terms.begin());
    variation_.terms.push_back(PerWeight(*parsed));
    choice_ = VariationChoice(variation_);
  }

  // Returns -slopes / size.
  static expr::Expression PerWeight(const expr::Expression& slopes) {
    static const expr::OperatorId negate = expr::IdOf("neg");
    static const expr::OperatorId over = expr::IdOf("/");
    static const expr::OperatorId size = expr::IdOf("size");
    return {negate, {}, {{over, {}, {slopes, {size, {}, {}}}}}};
  }

  // Returns nullopt if twenty tries in a row were seen before.
  std::optional<Proposal> New() {
    for (int attempt = 0; attempt < kTries; ++attempt) {
      Proposal proposal = Vary();
      if (!seen_.Contains(proposal.offspring.expression)) return proposal;
    }
    return std::nullopt;
  }

  // Returns the allocation of an expression; nullopt if the expression cannot be judged, because
  // one of its features is not known to be measured, or because its allocation is infeasible or was
  // measured before.
  std::optional<expr::Allocation> AllocationOf(const expr::Expression& expression) const {
    for (const std::string& feature : expr::RequiredFeatures(expression)) {
      if (!known_features_.contains(feature) || context_.features->Find(feature) == nullptr) {
        return std::nullopt;
      }
    }
    absl::StatusOr<expr::Allocation> allocation =
        expr::EvaluateAllocation(expression, *context_.features, context_.target);
    if (!allocation.ok() || measured_.contains(AllocationHash(*allocation))) return std::nullopt;
    return *std::move(allocation);
  }

  bool IsTrusted(const expr::Allocation& allocation) const {
    const double radius = options_.surrogate.trust_radius;
    const auto population = static_cast<size_t>(options_.population);
    return radius == 0 || surrogate_->DistanceFromBest(allocation, population) <= radius;
  }

  // Decides how the next candidate is chosen: by its gain over the members returned, or by its loss
  // alone if there are none.
  using Rivals = std::vector<const MatingPool::Member*>;
  Rivals DrawRivals() {
    if (random_->Uniform(0, 1) < options_.surrogate.loss_share) return {};
    return pool_.Front();
  }

  // Returns how much lower the loss of `point` is than the lowest loss of the rivals that are
  // nowhere else worse. If there are none, the highest loss of all rivals counts. Negative if the
  // loss is higher.
  static double GainOver(const Rivals& rivals, const Objectives& point) {
    double lowest = std::numeric_limits<double>::infinity();
    double highest = -lowest;
    for (const MatingPool::Member* rival : rivals) {
      highest = std::max(highest, rival->objectives[0]);
      bool covers = true;
      for (size_t m = 1; m < point.size(); ++m) covers = covers && rival->objectives[m] <= point[m];
      if (covers) lowest = std::min(lowest, rival->objectives[0]);
    }
    return (std::isfinite(lowest) ? lowest : highest) - point[0];
  }

  std::optional<Appraisal> Appraise(const expr::Expression& expression,
                                    const Rivals& rivals) const {
    std::optional<expr::Allocation> allocation = AllocationOf(expression);
    if (!allocation || !IsTrusted(*allocation)) return std::nullopt;
    Appraisal appraisal;
    Objectives hoped;
    const size_t objectives = context_.objectives;
    for (size_t m = 0; m < objectives; ++m) {
      if (static_cast<int>(m) == context_.node_objective) {
        hoped.push_back(expr::Complexity(expression));
        continue;
      }
      const Prediction prediction = surrogate_->Predict(appraisal.measured.size(), *allocation);
      appraisal.measured.push_back(prediction);
      hoped.push_back(prediction.mean - options_.surrogate.optimism * prediction.deviation);
    }
    appraisal.score = rivals.empty() ? hoped[0] : -GainOver(rivals, hoped);
    appraisal.allocation = *std::move(allocation);
    return appraisal;
  }

  // Breeds a generation from the pool and from `promising`, and keeps there as many of the lowest
  // scores as the pool has members, with different allocations, the lowest first.
  void AddGeneration(const Rivals& rivals, std::vector<Proposal>* promising) {
    std::vector<Proposal> all;
    for (int i = 0; i < options_.surrogate.proposals; ++i) {
      Proposal proposal = Vary(*promising);
      if (seen_.Contains(proposal.offspring.expression)) continue;
      proposal.appraisal = Appraise(proposal.offspring.expression, rivals);
      if (proposal.appraisal) all.push_back(std::move(proposal));
    }
    std::move(promising->begin(), promising->end(), std::back_inserter(all));
    std::vector<std::pair<double, size_t>> order;  // score and place
    for (size_t i = 0; i < all.size(); ++i) order.emplace_back(all[i].appraisal->score, i);
    std::sort(order.begin(), order.end());
    promising->clear();
    std::unordered_set<uint64_t> kept;
    for (const auto& [score, place] : order) {
      if (!kept.insert(AllocationHash(all[place].appraisal->allocation)).second) continue;
      promising->push_back(std::move(all[place]));
      if (promising->size() == static_cast<size_t>(options_.population)) break;
    }
  }

  std::optional<Proposal> MostPromising() {
    std::vector<expr::Allocation> pending;
    for (const expr::Allocation& allocation : pending_) {
      if (!allocation.empty()) pending.push_back(allocation);
    }
    surrogate_->Fit(pending);
    const Rivals rivals = DrawRivals();
    std::vector<Proposal> promising;
    for (int generation = 0; generation < options_.surrogate.generations; ++generation) {
      AddGeneration(rivals, &promising);
    }
    if (promising.empty()) return New();
    std::optional<Proposal> best = std::move(promising.front());
    for (int i = 0; i < options_.surrogate.amplitude_steps; ++i) {
      expr::Expression stepped =
          Simplified(expr::Mutate(*random_, best->offspring.expression, perturb_only_));
      if (expr::Complexity(stepped) != expr::Complexity(best->offspring.expression)) continue;
      std::optional<Appraisal> appraisal = Appraise(stepped, rivals);
      if (!appraisal || appraisal->score >= best->appraisal->score) continue;
      if (seen_.Contains(stepped)) continue;
      best->offspring.expression = std::move(stepped);
      best->appraisal = std::move(appraisal);
    }
    const Prediction& loss = best->appraisal->measured.front();
    best->offspring.forecast = Forecast{loss.mean, loss.deviation};
    return best;
  }

  const StrategyOptions options_;
  const StrategyContext context_;
  std::unique_ptr<expr::RandomGenerator> random_;
  expr::VariationOptions variation_;  // with the slopes measured so far as terms
  VariationChoice choice_;
  DescentLines lines_;
  expr::VariationOptions perturb_only_, adjust_only_;
  MatingPool pool_;
  SeenExpressions seen_;
  std::set<std::string> known_features_;
  std::unordered_set<uint64_t> measured_;  // allocations of all candidates with a result
  std::unique_ptr<Surrogate> surrogate_;   // null before the first result
  // Allocations of the candidates without a result, in order of id. An allocation is empty unless
  // the surrogate chose the candidate.
  std::deque<expr::Allocation> pending_;
};

}  // namespace

std::unique_ptr<Strategy> MakeEvolutionStrategy(const StrategyOptions& options,
                                                const StrategyContext& context) {
  return std::make_unique<EvolutionStrategy>(options, context);
}

}  // namespace strata::search
