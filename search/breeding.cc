#include "search/breeding.h"

#include "search/random.h"

namespace strata::search {
namespace {

constexpr int kTries = 20;

}  // namespace

Breeder::Breeder(uint64_t seed, int population, const expr::VariationOptions& variation)
    : random_(MakeRandomGenerator(seed)),
      population_(static_cast<size_t>(population)),
      variation_(variation) {}

void Breeder::AddSeen(const expr::Expression& expression) { IsNew(expression); }

void Breeder::AddResult(int64_t id, double fitness_nll, int complexity) {
  const auto [simplest, is_first] = simplest_.try_emplace(fitness_nll, complexity);
  if (!is_first && simplest->second <= complexity) return;
  simplest->second = complexity;
  ids_.push_back(id);
  points_.push_back({fitness_nll, static_cast<double>(complexity)});
  pool_is_stale_ = true;
}

Offspring Breeder::Random() {
  Offspring offspring;
  offspring.lineage.origin = "random";
  for (int attempt = 0; attempt < kTries; ++attempt) {
    offspring.expression = expr::RandomExpression(*random_, variation_);
    if (IsNew(offspring.expression)) break;
  }
  return offspring;
}

Offspring Breeder::Breed(const std::vector<Candidate>& candidates) {
  if (points_.empty()) return Random();
  if (pool_is_stale_) {
    mating_pool_ = SelectBest(points_, population_);
    pool_is_stale_ = false;
  }
  for (int attempt = 0; attempt < kTries; ++attempt) {
    Offspring offspring = Vary(candidates);
    if (IsNew(offspring.expression)) return offspring;
  }
  return Random();
}

// Of two drawn at random, the better; the first of two equally good.
int64_t Breeder::Tournament() {
  const Ranked& first = mating_pool_[random_->Below(mating_pool_.size())];
  const Ranked& second = mating_pool_[random_->Below(mating_pool_.size())];
  return ids_[CrowdedLess(second, first) ? second.index : first.index];
}

Offspring Breeder::Vary(const std::vector<Candidate>& candidates) {
  const auto expression = [&](int64_t id) -> const expr::Expression& {
    return candidates[static_cast<size_t>(id)].expression;
  };
  const int64_t first = Tournament();
  if (random_->Uniform(0.0, 1.0) < variation_.crossover_probability) {
    const int64_t second = Tournament();
    return {expr::Crossover(*random_, expression(first), expression(second), variation_),
            {"crossover", "", {first, second}}};
  }
  return {expr::Mutate(*random_, expression(first), variation_), {"mutation", "", {first}}};
}

bool Breeder::IsNew(const expr::Expression& expression) {
  return seen_.insert(expr::CanonicalHash(expression)).second;
}

}  // namespace strata::search
