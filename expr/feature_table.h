// The measured numbers an expression is evaluated on: for every unit (block or linear) its size,
// and for every feature (a reduction of a tensor, or a structural source) one value per unit.
#ifndef STRATA_EXPR_FEATURE_TABLE_H_
#define STRATA_EXPR_FEATURE_TABLE_H_

#include <absl/status/status.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "expr/expression.h"

namespace strata::expr {

class FeatureTable {
 public:
  // `parameters[i]` is the number of prunable weights of unit i, in model order; all positive.
  explicit FeatureTable(std::vector<int64_t> parameters);

  int units() const { return static_cast<int>(parameters_.size()); }
  const std::vector<int64_t>& parameters() const { return parameters_; }

  // `feature` is the text form of a reduction or structural source, e.g. "var(abslog(WX))" or
  // "outliers(5)". One value per unit; NaN and infinities are kept as measured. An error if the
  // length differs or the feature already has other values.
  absl::Status Add(const std::string& feature, std::vector<double> values);

  // `nullptr` if the feature was not measured. Valid until the table is destroyed.
  const std::vector<double>* Find(const std::string& feature) const;

 private:
  std::vector<int64_t> parameters_;
  std::map<std::string, std::vector<double>> values_;
};

// Features an expression needs that are not arithmetic on others: the text of every reduction and
// measured structural source, sorted, each once. `depth`, `size` and constants need no measurement
// and are not listed.
std::vector<std::string> RequiredFeatures(const Expression& expression);

}  // namespace strata::expr

#endif  // STRATA_EXPR_FEATURE_TABLE_H_
