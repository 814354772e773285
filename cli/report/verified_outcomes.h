// What finalists measured on the report split, from a run's storage.
#ifndef STRATA_CLI_VERIFIED_OUTCOMES_H_
#define STRATA_CLI_VERIFIED_OUTCOMES_H_

#include <absl/status/statusor.h>

#include <map>
#include <vector>

#include "cli/report/paired_difference.h"
#include "search/store/run_store.h"

namespace strata::cli {

// By candidate. Candidates with the same allocation share a measurement.
using VerifiedOutcomes = std::map<int64_t, search::EvaluateOutcome>;

// Of all that were verified. `candidates` are all of the store, in order of id. DataLoss if the
// store lacks a measurement that a candidate is said to have.
absl::StatusOr<VerifiedOutcomes> ReadVerifiedOutcomes(
    const search::RunStore& store, const std::vector<search::StoredCandidate>& candidates);

// Of every verified candidate, its losses against the baseline's on the same windows. Empty while
// the baseline is not verified.
std::map<int64_t, PairedDifference> CompareWithBaseline(const VerifiedOutcomes& outcomes,
                                                        int64_t baseline);

}  // namespace strata::cli

#endif  // STRATA_CLI_VERIFIED_OUTCOMES_H_
