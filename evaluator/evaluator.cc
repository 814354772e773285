#include "evaluator/evaluator.h"

namespace strata::evaluator {

std::vector<int64_t> UnitParameters(const ModelSummary& model, Granularity granularity) {
  std::vector<int64_t> parameters;
  if (granularity == Granularity::kBlock) parameters.assign(model.blocks, 0);
  for (const LinearShape& linear : model.linears) {
    const int64_t weights = linear.rows * linear.columns;
    if (granularity == Granularity::kBlock) {
      parameters.at(linear.block) += weights;
    } else {
      parameters.push_back(weights);
    }
  }
  return parameters;
}

}  // namespace strata::evaluator
