#include "search/strategy/descent_lines.h"

#include <algorithm>
#include <utility>

#include "expr/descent.h"
#include "expr/expression.h"

namespace strata::search {
namespace {

// Lengths of the steps of a line, relative to the length that is expected to be best.
constexpr double kRelativeLengths[] = {1, 2, 0.5};
constexpr double kShortest = 0.002;
constexpr double kLongest = 0.2;
constexpr double kRetreat = 0.25;  // factor of the expected length after a line without gain

}  // namespace

std::optional<Offspring> DescentLines::Next(const MatingPool::Member& best) {
  if (interval_ == 0) return std::nullopt;
  ++bred_since_;
  if (steps_.empty() && bred_since_ >= interval_) Begin(best);
  if (steps_.empty()) return std::nullopt;
  Offspring step = std::move(steps_.front());
  steps_.pop_front();
  return step;
}

void DescentLines::Begin(const MatingPool::Member& best) {
  if (!begun_.insert(expr::CanonicalHash(best.expression)).second) return;
  bred_since_ = 0;
  for (const double relative : kRelativeLengths) {
    const double length = std::clamp(relative * length_, kShortest, kLongest);
    steps_.push_back(
        {expr::Descend(best.expression, sparsity_, length), {"descent", "", {best.id}}});
  }
  lowest_ = best.objectives.front();
  length_ = std::max(kShortest, kRetreat * length_);  // unless a step is better
}

void DescentLines::Learn(const CandidateResult& result) {
  static const expr::OperatorId descend = expr::IdOf("descend");
  if (result.expression.op != descend || result.objectives->front() >= lowest_) return;
  lowest_ = result.objectives->front();
  length_ = result.expression.parameters[1];
}

}  // namespace strata::search
