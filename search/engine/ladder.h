// Racing: decides which candidates go on from the first windows to more of them.
#ifndef STRATA_SEARCH_ENGINE_LADDER_H_
#define STRATA_SEARCH_ENGINE_LADDER_H_

#include <cstddef>
#include <utility>
#include <vector>

namespace strata::search {

struct LadderOptions {
  // Number of fidelities of the search, cheapest first. The loss on the last rung is a candidate's
  // fitness. 1: no racing. The caller decides what a rung means; its windows are best those with
  // which the next rung begins.
  int rungs = 1;
  // A candidate is compared with this many of the best so far on the same rung.
  int rivals = 24;
};

// All candidates of a rung are measured on the same windows, so their losses are compared in pairs.
// A candidate goes on unless it is clearly worse than its rivals: its loss is above the worst of
// the best `rivals` losses known on this rung by more than twice the standard deviation of what the
// next rung added to the losses of those that went on. It also goes on if no known candidate with
// at most as many nodes has a lower loss, and as long as fewer than `rivals` losses or fewer than
// three such differences are known. Not thread-safe.
class Ladder {
 public:
  explicit Ladder(const LadderOptions& options);

  // Adds the losses of a candidate on the rungs it was measured on, first rung first.
  void AddResult(const std::vector<double>& rung_nll, int nodes);

  // Returns, for every rung but the last, the loss up to which a candidate with this many nodes
  // goes on.
  std::vector<double> LimitsFor(int nodes) const;

 private:
  struct Rung {
    std::vector<double> best;                      // losses, rising, at most `rivals`
    std::vector<std::pair<int, double>> frontier;  // nodes, lowest loss with at most as many
    // Moments of the differences to the next rung (B. P. Welford, Technometrics 4(3), 1962).
    double count = 0, mean = 0, squares = 0;
  };
  const size_t rivals_;
  std::vector<Rung> rungs_;  // all but the last
};

}  // namespace strata::search

#endif  // STRATA_SEARCH_ENGINE_LADDER_H_
