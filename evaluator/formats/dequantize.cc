// The tensor types of GGUF.
#include <fmt/format.h>

#include "evaluator/formats/gguf_file.h"
#include "evaluator/formats/gguf_parser.h"
#include "evaluator/formats/number_format.h"
#include "evaluator/formats/quantized_blocks.h"

namespace strata::evaluator {
namespace {

struct TypeRow {
  uint32_t type;
  const char* name;
  GgufBlockSize block;
  void (*unpack)(const uint8_t* block, float* weights);  // null for a plain number
};

constexpr TypeRow kTypes[] = {
    {0, "F32", {1, 4}, nullptr},
    {1, "F16", {1, 2}, nullptr},
    {2, "Q4_0", {32, 18}, UnpackQ4_0},
    {3, "Q4_1", {32, 20}, UnpackQ4_1},
    {6, "Q5_0", {32, 22}, UnpackQ5_0},
    {7, "Q5_1", {32, 24}, UnpackQ5_1},
    {8, "Q8_0", {32, 34}, UnpackQ8_0},
    {10, "Q2_K", {256, 84}, UnpackQ2_K},
    {11, "Q3_K", {256, 110}, UnpackQ3_K},
    {12, "Q4_K", {256, 144}, UnpackQ4_K},
    {13, "Q5_K", {256, 176}, UnpackQ5_K},
    {14, "Q6_K", {256, 210}, UnpackQ6_K},
    {16, "IQ2_XXS", {256, 66}, UnpackIQ2_XXS},
    {17, "IQ2_XS", {256, 74}, UnpackIQ2_XS},
    {18, "IQ3_XXS", {256, 98}, UnpackIQ3_XXS},
    {19, "IQ1_S", {256, 50}, UnpackIQ1_S},
    {20, "IQ4_NL", {32, 18}, UnpackIQ4_NL},
    {21, "IQ3_S", {256, 110}, UnpackIQ3_S},
    {22, "IQ2_S", {256, 82}, UnpackIQ2_S},
    {23, "IQ4_XS", {256, 136}, UnpackIQ4_XS},
    {29, "IQ1_M", {256, 56}, UnpackIQ1_M},
    {30, "BF16", {1, 2}, nullptr},
    {34, "TQ1_0", {256, 54}, UnpackTQ1_0},
    {35, "TQ2_0", {256, 66}, UnpackTQ2_0},
    {39, "MXFP4", {32, 17}, UnpackMXFP4},
    {40, "NVFP4", {64, 36}, UnpackNVFP4},
};

struct NamedType {
  uint32_t type;
  const char* name;
};

// Types of the format that are not unpacked here. They are listed so that an error can name them.
constexpr NamedType kOtherTypes[] = {
    {4, "Q4_2"}, {5, "Q4_3"}, {9, "Q8_1"}, {15, "Q8_K"}, {24, "I8"},
    {25, "I16"}, {26, "I32"}, {27, "I64"}, {28, "F64"},  {41, "Q1_0"},
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
