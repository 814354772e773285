#include "cli/shared/measure_text.h"

#include <fmt/format.h>

#include <cmath>

namespace strata::cli {
namespace {

using evaluator::Measure;

constexpr int kDivergenceDecimals = 4;

}  // namespace

double Shown(double nats, Measure measure) {
  return measure == Measure::kLoss ? std::exp(nats) : nats;
}

std::string ShownText(const std::optional<double>& nats, Measure measure, int perplexity_decimals) {
  if (!nats) return "-";
  return fmt::format("{:.{}f}", Shown(*nats, measure),
                     measure == Measure::kLoss ? perplexity_decimals : kDivergenceDecimals);
}

nlohmann::ordered_json ShownJson(const std::optional<double>& nats, Measure measure) {
  return nats ? nlohmann::ordered_json(Shown(*nats, measure)) : nlohmann::ordered_json(nullptr);
}

double ShownRatio(double nats, double other_nats, Measure measure) {
  return measure == Measure::kLoss ? std::exp(nats - other_nats) : nats / other_nats;
}

std::string ShownName(Measure measure) {
  return measure == Measure::kLoss ? "perplexity" : "KL divergence";
}

std::string ShownKey(const std::string& name, Measure measure) {
  return name + (measure == Measure::kLoss ? "_perplexity" : "_kl");
}

std::string NatsKey(const std::string& name, Measure measure) {
  return name + (measure == Measure::kLoss ? "_nll" : "_kl");
}

std::string ShownSentence(const RunMeasures& measures) {
  const bool of_fitness = measures.fitness == Measure::kKl;
  const bool of_selection = measures.selection == Measure::kKl;
  if (!of_fitness && !of_selection) return "Perplexities, lower is better.";
  return fmt::format("Perplexities, but {} in nats; lower is better.",
                     of_fitness && of_selection
                         ? "fitness and selection are KL divergences from the dense model"
                         : fmt::format("the {} is the KL divergence from the dense model",
                                       of_fitness ? "fitness" : "selection"));
}

}  // namespace strata::cli
