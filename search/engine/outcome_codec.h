// Encodes outcomes and vectors of doubles as bytes, exact to the last bit and the same on every
// platform. Integers and doubles are eight bytes, least significant first.
//
//   doubles   the doubles, nothing else
//   profile   number of features, then for each: number of values, the values
//   evaluate  mean_nll, achieved_sparsity, number of windows, their losses, number of measures,
//             then for each: its value, the number of characters of its name, the name; then, if
//             there are slopes, their number and the slopes
//   failed    the characters of the reason
#ifndef STRATA_SEARCH_ENGINE_OUTCOME_CODEC_H_
#define STRATA_SEARCH_ENGINE_OUTCOME_CODEC_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "search/engine/engine.h"

namespace strata::search {

void AppendInteger(uint64_t value, std::string* bytes);

std::string EncodeDoubles(const std::vector<double>& values);
// Errors: DataLoss if the length is no multiple of eight.
absl::StatusOr<std::vector<double>> DecodeDoubles(std::string_view bytes);

// Returns "profile", "evaluate" or "failed".
std::string KindOf(const Outcome& outcome);
std::string EncodeOutcome(const Outcome& outcome);
// Errors: DataLoss for an unknown kind or bytes of another length than the format demands.
absl::StatusOr<Outcome> DecodeOutcome(std::string_view kind, std::string_view bytes);

// Errors: InvalidArgument unless `outcome` can be the result of `item`. It must be a failure, or of
// the work item's kind. A profile must have one vector per feature with `units` values in each. An
// evaluation must have a finite slope per unit on Stage::kSlope and no slopes on other stages. A
// loss that is not finite is no error here.
absl::Status CheckOutcome(const WorkItem& item, int units, const Outcome& outcome);

}  // namespace strata::search

#endif  // STRATA_SEARCH_ENGINE_OUTCOME_CODEC_H_
