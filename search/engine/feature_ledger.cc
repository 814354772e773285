#include "search/engine/feature_ledger.h"

#include <fmt/format.h>

#include <algorithm>

namespace strata::search {

std::vector<std::string> FeatureLedger::TakeUnasked(const std::vector<std::string>& features) {
  std::vector<std::string> unasked;
  for (const std::string& feature : features) {
    if (states_.try_emplace(feature).second) unasked.push_back(feature);
  }
  return unasked;
}

absl::StatusOr<std::vector<std::string>> FeatureLedger::Settle(
    const std::vector<std::string>& features, const Outcome& outcome) {
  if (const auto* failed = std::get_if<FailedOutcome>(&outcome)) {
    if (features.size() > 1) return features;
    for (const std::string& feature : features) {
      states_[feature] = {true,
                          fmt::format("feature {} was not measured: {}", feature, failed->reason)};
    }
    return std::vector<std::string>();
  }
  const auto& values = std::get<ProfileOutcome>(outcome).values;
  for (size_t i = 0; i < features.size(); ++i) {
    const absl::Status added = table_.Add(features[i], values[i]);
    if (!added.ok()) return added;
    states_[features[i]].settled = true;
  }
  return std::vector<std::string>();
}

bool FeatureLedger::AreSettled(const std::vector<std::string>& features) const {
  return std::all_of(features.begin(), features.end(), [&](const std::string& feature) {
    const auto found = states_.find(feature);
    return found != states_.end() && found->second.settled;
  });
}

std::string FeatureLedger::FailureAmong(const std::vector<std::string>& features) const {
  for (const std::string& feature : features) {
    const auto found = states_.find(feature);
    if (found != states_.end() && !found->second.failure.empty()) return found->second.failure;
  }
  return "";
}

FeatureCounts FeatureLedger::counts() const {
  return {static_cast<int64_t>(states_.size()),
          std::count_if(states_.begin(), states_.end(),
                        [](const auto& entry) { return entry.second.settled; })};
}

}  // namespace strata::search
