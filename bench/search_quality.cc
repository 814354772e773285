// Compares strategies by the best function that each has found after a number of evaluations.
// Prints medians over seeds as a table on standard output, and writes all values as CSV.
//
//   search_quality PROBLEM SEEDS EVALUATIONS CSV VARIANT...
//
// PROBLEM is `synthetic`, `synthetic-linear`, one of these with `-rough` behind it, or
// MODEL,TEXT,GRANULARITY,SPARSITY for one-shot Wanda on a real model. Every seed of a synthetic
// problem is another landscape. Its losses are given in per cent of the way from the best
// allocation (0) to the uniform one (100). If it is rough, two per cent of that way are chance, and
// the value shown is the worth of the allocation with the lowest loss. VARIANT is a row of
// kVariants below; the default is strata, random, hill_climbing and dsa. On linears, all of them
// have the program's defaults for linears, with slopes. A variant starts from random candidates of
// its own only. With the suffix `-seeded` it starts with the published functions too, as a run
// does. With the suffix `-free` the value is that of the best function that needs no slopes. A
// measurement of slopes counts as three evaluations.
#include <fmt/format.h>
#include <fmt/os.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "bench/search_quality_problem.h"
#include "evaluator/clock.h"
#include "expr/descent.h"
#include "expr/status_macros.h"
#include "search/engine/engine.h"

