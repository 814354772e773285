// Reads a tensor of any size, a few rows at a time.
#ifndef STRATA_EVALUATOR_CHECKPOINT_TENSOR_PARTS_H_
#define STRATA_EVALUATOR_CHECKPOINT_TENSOR_PARTS_H_

#include <functional>
#include <span>

#include "evaluator/checkpoint/checkpoint.h"

namespace strata::evaluator {

// Called with the first row of a part and the part's numbers, which are valid during the call.
using PartVisitor = std::function<absl::Status(int64_t first_row, std::span<const float> numbers)>;

// Reads a tensor of a checkpoint in parts of about a million numbers, from its first row to its
// last, and then releases its pages. Errors: the first one of Checkpoint::ReadRows or `visit`.
absl::Status ReadInParts(const Checkpoint& checkpoint, const NamedShape& tensor,
                         const PartVisitor& visit);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_CHECKPOINT_TENSOR_PARTS_H_
