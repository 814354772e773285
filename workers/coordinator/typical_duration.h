// How long tasks of a kind usually take.
#ifndef STRATA_WORKERS_TYPICAL_DURATION_H_
#define STRATA_WORKERS_TYPICAL_DURATION_H_

#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <tuple>

#include "search/session.h"

namespace strata::workers {

class TypicalDuration {
 public:
  void Add(const search::Task& task, double seconds);

  // The median of the last kRemembered of its kind (features, or evaluations of one rung and
  // level, of one subject); nothing before there are kEnough.
  std::optional<double> Of(const search::Task& task) const;

  static constexpr size_t kRemembered = 31;
  static constexpr size_t kEnough = 3;

 private:
  using Kind = std::tuple<size_t, int, int, int>;
  static Kind KindOf(const search::Task& task);

  std::map<Kind, std::deque<double>> recent_;
};

}  // namespace strata::workers

#endif  // STRATA_WORKERS_TYPICAL_DURATION_H_
