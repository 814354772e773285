#include "search/strategy/dsa_strategy.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "expr/dsa_string.h"
#include "search/strategy/random.h"

namespace strata::search {
namespace {

constexpr int kTries = 20;
constexpr size_t kMostPreprocesses = 2;
constexpr size_t kMostTransforms = 2;

constexpr std::string_view kPreprocesses[] = {
    "NO_OP", "ABS", "LOG", "ABSLOG", "POW", "EXP", "NORMALIZE", "SIGMOID", "TANH", "MMS", "SQRT"};
constexpr std::string_view kReductions[] = {
    "MEAN", "VAR", "STD", "L1_NORM", "FROBENIUS_NORM", "GEOMETRIC_MEAN", "ENTROPY"};
constexpr std::string_view kTransforms[] = {"NO_OP",   "SIN",  "COS",      "TAN",    "ASIN",
                                            "ACOS",    "ATAN", "EXP",      "LOG",    "ABS",
                                            "SIGMOID", "TANH", "SOFTPLUS", "SOFTMAX"};

struct Genome {
  std::vector<std::string_view> preprocesses;
  std::string_view reduction;
  std::vector<std::string_view> transforms;
};

class DsaStrategy final : public Strategy {
 public:
  DsaStrategy(const StrategyOptions& options, const StrategyContext& context)
      : random_(MakeRandomGenerator(context.seed)),
        population_(static_cast<size_t>(options.population)) {}

  void AddSeen(const expr::Expression& expression) override {
    seen_.Add(expression);
    ++others_;
  }

  void AddResult(const CandidateResult& result) override {
    if (result.id < others_) return;  // not a genome
    const auto found = static_cast<size_t>(result.id - others_);
    if (!result.objectives) return;
    const double loss = result.objectives->front();
    const auto place =
        std::upper_bound(best_.begin(), best_.end(), loss,
                         [](double value, const Member& member) { return value < member.loss; });
    best_.insert(place, {loss, result.id, bred_[found]});
    if (best_.size() > population_) best_.pop_back();
  }

  Offspring First() override {
    Genome genome;
    for (int attempt = 0; attempt < kTries; ++attempt) {
      genome = RandomGenome();
      if (seen_.Add(ExpressionOf(genome))) break;
    }
    return Admit(std::move(genome), {"random", "", {}});
  }

  Offspring Breed() override {
    if (best_.empty()) return First();
    for (int attempt = 0; attempt < kTries; ++attempt) {
      const Member& first = Tournament();
      Genome child = first.genome;
      Lineage lineage{"mutation", "", {first.id}};
      const bool crosses = random_->Below(2) == 0;
      if (crosses) {
        const Member& second = Tournament();
        lineage = {"crossover", "", {first.id, second.id}};
        if (random_->Below(2) == 0) child.preprocesses = second.genome.preprocesses;
        if (random_->Below(2) == 0) child.reduction = second.genome.reduction;
        if (random_->Below(2) == 0) child.transforms = second.genome.transforms;
      }
      if (!crosses || random_->Below(2) == 0) Mutate(&child);
      if (seen_.Add(ExpressionOf(child))) return Admit(std::move(child), std::move(lineage));
    }
    return First();
  }

 private:
  struct Member {
    double loss;
    int64_t id;
    Genome genome;
  };

  std::string_view AnyOf(std::span<const std::string_view> names) {
    return names[random_->Below(names.size())];
  }

  Genome RandomGenome() {
    Genome genome;
    const size_t preprocesses = random_->Below(kMostPreprocesses + 1);
    for (size_t i = 0; i < preprocesses; ++i) genome.preprocesses.push_back(AnyOf(kPreprocesses));
    genome.reduction = AnyOf(kReductions);
    const size_t transforms = 1 + random_->Below(kMostTransforms);
    for (size_t i = 0; i < transforms; ++i) genome.transforms.push_back(AnyOf(kTransforms));
    return genome;
  }

  // Replaces an operator, adds one if there is room, or removes one if there may be fewer.
  void MutateList(std::span<const std::string_view> names, size_t least, size_t most,
                  std::vector<std::string_view>* list) {
    const size_t what = random_->Below(3);
    if (what == 0 && list->size() < most) {
      list->insert(list->begin() + static_cast<std::ptrdiff_t>(random_->Below(list->size() + 1)),
                   AnyOf(names));
    } else if (what == 1 && list->size() > least) {
      list->erase(list->begin() + static_cast<std::ptrdiff_t>(random_->Below(list->size())));
    } else if (!list->empty()) {
      (*list)[random_->Below(list->size())] = AnyOf(names);
    }
  }

  void Mutate(Genome* genome) {
    switch (random_->Below(3)) {
      case 0:
        MutateList(kPreprocesses, 0, kMostPreprocesses, &genome->preprocesses);
        break;
      case 1:
        genome->reduction = AnyOf(kReductions);
        break;
      default:
        MutateList(kTransforms, 1, kMostTransforms, &genome->transforms);
    }
  }

  // DSA's notation can express every genome, so parsing cannot fail.
  static expr::Expression ExpressionOf(const Genome& genome) {
    return *expr::ParseDsaString(fmt::format("W:({})-({})-({})-(8)",
                                             fmt::join(genome.preprocesses, ","), genome.reduction,
                                             fmt::join(genome.transforms, ",")));
  }

  Offspring Admit(Genome genome, Lineage lineage) {
    Offspring offspring{ExpressionOf(genome), std::move(lineage)};
    bred_.push_back(std::move(genome));
    return offspring;
  }

  const Member& Tournament() {
    const Member& first = best_[random_->Below(best_.size())];
    const Member& second = best_[random_->Below(best_.size())];
    return second.loss < first.loss ? second : first;
  }

  std::unique_ptr<expr::RandomGenerator> random_;
  const size_t population_;
  SeenExpressions seen_;
  int64_t others_ = 0;        // candidates that were not bred here; they come first
  std::vector<Genome> bred_;  // in the order of ids
  std::vector<Member> best_;  // by loss
};

}  // namespace

std::unique_ptr<Strategy> MakeDsaStrategy(const StrategyOptions& options,
                                          const StrategyContext& context) {
  return std::make_unique<DsaStrategy>(options, context);
}

}  // namespace strata::search
