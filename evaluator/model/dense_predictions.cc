#include "evaluator/model/dense_predictions.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "evaluator/model/libtorch_errors.h"
#include "evaluator/model/logit_tiles.h"
#include "evaluator/model/row_kernels.h"

namespace strata::evaluator {
namespace {

constexpr double kSteps = std::numeric_limits<uint16_t>::max();
constexpr double kNothing = -std::numeric_limits<double>::infinity();  // logarithm of 0
// Takes the place of a logit that must not count: its exponential is 0 beside any true one.
constexpr float kMasked = -1e30f;

// The largest logits of one row, of those that were added in the order of their columns. Of equal
// ones the first is kept.
class LargestLogits {
 public:
  explicit LargestLogits(int64_t kept) : kept_(static_cast<size_t>(kept)) {}

  template <typename Number>
  void Add(const Number* logits, int64_t columns, int64_t first) {
    for (int64_t i = 0; i < columns; ++i) {
      const auto logit = static_cast<float>(logits[i]);
      if (!(logit > least_)) continue;
      largest_.emplace_back(logit, first + i);
      if (largest_.size() == 2 * kept_) Shrink();
    }
  }

  // Returns their columns in ascending order. Throws StatusException if so many are not finite that
  // fewer than `kept` are left.
  std::vector<int64_t> Columns() {
    if (largest_.size() > kept_) Shrink();
    if (largest_.size() < kept_) {
      throw StatusException(absl::DataLossError(
          "the dense model: expected a finite logit for every token, found one that is not"));
    }
    std::vector<int64_t> columns;
    for (const auto& [logit, column] : largest_) columns.push_back(column);
    std::sort(columns.begin(), columns.end());
    return columns;
  }

 private:
  void Shrink() {
    const auto last = largest_.begin() + static_cast<std::ptrdiff_t>(kept_) - 1;
    std::nth_element(largest_.begin(), last, largest_.end(), [](const auto& a, const auto& b) {
      return a.first > b.first || (a.first == b.first && a.second < b.second);
    });
    least_ = last->first;
    largest_.resize(kept_);
  }

  size_t kept_;
  float least_ = -std::numeric_limits<float>::infinity();
  std::vector<std::pair<float, int64_t>> largest_;
};

// Calls `row_logits(row of the tile, pointer to its logits)` for every row of a tile, on LibTorch's
// threads.
template <typename RowLogits>
void ForEachRow(at::Tensor& logits, const RowLogits& row_logits) {
  const int64_t columns = logits.size(1);
  at::parallel_for(0, logits.size(0), 16, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      if (logits.scalar_type() == at::kFloat) {
        row_logits(row, logits.data_ptr<float>() + row * columns);
      } else {
        row_logits(row, logits.data_ptr<at::BFloat16>() + row * columns);
      }
    }
  });
}

double LogAdd(double a, double b) {
  if (a == kNothing || b == kNothing) return a == kNothing ? b : a;
  const double most = std::max(a, b);
  return most + std::log(std::exp(a - most) + std::exp(b - most));
}

double LogSumExp(const float* values, int64_t count) {
  const double most = *std::max_element(values, values + count);
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) sum += std::exp(values[i] - most);
  return most + std::log(sum);
}

}  // namespace

DensePredictions::DensePredictions(const at::Tensor& rows, const at::Tensor& head, int64_t kept)
    : rows_(rows.size(0)),
      vocabulary_(head.size(0)),
      kept_(std::clamp<int64_t>(kept, 1, head.size(0))) {
  KeepMostProbable(rows, head);
  const Logits logits = LogitsOf(rows, head);
  steps_.resize(low_ids_.size());
  for (int64_t row = 0; row < rows_; ++row) {
    const float* of_row = logits.kept.data() + row * kept_;
    const auto [least, most] = std::minmax_element(of_row, of_row + kept_);
    const double step = (static_cast<double>(*most) - *least) / kSteps;
    for (int64_t i = 0; i < kept_; ++i) {
      const double below = static_cast<double>(*most) - of_row[i];
      steps_[row * kept_ + i] =
          static_cast<uint16_t>(step > 0 ? std::min(std::round(below / step), kSteps) : 0);
    }
    const double all = logits.log_sum_exp[row];
    most_.push_back(static_cast<float>(*most - all));
    step_.push_back(static_cast<float>(step));
    rest_.push_back(static_cast<float>(logits.rest[row] - all));
  }
}

