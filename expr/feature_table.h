// The measured numbers an expression is evaluated on: the layout of the units, and for every
// feature (a reduction of a tensor, or a structural source) one value per unit.
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
  // Share of each unit in the sum of all parameters.
  const std::vector<double>& weights() const { return weights_; }

  // `feature` is the text form of a reduction or structural source, e.g. "var(abslog(WX))" or
  // "outliers(5)". One value per unit; NaN and infinities are kept as measured. An error if the
  // length differs or the feature already has other values.
  absl::Status Add(const std::string& feature, std::vector<double> values);

  // `nullptr` if the feature was not measured. Valid until the table is destroyed.
  const std::vector<double>* Find(const std::string& feature) const;

 private:
  UnitLayout layout_;
  std::vector<int64_t> parameters_;  // of the layout
  std::vector<double> weights_;
  std::map<std::string, std::vector<double>> values_;
};

// Features an expression needs that are not arithmetic on others: the text of every reduction and
// measured structural source, sorted, each once. What follows from the layout (`depth`, `size`,
// ...) and constants need no measurement and are not listed. Those under blockwise(...) are
// measured with blocks as units and listed as "blockwise(var(abslog(WX)))"; their values are equal
// in all units of a block.
std::vector<std::string> RequiredFeatures(const Expression& expression);

}  // namespace strata::expr

#endif  // STRATA_EXPR_FEATURE_TABLE_H_
