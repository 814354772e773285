// Running median of how long work items of each kind take.
#ifndef STRATA_WORKERS_COORDINATOR_TYPICAL_DURATION_H_
#define STRATA_WORKERS_COORDINATOR_TYPICAL_DURATION_H_

#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <tuple>

#include "search/session.h"

namespace strata::workers {

class TypicalDuration {
 public:
  void Add(const search::WorkItem& item, double seconds);

  // Returns the median, in seconds, of the last kRemembered durations of the item's kind; nullopt
  // until kEnough durations exist. A kind is the evaluations of one stage and rung, of one subject.
  // Features have no typical duration: some take a hundred times as long as others.
  std::optional<double> Of(const search::WorkItem& item) const;

  static constexpr size_t kRemembered = 31;
  static constexpr size_t kEnough = 3;

 private:
  using Kind = std::tuple<int, int, int>;
  static std::optional<Kind> KindOf(const search::WorkItem& item);

  std::map<Kind, std::deque<double>> recent_;
};

}  // namespace strata::workers

#endif  // STRATA_WORKERS_COORDINATOR_TYPICAL_DURATION_H_
