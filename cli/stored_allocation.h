// Sparsities that a file holds, rather than a function that gives them.
#ifndef STRATA_CLI_STORED_ALLOCATION_H_
#define STRATA_CLI_STORED_ALLOCATION_H_

#include <absl/status/statusor.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "evaluator/evaluator.h"

namespace strata::cli {

struct StoredAllocation {
  evaluator::Granularity granularity = evaluator::Granularity::kBlock;
  std::vector<double> allocation;
  nlohmann::ordered_json function;  // where the file is a function JSON; else null
};

// Reads `path`, which is one of
// - an array of numbers, one for each unit of `granularity`;
// - an object with "allocation", an array of {"name", "sparsity"} for each unit in order, whose
//   names say the granularity: what `strata allocate --format json` and `strata export` write.
// Nothing if it is a function JSON without an allocation, or with one for another model: then the
// function is to be applied. InvalidArgument for anything else, and for a number of units or names
// that are not the model's.
absl::StatusOr<std::optional<StoredAllocation>> ReadStoredAllocation(
    const std::string& path, const evaluator::ModelSummary& model,
    evaluator::Granularity granularity);

}  // namespace strata::cli

#endif  // STRATA_CLI_STORED_ALLOCATION_H_
