// The library of published functions as documentation.
#ifndef STRATA_EXPR_LIBRARY_DOCUMENTATION_H_
#define STRATA_EXPR_LIBRARY_DOCUMENTATION_H_

#include <string>
#include <vector>

#include "expr/baselines.h"

namespace strata::expr {

// Layout and target that the documentation shows grids for. The layout has 32 blocks of equal size.
// Every function of the library has its default there.
UnitLayout DocumentedLayout();
inline constexpr double kDocumentedSparsity = 0.5;

// Describes what must be measured: "`outliers(5)`", or "`alpha`; singular values of every matrix".
// Returns "-" if the function has no settings for its layout and target.
std::string DescribeNeeds(const Baseline& baseline);

// Lists the granularities that the function is meant for, at most "block, kind, linear".
std::string DescribeGranularities(const Granularities& granularities);

// Lists the settings of each row. The name of a single setting is written once: "lambda 0.05, 0.15,
// 0.2". Returns "-" if there are none.
std::string DescribeSettings(const std::vector<BaselineSetting>& settings);

// Returns the page docs/published-functions.md after its introduction: an overview and one section
// per function, for DocumentedLayout() at kDocumentedSparsity.
std::string LibraryMarkdown();

}  // namespace strata::expr

#endif  // STRATA_EXPR_LIBRARY_DOCUMENTATION_H_
