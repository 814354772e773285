// How far two measurements agree on an order.
#ifndef STRATA_CLI_RANK_CORRELATION_H_
#define STRATA_CLI_RANK_CORRELATION_H_

#include <optional>
#include <utility>
#include <vector>

namespace strata::cli {

// Spearman's rank correlation of pairs of finite numbers, equal numbers sharing their mean rank; in
// [-1, 1]. Nothing for fewer than three pairs or when one side is constant.
std::optional<double> RankCorrelation(const std::vector<std::pair<double, double>>& pairs);

}  // namespace strata::cli

#endif  // STRATA_CLI_RANK_CORRELATION_H_
