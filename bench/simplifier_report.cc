// Counts how many equal random expressions the canonical form recognises as equal, against the
// number that are. Prints a table for trees as the search draws them, and tables for trees of all
// operators.
//
//   simplifier_report [expressions] [seed]
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <set>
#include <string>
#include <vector>

#include "expr/allocation.h"
#include "expr/expression.h"
#include "expr/feature_table.h"
#include "expr/variation.h"

namespace {

using strata::expr::AllocationTarget;
using strata::expr::Expression;
using strata::expr::FeatureTable;
using strata::expr::OperatorKind;
using strata::expr::UnitKind;
using strata::expr::UnitLayout;
using strata::expr::VariationOptions;

class SplitMix : public strata::expr::RandomGenerator {
 public:
  explicit SplitMix(uint64_t seed) : state_(seed) {}
  uint64_t Below(uint64_t bound) override { return Next() % bound; }
  double Uniform(double minimum, double maximum) override {
    return minimum + (maximum - minimum) * static_cast<double>(Next() >> 11) * 0x1p-53;
  }
  double Normal() override {  // Box-Muller
    const double radius = std::sqrt(-2 * std::log(1 - Uniform(0, 1)));
    return radius * std::cos(2 * M_PI * Uniform(0, 1));
  }

 private:
  uint64_t Next() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15ULL;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }

  uint64_t state_;
};

// A table whose features look like those of a model: positive, with a trend over the depth, noise
// of the given spread (standard deviation of the logarithm), and an outlier.
class SyntheticModel {
 public:
  SyntheticModel(UnitLayout layout, uint64_t seed, double spread, double sparsity)
      : table_(std::move(layout)), seed_(seed), spread_(spread), target_{sparsity, 0.0, 0.95} {}

  // Returns the allocation to `decimals` places, or the reason if there is none.
  std::string Key(const Expression& expression, int decimals) {
    for (const std::string& feature : RequiredFeatures(expression)) Measure(feature);
    const auto allocation = EvaluateAllocation(expression, table_, target_);
    if (!allocation.ok()) return std::string(allocation.status().message());
    std::string key;
    for (const double sparsity : *allocation) {
      key += fmt::format("{},", std::llround(sparsity * std::pow(10, decimals)));
    }
    return key;
  }

 private:
  // Measures a feature. Two texts of the same statistic get the same values.
  void Measure(const std::string& feature) {
    if (table_.Find(feature) != nullptr) return;
    Expression statistic = Canonicalize(*strata::expr::ParseExpression(feature));
    double sign = 1;
    if (strata::expr::OperatorOf(statistic.op).name == "neg") {
      sign = -1;
      statistic = Expression(statistic.children[0]);
    }
    uint64_t hash = seed_;
    for (const char c : PrintExpression(statistic)) hash = hash * 1099511628211ULL + c;
    SplitMix random(hash);
    const double slope = random.Normal();
    const auto units = static_cast<size_t>(table_.units());
    std::vector<double> values(units);
    for (size_t i = 0; i < units; ++i) {
      const double depth = static_cast<double>(i) / static_cast<double>(units);
      values[i] = sign * std::exp(slope * depth + spread_ * random.Normal());
    }
    values[random.Below(units)] *= 4;
    if (!table_.Add(feature, values).ok()) fmt::print(stderr, "{}: not added\n", feature);
  }

  FeatureTable table_;
  uint64_t seed_;
  double spread_;
  AllocationTarget target_;
};

UnitLayout Blocks(int blocks, int units_per_block) {
  UnitLayout layout;
  for (int block = 0; block < blocks; ++block) {
    for (int unit = 0; unit < units_per_block; ++unit) {
      const UnitKind kind = units_per_block == 1         ? UnitKind::kBlock
                            : unit * 2 < units_per_block ? UnitKind::kAttention
                                                         : UnitKind::kFeedForward;
      const int64_t side = 576 + 320 * unit;
      layout.push_back({576 * side, block, kind, 576 + side});
    }
  }
  return layout;
}

struct Counts {
  int changed = 0;
  int shortened = 0;
  int64_t nodes = 0;
  int64_t removed = 0;
  std::set<std::string> texts;
  std::set<std::string> canonical;
  std::set<std::string> allocations;  // of three models, to nine decimals
  std::set<std::string> candidates;   // of one model, as the archive rounds them
  std::vector<double> microseconds;
};

