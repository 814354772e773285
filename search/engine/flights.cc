#include "search/engine/flights.h"

#include <algorithm>

#include "expr/descent.h"

namespace strata::search {

std::vector<std::string> PrunedOf(std::vector<std::string> features) {
  std::erase_if(features, [](const std::string& feature) {
    return !expr::PrunedFeature(feature).has_value();
  });
  return features;
}

void Flights::EndFirst() {
  flights_.pop_front();
  ++first_id_;
}

void Flights::Truncate(int64_t kept) {
  const int64_t in_flight = std::max<int64_t>(0, kept - first_id_);
  if (in_flight < static_cast<int64_t>(flights_.size())) {
    flights_.resize(static_cast<size_t>(in_flight));
  }
}

std::optional<int64_t> Flights::FirstWithPruned() const {
  for (size_t i = 0; i < flights_.size(); ++i) {
    if (!PrunedOf(flights_[i].required).empty()) return first_id_ + static_cast<int64_t>(i);
  }
  return std::nullopt;
}

}  // namespace strata::search
