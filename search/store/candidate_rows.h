// Reads and writes rows of the tables of candidates and of refined allocations. Private to
// search/store/.
#ifndef STRATA_SEARCH_STORE_CANDIDATE_ROWS_H_
#define STRATA_SEARCH_STORE_CANDIDATE_ROWS_H_

#include <SQLiteCpp/Statement.h>
#include <absl/status/statusor.h>

#include "search/store/run_store.h"

namespace strata::search {

// Binds the columns of the table of candidates in their order: id, text, complexity, origin, name,
// parents (ids joined by commas), allocation (BLOB in the format of outcome_codec.h), same_as,
// failure, the three losses, achieved_sparsity, on_front, best_of_baseline, forecast_nll,
// forecast_deviation, level_nll (BLOB, StoredCandidate::rung_nll), stopped_early, measures (BLOB),
// scenarios (BLOB). The last one holds, for each scenario, the number of sparsities, the
// sparsities, then for fitness_nll, selection_nll, report_nll and achieved_sparsity 1 and the
// value, or 0. Throws SQLite::Exception as the statement does.
void BindCandidate(const StoredCandidate& candidate, SQLite::Statement* put);

// Reads the row that `row` stands on; throws likewise. Errors: DataLoss names the candidate.
absl::StatusOr<StoredCandidate> ReadCandidate(SQLite::Statement& row);

// The same for refined allocations. Columns: id, parent, allocation (BLOB), failure, nll,
// selection_nll, report_nll, achieved_sparsity.
void BindRefined(const RefinedResult& result, SQLite::Statement* put);
absl::StatusOr<RefinedResult> ReadRefined(SQLite::Statement& row);

}  // namespace strata::search

#endif  // STRATA_SEARCH_STORE_CANDIDATE_ROWS_H_
