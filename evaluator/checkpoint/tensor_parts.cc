#include "evaluator/checkpoint/tensor_parts.h"

#include <algorithm>
#include <vector>

namespace strata::evaluator {

absl::Status ReadInParts(const Checkpoint& checkpoint, const NamedShape& tensor,
                         const PartVisitor& visit) {
  constexpr int64_t kNumbersAtOnce = int64_t{1} << 20;
  const int64_t columns = tensor.shape.back();
  const int64_t rows = tensor.shape.size() == 1 ? 1 : tensor.shape.front();
  const int64_t step = std::max<int64_t>(1, kNumbersAtOnce / columns);
  std::vector<float> numbers(static_cast<size_t>(std::min(step, rows) * columns));
  for (int64_t row = 0; row < rows; row += step) {
    const auto part =
        std::span(numbers).first(static_cast<size_t>(std::min(step, rows - row) * columns));
    absl::Status status = checkpoint.ReadRows(tensor.name, row, part);
    if (status.ok()) status = visit(row, part);
    if (!status.ok()) return status;
  }
  checkpoint.Forget(tensor.name);
  return absl::OkStatus();
}

}  // namespace strata::evaluator
