// What a candidate needs before it can be measured: its features of every subject, its allocation
// in every scenario, and whether an earlier one has the same.
#ifndef STRATA_SEARCH_CANDIDATE_RESOLVER_H_
#define STRATA_SEARCH_CANDIDATE_RESOLVER_H_

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

  // Measures those of `features` that nobody asked for yet, on every subject; from now on they are
  // asked for. What one pass over the model gives is one task and comes first; what takes long is a
  // task for each kind of work (gradients, spectra, ...), so that it keeps one worker and not the
  // functions that need none of it.
  std::vector<ProfileTask> Ask(const std::vector<std::string>& features);
  // What is to be measured instead, see FeatureLedger::Settle.
  absl::StatusOr<std::vector<ProfileTask>> Settle(const ProfileTask& task, const Outcome& outcome);
  // On all subjects.
  bool AreSettled(const std::vector<std::string>& features) const;
  const expr::FeatureTable& table(int subject) const {
    return ledgers_[static_cast<size_t>(subject)].table();
  }

  // Gives the candidate its allocations, or the reason why it has none in some scenario.
  // `features`, those of the expression, are settled.
  void Resolve(const expr::Expression& expression, const std::vector<std::string>& features,
               Candidate* candidate) const;

  // The first of `candidates` that has the same allocations (QuantizedKey) in all scenarios; if
  // there is none, this one is the first from now on.
  std::optional<int64_t> FindSame(const Candidate& candidate,
                                  const std::vector<Candidate>& candidates);

 private:
  const Scenarios* scenarios_;
  std::vector<FeatureLedger> ledgers_;                     // by subject
  std::unordered_map<uint64_t, int64_t> first_with_hash_;  // by AllocationHash
};

}  // namespace strata::search

#endif  // STRATA_SEARCH_CANDIDATE_RESOLVER_H_