int64_t DensePredictions::Id(int64_t place) const {
  return low_ids_[place] + (high_ids_.empty() ? 0 : int64_t{high_ids_[place]} << 16);
}

void DensePredictions::KeepMostProbable(const at::Tensor& rows, const at::Tensor& head) {
  low_ids_.resize(rows_ * kept_);
  if (vocabulary_ > int64_t{1} << 16) high_ids_.resize(rows_ * kept_);
  std::vector<LargestLogits> largest;
  ForEachLogitTile(rows, head, [&](at::Tensor& logits, int64_t first, int64_t column) {
    if (column == 0) largest.assign(logits.size(0), LargestLogits(kept_));
    const bool is_last = column + logits.size(1) == vocabulary_;
    ForEachRow(logits, [&](int64_t row, const auto* of_row) {
      largest[row].Add(of_row, logits.size(1), column);
      if (!is_last) return;
      int64_t place = (first + row) * kept_;
      for (const int64_t id : largest[row].Columns()) {
        low_ids_[place] = static_cast<uint16_t>(id & 0xffff);
        if (!high_ids_.empty()) high_ids_[place] = static_cast<uint16_t>(id >> 16);
        ++place;
      }
    });
  });
}

DensePredictions::Logits DensePredictions::LogitsOf(const at::Tensor& rows,
                                                    const at::Tensor& head) const {
  Logits found;
  found.kept.resize(rows_ * kept_);
  std::vector<RunningLogSumExp> rest(rows_);
  std::vector<int64_t> next(rows_);  // number of kept tokens that earlier tiles of the row had
  ForEachLogitTile(rows, head, [&](at::Tensor& logits, int64_t first, int64_t column) {
    const int64_t end = column + logits.size(1);
    // Masking the kept logits leaves the sum of the rest, which 1 - (sum of the kept) would give
    // only to the precision of the larger of the two.
    ForEachRow(logits, [&](int64_t row, auto* of_row) {
      const int64_t begin = (first + row) * kept_;
      for (int64_t& i = next[first + row]; i < kept_ && Id(begin + i) < end; ++i) {
        auto& logit = of_row[Id(begin + i) - column];
        found.kept[begin + i] = static_cast<float>(logit);
        logit = kMasked;
      }
    });
    AddLogits(logits, rest.data() + first);
  });
  for (int64_t row = 0; row < rows_; ++row) {
    found.rest.push_back(kept_ == vocabulary_ ? kNothing
                                              : rest[row].maximum + std::log(rest[row].sum));
    found.log_sum_exp.push_back(
        LogAdd(LogSumExp(found.kept.data() + row * kept_, kept_), found.rest.back()));
  }
  return found;
}

double DensePredictions::Divergence(int64_t row, const Logits& logits) const {
  // Steps are rounded, so the kept probabilities and the rest add up to 1 only nearly; divided by
  // their sum they are a distribution, without which the divergence could be negative.
  double sum = std::exp(static_cast<double>(rest_[row]));
  double divergence = 0;  // first that of the undivided probabilities
  const double all = logits.log_sum_exp[row];
  for (int64_t i = row * kept_; i < (row + 1) * kept_; ++i) {
    const double log_p = most_[row] - static_cast<double>(step_[row]) * steps_[i];
    const double p = std::exp(log_p);
    sum += p;
    divergence += p * (log_p - (logits.kept[i] - all));
  }
  if (kept_ < vocabulary_) {
    const double log_p = rest_[row];
    divergence += std::exp(log_p) * (log_p - (logits.rest[row] - all));
  }
  divergence = divergence / sum - std::log(sum);
  // Rounding of these sums, about 1e-15, is all that can make it negative. NaN stays NaN.
  return divergence < 0 ? 0 : divergence;
}

std::vector<double> DensePredictions::Divergences(const at::Tensor& rows,
                                                  const at::Tensor& head) const {
  const Logits logits = LogitsOf(rows, head);
  std::vector<double> divergences(rows_);
  at::parallel_for(0, rows_, 16, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) divergences[row] = Divergence(row, logits);
  });
  return divergences;
}

}  // namespace strata::evaluator