namespace {

using strata::bench::Problem;
using strata::search::EngineOptions;
using strata::search::StrategyKind;

constexpr int kRandomCandidates = 8;
constexpr double kRoughness = 0.02;  // share of the way from the best allocation to the uniform one
constexpr int64_t kCheckpoints[] = {10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000};

struct Variant {
  const char* name;
  void (*change)(EngineOptions* options);
};
const Variant kVariants[] = {
    {"strata", [](EngineOptions*) {}},
    {"random", [](EngineOptions* o) { o->strategy.kind = StrategyKind::kRandom; }},
    {"hill_climbing", [](EngineOptions* o) { o->strategy.kind = StrategyKind::kHillClimbing; }},
    {"dsa", [](EngineOptions* o) { o->strategy.kind = StrategyKind::kDsa; }},
    {"no-surrogate", [](EngineOptions* o) { o->strategy.surrogate.enabled = false; }},
    {"amplitude-32", [](EngineOptions* o) { o->strategy.surrogate.amplitude_steps = 32; }},
    {"proposals-16", [](EngineOptions* o) { o->strategy.surrogate.proposals = 16; }},
    {"proposals-1000", [](EngineOptions* o) { o->strategy.surrogate.proposals = 1000; }},
    {"proposals-64", [](EngineOptions* o) { o->strategy.surrogate.proposals = 64; }},
    {"unfiltered-0", [](EngineOptions* o) { o->strategy.surrogate.unfiltered_share = 0; }},
    {"unfiltered-40", [](EngineOptions* o) { o->strategy.surrogate.unfiltered_share = 0.4; }},
    {"trust-0", [](EngineOptions* o) { o->strategy.surrogate.trust_radius = 0; }},
    {"trust-0.03", [](EngineOptions* o) { o->strategy.surrogate.trust_radius = 0.03; }},
    {"trust-0.06", [](EngineOptions* o) { o->strategy.surrogate.trust_radius = 0.06; }},
    {"optimism-0", [](EngineOptions* o) { o->strategy.surrogate.optimism = 0; }},
    {"optimism-2", [](EngineOptions* o) { o->strategy.surrogate.optimism = 2; }},
    {"optimism-3", [](EngineOptions* o) { o->strategy.surrogate.optimism = 3; }},
    {"optimism-5", [](EngineOptions* o) { o->strategy.surrogate.optimism = 5; }},
    {"loss-100", [](EngineOptions* o) { o->strategy.surrogate.loss_share = 1; }},
    {"loss-0", [](EngineOptions* o) { o->strategy.surrogate.loss_share = 0; }},
    {"points-100", [](EngineOptions* o) { o->strategy.surrogate.maximum_points = 100; }},
    {"points-400", [](EngineOptions* o) { o->strategy.surrogate.maximum_points = 400; }},
    {"pool-0", [](EngineOptions* o) { o->strategy.surrogate.feature_pool = 0; }},
    {"pool-200", [](EngineOptions* o) { o->strategy.surrogate.feature_pool = 200; }},
    {"population-12", [](EngineOptions* o) { o->strategy.population = 12; }},
    {"population-48", [](EngineOptions* o) { o->strategy.population = 48; }},
    {"descent-0", [](EngineOptions* o) { o->strategy.descent_interval = 0; }},
    {"descent-8", [](EngineOptions* o) { o->strategy.descent_interval = 8; }},
    {"lag-1", [](EngineOptions* o) { o->lag = 1; }},
    {"lag-32", [](EngineOptions* o) { o->lag = 32; }},
};

// A measurement of slopes counts as so many evaluations, as in the engine.
constexpr int64_t kEvaluationsPerSlopes = 3;

// Suffixes of a variant.
struct Suffixes {
  bool free = false;
  bool seeded = false;
};

// Returns true if `name` ends with the suffix, and removes it.
bool TakeSuffix(std::string_view suffix, std::string* name) {
  if (!name->ends_with(suffix)) return false;
  name->resize(name->size() - suffix.size());
  return true;
}

struct Measured {
  int64_t evaluations;  // up to this one, slopes included
  double loss, worth;
};

// Sets what the program sets for linears if a configuration does not: see run_config.cc.
void UseLinearDefaults(EngineOptions* options) {
  auto& variation = options->strategy.variation;
  std::erase(variation.sources, "distortion");
  for (const char* source :
       {"size", "fan", "attention", "query", "key", "value", "output", "gate", "up", "down"}) {
    variation.sources.emplace_back(source);
  }
  for (const char* name : {"kindminmax", "blockwise", "shift"}) {
    std::erase(variation.excluded, name);
  }
  variation.adjust_weight = 2;
  options->strategy.descent_interval = 8;
  options->strategy.surrogate.generations = 3;
  options->strategy.surrogate.optimism = 0;
  options->strategy.surrogate.trust_radius = 0.05;
}

absl::StatusOr<strata::search::ProfileOutcome> Profile(const strata::search::ProfileWork& work,
                                                       Problem* problem) {
  strata::search::ProfileOutcome values;
  for (const std::string& feature : work.features) {
    const auto pruned = work.pruned.find(feature);
    STRATA_ASSIGN_OR_RETURN(auto value, pruned == work.pruned.end()
                                            ? problem->Feature(feature)
                                            : problem->Slopes(pruned->second));
    values.values.push_back(std::move(value));
  }
  return values;
}

bool NeedsSlopes(const std::vector<std::string>& features) {
  return std::any_of(features.begin(), features.end(), [](const std::string& feature) {
    return strata::expr::PrunedFeature(feature).has_value();
  });
}

// Returns the number of features among `features` that hold slopes and are not in `known`, and adds
// them there.
int64_t NewSlopes(const std::vector<std::string>& features, std::set<std::string>* known) {
  int64_t count = 0;
  for (const std::string& feature : features) {
    if (strata::expr::PrunedFeature(feature) && known->insert(feature).second) ++count;
  }
  return count;
}

// Returns the evaluations of candidates, in the order in which the candidates were made; with
// `free`, those of functions that need no slopes.
absl::StatusOr<std::vector<Measured>> MeasuredOf(
    const std::vector<strata::search::Candidate>& candidates, bool free, Problem* problem) {
  std::vector<Measured> measured;
  std::set<std::string> slopes;
  int64_t evaluations = 0;
  for (const strata::search::Candidate& candidate : candidates) {
    STRATA_ASSIGN_OR_RETURN(const auto expression, strata::expr::ParseExpression(candidate.text));
    const auto features = strata::expr::RequiredFeatures(expression);
    evaluations += kEvaluationsPerSlopes * NewSlopes(features, &slopes);
    if (candidate.same_as || !candidate.fitness_nll) continue;
    ++evaluations;
    if (free && NeedsSlopes(features)) continue;
    STRATA_ASSIGN_OR_RETURN(const auto worth, problem->Worth(candidate.allocation));
    measured.push_back({evaluations, *candidate.fitness_nll, worth});
  }
  return measured;
}

// Runs a search and returns its evaluations.
absl::StatusOr<std::vector<Measured>> Search(const Variant& variant, uint64_t seed,
                                             int64_t evaluations, const Suffixes& suffixes,
                                             Problem* problem) {
  EngineOptions options;
  options.seed = seed;
  options.target.sparsity = problem->sparsity();
  options.random_candidates = kRandomCandidates;
  options.maximum_evaluations = evaluations;
  options.finalists = 1;
  const strata::expr::UnitLayout& layout = problem->layout();
  if (layout.size() > 1 && layout[0].role != strata::expr::LinearRole::kNone) {
    UseLinearDefaults(&options);
  }
  variant.change(&options);
  if (suffixes.seeded) {
    options.baselines =
        strata::expr::Baselines(problem->layout(), problem->sparsity(), {.spectra = false});
  }
  STRATA_ASSIGN_OR_RETURN(auto engine, strata::search::Engine::Create(options, problem->layout()));
  for (;;) {
    const strata::search::Action action = engine->Ask();
    if (engine->phase() != strata::search::Phase::kSearching &&
        engine->phase() != strata::search::Phase::kDraining) {
      break;
    }
    const auto& item = std::get<strata::search::WorkItem>(action);
    strata::search::Outcome outcome;
    if (const auto* profile = std::get_if<strata::search::ProfileWork>(&item.work)) {
      STRATA_ASSIGN_OR_RETURN(outcome, Profile(*profile, problem));
    } else {
      const auto& work = std::get<strata::search::EvaluateWork>(item.work);
      STRATA_ASSIGN_OR_RETURN(const auto loss, problem->Loss(work.allocation));
      outcome = strata::search::EvaluateOutcome{loss, problem->sparsity()};
    }
    STRATA_RETURN_IF_ERROR(engine->Tell(item.id, outcome));
  }
  return MeasuredOf(engine->candidates(), suffixes.free, problem);
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

// Returns the worth of the best so far after every evaluation. If a search ended early, its last
// value is repeated. Before the first result the value is that of the first.
std::vector<double> BestSoFar(const std::vector<Measured>& measured, int64_t evaluations) {
  std::vector<double> best;
  if (measured.empty()) return std::vector<double>(static_cast<size_t>(evaluations), std::nan(""));
  Measured lowest = measured.front();
  size_t next = 0;
  for (int64_t at = 1; at <= evaluations; ++at) {
    for (; next < measured.size() && measured[next].evaluations <= at; ++next) {
      if (measured[next].loss < lowest.loss) lowest = measured[next];
    }
    best.push_back(lowest.worth);
  }
  return best;
}

struct Arguments {
  std::string problem;
  uint64_t seeds = 0;
  int64_t evaluations = 0;
  std::string csv;
  std::vector<std::string> variants;
};

absl::StatusOr<std::unique_ptr<Problem>> OpenProblem(const std::string& text) {
  std::vector<std::string> parts;
  std::stringstream stream(text);
  for (std::string part; std::getline(stream, part, ',');) parts.push_back(part);
  if (parts.size() != 4) {
    return absl::InvalidArgumentError(
        fmt::format("PROBLEM: expected `synthetic`, `synthetic-linear`, either with `-rough`, or "
                    "MODEL,TEXT,GRANULARITY,SPARSITY, found '{}'",
                    text));
  }
  return strata::bench::OpenModelProblem({.model = parts[0],
                                          .text = parts[1],
                                          .granularity = parts[2],
                                          .sparsity = std::strtod(parts[3].c_str(), nullptr)});
}

absl::Status Run(const Arguments& arguments) {
  std::unique_ptr<Problem> model;
  std::string kind = arguments.problem;
  const bool is_rough = TakeSuffix("-rough", &kind);
  strata::bench::SyntheticProblemOptions synthetic = {.linears = kind == "synthetic-linear"};
  if (kind != "synthetic" && !synthetic.linears) {
    STRATA_ASSIGN_OR_RETURN(auto opened, OpenProblem(arguments.problem));
    model = std::move(opened);
  }
  auto csv = fmt::output_file(arguments.csv);
  csv.print("variant,seed,evaluations,best\n");
  fmt::print("{:<20}", "best loss after");
  for (const int64_t at : kCheckpoints) {
    if (at <= arguments.evaluations) fmt::print(" {:>8}", at);
  }
  fmt::print("   seconds per search\n");
  for (const std::string& name : arguments.variants) {
    std::string base = name;
    const Suffixes suffixes = {.free = TakeSuffix("-free", &base),
                               .seeded = TakeSuffix("-seeded", &base)};
    const auto variant = std::find_if(std::begin(kVariants), std::end(kVariants),
                                      [&](const Variant& v) { return base == v.name; });
    if (variant == std::end(kVariants)) {
      return absl::InvalidArgumentError(fmt::format("VARIANT: unknown '{}'", name));
    }
    std::vector<std::vector<double>> curves;
    const double start = strata::evaluator::SteadySeconds();
    for (uint64_t seed = 1; seed <= arguments.seeds; ++seed) {
      synthetic.seed = seed;
      synthetic.roughness = 0;
      auto landscape = strata::bench::MakeSyntheticProblem(synthetic);
      const double uniform = *landscape->Loss(
          strata::expr::Allocation(landscape->layout().size(), landscape->sparsity()));
      const double optimum = model == nullptr ? strata::bench::LocalOptimum(landscape.get()) : 0;
      if (is_rough) {
        synthetic.roughness = kRoughness * (uniform - optimum);
        landscape = strata::bench::MakeSyntheticProblem(synthetic);
      }
      Problem* problem = model == nullptr ? landscape.get() : model.get();
      STRATA_ASSIGN_OR_RETURN(const auto measured,
                              Search(*variant, seed, arguments.evaluations, suffixes, problem));
      curves.push_back(BestSoFar(measured, arguments.evaluations));
      if (model == nullptr) {
        for (double& best : curves.back()) best = 100 * (best - optimum) / (uniform - optimum);
      }
      for (size_t i = 0; i < curves.back().size(); ++i) {
        if (i == 0 || curves.back()[i] != curves.back()[i - 1] || i + 1 == curves.back().size()) {
          csv.print("{},{},{},{:.6f}\n", name, seed, i + 1, curves.back()[i]);
        }
      }
    }
    const double seconds = strata::evaluator::SecondsSince(start);
    fmt::print("{:<20}", name);
    for (const int64_t at : kCheckpoints) {
      if (at > arguments.evaluations) continue;
      std::vector<double> values;
      for (const auto& curve : curves) values.push_back(curve[static_cast<size_t>(at - 1)]);
      fmt::print(" {:>8.3f}", Median(values));
    }
    fmt::print("   {:.1f}\n", seconds / static_cast<double>(arguments.seeds));
    std::fflush(stdout);
  }
  return absl::OkStatus();
}

template <typename T>
bool Parse(const char* text, T* value) {
  const std::string_view view(text);
  const auto [end, error] = std::from_chars(view.data(), view.data() + view.size(), *value);
  return error == std::errc() && end == view.data() + view.size() && *value > 0;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  if (argc < 5 || !Parse(argv[2], &arguments.seeds) || !Parse(argv[3], &arguments.evaluations)) {
    fmt::print(stderr, "usage: search_quality PROBLEM SEEDS EVALUATIONS CSV [VARIANT...]\n");
    return 2;
  }
  arguments.problem = argv[1];
  arguments.csv = argv[4];
  arguments.variants.assign(argv + 5, argv + argc);
  if (arguments.variants.empty()) {
    arguments.variants = {"strata", "random", "hill_climbing", "dsa"};
  }
  const absl::Status status = Run(arguments);
  if (status.ok()) return 0;
  fmt::print(stderr, "search_quality: {}\n", std::string(status.message()));
  return 2;
}
