// Makes candidates of functions: simplified, numbered, and in flight.
#ifndef STRATA_SEARCH_ENGINE_ADMISSION_H_
#define STRATA_SEARCH_ENGINE_ADMISSION_H_

#include <cstdint>

#include "expr/expression.h"
#include "search/engine/baseline_rounds.h"
#include "search/engine/candidate_list.h"
#include "search/engine/engine_options.h"
#include "search/engine/flights.h"
#include "search/engine/ladder.h"
#include "search/strategy/strategy.h"

namespace strata::search {

// The parts of an engine that a new candidate enters. All outlive the Admission.
struct AdmissionParts {
  const EngineOptions* options;
  const Ladder* ladder;
  Strategy* strategy;
  BaselineRounds* baselines;
  CandidateList* candidates;
  Flights* flights;
};

// Every candidate of a search is admitted here and gets the next id. Not thread-safe.
class Admission {
 public:
  explicit Admission(const AdmissionParts& parts) : parts_(parts) {}

  // Admits the published functions, those of a warm start, and the first ones of the strategy.
  void AdmitSeeds();
  // Candidates below were not bred from results. Known after AdmitSeeds.
  int64_t seeds() const { return seeds_; }
  // True for baselines and warm starts. They always go on in a race, because the others are
  // compared with them.
  bool IsAlwaysMeasured(int64_t id) const {
    return id < always_measured_ || parts_.baselines->Contains(id);
  }

  // Admits a setting of a baseline. It keeps its published form unless the simplified one has fewer
  // nodes.
  void AdmitBaseline(const Seed& seed);
  // Admits a function, which is simplified unless EngineOptions::simplifies is off.
  void Admit(Offspring offspring);

 private:
  expr::Expression Simplified(const expr::Expression& expression) const;
  void AdmitAsIs(Offspring offspring);

  const AdmissionParts parts_;
  int64_t always_measured_ = 0;
  int64_t seeds_ = 0;
};

}  // namespace strata::search

#endif  // STRATA_SEARCH_ENGINE_ADMISSION_H_
