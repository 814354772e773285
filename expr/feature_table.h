// The measured numbers on which an expression is evaluated: the layout of the units and, for every
// feature (a reduction of a tensor, or a structural source), one value per unit.
#ifndef STRATA_EXPR_FEATURE_TABLE_H_
#define STRATA_EXPR_FEATURE_TABLE_H_

#include <absl/status/status.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "expr/expression.h"
#include "expr/unit_layout.h"

namespace strata::expr {

class FeatureTable {
 public:
  // `layout` must be valid (ValidateLayout).
  explicit FeatureTable(UnitLayout layout);

  int units() const { return static_cast<int>(layout_.size()); }
  const UnitLayout& layout() const { return layout_; }
  const std::vector<int64_t>& parameters() const { return parameters_; }
  // Each unit's share of the sum of all parameters.
  const std::vector<double>& weights() const { return weights_; }

  // Adds a feature. `feature` is the text form of a reduction or a structural source, for example
  // "var(abslog(WX))" or "outliers(5)". `values` holds one value per unit; NaN and infinities are
  // kept as measured. Errors: InvalidArgument if the number of values is wrong, AlreadyExists if
  // the feature already has other values.
  absl::Status Add(const std::string& feature, std::vector<double> values);

  // Returns nullptr if the feature was not measured. The pointer is valid until the table is
  // destroyed.
  const std::vector<double>* Find(const std::string& feature) const;

 private:
  UnitLayout layout_;
  std::vector<int64_t> parameters_;  // parameters of the units of layout_
  std::vector<double> weights_;
  std::map<std::string, std::vector<double>> values_;
};

// Returns the features that must be measured for an expression: the text of every reduction and
// every measured structural source, sorted, each once. Constants and sources that follow from the
// layout (`depth`, `size`, ...) need no measurement and are not listed. Features under
// blockwise(...) are measured with blocks as units and listed as "blockwise(var(abslog(WX)))".
// Their values are equal in all units of a block.
std::vector<std::string> RequiredFeatures(const Expression& expression);

}  // namespace strata::expr

#endif  // STRATA_EXPR_FEATURE_TABLE_H_
