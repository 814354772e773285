// The exponential function in a form that compilers vectorise in loops. They do not vectorise the
// standard library's expf.
#ifndef STRATA_EVALUATOR_MODEL_EXPONENTIAL_H_
#define STRATA_EVALUATOR_MODEL_EXPONENTIAL_H_

#include <bit>
#include <cstdint>

#include "pruning/vector_clones.h"

namespace strata::evaluator {

// Returns e^x to about one unit in the last place. With x = n ln 2 + r and |r| <= ln 2 / 2, e^r is
// computed by its Taylor series to r^7. x is limited to [-87, 88], the range of float32.
STRATA_INLINE_BODY float Exponential(float x) {
  constexpr float kRound =
      12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer in the low bits
  x = x < -87.0f ? -87.0f : x;
  x = x > 88.0f ? 88.0f : x;
  const float shifted = x * 1.44269504f + kRound;
  const float n = shifted - kRound;
  const float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  float p = 1.0f / 5040.0f;
  p = p * r + 1.0f / 720.0f;
  p = p * r + 1.0f / 120.0f;
  p = p * r + 1.0f / 24.0f;
  p = p * r + 1.0f / 6.0f;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  const uint32_t power = (std::bit_cast<uint32_t>(shifted) + 127u) << 23;
  return p * std::bit_cast<float>(power);
}

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_MODEL_EXPONENTIAL_H_
