#include "evaluator/model/logit_tiles.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "evaluator/model/matrix_product.h"

namespace strata::evaluator {

void ForEachLogitTile(const at::Tensor& rows, const at::Tensor& head, const LogitTile& tile) {
  const at::InferenceMode guard;
  const int64_t tokens = rows.size(0);
  const int64_t vocabulary = head.size(0);
  const int64_t columns = std::min(kTileColumns, vocabulary);
  at::Tensor buffer = at::empty({std::min(kTileRows, tokens) * columns}, rows.options());
  for (int64_t row = 0; row < tokens; row += kTileRows) {
    const int64_t tile_rows = std::min(kTileRows, tokens - row);
    const at::Tensor left = rows.narrow(0, row, tile_rows);
    for (int64_t column = 0; column < vocabulary; column += columns) {
      const int64_t tile_columns = std::min(columns, vocabulary - column);
      at::Tensor logits =
          buffer.narrow(0, 0, tile_rows * tile_columns).view({tile_rows, tile_columns});
      MultiplyByTransposed(left, head.narrow(0, column, tile_columns), logits);
      tile(logits, row, column);
    }
  }
}

}  // namespace strata::evaluator
