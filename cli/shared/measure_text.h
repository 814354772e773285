// What people read of a measured mean in nats: the perplexity of a loss, and a KL divergence as it
// is. Every report, table, event and JSON key of a run goes through here, so that a KL divergence
// is never shown as a perplexity.
#ifndef STRATA_CLI_SHARED_MEASURE_TEXT_H_
#define STRATA_CLI_SHARED_MEASURE_TEXT_H_

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "evaluator/evaluator.h"

namespace strata::cli {

// What fitness and selection of a run measure. Its report is always the loss.
struct RunMeasures {
  evaluator::Measure fitness = evaluator::Measure::kLoss;
  evaluator::Measure selection = evaluator::Measure::kLoss;
};

// Returns exp(nats) of a loss, and a KL divergence unchanged.
double Shown(double nats, evaluator::Measure measure);

// Returns a perplexity with so many decimals, a KL divergence with four, and "-" for nullopt.
std::string ShownText(const std::optional<double>& nats, evaluator::Measure measure,
                      int perplexity_decimals = 2);

// Returns null for nullopt.
nlohmann::ordered_json ShownJson(const std::optional<double>& nats, evaluator::Measure measure);

// Returns how many times the first is the second, as it is shown: a ratio of perplexities or of KL
// divergences.
double ShownRatio(double nats, double other_nats, evaluator::Measure measure);

// Returns "perplexity" or "KL divergence".
std::string ShownName(evaluator::Measure measure);

// Return the JSON keys of what is shown, "NAME_perplexity" or "NAME_kl", and of the nats
// themselves, "NAME_nll" or "NAME_kl".
std::string ShownKey(const std::string& name, evaluator::Measure measure);
std::string NatsKey(const std::string& name, evaluator::Measure measure);

// Returns a sentence that says what the numbers of a run's table are: "Perplexities, lower is
// better."
std::string ShownSentence(const RunMeasures& measures);

}  // namespace strata::cli

#endif  // STRATA_CLI_SHARED_MEASURE_TEXT_H_
