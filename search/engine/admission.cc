#include "search/engine/admission.h"

#include <utility>

namespace strata::search {

void Admission::AdmitSeeds() {
  for (const Seed& seed : parts_.baselines->first_round()) AdmitBaseline(seed);
  for (const WarmStart& start : parts_.options->warm_start) {
    parts_.strategy->AddSeen(start.expression);
    Admit({start.expression, {"warm start", start.name, {}}});
  }
  always_measured_ = parts_.candidates->count();
  for (int i = 0; i < parts_.options->random_candidates; ++i) Admit(parts_.strategy->First());
  seeds_ = parts_.candidates->count();
}

void Admission::AdmitBaseline(const Seed& seed) {
  parts_.strategy->AddSeen(seed.expression);
  parts_.baselines->Add(parts_.candidates->count(), seed);
  const expr::Expression simplified = Simplified(seed.expression);
  const bool is_shorter = expr::Complexity(simplified) < expr::Complexity(seed.expression);
  AdmitAsIs({is_shorter ? simplified : seed.expression, {"baseline", seed.name, {}}});
}

void Admission::Admit(Offspring offspring) {
  offspring.expression = Simplified(offspring.expression);
  AdmitAsIs(std::move(offspring));
}

expr::Expression Admission::Simplified(const expr::Expression& expression) const {
  if (!parts_.options->simplifies) return expression;
  return expr::Simplified(expression, parts_.options->strategy.variation.maximum_depth);
}

void Admission::AdmitAsIs(Offspring offspring) {
  Candidate candidate;
  candidate.id = parts_.candidates->count();
  candidate.text = expr::PrintExpression(offspring.expression);
  candidate.complexity = expr::Complexity(offspring.expression);
  candidate.lineage = std::move(offspring.lineage);
  candidate.forecast = offspring.forecast;
  Flight flight;
  flight.required = expr::RequiredFeatures(offspring.expression);
  flight.expression = std::move(offspring.expression);
  flight.limits = parts_.ladder->LimitsFor(candidate.complexity);
  parts_.flights->Begin(std::move(flight));
  parts_.candidates->Add(std::move(candidate));
}

}  // namespace strata::search
