#include "search/strategy/distillation.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "expr/descent.h"
#include "search/strategy/variation_choice.h"

namespace strata::search {
namespace {

constexpr size_t kParents = 24;
constexpr size_t kPopulation = 48;
constexpr size_t kFunctions = 2;
constexpr double kLargestShareOfNodes = 0.5;  // of those of the function before
constexpr int kNodeObjective = 1;

expr::VariationOptions WithoutTerms(expr::VariationOptions options) {
  options.terms.clear();
  return options;
}

// The evolution towards one allocation.
class Evolution {
 public:
  Evolution(const expr::Allocation& wanted, const expr::FeatureTable& features,
            const std::set<std::string>& known, const expr::AllocationTarget& target,
            const expr::VariationOptions& variation)
      : wanted_(wanted),
        features_(features),
        known_(known),
        target_(target),
        variation_(variation),
        choice_(variation),
        pool_(kPopulation) {}

  bool empty() const { return pool_.empty(); }

  // Offers a function to the population, unless it was offered before or cannot be evaluated.
  void Offer(expr::Expression function) {
    function = expr::Simplified(function, variation_.maximum_depth);
    if (!seen_.Add(function) || !IsKnown(function)) return;
    const auto allocation = expr::EvaluateAllocation(function, features_, target_);
    if (!allocation.ok()) return;
    const double distance = SquaredDistance(*allocation);
    const double nodes = expr::Complexity(function);
    pool_.Insert({next_id_++, std::move(function), {distance, nodes}}, kNodeObjective);
  }

  void Breed(expr::RandomGenerator& random) {
    const MatingPool::Member& first = pool_.Tournament(random);
    const size_t variation = choice_.Draw(random);
    if (variation != VariationChoice::kCrossover) {
      Offer(expr::Mutate(random, first.expression, choice_.OptionsOf(variation)));
      return;
    }
    const MatingPool::Member& second = pool_.Tournament(random);
    Offer(expr::Crossover(random, first.expression, second.expression, variation_));
  }

  std::vector<expr::Expression> Chosen() const {
    std::vector<const MatingPool::Member*> front = pool_.Front();
    std::sort(front.begin(), front.end(),
              [](const auto* a, const auto* b) { return a->objectives[0] < b->objectives[0]; });
    std::vector<expr::Expression> chosen;
    double most = variation_.maximum_nodes;
    for (const MatingPool::Member* member : front) {
      if (member->objectives[kNodeObjective] > most) continue;
      most = kLargestShareOfNodes * member->objectives[kNodeObjective];
      chosen.push_back(member->expression);
      if (chosen.size() == kFunctions) break;
    }
    return chosen;
  }

 private:
  double SquaredDistance(const expr::Allocation& allocation) const {
    const std::vector<double>& weights = features_.weights();
    double squares = 0;
    for (size_t i = 0; i < weights.size(); ++i) {
      const double difference = allocation[i] - wanted_[i];
      squares += weights[i] * difference * difference;
    }
    return squares;
  }

  bool IsKnown(const expr::Expression& function) const {
    const std::vector<std::string> needed = expr::RequiredFeatures(function);
    return !NeedsSlopes(needed) &&
           std::all_of(needed.begin(), needed.end(), [this](const std::string& feature) {
             return known_.contains(feature) && features_.Find(feature) != nullptr;
           });
  }

  const expr::Allocation& wanted_;
  const expr::FeatureTable& features_;
  const std::set<std::string>& known_;
  const expr::AllocationTarget& target_;
  const expr::VariationOptions& variation_;
  const VariationChoice choice_;
  MatingPool pool_;
  SeenExpressions seen_;
  int64_t next_id_ = 0;
};

}  // namespace

bool NeedsSlopes(const std::vector<std::string>& features) {
  return std::any_of(features.begin(), features.end(), [](const std::string& feature) {
    return expr::PrunedFeature(feature).has_value();
  });
}

Distillation::Distillation(int expressions, const expr::AllocationTarget& target,
                           expr::VariationOptions variation)
    : expressions_(expressions),
      target_(target),
      variation_(WithoutTerms(std::move(variation))),
      parents_(kParents) {}

void Distillation::Learn(const CandidateResult& result) {
  if (expressions_ == 0 || NeedsSlopes(result.features)) return;
  const double nodes = expr::Complexity(result.expression);
  parents_.Insert({result.id, result.expression, {result.objectives->front(), nodes}},
                  kNodeObjective);
}

std::vector<expr::Expression> Distillation::Distil(expr::RandomGenerator& random,
                                                   const expr::Allocation& wanted,
                                                   const expr::FeatureTable& features,
                                                   const std::set<std::string>& known) const {
  Evolution evolution(wanted, features, known, target_, variation_);
  for (size_t i = 0; i < parents_.size(); ++i) evolution.Offer(parents_.at(i).expression);
  if (evolution.empty()) return {};
  for (int i = 0; i < expressions_; ++i) evolution.Breed(random);
  return evolution.Chosen();
}

}  // namespace strata::search
