// Prepares candidates for measurement: requests their features for every subject, computes their
// allocations in every scenario, and finds earlier candidates with the same allocations.
#ifndef STRATA_SEARCH_ENGINE_CANDIDATE_RESOLVER_H_
#define STRATA_SEARCH_ENGINE_CANDIDATE_RESOLVER_H_

#include <absl/status/statusor.h>

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "search/engine/engine.h"
#include "search/engine/feature_ledger.h"
#include "search/engine/scenarios.h"

namespace strata::search {

// Not thread-safe.
class CandidateResolver {
 public:
  // `scenarios` must outlive the resolver.
  explicit CandidateResolver(const Scenarios* scenarios);

  // True if measuring the feature takes many times the work of a pass over the model.
  static bool TakesLong(const std::string& feature);

  // Returns the work items that measure those of `features` that were not requested yet, on every
  // subject; they count as requested from now on. The features of one pass form one work item,
  // whose outcome is stored by itself: the reductions of one tensor, what a calibration says of
  // blocks and linears, all gradients, slopes, distortions. Those of blocks are passes of their
  // own. Work items that do not take long come first.
  std::vector<ProfileWork> Ask(const std::vector<std::string>& features);
  // Takes the outcome of a work item and returns what to measure instead, see
  // FeatureLedger::Settle.
  absl::StatusOr<std::vector<ProfileWork>> Settle(const ProfileWork& item, const Outcome& outcome);
  // True if all `features` are settled on all subjects.
  bool AreSettled(const std::vector<std::string>& features) const;
  // Features of all subjects.
  FeatureCounts counts() const;
  const expr::FeatureTable& table(int subject) const {
    return ledgers_[static_cast<size_t>(subject)].table();
  }

  // Sets the candidate's allocations, or its failure if it has none in some scenario. `features`
  // are those of the expression, and settled.
  void Resolve(const expr::Expression& expression, const std::vector<std::string>& features,
               Candidate* candidate) const;

  // Returns the first of `candidates` that has the same allocations (QuantizedKey) in all
  // scenarios. If there is none, returns nullopt, and this candidate is the first from now on.
  std::optional<int64_t> FindSame(const Candidate& candidate,
                                  const std::vector<Candidate>& candidates);

 private:
  const Scenarios* scenarios_;
  std::vector<FeatureLedger> ledgers_;                     // by subject
  std::unordered_map<uint64_t, int64_t> first_with_hash_;  // by AllocationHash
};

}  // namespace strata::search

#endif  // STRATA_SEARCH_ENGINE_CANDIDATE_RESOLVER_H_
