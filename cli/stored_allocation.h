// Reads sparsities that a file holds itself, as opposed to a function that yields them.
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
  nlohmann::ordered_json function;  // null unless the file is a function JSON
};

// Reads the sparsities in `path`, which holds one of
// - an array of numbers, one per unit of `granularity`;
// - an object with "allocation", an array of {"name", "sparsity"} per unit in order. The names
//   determine the granularity. `strata allocate --format json` and `strata export` write this form.
// Returns nullopt if the file is a function JSON without an allocation, or with one for another
// model. The caller then applies the function. Errors: InvalidArgument for any other content, and
// if the number of units or their names differ from the model's.
absl::StatusOr<std::optional<StoredAllocation>> ReadStoredAllocation(
    const std::string& path, const evaluator::ModelSummary& model,
    evaluator::Granularity granularity);

}  // namespace strata::cli

#endif  // STRATA_CLI_STORED_ALLOCATION_H_
