// The tensor types of GGUF and how their blocks unpack. Each kernel takes one block; all scales are
// half precision. Layouts, in order of their bytes:
//   Q4_0  d; 16 bytes q, weight j in the low half of byte j, j + 16 in the high: d (q - 8)
//   Q4_1  d, m; q as Q4_0:                                                        d q + m
//   Q5_0  d; 32 fifth bits; q as Q4_0:                                            d (q - 16)
//   Q5_1  d, m; 32 fifth bits; q as Q4_0:                                         d q + m
//   Q8_0  d; 32 signed bytes q:                                                   d q
//   Q4_K  d, m; 8 pairs of 6-bit (scale, minimum) in 12 bytes; 128 bytes q:       d s q - m n
//   Q5_K  as Q4_K with 32 bytes of fifth bits before q
//   Q6_K  128 bytes low halves; 64 bytes of upper bit pairs; 16 signed byte scales; d: d s (q - 32)
#include <fmt/format.h>

#include <array>
#include <cstring>

#include "evaluator/gguf_file.h"
#include "evaluator/gguf_parser.h"
#include "evaluator/number_format.h"

namespace strata::evaluator {
namespace {

template <typename T>
T Load(const uint8_t* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof(T));
  return value;
}

float LoadHalf(const uint8_t* bytes) {
  float value;
  Unpack(NumberFormat::kFloat16, std::as_bytes(std::span(bytes, 2)), {&value, 1});
  return value;
}

void UnpackQ4_0(const uint8_t* block, float* output) {
  const float scale = LoadHalf(block);
  const uint8_t* packed = block + 2;
  for (int j = 0; j < 16; ++j) {
    output[j] = static_cast<float>((packed[j] & 0xF) - 8) * scale;
    output[j + 16] = static_cast<float>((packed[j] >> 4) - 8) * scale;
  }
}

void UnpackQ4_1(const uint8_t* block, float* output) {
  const float scale = LoadHalf(block);
  const float minimum = LoadHalf(block + 2);
  const uint8_t* packed = block + 4;
  for (int j = 0; j < 16; ++j) {
    output[j] = static_cast<float>(packed[j] & 0xF) * scale + minimum;
    output[j + 16] = static_cast<float>(packed[j] >> 4) * scale + minimum;
  }
}

// The five-bit integers of Q5_0 and Q5_1.
std::array<int, 32> FiveBits(uint32_t fifth_bits, const uint8_t* packed) {
  std::array<int, 32> values;
  for (int j = 0; j < 16; ++j) {
    values[j] = (packed[j] & 0xF) | static_cast<int>((fifth_bits >> j & 1) << 4);
    values[j + 16] = packed[j] >> 4 | static_cast<int>((fifth_bits >> (j + 16) & 1) << 4);
  }
  return values;
}

void UnpackQ5_0(const uint8_t* block, float* output) {
  const float scale = LoadHalf(block);
  const std::array<int, 32> values = FiveBits(Load<uint32_t>(block + 2), block + 6);
  for (int j = 0; j < 32; ++j) output[j] = static_cast<float>(values[j] - 16) * scale;
}

void UnpackQ5_1(const uint8_t* block, float* output) {
  const float scale = LoadHalf(block);
  const float minimum = LoadHalf(block + 2);
  const std::array<int, 32> values = FiveBits(Load<uint32_t>(block + 4), block + 8);
  for (int j = 0; j < 32; ++j) output[j] = static_cast<float>(values[j]) * scale + minimum;
}

void UnpackQ8_0(const uint8_t* block, float* output) {
  const float scale = LoadHalf(block);
  for (int j = 0; j < 32; ++j) {
    output[j] = static_cast<float>(static_cast<int8_t>(block[2 + j])) * scale;
  }
}

struct ScaleAndMinimum {
  int scale;
  int minimum;
};

// The six-bit pair of sub-block `j` of Q4_K and Q5_K: of the first four the low six bits of bytes j
// and j + 4; of the others the halves of byte j + 4 below the top two bits of bytes j - 4 and j.
ScaleAndMinimum SixBits(const uint8_t* packed, int j) {
  if (j < 4) return {packed[j] & 63, packed[j + 4] & 63};
  return {(packed[j + 4] & 0xF) | (packed[j - 4] >> 6) << 4, packed[j + 4] >> 4 | (packed[j] >> 6)
                                                                                      << 4};
}

// Q4_K when `fifth_bits` is null. Sub-block j holds 32 weights: the low halves (even j) or high
// halves (odd j) of 32 bytes, whose fifth bits are bit j of the 32 bytes of fifth bits.
void UnpackWithMinima(const uint8_t* header, const uint8_t* fifth_bits, const uint8_t* packed,
                      float* output) {
  const float scale = LoadHalf(header);
  const float minimum = LoadHalf(header + 2);
  for (int j = 0; j < 8; ++j) {
    const ScaleAndMinimum pair = SixBits(header + 4, j);
    const float sub_scale = scale * static_cast<float>(pair.scale);
    const float sub_minimum = minimum * static_cast<float>(pair.minimum);
    for (int l = 0; l < 32; ++l) {
      const int byte = packed[j / 2 * 32 + l];
      int value = j % 2 == 0 ? byte & 0xF : byte >> 4;
      if (fifth_bits != nullptr) value |= (fifth_bits[l] >> j & 1) << 4;
      output[j * 32 + l] = sub_scale * static_cast<float>(value) - sub_minimum;
    }
  }
}

void UnpackQ4_K(const uint8_t* block, float* output) {
  UnpackWithMinima(block, nullptr, block + 16, output);
}

void UnpackQ5_K(const uint8_t* block, float* output) {
  UnpackWithMinima(block, block + 16, block + 48, output);
}

// Each half of 128 weights is four runs of 32: runs 0 and 1 the low halves of 64 bytes, runs 2 and
// 3 their high halves; the upper bits of run r are bits 2r and 2r + 1 of 32 bytes. One scale
// serves 16.
void UnpackQ6_K(const uint8_t* block, float* output) {
  const float scale = LoadHalf(block + 208);
  for (int half = 0; half < 2; ++half) {
    const uint8_t* low = block + half * 64;
    const uint8_t* upper = block + 128 + half * 32;
    const uint8_t* scales = block + 192 + half * 8;
    for (int j = 0; j < 128; ++j) {
      const int run = j / 32;
      const int byte = low[j % 64];
      const int value = (run < 2 ? byte & 0xF : byte >> 4) | (upper[j % 32] >> 2 * run & 3) << 4;
      const float sub_scale = scale * static_cast<float>(static_cast<int8_t>(scales[j / 16]));
      output[half * 128 + j] = sub_scale * static_cast<float>(value - 32);
    }
  }
}

struct TypeRow {
  uint32_t type;
  const char* name;
  GgufBlockSize block;
  void (*unpack)(const uint8_t* block, float* output);  // null for a plain number
};

constexpr TypeRow kTypes[] = {
    {0, "F32", {1, 4}, nullptr},          {1, "F16", {1, 2}, nullptr},
    {30, "BF16", {1, 2}, nullptr},        {2, "Q4_0", {32, 18}, UnpackQ4_0},
    {3, "Q4_1", {32, 20}, UnpackQ4_1},    {6, "Q5_0", {32, 22}, UnpackQ5_0},
    {7, "Q5_1", {32, 24}, UnpackQ5_1},    {8, "Q8_0", {32, 34}, UnpackQ8_0},
    {12, "Q4_K", {256, 144}, UnpackQ4_K}, {13, "Q5_K", {256, 176}, UnpackQ5_K},
    {14, "Q6_K", {256, 210}, UnpackQ6_K},
};

struct NamedType {
  uint32_t type;
  const char* name;
};

// Types of the format that are not unpacked here, so that an error can call them by name.
constexpr NamedType kOtherTypes[] = {
    {4, "Q4_2"},     {5, "Q4_3"},    {9, "Q8_1"},     {10, "Q2_K"},  {11, "Q3_K"},   {15, "Q8_K"},
    {16, "IQ2_XXS"}, {17, "IQ2_XS"}, {18, "IQ3_XXS"}, {19, "IQ1_S"}, {20, "IQ4_NL"}, {21, "IQ3_S"},
    {22, "IQ2_S"},   {23, "IQ4_XS"}, {24, "I8"},      {25, "I16"},   {26, "I32"},    {27, "I64"},
    {28, "F64"},     {29, "IQ1_M"},  {34, "TQ1_0"},   {35, "TQ2_0"}, {39, "MXFP4"},
};

const TypeRow* FindType(uint32_t type) {
  for (const TypeRow& row : kTypes) {
    if (row.type == type) return &row;
  }
  return nullptr;
}

absl::Status UnknownType(uint32_t type) {
  const char* name = "unknown";
  for (const NamedType& other : kOtherTypes) {
    if (other.type == type) name = other.name;
  }
  std::string supported;
  for (const TypeRow& row : kTypes) supported += fmt::format(" {}", row.name);
  return absl::UnimplementedError(
      fmt::format("type {} ({}) is not supported; supported are{}", type, name, supported));
}

}  // namespace

