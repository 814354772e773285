// Counts what a search spends, and says when its budget is spent.
#ifndef STRATA_SEARCH_ENGINE_SEARCH_LIMITS_H_
#define STRATA_SEARCH_ENGINE_SEARCH_LIMITS_H_

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace strata::search {

// A measurement of slopes takes as long as about so many evaluations, and counts as so many.
inline constexpr int kEvaluationsPerSlopes = 3;

// Counts in the order of candidates, so that the end does not depend on timing. Not thread-safe.
class SearchLimits {
 public:
  // `maximum_evaluations` is that of EngineOptions; 0 is no limit.
  explicit SearchLimits(int64_t maximum_evaluations) : maximum_(maximum_evaluations) {}

  // Counts a candidate whose allocation is known. `features` are those that it needs; each
  // measurement of slopes among them counts once in the search. `is_new`: no earlier candidate has
  // its allocation. `is_bred`: it was bred from results.
  void Count(const std::vector<std::string>& features, bool is_new, bool is_bred);

  // Returns why the search ends with the candidate counted last; nullptr if it goes on.
  const char* Reason() const;

 private:
  const int64_t maximum_;
  int64_t spent_ = 0;              // distinct allocations, slopes counted in
  int idle_ = 0;                   // bred candidates in a row without a new allocation
  std::set<std::string> counted_;  // features
};

}  // namespace strata::search

#endif  // STRATA_SEARCH_ENGINE_SEARCH_LIMITS_H_
