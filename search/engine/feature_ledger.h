// Which features were asked for, by whom, and what became of them.
#ifndef STRATA_SEARCH_FEATURE_LEDGER_H_
#define STRATA_SEARCH_FEATURE_LEDGER_H_

#include <absl/status/statusor.h>

#include <map>
#include <string>
#include <vector>

#include "expr/feature_table.h"
#include "search/engine/engine.h"

namespace strata::search {

// Not thread-safe.
class FeatureLedger {
 public:
  explicit FeatureLedger(const expr::UnitLayout& layout) : table_(layout) {}

  // Those of `features` nobody asked for yet; from now on they are asked for.
  std::vector<std::string> TakeUnasked(const std::vector<std::string>& features);

  // Result of measuring `features`, which were asked for. A failure of several at once does not say
  // which of them is at fault: it returns them, to be asked for one by one. Else returns none.
  absl::StatusOr<std::vector<std::string>> Settle(const std::vector<std::string>& features,
                                                  const Outcome& outcome);

  // Whether each of `features` was measured or has failed for good.
  bool AreSettled(const std::vector<std::string>& features) const;

  // Why the first of `features` that failed for good did; empty if none has.
  std::string FailureAmong(const std::vector<std::string>& features) const;

  const expr::FeatureTable& table() const { return table_; }

 private:
  struct State {
    bool settled = false;
    std::string failure;
  };
  expr::FeatureTable table_;
  std::map<std::string, State> states_;  // of every feature asked for
};

}  // namespace strata::search

#endif  // STRATA_SEARCH_FEATURE_LEDGER_H_