absl::StatusOr<GgufBlockSize> BlockSizeOf(uint32_t type) {
  const TypeRow* row = FindType(type);
  if (row == nullptr) return UnknownType(type);
  return row->block;
}

absl::Status Dequantize(const GgufTensor& tensor, std::span<float> output) {
  const TypeRow* row = FindType(static_cast<uint32_t>(tensor.type));
  if (row == nullptr) return UnknownType(static_cast<uint32_t>(tensor.type));
  const int64_t elements = tensor.elements();
  const int64_t blocks = elements / row->block.elements;
  if (static_cast<int64_t>(output.size()) != elements) {
    return absl::InvalidArgumentError(
        fmt::format("tensor \"{}\": expected room for {} numbers, found {}", tensor.name, elements,
                    output.size()));
  }
  if (elements % row->block.elements != 0 ||
      static_cast<int64_t>(tensor.data.size()) != blocks * row->block.bytes) {
    return absl::InvalidArgumentError(fmt::format(
        "tensor \"{}\": expected {} bytes for {} numbers of type {}, found {}", tensor.name,
        blocks * row->block.bytes, elements, row->name, tensor.data.size()));
  }
  if (row->unpack == nullptr) {
    Unpack(*ParseNumberFormat(row->name), tensor.data, output);
    return absl::OkStatus();
  }
  const auto* bytes = reinterpret_cast<const uint8_t*>(tensor.data.data());
  for (int64_t i = 0; i < blocks; ++i) {
    row->unpack(bytes + i * row->block.bytes, output.data() + i * row->block.elements);
  }
  return absl::OkStatus();
}

}  // namespace strata::evaluator
