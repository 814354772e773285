// Racing: which candidates go on from the first windows to more of them.
#ifndef STRATA_SEARCH_LADDER_H_
#define STRATA_SEARCH_LADDER_H_

#include <cstddef>
#include <utility>
#include <vector>

namespace strata::search {

struct LadderOptions {
  // Fidelities of the search, cheapest first; the last one's loss is a candidate's fitness. 1: no
  // racing. What a level means is the caller's business; the windows of one are best those that the
  // next begins with.
  int levels = 1;
  // A candidate is compared with this many of the best so far on the same level.
  int rivals = 24;
};

// All candidates of a level are measured on the same windows, so their losses are compared in
// pairs. A candidate goes on unless it is clearly worse than its rivals: its loss is above the
// worst of the best `rivals` losses known of this level by more than twice the standard deviation
// of what the next level added to the losses of those that went on. It also goes on where no known
// candidate with no more nodes has a lower loss, and as long as fewer than `rivals` are known. Not
// thread-safe.
class Ladder {
 public:
  explicit Ladder(const LadderOptions& options);

  // The losses of a candidate on the levels it was measured on, first level first.
  void AddResult(const std::vector<double>& level_nll, int nodes);

  // For every level but the last: the loss up to which a candidate goes on.
  std::vector<double> LimitsFor(int nodes) const;

 private:
  struct Level {
    std::vector<double> best;                      // losses, rising, at most `rivals`
    std::vector<std::pair<int, double>> frontier;  // nodes, and the lowest loss with at most those
    // Of the differences to the next level (B. P. Welford, Technometrics 4(3), 1962).
    double count = 0, mean = 0, squares = 0;
  };
  const size_t rivals_;
  std::vector<Level> levels_;  // all but the last
};

}  // namespace strata::search

#endif  // STRATA_SEARCH_LADDER_H_
