#include "search/engine/search_limits.h"

#include "search/engine/flights.h"

namespace strata::search {
namespace {

// This many offspring in a row without a new allocation end the search: the grammar and the limits
// leave nothing new to find, and breeding would never end.
constexpr int kMaximumIdleOffspring = 500;

}  // namespace

void SearchLimits::Count(const std::vector<std::string>& features, bool is_new, bool is_bred) {
  for (std::string& feature : PrunedOf(features)) {
    if (counted_.insert(std::move(feature)).second) spent_ += kEvaluationsPerSlopes;
  }
  if (is_new) {
    ++spent_;
    idle_ = 0;
  } else if (is_bred) {
    ++idle_;
  }
}

const char* SearchLimits::Reason() const {
  if (maximum_ > 0 && spent_ >= maximum_) return "evaluations";
  return idle_ == kMaximumIdleOffspring ? "nothing new" : nullptr;
}

}  // namespace strata::search
