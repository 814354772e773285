// The rows of the library of published functions, as data. Private to expr/.
#ifndef STRATA_EXPR_PUBLISHED_FUNCTIONS_H_
#define STRATA_EXPR_PUBLISHED_FUNCTIONS_H_

#include <string>
#include <string_view>
#include <vector>

#include "expr/baselines.h"

namespace strata::expr {

// A value for every setting of a function, in the order of `settings`.
using SettingValues = std::vector<double>;

struct Grid {
  std::vector<SettingValues> published;  // published settings, the default first
  std::vector<SettingValues> widened;
  std::string left_out;  // reason why both lists are empty
};

struct PublishedFunction {
  std::string_view name;
  std::string_view title;
  std::string_view source;
  std::string_view formula;  // S stands for the target sparsity
  std::vector<std::string_view> settings;
  Grid (*grid)(const UnitLayout& layout, double target);
  std::string_view default_is;
  Granularities granularities;
  bool unstructured;
  std::string_view words;
  std::string_view deviation;
};

// Returns all rows. They have static lifetime.
const std::vector<PublishedFunction>& PublishedFunctions();

}  // namespace strata::expr

#endif  // STRATA_EXPR_PUBLISHED_FUNCTIONS_H_
