// Measurements of finalists on the report split, from a run's storage.
#ifndef STRATA_CLI_REPORT_VERIFIED_OUTCOMES_H_
#define STRATA_CLI_REPORT_VERIFIED_OUTCOMES_H_

#include <absl/status/statusor.h>

#include <map>
#include <string_view>
#include <vector>

#include "cli/report/paired_difference.h"
#include "search/store/run_store.h"

namespace strata::cli {

// Measurements by id of the candidate. Candidates with the same allocation share a measurement.
using VerifiedOutcomes = std::map<int64_t, search::EvaluateOutcome>;

// Returns the measurements of all verified candidates. `candidates` are all of the store, in order
// of id. Errors: DataLoss if the store lacks a measurement that a candidate is said to have.
absl::StatusOr<VerifiedOutcomes> ReadVerifiedOutcomes(
    const search::RunStore& store, const std::vector<search::StoredCandidate>& candidates);

// Returns the measurement of an allocation on the report split. `of` says in the error whose
// allocation it is: "of the refinement". Errors: DataLoss if the store lacks it.
absl::StatusOr<search::EvaluateOutcome> ReadVerifiedOutcome(const search::RunStore& store,
                                                            const expr::Allocation& allocation,
                                                            std::string_view of);

// Compares the losses of every verified candidate with the baseline's on the same windows. Returns
// an empty map while the baseline is not verified.
std::map<int64_t, PairedDifference> CompareWithBaseline(const VerifiedOutcomes& outcomes,
                                                        int64_t baseline);

}  // namespace strata::cli

#endif  // STRATA_CLI_REPORT_VERIFIED_OUTCOMES_H_
