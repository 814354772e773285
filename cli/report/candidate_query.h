// Fields of a run's candidates, and conditions and orders in them, for `strata candidates`.
#ifndef STRATA_CLI_REPORT_CANDIDATE_QUERY_H_
#define STRATA_CLI_REPORT_CANDIDATE_QUERY_H_

#include <absl/status/statusor.h>

#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "cli/shared/measure_text.h"
#include "search/store/run_store.h"

namespace strata::cli {

// Value of a field: nothing, a number or a text.
using FieldValue = std::variant<std::monostate, double, std::string>;

struct CandidateField {
  const char* name;
  bool is_number;
  FieldValue (*value)(const search::StoredCandidate& candidate, const RunMeasures& measures);
};

// Returns all fields in the order of the CSV: id, state, origin, name, nodes, forecast, fitness,
// selection, report, sparsity, front, same_as, parents, failure, expression. Losses are
// shown as perplexities, and KL divergences in nats. `state` is one of CandidateStates; `front` is
// yes or no.
std::span<const CandidateField> CandidateFields();

// Returns "waiting" (not measured yet), "measured" (has a fitness), "selected" (has a selection
// loss), "verified" (has a report loss), "stopped" (by racing), "same" (its allocation is that of
// an earlier candidate) and "failed".
std::vector<std::string> CandidateStates();
std::string StateOf(const search::StoredCandidate& candidate);

// Errors: InvalidArgument names the nearest field.
absl::StatusOr<const CandidateField*> FindCandidateField(const std::string& name);

// One condition: FIELD, an operator of =, !=, <, <=, >, >= and ~ (contains), and a value.
class CandidateFilter {
 public:
  // Errors: InvalidArgument for a text that is no condition, an unknown field or state, a text
  // where a field has numbers, and an order of texts.
  static absl::StatusOr<CandidateFilter> Parse(const std::string& text);

  // A candidate without a value fulfils only !=.
  bool Holds(const search::StoredCandidate& candidate, const RunMeasures& measures) const;

 private:
  const CandidateField* field_ = nullptr;
  std::string comparison_;
  std::string text_;
  double number_ = 0;
};

// Sorts by the field, the smallest first, or the largest if `descends`. Candidates without a value
// come last, equal ones in the order of their ids.
void SortCandidates(const CandidateField& field, bool descends, const RunMeasures& measures,
                    std::vector<search::StoredCandidate>* candidates);

}  // namespace strata::cli

#endif  // STRATA_CLI_REPORT_CANDIDATE_QUERY_H_
