// The scores by which pruners rank weights, one row per score. A new score is an enumerator, a row
// and, if its formula is new, a kernel in score_table.cc.
#ifndef STRATA_PRUNING_SCORE_TABLE_H_
#define STRATA_PRUNING_SCORE_TABLE_H_

#include <cstdint>

namespace strata::pruning {

enum class ScoreKind : uint8_t {
  kMagnitude,  // |W|
  kWanda,      // |W| sqrt(scaler_row): arXiv 2306.11695, eq. 1
  // (|W| / column sum of |W| + |W| / row sum of |W|) sqrt(scaler_row)^a with a = 0.5: relative
  // importance and activations, ICLR 2024, eq. 2 and 3
  kRia,
};

// The weights that are compared with one another.
enum class CompetitionScope : uint8_t {
  kRow,     // the weights of one output, as in Wanda; ranks take 2 bytes per weight
  kMatrix,  // all weights of the linear, as in magnitude and RIA; 4 bytes per weight
  kGroup,   // neighbouring inputs of a row, for n:M; 1 byte per weight
};

// What a kernel reads besides the weights of its row.
struct ScoreInputs {
  const float* factors = nullptr;      // for each column, Score::factor of sqrt(scaler_row)
  const float* column_sums = nullptr;  // for each column, the sum of |W|, with 1 in place of 0
  float row_sum = 1;                   // the same for the row
};

struct Score {
  ScoreKind kind;
  const char* name;        // in bank files
  CompetitionScope scope;  // the scope that the authors of the score use without groups
  bool needs_sums;         // reads ScoreInputs::column_sums and row_sum
  // The power of sqrt(scaler_row) that multiplies a weight; null if the score does not look at
  // activations.
  float (*factor)(float norm);
  // Writes the scores of one row of `columns` weights. Thread-safe.
  void (*row)(const float* weights, const ScoreInputs& inputs, int64_t columns, float* scores);
};

// Returns the row of a score.
const Score& ScoreRow(ScoreKind kind);

}  // namespace strata::pruning

#endif  // STRATA_PRUNING_SCORE_TABLE_H_
