#include "search/strategy/strategy.h"

#include <array>
#include <limits>
#include <utility>

#include "search/strategy/dsa_strategy.h"
#include "search/strategy/evolution_strategy.h"
#include "search/strategy/random.h"

namespace strata::search {
namespace {

constexpr int kTries = 20;
// Hill climbing starts from a new random function after this many offspring that are no better.
constexpr int kPatience = 60;

struct NamedKind {
  StrategyKind kind;
  std::string_view name;
};
constexpr std::array<NamedKind, 5> kKinds = {{{StrategyKind::kStrata, "strata"},
                                              {StrategyKind::kRandom, "random"},
                                              {StrategyKind::kHillClimbing, "hill_climbing"},
                                              {StrategyKind::kDsa, "dsa"},
                                              {StrategyKind::kEvoPress, "evopress"}}};

// Breeds only random trees.
class RandomStrategy : public Strategy {
 public:
  RandomStrategy(const StrategyOptions& options, const StrategyContext& context)
      : random_(MakeRandomGenerator(context.seed)), variation_(options.variation) {}

  void AddSeen(const expr::Expression& expression) override { seen_.Add(expression); }
  void AddResult(const CandidateResult&) override {}
  Offspring First() override {
    Offspring offspring;
    offspring.lineage.origin = "random";
    for (int attempt = 0; attempt < kTries; ++attempt) {
      offspring.expression = expr::RandomExpression(*random_, variation_);
      if (seen_.Add(offspring.expression)) break;
    }
    return offspring;
  }
  Offspring Breed() override { return First(); }

 protected:
  std::unique_ptr<expr::RandomGenerator> random_;
  const expr::VariationOptions variation_;
  SeenExpressions seen_;
};

// Breeds mutations of the function with the lowest loss since the last start.
class HillClimbingStrategy final : public RandomStrategy {
 public:
  using RandomStrategy::RandomStrategy;

  void AddResult(const CandidateResult& result) override {
    ++without_progress_;
    if (!result.objectives) return;
    const double loss = result.objectives->front();
    if (without_progress_ > kPatience) {
      // The next results are of functions bred before; they compete for the new start.
      best_.reset();
      without_progress_ = 0;
    }
    if (best_ && loss >= best_loss_) return;
    best_ = result.expression;
    best_loss_ = loss;
    best_id_ = result.id;
    without_progress_ = 0;
  }

  Offspring Breed() override {
    if (!best_ || without_progress_ >= kPatience) return First();
    for (int attempt = 0; attempt < kTries; ++attempt) {
      Offspring child{expr::Mutate(*random_, *best_, variation_), {"mutation", "", {best_id_}}};
      if (seen_.Add(child.expression)) return child;
    }
    return First();
  }

 private:
  std::optional<expr::Expression> best_;
  double best_loss_ = std::numeric_limits<double>::infinity();
  int64_t best_id_ = 0;
  int without_progress_ = 0;
};

}  // namespace

const StrategyKind* FindStrategyKind(std::string_view name) {
  for (const NamedKind& known : kKinds) {
    if (known.name == name) return &known.kind;
  }
  return nullptr;
}

std::string_view NameOf(StrategyKind kind) {
  for (const NamedKind& known : kKinds) {
    if (known.kind == kind) return known.name;
  }
  return "unknown";
}

std::unique_ptr<Strategy> MakeStrategy(const StrategyOptions& options,
                                       const StrategyContext& context) {
  switch (options.kind) {
    case StrategyKind::kEvoPress:  // never asked to breed
    case StrategyKind::kRandom:
      return std::make_unique<RandomStrategy>(options, context);
    case StrategyKind::kHillClimbing:
      return std::make_unique<HillClimbingStrategy>(options, context);
    case StrategyKind::kDsa:
      return MakeDsaStrategy(options, context);
    case StrategyKind::kStrata:
      break;
  }
  return MakeEvolutionStrategy(options, context);
}

}  // namespace strata::search
