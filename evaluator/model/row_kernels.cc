#include "evaluator/model/row_kernels.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <cmath>
#include <vector>

#include "evaluator/model/exponential.h"
#include "pruning/bfloat16_bits.h"
#include "pruning/vector_clones.h"

namespace strata::evaluator {
namespace {

using pruning::BFloat16Bits;
using pruning::FromBFloat16Bits;

constexpr int64_t kLanes = 16;

STRATA_INLINE_BODY void Store(float value, float* output) { *output = value; }
STRATA_INLINE_BODY void Store(float value, uint16_t* output) { *output = BFloat16Bits(value); }
STRATA_INLINE_BODY float Load(const float* input) { return *input; }
STRATA_INLINE_BODY float Load(const uint16_t* input) { return FromBFloat16Bits(*input); }

template <typename Out>
STRATA_INLINE_BODY void NormRows(const float* __restrict input, const float* __restrict weight,
                                 int64_t rows, int64_t columns, double epsilon,
                                 Out* __restrict output) {
  for (int64_t row = 0; row < rows; ++row) {
    const float* x = input + row * columns;
    Out* y = output + row * columns;
    float lanes[kLanes] = {};
    const int64_t whole = columns - columns % kLanes;
    for (int64_t i = 0; i < whole; i += kLanes) {
      for (int64_t lane = 0; lane < kLanes; ++lane) lanes[lane] += x[i + lane] * x[i + lane];
    }
    double square = 0;
    for (const float lane : lanes) square += lane;
    for (int64_t i = whole; i < columns; ++i) square += static_cast<double>(x[i]) * x[i];
    const auto scale =
        static_cast<float>(1.0 / std::sqrt(square / static_cast<double>(columns) + epsilon));
    for (int64_t i = 0; i < columns; ++i) Store(x[i] * scale * weight[i], y + i);
  }
}

STRATA_VECTOR_CLONES void NormToFloat(const float* input, const float* weight, int64_t rows,
                                      int64_t columns, double epsilon, float* output) {
  NormRows(input, weight, rows, columns, epsilon, output);
}
STRATA_VECTOR_CLONES void NormToBFloat16(const float* input, const float* weight, int64_t rows,
                                         int64_t columns, double epsilon, uint16_t* output) {
  NormRows(input, weight, rows, columns, epsilon, output);
}

// Rotates one head of one row. `half` is half of the head's dimension.
template <typename Number>
STRATA_INLINE_BODY void RotateHead(Number* __restrict head, int64_t half,
                                   const float* __restrict cosine, const float* __restrict sine) {
  for (int64_t i = 0; i < half; ++i) {
    const float first = Load(head + i);
    const float second = Load(head + half + i);
    Store(first * cosine[i] - second * sine[i], head + i);
    Store(second * cosine[i] + first * sine[i], head + half + i);
  }
}

template <typename Number>
STRATA_INLINE_BODY void RotateRow(Number* row, int64_t heads, int64_t dimension,
                                  const float* angles) {
  for (int64_t head = 0; head < heads; ++head) {
    RotateHead(row + head * dimension, dimension / 2, angles, angles + dimension / 2);
  }
}

STRATA_VECTOR_CLONES void RotateFloat(float* row, int64_t heads, int64_t dimension,
                                      const float* angles) {
  RotateRow(row, heads, dimension, angles);
}
STRATA_VECTOR_CLONES void RotateBFloat16(uint16_t* row, int64_t heads, int64_t dimension,
                                         const float* angles) {
  RotateRow(row, heads, dimension, angles);
}

template <typename Number>
STRATA_INLINE_BODY void GateRows(const Number* __restrict gate_up, int64_t rows, int64_t columns,
                                 Number* __restrict output) {
  for (int64_t row = 0; row < rows; ++row) {
    const Number* gate = gate_up + row * 2 * columns;
    const Number* up = gate + columns;
    Number* y = output + row * columns;
    for (int64_t i = 0; i < columns; ++i) {
      const float g = Load(gate + i);
      Store(g / (1.0f + Exponential(-g)) * Load(up + i), y + i);
    }
  }
}

STRATA_VECTOR_CLONES void GateFloat(const float* gate_up, int64_t rows, int64_t columns,
                                    float* output) {
  GateRows(gate_up, rows, columns, output);
}
STRATA_VECTOR_CLONES void GateBFloat16(const uint16_t* gate_up, int64_t rows, int64_t columns,
                                       uint16_t* output) {
  GateRows(gate_up, rows, columns, output);
}

STRATA_VECTOR_CLONES void AddTo(const uint16_t* __restrict addend, int64_t size,
                                float* __restrict hidden) {
  for (int64_t i = 0; i < size; ++i) hidden[i] += FromBFloat16Bits(addend[i]);
}

template <typename Number>
STRATA_INLINE_BODY void AddRow(const Number* logits, int64_t columns, RunningLogSumExp* running) {
  const int64_t whole = columns - columns % kLanes;
  float maxima[kLanes];
  for (float& maximum : maxima) maximum = running->maximum;
  for (int64_t i = 0; i < whole; i += kLanes) {
    for (int64_t lane = 0; lane < kLanes; ++lane) {
      const float x = Load(logits + i + lane);
      maxima[lane] = x > maxima[lane] ? x : maxima[lane];
    }
  }
  float maximum = running->maximum;
  for (const float lane : maxima) maximum = lane > maximum ? lane : maximum;
  for (int64_t i = whole; i < columns; ++i) {
    const float x = Load(logits + i);
    maximum = x > maximum ? x : maximum;
  }
  float lanes[kLanes] = {};
  for (int64_t i = 0; i < whole; i += kLanes) {
    for (int64_t lane = 0; lane < kLanes; ++lane) {
      lanes[lane] += Exponential(Load(logits + i + lane) - maximum);
    }
  }
  double sum = 0;
  for (const float lane : lanes) sum += lane;
  for (int64_t i = whole; i < columns; ++i) sum += Exponential(Load(logits + i) - maximum);
  running->sum = running->sum * std::exp(static_cast<double>(running->maximum) - maximum) + sum;
  running->maximum = maximum;
}

STRATA_VECTOR_CLONES void AddRowFloat(const float* logits, int64_t columns,
                                      RunningLogSumExp* running) {
  AddRow(logits, columns, running);
}
STRATA_VECTOR_CLONES void AddRowBFloat16(const uint16_t* logits, int64_t columns,
                                         RunningLogSumExp* running) {
  AddRow(logits, columns, running);
}

uint16_t* Bits(const at::Tensor& tensor) {
  return reinterpret_cast<uint16_t*>(tensor.data_ptr<at::BFloat16>());
}

bool IsFloat(const at::Tensor& tensor) { return tensor.scalar_type() == at::kFloat; }

// Returns the number of rows that a thread takes at a time, for rows of `columns` numbers.
int64_t Grain(int64_t columns) { return std::max<int64_t>(1, (int64_t{1} << 15) / columns); }

}  // namespace

void RmsNorm(const at::Tensor& input, const at::Tensor& weight, double epsilon,
             at::Tensor& output) {
  const int64_t columns = input.size(1);
  const float* x = input.data_ptr<float>();
  const float* w = weight.data_ptr<float>();
  at::parallel_for(0, input.size(0), Grain(columns), [&](int64_t begin, int64_t end) {
    const int64_t offset = begin * columns;
    if (IsFloat(output)) {
      NormToFloat(x + offset, w, end - begin, columns, epsilon, output.data_ptr<float>() + offset);
    } else {
      NormToBFloat16(x + offset, w, end - begin, columns, epsilon, Bits(output) + offset);
    }
  });
}

at::Tensor RotaryTable(int64_t positions, std::span<const float> frequencies) {
  const auto half = static_cast<int64_t>(frequencies.size());
  const int64_t dimension = 2 * half;
  at::Tensor table = at::empty({positions, dimension});
  float* entries = table.data_ptr<float>();
  for (int64_t i = 0; i < half; ++i) {
    for (int64_t position = 0; position < positions; ++position) {
      // float32 angles, as the reference implementations compute them.
      const float angle = static_cast<float>(position) * frequencies[i];
      entries[position * dimension + i] = std::cos(angle);
      entries[position * dimension + half + i] = std::sin(angle);
    }
  }
  return table;
}

void Rotate(at::Tensor& rows, int64_t heads, int64_t dimension, std::span<const int64_t> positions,
            const at::Tensor& table) {
  const int64_t columns = rows.size(1);
  const float* angles = table.data_ptr<float>();
  at::parallel_for(0, rows.size(0), Grain(columns), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const float* position = angles + positions[static_cast<size_t>(row)] * dimension;
      if (IsFloat(rows)) {
        RotateFloat(rows.data_ptr<float>() + row * columns, heads, dimension, position);
      } else {
        RotateBFloat16(Bits(rows) + row * columns, heads, dimension, position);
      }
    }
  });
}

