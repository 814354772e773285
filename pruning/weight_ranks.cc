#include "pruning/weight_ranks.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <limits>
#include <utility>

#include "expr/status_macros.h"
#include "pruning/bfloat16_bits.h"
#include "pruning/score_cut.h"
#include "pruning/vector_clones.h"

namespace strata::pruning {
namespace {

using Scope = Competition::Scope;

constexpr int64_t kMaximumColumns = 65536;
constexpr int64_t kMaximumGroup = 256;
// Weights handled by one thread at a time: enough to pay for the hand-over, and few enough to stay
// in the cache of its core.
constexpr int64_t kGrain = int64_t{1} << 16;

int64_t RowsPerGrain(int64_t columns) { return std::max<int64_t>(1, kGrain / columns); }

// Inlined into the clones below, so that each clone is vectorised for its instruction set.
template <typename Rank, typename Output, typename Convert>
STRATA_INLINE_BODY int64_t Mask(const float* __restrict weights, const Rank* __restrict ranks,
                                int64_t size, uint32_t removed, Output* __restrict output,
                                Convert convert) {
  int64_t zeros = 0;
  for (int64_t begin = 0; begin < size; begin += kGrain) {
    const int64_t end = std::min(size, begin + kGrain);
    int32_t found = 0;
    for (int64_t i = begin; i < end; ++i) {
      const float value = static_cast<uint32_t>(ranks[i]) >= removed ? weights[i] : 0.0f;
      output[i] = convert(value);
      found += value == 0.0f;
    }
    zeros += found;
  }
  return zeros;
}

struct KeepFloat {
  STRATA_INLINE_BODY float operator()(float value) const { return value; }
};
struct RoundToBFloat16 {
  STRATA_INLINE_BODY uint16_t operator()(float value) const { return BFloat16Bits(value); }
};

// There is one set of clones for each type of rank and output.
#define STRATA_MASK(name, rank, output, convert)                                           \
  STRATA_VECTOR_CLONES int64_t name(const float* weights, const rank* ranks, int64_t size, \
                                    uint32_t removed, output* out) {                       \
    return Mask(weights, ranks, size, removed, out, convert());                            \
  }
STRATA_MASK(MaskRows, uint16_t, float, KeepFloat)
STRATA_MASK(MaskMatrix, uint32_t, float, KeepFloat)
STRATA_MASK(MaskGroups, uint8_t, float, KeepFloat)
STRATA_MASK(MaskRows, uint16_t, uint16_t, RoundToBFloat16)
STRATA_MASK(MaskMatrix, uint32_t, uint16_t, RoundToBFloat16)
STRATA_MASK(MaskGroups, uint8_t, uint16_t, RoundToBFloat16)
#undef STRATA_MASK

absl::Status CheckShape(const WeightView& weights, const Competition& competition) {
  if (competition.scope == Scope::kRow && weights.columns > kMaximumColumns) {
    return absl::InvalidArgumentError(fmt::format(
        "expected a linear layer with 1 to {} inputs, found {}", kMaximumColumns, weights.columns));
  }
  if (competition.scope == Scope::kMatrix &&
      weights.size() > int64_t{std::numeric_limits<uint32_t>::max()}) {
    return absl::InvalidArgumentError(
        fmt::format("expected a linear layer of fewer than 2^32 weights, found {} x {}",
                    weights.rows, weights.columns));
  }
  if (competition.scope == Scope::kGroup &&
      (competition.group < 1 || competition.group > kMaximumGroup ||
       weights.columns % competition.group != 0)) {
    return absl::InvalidArgumentError(
        fmt::format("expected groups of 1 to {} that divide the {} inputs of a row, found {}",
                    kMaximumGroup, weights.columns, competition.group));
  }
  return absl::OkStatus();
}

absl::Status NotANumber() {
  return absl::InvalidArgumentError("a weight is not a number, so it has no importance");
}

// Packs a score and its position into one number, the score in the upper half. Scores are not
// negative, so their bits are ordered like their values. If the keys are in order of position,
// sorting by the score alone is stable.
uint64_t Key(float score, int64_t position) {
  return (uint64_t{std::bit_cast<uint32_t>(score)} << 32) | static_cast<uint64_t>(position);
}
int64_t PositionOf(uint64_t key) { return static_cast<int64_t>(key & 0xFFFFFFFFu); }

// Returns one key per score, in order of position. The keys are valid until the thread's next call.
std::vector<uint64_t>& KeysOf(std::span<const float> scores) {
  thread_local std::vector<uint64_t> keys;
  keys.resize(scores.size());
  for (size_t i = 0; i < scores.size(); ++i) keys[i] = Key(scores[i], static_cast<int64_t>(i));
  return keys;
}

// Sorts keys by their upper 32 bits, byte by byte from the lowest. `scratch` has the same size.
void RadixSort(std::vector<uint64_t>& keys, std::vector<uint64_t>& scratch) {
  constexpr int kDigits = 4;
  std::array<std::array<int64_t, 256>, kDigits> counts{};
  for (const uint64_t key : keys) {
    for (int digit = 0; digit < kDigits; ++digit) ++counts[digit][(key >> (32 + 8 * digit)) & 0xFF];
  }
  for (int digit = 0; digit < kDigits; ++digit) {
    const int shift = 32 + 8 * digit;
    std::array<int64_t, 256>& starts = counts[digit];
    if (starts[(keys[0] >> shift) & 0xFF] == static_cast<int64_t>(keys.size())) continue;
    int64_t sum = 0;
    for (int64_t& start : starts) sum += std::exchange(start, sum);
    for (const uint64_t key : keys) scratch[starts[(key >> shift) & 0xFF]++] = key;
    keys.swap(scratch);
  }
}

// Calls visit(first weight, scores) for each set of scores that compete with one another. The sets
// are the pieces of one length into which the rows, or the whole matrix, are cut. Returns false if
// a score is not a number.
template <typename Visit>
bool VisitCompetitions(const WeightScores& scores, const Competition& competition, Visit visit) {
  const WeightView& weights = scores.weights();
  const bool whole = competition.scope == Scope::kMatrix;
  const int64_t rows_at_once = whole ? weights.rows : 1;
  const int64_t length = whole                                ? weights.size()
                         : competition.scope == Scope::kGroup ? competition.group
                                                              : weights.columns;
  std::atomic<bool> numbers = true;
  const int64_t grain = whole ? 1 : RowsPerGrain(weights.columns);
  at::parallel_for(0, weights.rows / rows_at_once, grain, [&](int64_t begin, int64_t end) {
    std::vector<float> row_scores(rows_at_once * weights.columns);
    for (int64_t row = begin; row < end; ++row) {
      if (!scores.Rows(row, rows_at_once, row_scores.data())) {
        numbers = false;
        continue;
      }
      for (int64_t first = 0; first < static_cast<int64_t>(row_scores.size()); first += length) {
        visit(row * weights.columns + first,
              std::span<const float>(row_scores).subspan(first, length));
      }
    }
  });
  return numbers;
}

// Sorts few keys by comparison and many by radix.
void Sort(std::vector<uint64_t>& keys) {
  constexpr size_t kShort = 64;
  if (keys.size() <= kShort) {
    std::sort(keys.begin(), keys.end());
    return;
  }
  thread_local std::vector<uint64_t> scratch;
  scratch.resize(keys.size());
  RadixSort(keys, scratch);
}

template <typename Rank>
bool WriteRanks(const WeightScores& scores, const Competition& competition,
                std::vector<std::byte>& bytes) {
  Rank* ranks = reinterpret_cast<Rank*>(bytes.data());
  return VisitCompetitions(scores, competition, [&](int64_t first, std::span<const float> values) {
    std::vector<uint64_t>& keys = KeysOf(values);
    Sort(keys);
    for (size_t i = 0; i < keys.size(); ++i) {
      ranks[first + PositionOf(keys[i])] = static_cast<Rank>(i);
    }
  });
}

// Masks in parallel, for any type of rank.
template <typename Rank, typename Output, typename MaskFunction>
int64_t MaskAll(const WeightView& weights, std::span<const std::byte> bytes, int64_t removed,
                Output* output, MaskFunction mask) {
  const Rank* ranks = reinterpret_cast<const Rank*>(bytes.data());
  std::atomic<int64_t> zeros = 0;
  at::parallel_for(0, weights.size(), kGrain, [&](int64_t begin, int64_t end) {
    zeros += mask(weights.data + begin, ranks + begin, end - begin, static_cast<uint32_t>(removed),
                  output + begin);
  });
  return zeros;
}

template <typename Output>
int64_t MaskByScope(Scope scope, const WeightView& weights, std::span<const std::byte> bytes,
                    int64_t removed, Output* output) {
  switch (scope) {
    case Scope::kRow:
      return MaskAll<uint16_t>(weights, bytes, removed, output,
                               [](const float* w, const uint16_t* r, int64_t n, uint32_t k,
                                  Output* o) { return MaskRows(w, r, n, k, o); });
    case Scope::kMatrix:
      return MaskAll<uint32_t>(weights, bytes, removed, output,
                               [](const float* w, const uint32_t* r, int64_t n, uint32_t k,
                                  Output* o) { return MaskMatrix(w, r, n, k, o); });
    case Scope::kGroup:
      return MaskAll<uint8_t>(weights, bytes, removed, output,
                              [](const float* w, const uint8_t* r, int64_t n, uint32_t k,
                                 Output* o) { return MaskGroups(w, r, n, k, o); });
  }
  return 0;
}

}  // namespace

int64_t BytesPerWeight(Competition::Scope scope) {
  switch (scope) {
    case Scope::kRow:
      return sizeof(uint16_t);
    case Scope::kMatrix:
      return sizeof(uint32_t);
    case Scope::kGroup:
      return sizeof(uint8_t);
  }
  return 0;
}

Competition Competition::For(ScoreKind kind, const SparsityPattern& pattern) {
  if (pattern.structured()) return {Scope::kGroup, pattern.group};
  return {ScoreRow(kind).scope, 0};
}

int64_t RemovedPerCompetition(const Competition& competition, const SparsityPattern& pattern,
                              const WeightView& weights) {
  if (competition.scope == Scope::kGroup) return pattern.removed;
  const int64_t number = competition.scope == Scope::kRow ? weights.columns : weights.size();
  return static_cast<int64_t>(static_cast<double>(number) * pattern.sparsity);
}

absl::StatusOr<WeightRanks> WeightRanks::Build(const WeightScores& scores,
                                               const Competition& competition) {
  const WeightView& weights = scores.weights();
  STRATA_RETURN_IF_ERROR(CheckShape(weights, competition));
  WeightRanks ranks;
  ranks.competition_ = competition;
  ranks.own_.resize(weights.size() * BytesPerWeight(competition.scope));
  bool numbers = false;
  switch (competition.scope) {
    case Scope::kRow:
      numbers = WriteRanks<uint16_t>(scores, competition, ranks.own_);
      break;
    case Scope::kMatrix:
      numbers = WriteRanks<uint32_t>(scores, competition, ranks.own_);
      break;
    case Scope::kGroup:
      numbers = WriteRanks<uint8_t>(scores, competition, ranks.own_);
      break;
  }
  if (!numbers) return NotANumber();
  ranks.bytes_ = ranks.own_;
  return ranks;
}

absl::StatusOr<WeightRanks> WeightRanks::FromBytes(const WeightView& weights,
                                                   const Competition& competition,
                                                   std::span<const std::byte> bytes) {
  STRATA_RETURN_IF_ERROR(CheckShape(weights, competition));
  const int64_t wanted = weights.size() * BytesPerWeight(competition.scope);
  if (static_cast<int64_t>(bytes.size()) != wanted) {
    return absl::InvalidArgumentError(
        fmt::format("expected {} bytes of ranks, found {}", wanted, bytes.size()));
  }
  WeightRanks ranks;
  ranks.competition_ = competition;
  ranks.bytes_ = bytes;
  return ranks;
}

int64_t WeightRanks::Prune(const WeightView& weights, int64_t removed, float* output) const {
  return MaskByScope(competition_.scope, weights, bytes_, removed, output);
}

int64_t WeightRanks::PruneToBFloat16(const WeightView& weights, int64_t removed,
                                     uint16_t* output) const {
  return MaskByScope(competition_.scope, weights, bytes_, removed, output);
}

absl::Status PruneOnce(const WeightScores& scores, const Competition& competition, int64_t removed,
                       float* output) {
  const WeightView& weights = scores.weights();
  STRATA_RETURN_IF_ERROR(CheckShape(weights, competition));
  const auto cut = [&](int64_t first, std::span<const float> values) {
    KeepAbove(values, CutBelow(values, removed), weights.data + first, output + first);
  };
  // For a handful of scores, selecting takes fewer steps than bisecting 31 bits.
  const auto select = [&](int64_t first, std::span<const float> values) {
    std::copy_n(weights.data + first, values.size(), output + first);
    if (removed == 0) return;
    std::vector<uint64_t>& keys = KeysOf(values);
    std::nth_element(keys.begin(), keys.begin() + (removed - 1), keys.end());
    for (int64_t i = 0; i < removed; ++i) output[first + PositionOf(keys[i])] = 0.0f;
  };
  const bool numbers = competition.scope == Scope::kGroup
                           ? VisitCompetitions(scores, competition, select)
                           : VisitCompetitions(scores, competition, cut);
  return numbers ? absl::OkStatus() : NotANumber();
}

}  // namespace strata::pruning
