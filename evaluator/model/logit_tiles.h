// The logits of many tokens, formed a tile of rows and vocabulary at a time, so that they never all
// exist at once.
#ifndef STRATA_EVALUATOR_MODEL_LOGIT_TILES_H_
#define STRATA_EVALUATOR_MODEL_LOGIT_TILES_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>

namespace strata::evaluator {

// A tile has at most this many rows and columns. Its 2,048 * 2,048 * 4 bytes stay in the last-level
// cache between the product and the reduction.
inline constexpr int64_t kTileRows = 2048;
inline constexpr int64_t kTileColumns = 2048;

// Receives the logits of rows `row` ... and tokens `column` ..., [rows of the tile, columns of the
// tile], contiguous. It may change them. They are valid during the call.
using LogitTile = std::function<void(at::Tensor& logits, int64_t row, int64_t column)>;

// Calls `tile` with all tiles of rows * head^T: those of the first rows from left to right, then
// those of the next rows. `rows` is [tokens, hidden] after the final norm and `head` is
// [vocabulary, hidden]. Both are float32 or both are bfloat16, and so are the logits. The same
// shapes give the same tiles, and thus the same bits.
void ForEachLogitTile(const at::Tensor& rows, const at::Tensor& head, const LogitTile& tile);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_MODEL_LOGIT_TILES_H_