Counts Count(const VariationOptions& options, int expressions, uint64_t seed) {
  SplitMix random(seed);
  SyntheticModel blocks(Blocks(30, 1), 1, 0.3, 0.6);
  SyntheticModel linears(Blocks(8, 7), 2, 1.0, 0.45);
  SyntheticModel parts(Blocks(12, 2), 3, 4.0, 0.3);
  Counts counts;
  for (int i = 0; i < expressions; ++i) {
    const Expression tree = RandomExpression(random, options);
    const auto start = std::chrono::steady_clock::now();
    const Expression canonical = Canonicalize(tree);
    const std::chrono::duration<double, std::micro> spent =
        std::chrono::steady_clock::now() - start;
    counts.microseconds.push_back(spent.count());
    const int removed = Complexity(tree) - Complexity(canonical);
    counts.changed += canonical != tree;
    counts.shortened += removed > 0;
    counts.nodes += Complexity(tree);
    counts.removed += removed;
    const std::string text = PrintExpression(tree);
    counts.canonical.insert(PrintExpression(canonical));
    if (!counts.texts.insert(text).second) continue;
    const std::string key = blocks.Key(tree, 9);
    counts.allocations.insert(key + linears.Key(tree, 9) + parts.Key(tree, 9));
    counts.candidates.insert(blocks.Key(tree, 5));
  }
  std::sort(counts.microseconds.begin(), counts.microseconds.end());
  return counts;
}

void Print(const char* name, const Counts& counts) {
  const auto expressions = static_cast<double>(counts.microseconds.size());
  const auto found = static_cast<double>(counts.texts.size() - counts.canonical.size());
  const auto row = [](std::string_view what, const std::string& value) {
    fmt::print("  {:<58} {:>10}\n", what, value);
  };
  const auto share = [](double part, double whole) {
    return fmt::format("{:.1f} %", whole > 0 ? 100 * part / whole : 100.0);
  };
  fmt::print("{}\n", name);
  row("expressions", fmt::format("{}", counts.microseconds.size()));
  row("changed", share(counts.changed, expressions));
  row("with fewer nodes", share(counts.shortened, expressions));
  row("nodes", fmt::format("{:.2f}", static_cast<double>(counts.nodes) / expressions));
  row("nodes removed, over all",
      fmt::format("{:.2f}", static_cast<double>(counts.removed) / expressions));
  row("nodes removed, where any are",
      fmt::format("{:.2f}", static_cast<double>(counts.removed) / std::max(1, counts.shortened)));
  row("distinct texts", fmt::format("{}", counts.texts.size()));
  row("distinct canonical forms", fmt::format("{}", counts.canonical.size()));
  row("distinct allocations (three models, 1e-9)", fmt::format("{}", counts.allocations.size()));
  row("distinct candidates (blocks of one model, 1e-5)",
      fmt::format("{}", counts.candidates.size()));
  row("duplicates found, of those equal on three models",
      share(found, static_cast<double>(counts.texts.size() - counts.allocations.size())));
  row("duplicates found, of those equal as candidates",
      share(found, static_cast<double>(counts.texts.size() - counts.candidates.size())));
  row("time of a canonical form, median",
      fmt::format("{:.1f} us", counts.microseconds[counts.microseconds.size() / 2]));
  row("time of a canonical form, 99.9 %",
      fmt::format("{:.1f} us", counts.microseconds[counts.microseconds.size() * 999 / 1000]));
}

bool Number(const char* text, uint64_t& value) {
  const char* end = text + std::char_traits<char>::length(text);
  const auto [stop, error] = std::from_chars(text, end, value);
  return error == std::errc() && stop == end && value > 0;
}

}  // namespace

int main(int argc, char** argv) {
  uint64_t expressions = 100000;
  uint64_t seed = 1;
  if (argc > 3 || (argc > 1 && !Number(argv[1], expressions)) || expressions > 10000000 ||
      (argc > 2 && !Number(argv[2], seed))) {
    fmt::print(stderr, "usage: simplifier_report [expressions] [seed]\n");
    return 2;
  }
  VariationOptions everything;
  everything.sources.clear();
  everything.excluded.clear();
  for (const auto& row : strata::expr::Operators()) {
    if (row.kind != OperatorKind::kTensorSource && row.kind != OperatorKind::kStructuralSource) {
      continue;
    }
    everything.sources.push_back(std::string(row.name));
  }
  VariationOptions large = everything;
  large.maximum_nodes = 100;
  large.maximum_depth = 30;
  const int count = static_cast<int>(expressions);
  Print("operators of the search by default", Count(VariationOptions(), count, seed));
  Print("all operators", Count(everything, count, seed));
  Print("all operators, up to 100 nodes", Count(large, std::max(1, count / 20), seed));
  return 0;
}
