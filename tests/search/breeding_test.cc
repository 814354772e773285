#include "search/breeding.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace strata::search {
namespace {

expr::Expression Parse(const std::string& text) {
  auto parsed = expr::ParseExpression(text);
  EXPECT_TRUE(parsed.ok()) << text << ": " << parsed.status();
  return *parsed;
}

std::vector<Candidate> ThreeParents() {
  std::vector<Candidate> candidates;
  for (const char* text : {"uniform()", "span(-var(abslog(WX)), 0.15)", "span(mean(W), 0.08)"}) {
    Candidate candidate;
    candidate.id = static_cast<int64_t>(candidates.size());
    candidate.expression = Parse(text);
    candidates.push_back(candidate);
  }
  return candidates;
}

TEST(Breeder, OffspringAreNewValidAndNameTheirParents) {
  const std::vector<Candidate> candidates = ThreeParents();
  expr::VariationOptions variation;
  Breeder breeder(5, 8, variation);
  std::set<uint64_t> seen;
  for (const Candidate& candidate : candidates) {
    breeder.AddSeen(candidate.expression);
    seen.insert(expr::CanonicalHash(candidate.expression));
  }
  breeder.AddResult(0, 5.0, 1);
  breeder.AddResult(2, 4.0, 4);
  std::map<std::string, int> origins;
  for (int i = 0; i < 300; ++i) {
    const Offspring child = breeder.Breed(candidates);
    EXPECT_TRUE(expr::Validate(child.expression).ok());
    EXPECT_EQ(expr::TypeOf(child.expression), expr::ValueType::kAllocation);
    EXPECT_TRUE(seen.insert(expr::CanonicalHash(child.expression)).second);
    ++origins[child.lineage.origin];
    const size_t parents = child.lineage.origin == "crossover"  ? 2
                           : child.lineage.origin == "mutation" ? 1
                                                                : 0;
    EXPECT_EQ(child.lineage.parents.size(), parents);
    for (const int64_t parent : child.lineage.parents) EXPECT_TRUE(parent == 0 || parent == 2);
  }
  EXPECT_GT(origins["crossover"], 20);
  EXPECT_GT(origins["mutation"], 100);
}

TEST(Breeder, ParentsComeFromTheBestOfThePopulation) {
  const std::vector<Candidate> candidates = ThreeParents();
  Breeder breeder(5, 2, expr::VariationOptions());
  breeder.AddResult(0, 9.0, 9);  // dominated by both others
  breeder.AddResult(1, 1.0, 5);
  breeder.AddResult(2, 2.0, 4);
  std::set<int64_t> parents;
  for (int i = 0; i < 200; ++i) {
    const Offspring child = breeder.Breed(candidates);
    parents.insert(child.lineage.parents.begin(), child.lineage.parents.end());
  }
  EXPECT_EQ(parents, (std::set<int64_t>{1, 2}));
}

TEST(Breeder, CopiesOfAResultDoNotCrowdOutTheRest) {
  std::vector<Candidate> candidates = ThreeParents();
  candidates.push_back(candidates[2]);
  const auto parents_of = [&](const std::vector<std::pair<double, int>>& results) {
    Breeder breeder(5, 2, expr::VariationOptions());
    for (size_t id = 0; id < results.size(); ++id) {
      breeder.AddResult(static_cast<int64_t>(id), results[id].first, results[id].second);
    }
    std::set<int64_t> parents;
    for (int i = 0; i < 200; ++i) {
      const Offspring child = breeder.Breed(candidates);
      parents.insert(child.lineage.parents.begin(), child.lineage.parents.end());
    }
    return parents;
  };
  EXPECT_EQ(parents_of({{1.0, 4}, {1.0, 4}, {2.0, 5}}), (std::set<int64_t>{0, 2}));
  EXPECT_EQ(parents_of({{1.0, 4}, {1.0, 5}, {2.0, 6}}), (std::set<int64_t>{0, 2}));
  // A simpler copy is progress.
  EXPECT_EQ(parents_of({{1.0, 4}, {1.0, 3}, {2.0, 6}}), (std::set<int64_t>{0, 1}));
}

TEST(Breeder, WithoutParentsOffspringAreRandom) {
  Breeder breeder(5, 8, expr::VariationOptions());
  EXPECT_EQ(breeder.Breed({}).lineage.origin, "random");
}

TEST(Breeder, EndsWhenThereIsNothingNew) {
  expr::VariationOptions tiny;
  tiny.maximum_nodes = 3;
  tiny.maximum_depth = 3;
  tiny.sources = {"depth"};
  Breeder breeder(1, 4, tiny);
  std::vector<Candidate> candidates(1);
  candidates[0].expression = Parse("uniform()");
  breeder.AddResult(0, 1.0, 1);
  for (int i = 0; i < 2000; ++i) {
    EXPECT_TRUE(expr::Validate(breeder.Breed(candidates).expression).ok());
  }
}

}  // namespace
}  // namespace strata::search
