#include "cli/report/run_cost.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <variant>

#include "cli/config/robust_config.h"
#include "cli/config/run_config_plan.h"
#include "evaluator/evaluator.h"
#include "expr/baselines.h"
#include "expr/blockwise.h"
#include "expr/descent.h"
#include "expr/status_macros.h"
#include "search/engine/search_limits.h"
#include "search/work_contexts.h"

namespace strata::cli {
namespace {

using search::StoredCandidate;

// A forward and a backward pass.
constexpr int64_t kForwardAndBackward = 3;

// Where an evaluation of the search or of finalists belongs, by the digest of its work item. What
// is in neither set belongs to the refinement.
struct Digests {
  std::map<std::string, evaluator::Fidelity> search;
  std::set<std::string> exact;
};

// How the stages of a run measure, as far as tokens depend on it.
struct Fidelities {
  std::vector<evaluator::Fidelity> racing;  // the rungs before the last
  evaluator::Fidelity search;
  evaluator::Fidelity exact;  // also of refinements; the number of windows differs
};

absl::StatusOr<Fidelities> FidelitiesOf(const RunConfig& config) {
  Fidelities fidelities;
  STRATA_ASSIGN_OR_RETURN(fidelities.racing, RacingRungsOf(config));
  fidelities.search = {.windows = config.fitness_windows,
                       .window_tokens = config.fitness_window_tokens,
                       .protocol = config.fitness_protocol};
  fidelities.exact = {.window_tokens = config.report_window_tokens,
                      .protocol = evaluator::Protocol::kSequential};
  return fidelities;
}

int64_t TokensOf(const evaluator::Fidelity& fidelity, const evaluator::Calibration& calibration,
                 int64_t windows) {
  const bool is_sequential = fidelity.protocol == evaluator::Protocol::kSequential;
  return windows * fidelity.window_tokens +
         (is_sequential ? 2 * calibration.sequences * calibration.sequence_tokens : 0);
}

absl::StatusOr<std::string> RequiredProperty(const search::RunStore& store, const char* name) {
  STRATA_ASSIGN_OR_RETURN(const auto text, store.Property(name));
  if (text) return *text;
  return absl::DataLossError(fmt::format("the run lacks the property '{}'", name));
}

std::string DigestOf(const std::string& context, const expr::Allocation& allocation) {
  return search::WorkDigest(context,
                            {0, search::EvaluateWork{0, search::Stage::kSearch, allocation}});
}

std::string DigestOf(const std::string& context, const std::string& feature) {
  return search::WorkDigest(context, {0, search::ProfileWork{{feature}}});
}

// Returns the digests of what the search and the finals may have measured: every candidate, and the
// dense model, which has no zeros.
absl::StatusOr<Digests> DigestsOf(const search::RunStore& store, const Fidelities& fidelities,
                                  const std::vector<StoredCandidate>& candidates) {
  STRATA_ASSIGN_OR_RETURN(const auto racing, RequiredProperty(store, "racing_contexts"));
  STRATA_ASSIGN_OR_RETURN(const auto search, RequiredProperty(store, "search_context"));
  STRATA_ASSIGN_OR_RETURN(const auto select, RequiredProperty(store, "select_context"));
  STRATA_ASSIGN_OR_RETURN(const auto verify,
                          RequiredProperty(store, search::kVerifyContextProperty));
  std::vector<std::pair<std::string, evaluator::Fidelity>> rungs;
  size_t begin = 0;
  for (const evaluator::Fidelity& rung : fidelities.racing) {
    const size_t end = std::min(racing.find('\n', begin), racing.size());
    rungs.emplace_back(racing.substr(begin, end - begin), rung);
    begin = std::min(end + 1, racing.size());
  }
  rungs.emplace_back(search, fidelities.search);
  Digests digests;
  const auto add = [&](const expr::Allocation& allocation) {
    for (const auto& [context, fidelity] : rungs) {
      digests.search.emplace(DigestOf(context, allocation), fidelity);
    }
    digests.exact.insert(DigestOf(select, allocation));
    digests.exact.insert(DigestOf(verify, allocation));
  };
  expr::Allocation dense;
  for (const StoredCandidate& candidate : candidates) {
    if (candidate.allocation.empty()) continue;
    dense.assign(candidate.allocation.size(), 0.0);
    add(candidate.allocation);
  }
  if (!dense.empty()) add(dense);
  return digests;
}

// Adds the features slopes(f, s) that the expression needs, and those that each f needs.
void AddSlopes(const expr::Expression& expression, std::set<std::string>* slopes) {
  for (std::string& feature : expr::RequiredFeatures(expression)) {
    const auto parsed = expr::PrunedFeature(feature);
    if (parsed && slopes->insert(std::move(feature)).second) {
      AddSlopes(parsed->children[0], slopes);
    }
  }
}

// What the candidates needed that has resolved allocations.
struct Needed {
  std::set<std::string> slopes;
  std::set<bool> gradients;  // false: of the run's units; true: of blocks
};

absl::StatusOr<Needed> NeededBy(const std::vector<StoredCandidate>& candidates) {
  Needed needed;
  for (const StoredCandidate& candidate : candidates) {
    if (candidate.allocation.empty()) continue;
    STRATA_ASSIGN_OR_RETURN(const auto expression, expr::ParseExpression(candidate.text));
    AddSlopes(expression, &needed.slopes);
    for (const std::string& feature : expr::RequiredFeatures(expression)) {
      const auto of_blocks = expr::FeatureOfBlocks(feature);
      STRATA_ASSIGN_OR_RETURN(const auto parsed,
                              expr::ParseExpression(of_blocks.value_or(feature)));
      if (expr::NeedsOf(parsed).gradients) needed.gradients.insert(of_blocks.has_value());
    }
  }
  return needed;
}

// Returns the tokens of the features that were measured apart from the one pass of the cheap ones.
// A run through the model from a unit on takes half of the blocks on average.
absl::StatusOr<int64_t> CostlyFeatureTokens(const search::RunStore& store, int64_t units,
                                            const evaluator::Calibration& calibration) {
  STRATA_ASSIGN_OR_RETURN(const auto context, RequiredProperty(store, "profile_context"));
  STRATA_ASSIGN_OR_RETURN(const auto model, RequiredProperty(store, "model"));
  const auto json = nlohmann::json::parse(model, nullptr, false);
  if (!json.is_object() || !json.contains("blocks") || !json["blocks"].is_number_integer()) {
    return absl::DataLossError("property 'model' of the run: expected the number 'blocks'");
  }
  const int64_t pass = calibration.sequences * calibration.sequence_tokens;
  const int64_t distortion_tokens =
      calibration.sequence_tokens *
      std::clamp<int64_t>(evaluator::kDistortionTokens / calibration.sequence_tokens, 1,
                          calibration.sequences);
  int64_t tokens = 0;
  for (const bool of_blocks : {false, true}) {
    const int64_t parts = of_blocks ? json["blocks"].get<int64_t>() : units;
    for (const auto& [name, cost] : {std::pair{"distortion", parts * distortion_tokens / 2},
                                     {"sensitivity", parts * pass},
                                     {"slope", kForwardAndBackward * pass}}) {
      const std::string feature = of_blocks ? fmt::format("blockwise({})", name) : name;
      STRATA_ASSIGN_OR_RETURN(const auto outcome, store.FindOutcome(DigestOf(context, feature)));
      if (outcome && !std::holds_alternative<search::FailedOutcome>(*outcome)) tokens += cost;
    }
  }
  return tokens;
}

absl::StatusOr<TokenCost> TokensOfRun(const search::RunStore& store, const RunConfig& config,
                                      const std::vector<StoredCandidate>& candidates) {
  STRATA_ASSIGN_OR_RETURN(const Fidelities fidelities, FidelitiesOf(config));
  const evaluator::Calibration calibration{config.calibration_sequences,
                                           config.calibration_sequence_tokens};
  TokenCost cost;
  cost.per_evaluation = TokensOf(fidelities.search, calibration, fidelities.search.windows);
  STRATA_ASSIGN_OR_RETURN(const auto digests, DigestsOf(store, fidelities, candidates));
  STRATA_ASSIGN_OR_RETURN(const auto problems, store.CheckOutcomes());
  bool has_features = false;
  for (const auto& [digest, problem] : problems) {
    STRATA_ASSIGN_OR_RETURN(const auto outcome, store.FindOutcome(digest));
    if (!outcome) continue;
    has_features |= std::holds_alternative<search::ProfileOutcome>(*outcome);
    const auto* measured = std::get_if<search::EvaluateOutcome>(&*outcome);
    if (measured == nullptr) continue;
    const auto windows = static_cast<int64_t>(measured->window_nll.size());
    if (const auto rung = digests.search.find(digest); rung != digests.search.end()) {
      cost.search += TokensOf(rung->second, calibration, windows);
    } else if (digests.exact.contains(digest)) {
      cost.exact += TokensOf(fidelities.exact, calibration, windows);
    } else {
      const int64_t passes = measured->slopes.empty() ? 1 : kForwardAndBackward;
      cost.refinement += TokensOf(fidelities.exact, calibration, passes * windows);
    }
  }
  STRATA_ASSIGN_OR_RETURN(const auto needed, NeededBy(candidates));
  const int64_t pass = calibration.sequences * calibration.sequence_tokens;
  cost.slopes = static_cast<int64_t>(needed.slopes.size()) * search::kEvaluationsPerSlopes *
                cost.per_evaluation;
  if (!has_features) return cost;
  const auto resolved = std::find_if(candidates.begin(), candidates.end(),
                                     [](const auto& c) { return !c.allocation.empty(); });
  const auto units = resolved == candidates.end() ? 0 : resolved->allocation.size();
  STRATA_ASSIGN_OR_RETURN(const int64_t costly,
                          CostlyFeatureTokens(store, int64_t(units), calibration));
  cost.features =
      pass + costly + static_cast<int64_t>(needed.gradients.size()) * kForwardAndBackward * pass;
  return cost;
}

absl::StatusOr<double> SecondsOfRun(const search::RunStore& store) {
  STRATA_ASSIGN_OR_RETURN(const auto events, store.LastEvents(std::numeric_limits<int>::max()));
  double seconds = 0;
  for (size_t i = 1; i < events.size(); ++i) {
    if (events[i].kind != "run_started") {
      seconds += std::max(0.0, events[i].unix_seconds - events[i - 1].unix_seconds);
    }
  }
  return seconds;
}

}  // namespace

absl::StatusOr<RunTimes> ReadRunTimes(const search::RunStore& store) {
  RunTimes times;
  STRATA_ASSIGN_OR_RETURN(times.seconds, SecondsOfRun(store));
  STRATA_ASSIGN_OR_RETURN(const auto spent, store.Property("seconds_spent"));
  const std::string digits = spent.value_or("0");
  const char* const end = digits.data() + digits.size();
  const auto parsed = std::from_chars(digits.data(), end, times.search_seconds);
  if (parsed.ec != std::errc() || parsed.ptr != end) {
    return absl::DataLossError(fmt::format(
        "property 'seconds_spent' of the run: expected a number, found \"{}\"", digits));
  }
  return times;
}

absl::StatusOr<RunCost> ReadRunCost(const search::RunStore& store, const RunConfig& config,
                                    const std::vector<StoredCandidate>& candidates) {
  RunCost cost;
  STRATA_ASSIGN_OR_RETURN(const auto begun, store.Property("search_context"));
  if (!ScenarioNames(config).empty() || !begun) return cost;
  STRATA_ASSIGN_OR_RETURN(cost.tokens, TokensOfRun(store, config, candidates));
  return cost;
}

nlohmann::ordered_json ToJson(const RunCost& cost) {
  nlohmann::ordered_json json = {{"tokens", nullptr}};
  if (cost.tokens) {
    json["tokens"] = {{"per_evaluation", cost.tokens->per_evaluation},
                      {"search", cost.tokens->search},
                      {"slopes", cost.tokens->slopes},
                      {"features", cost.tokens->features},
                      {"exact", cost.tokens->exact},
                      {"refinement", cost.tokens->refinement},
                      {"total", cost.tokens->total()}};
  }
  return json;
}

}  // namespace strata::cli
