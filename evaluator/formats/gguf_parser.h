// Reads the header of a GGUF file from memory. Private to evaluator/: use gguf_file.h.
//
// The layout (little-endian): magic "GGUF", version u32, tensor count u64, metadata count u64; the
// metadata, each key (string), value type u32, value; the tensor directory, each name (string),
// number of dimensions u32, dimensions u64 innermost first, type u32, offset u64; padding to
// general.alignment (32 if absent); tensor data, which the offsets count from. A string is its
// length u64 and its bytes; an array its element type u32, its count u64 and its elements.
#ifndef STRATA_EVALUATOR_GGUF_PARSER_H_
#define STRATA_EVALUATOR_GGUF_PARSER_H_

#include <absl/status/statusor.h>

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "evaluator/formats/gguf_file.h"

namespace strata::evaluator {

struct GgufContents {
  std::map<std::string, GgufTensor> tensors;  // data lies in the bytes that were parsed
  std::map<std::string, GgufValue> metadata;
  std::vector<GgufEntry> entries;  // the metadata as stored, in the order of the file
};

// `path` is for messages. No field of the file is trusted: memory used is proportional to `bytes`.
// Errors as GgufFile::Open.
absl::StatusOr<GgufContents> ParseGguf(std::span<const std::byte> bytes, const std::string& path);

// Weights that share one block of a tensor type, and the bytes of that block.
struct GgufBlockSize {
  int64_t elements = 0;
  int64_t bytes = 0;
};

// Unimplemented for a type that Dequantize does not understand: names it and those it does.
absl::StatusOr<GgufBlockSize> BlockSizeOf(uint32_t type);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_GGUF_PARSER_H_
