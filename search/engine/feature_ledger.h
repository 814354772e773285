// The state of all requested features of one subject: open, measured or failed.
#ifndef STRATA_SEARCH_ENGINE_FEATURE_LEDGER_H_
#define STRATA_SEARCH_ENGINE_FEATURE_LEDGER_H_

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

  // Returns those of `features` that were not requested yet; they count as requested from now on.
  std::vector<std::string> TakeUnasked(const std::vector<std::string>& features);

  // Takes the outcome of measuring `features`, which were requested. A failure of several features
  // at once does not show which of them is at fault, so all of them are returned, to be measured
  // one by one. Returns none otherwise.
  absl::StatusOr<std::vector<std::string>> Settle(const std::vector<std::string>& features,
                                                  const Outcome& outcome);

  // True if each of `features` was measured or has failed for good.
  bool AreSettled(const std::vector<std::string>& features) const;

  // Returns the failure of the first of `features` that failed for good; empty if none has.
  std::string FailureAmong(const std::vector<std::string>& features) const;

  FeatureCounts counts() const;
  const expr::FeatureTable& table() const { return table_; }

 private:
  struct State {
    bool settled = false;
    std::string failure;
  };
  expr::FeatureTable table_;
  std::map<std::string, State> states_;  // of every requested feature
};

}  // namespace strata::search

#endif  // STRATA_SEARCH_ENGINE_FEATURE_LEDGER_H_
