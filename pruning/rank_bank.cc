#include "pruning/rank_bank.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cmath>

#include "pruning/bfloat16_bits.h"
#include "pruning/vector_clones.h"

namespace strata::pruning {
namespace {

constexpr int64_t kMaximumColumns = 65536;
// Weights handled by one thread at a time: enough to pay for the hand-over, few enough to stay in
// its cache.
constexpr int64_t kGrain = int64_t{1} << 16;

int64_t RowsPerGrain(int64_t columns) { return std::max<int64_t>(1, kGrain / columns); }

STRATA_VECTOR_CLONES void ScoreRows(const float* __restrict weights, const float* __restrict roots,
                                    int64_t rows, int64_t columns, float* __restrict scores) {
  for (int64_t row = 0; row < rows; ++row) {
    const float* weight = weights + row * columns;
    float* score = scores + row * columns;
    for (int64_t column = 0; column < columns; ++column) {
      score[column] = std::fabs(weight[column]) * roots[column];
    }
  }
}

std::vector<float> SquareRoots(std::span<const float> scaler_row) {
  std::vector<float> roots(scaler_row.size());
  for (size_t i = 0; i < roots.size(); ++i) roots[i] = std::sqrt(scaler_row[i]);
  return roots;
}

// Inlined into the clones below, so that each is vectorised for its instruction set.
template <typename Output, typename Convert>
STRATA_INLINE_BODY int64_t Mask(const float* __restrict weights, const uint16_t* __restrict ranks,
                                int64_t size, int32_t removed, Output* __restrict output,
                                Convert convert) {
  int64_t zeros = 0;
  for (int64_t begin = 0; begin < size; begin += kGrain) {
    const int64_t end = std::min(size, begin + kGrain);
    int32_t found = 0;
    for (int64_t i = begin; i < end; ++i) {
      const float value = static_cast<int32_t>(ranks[i]) >= removed ? weights[i] : 0.0f;
      output[i] = convert(value);
      found += value == 0.0f;
    }
    zeros += found;
  }
  return zeros;
}

STRATA_VECTOR_CLONES int64_t MaskFloat(const float* weights, const uint16_t* ranks, int64_t size,
                                       int32_t removed, float* output) {
  return Mask(weights, ranks, size, removed, output, [](float value) { return value; });
}

STRATA_VECTOR_CLONES int64_t MaskBFloat16(const float* weights, const uint16_t* ranks, int64_t size,
                                          int32_t removed, uint16_t* output) {
  return Mask(weights, ranks, size, removed, output,
              [](float value) { return BFloat16Bits(value); });
}

STRATA_VECTOR_CLONES void RoundAll(const float* __restrict values, int64_t size,
                                   uint16_t* __restrict output) {
  for (int64_t i = 0; i < size; ++i) output[i] = BFloat16Bits(values[i]);
}

STRATA_VECTOR_CLONES int64_t CountZerosOf(const float* values, int64_t size) {
  int64_t zeros = 0;
  for (int64_t i = 0; i < size; ++i) zeros += values[i] == 0.0f;
  return zeros;
}

// A score above its column in one number. Scores are not negative, so their bits order as they do,
// and sorting by the score alone from column order is stable.
uint64_t Key(float score, int64_t column) {
  return (uint64_t{std::bit_cast<uint32_t>(score)} << 16) | static_cast<uint64_t>(column);
}

// Sorts keys by their upper 32 bits, a byte at a time from the lowest. `scratch` has the same size.
void RadixSort(std::vector<uint64_t>& keys, std::vector<uint64_t>& scratch) {
  std::array<std::array<uint32_t, 256>, 4> counts{};
  for (const uint64_t key : keys) {
    for (int digit = 0; digit < 4; ++digit) ++counts[digit][(key >> (16 + 8 * digit)) & 0xFF];
  }
  for (int digit = 0; digit < 4; ++digit) {
    const int shift = 16 + 8 * digit;
    std::array<uint32_t, 256>& starts = counts[digit];
    if (starts[(keys[0] >> shift) & 0xFF] == keys.size()) continue;
    uint32_t sum = 0;
    for (uint32_t& start : starts) sum += std::exchange(start, sum);
    for (const uint64_t key : keys) scratch[starts[(key >> shift) & 0xFF]++] = key;
    keys.swap(scratch);
  }
}

absl::Status CheckShapes(const WeightView& weights, std::span<const float> scaler_row) {
  if (weights.columns < 1 || weights.columns > kMaximumColumns) {
    return absl::InvalidArgumentError(fmt::format(
        "expected a linear layer with 1 to {} inputs, found {}", kMaximumColumns, weights.columns));
  }
  if (static_cast<int64_t>(scaler_row.size()) != weights.columns) {
    return absl::InvalidArgumentError(fmt::format("expected statistics of {} inputs, found {}",
                                                  weights.columns, scaler_row.size()));
  }
  for (size_t i = 0; i < scaler_row.size(); ++i) {
    if (!(scaler_row[i] >= 0.0f) || std::isinf(scaler_row[i])) {
      return absl::InvalidArgumentError(
          fmt::format("the statistics of input {} are {}, expected a finite number of at least 0",
                      i, scaler_row[i]));
    }
  }
  return absl::OkStatus();
}

absl::Status NotANumber() {
  return absl::InvalidArgumentError("a weight is not a number, so it has no importance");
}

}  // namespace

void WandaScores(const WeightView& weights, std::span<const float> scaler_row, int64_t first_row,
                 int64_t rows, float* scores) {
  ScoreRows(weights.data + first_row * weights.columns, SquareRoots(scaler_row).data(), rows,
            weights.columns, scores);
}

int64_t RemovedPerRow(int64_t columns, double sparsity) {
  return static_cast<int64_t>(static_cast<double>(columns) * sparsity);
}

absl::Status RowRanks::Build(const WeightView& weights, std::span<const float> scaler_row) {
  if (absl::Status status = CheckShapes(weights, scaler_row); !status.ok()) return status;
  const std::vector<float> roots = SquareRoots(scaler_row);
  const int64_t columns = weights.columns;
  ranks_.resize(weights.size());
  std::atomic<bool> not_a_number = false;
  at::parallel_for(0, weights.rows, RowsPerGrain(columns), [&](int64_t begin, int64_t end) {
    std::vector<float> scores(columns);
    std::vector<uint64_t> keys(columns);
    std::vector<uint64_t> scratch(columns);
    for (int64_t row = begin; row < end; ++row) {
      ScoreRows(weights.data + row * columns, roots.data(), 1, columns, scores.data());
      bool bad = false;
      for (int64_t column = 0; column < columns; ++column) {
        bad |= std::isnan(scores[column]);
        keys[column] = Key(scores[column], column);
      }
      if (bad) not_a_number = true;
      RadixSort(keys, scratch);
      uint16_t* ranks = ranks_.data() + row * columns;
      for (int64_t i = 0; i < columns; ++i) ranks[keys[i] & 0xFFFF] = static_cast<uint16_t>(i);
    }
  });
  return not_a_number ? NotANumber() : absl::OkStatus();
}

int64_t RowRanks::Prune(const WeightView& weights, int64_t removed_per_row, float* output) const {
  std::atomic<int64_t> zeros = 0;
  at::parallel_for(0, weights.size(), kGrain, [&](int64_t begin, int64_t end) {
    zeros += MaskFloat(weights.data + begin, ranks_.data() + begin, end - begin,
                       static_cast<int32_t>(removed_per_row), output + begin);
  });
  return zeros;
}

int64_t RowRanks::PruneToBFloat16(const WeightView& weights, int64_t removed_per_row,
                                  uint16_t* output) const {
  std::atomic<int64_t> zeros = 0;
  at::parallel_for(0, weights.size(), kGrain, [&](int64_t begin, int64_t end) {
    zeros += MaskBFloat16(weights.data + begin, ranks_.data() + begin, end - begin,
                          static_cast<int32_t>(removed_per_row), output + begin);
  });
  return zeros;
}

absl::Status PruneOnce(const WeightView& weights, std::span<const float> scaler_row,
                       int64_t removed_per_row, float* output) {
  if (absl::Status status = CheckShapes(weights, scaler_row); !status.ok()) return status;
  const std::vector<float> roots = SquareRoots(scaler_row);
  const int64_t columns = weights.columns;
  std::atomic<bool> not_a_number = false;
  at::parallel_for(0, weights.rows, RowsPerGrain(columns), [&](int64_t begin, int64_t end) {
    std::vector<float> scores(columns);
    std::vector<uint64_t> keys(columns);
    for (int64_t row = begin; row < end; ++row) {
      const float* weight = weights.data + row * columns;
      float* pruned = output + row * columns;
      ScoreRows(weight, roots.data(), 1, columns, scores.data());
      bool bad = false;
      for (int64_t column = 0; column < columns; ++column) {
        bad |= std::isnan(scores[column]);
        keys[column] = Key(scores[column], column);
      }
      if (bad) not_a_number = true;
      std::copy(weight, weight + columns, pruned);
      if (removed_per_row == 0) continue;
      // The key holds the column, so equal scores are removed in column order, as by a stable sort.
      std::nth_element(keys.begin(), keys.begin() + (removed_per_row - 1), keys.end());
      for (int64_t i = 0; i < removed_per_row; ++i) pruned[keys[i] & 0xFFFF] = 0.0f;
    }
  });
  return not_a_number ? NotANumber() : absl::OkStatus();
}

void ToBFloat16(std::span<const float> values, uint16_t* output) {
  at::parallel_for(0, static_cast<int64_t>(values.size()), kGrain, [&](int64_t begin, int64_t end) {
    RoundAll(values.data() + begin, end - begin, output + begin);
  });
}

int64_t CountZeros(std::span<const float> values) {
  return CountZerosOf(values.data(), static_cast<int64_t>(values.size()));
}

}  // namespace strata::pruning
