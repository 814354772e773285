// Lists of candidates as a table, JSON and CSV.
#ifndef STRATA_CLI_REPORT_CANDIDATE_OUTPUT_H_
#define STRATA_CLI_REPORT_CANDIDATE_OUTPUT_H_

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/shared/measure_text.h"
#include "cli/shared/page.h"
#include "search/store/run_store.h"

namespace strata::cli {

// Returns a table with a line below it that says how many of `all` candidates are listed. Columns
// in which no candidate has a value are left out. So that a row stays one line if the page has an
// end, expressions are cut and whole columns left out; a last line names what is missing and the
// option --wide. Lines fit the page.
std::string CandidateTable(const std::vector<search::StoredCandidate>& candidates, size_t all,
                           const RunMeasures& measures, const Page& page = Page());

// Returns {"candidates": [...], "all": N}. Each has the keys of ToJson(StoredCandidate) and
// "state", "origin", "parents", "on_front", "same_as", "failure".
nlohmann::ordered_json CandidatesJson(const std::vector<search::StoredCandidate>& candidates,
                                      size_t all, const RunMeasures& measures);

// Returns one line of field names (CandidateFields) and one line per candidate, in the form of
// RFC 4180 with newlines alone. Each number is as short as it can be and still read back the same.
std::string CandidatesCsv(const std::vector<search::StoredCandidate>& candidates,
                          const RunMeasures& measures);

}  // namespace strata::cli

#endif  // STRATA_CLI_REPORT_CANDIDATE_OUTPUT_H_
