// Agreement of two measurements on an order.
#ifndef STRATA_CLI_REPORT_RANK_CORRELATION_H_
#define STRATA_CLI_REPORT_RANK_CORRELATION_H_

#include <optional>
#include <utility>
#include <vector>

namespace strata::cli {

// Returns Spearman's rank correlation of pairs of finite numbers, in [-1, 1]. Equal numbers share
// their mean rank. Returns nullopt if there are fewer than three pairs or one side is constant.
std::optional<double> RankCorrelation(const std::vector<std::pair<double, double>>& pairs);

}  // namespace strata::cli

#endif  // STRATA_CLI_REPORT_RANK_CORRELATION_H_
