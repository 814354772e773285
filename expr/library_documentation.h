// The library of published functions as documentation.
#ifndef STRATA_EXPR_LIBRARY_DOCUMENTATION_H_
#define STRATA_EXPR_LIBRARY_DOCUMENTATION_H_

#include <string>
#include <vector>

#include "expr/baselines.h"

namespace strata::expr {

// The model and target for which grids are shown where none are given: 32 blocks of equal size, at
// which every function of the library has its default.
UnitLayout DocumentedLayout();
inline constexpr double kDocumentedSparsity = 0.5;

// What must be measured: "`outliers(5)`", "`alpha`; singular values of every matrix"; "-" for a
// function without settings here.
std::string DescribeNeeds(const Baseline& baseline);

// "block, kind, linear" as far as it is meant for them.
std::string DescribeGranularities(const Granularities& granularities);

// The settings of each row, without the name of a function that has only one: "0.05, 0.15, 0.2" is
// written "lambda 0.05, 0.15, 0.2"; "-" for none.
std::string DescribeSettings(const std::vector<BaselineSetting>& settings);

// The page docs/published-functions.md after its introduction: an overview and one section per
// function, for DocumentedLayout() at kDocumentedSparsity.
std::string LibraryMarkdown();

}  // namespace strata::expr

#endif  // STRATA_EXPR_LIBRARY_DOCUMENTATION_H_