void SwiGlu(const at::Tensor& gate_up, at::Tensor& output) {
  const int64_t columns = output.size(1);
  at::parallel_for(0, output.size(0), Grain(columns), [&](int64_t begin, int64_t end) {
    const int64_t offset = begin * columns;
    if (IsFloat(output)) {
      GateFloat(gate_up.data_ptr<float>() + 2 * offset, end - begin, columns,
                output.data_ptr<float>() + offset);
    } else {
      GateBFloat16(Bits(gate_up) + 2 * offset, end - begin, columns, Bits(output) + offset);
    }
  });
}

void AddBFloat16(const at::Tensor& addend, at::Tensor& hidden) {
  at::parallel_for(0, hidden.numel(), int64_t{1} << 15, [&](int64_t begin, int64_t end) {
    AddTo(Bits(addend) + begin, end - begin, hidden.data_ptr<float>() + begin);
  });
}

void AddLogits(const at::Tensor& logits, RunningLogSumExp* running) {
  const int64_t columns = logits.size(1);
  at::parallel_for(0, logits.size(0), Grain(columns), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      if (IsFloat(logits)) {
        AddRowFloat(logits.data_ptr<float>() + row * columns, columns, running + row);
      } else {
        AddRowBFloat16(Bits(logits) + row * columns, columns, running + row);
      }
    }
  });
}

}  // namespace strata::evaluator
