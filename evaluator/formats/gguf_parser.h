// Parses the header of a GGUF file from memory. Private to evaluator/formats/: use gguf_file.h.
//
// The file is little-endian and holds, in this order:
//
//   magic "GGUF", version u32, tensor count u64, metadata count u64
//   the metadata: for each, its key (string), value type u32 and value
//   the tensor directory: for each tensor, its name (string), number of dimensions u32, dimensions
//     u64 (innermost first), type u32 and offset u64
//   padding to a multiple of general.alignment (32 if absent)
//   the tensor data, from whose start the offsets count
//
// A string is its length u64 and its bytes. An array is its element type u32, its count u64 and its
// elements.
#ifndef STRATA_EVALUATOR_FORMATS_GGUF_PARSER_H_
#define STRATA_EVALUATOR_FORMATS_GGUF_PARSER_H_

#include <absl/status/statusor.h>

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "evaluator/formats/gguf_file.h"

namespace strata::evaluator {

struct GgufContents {
  std::map<std::string, GgufTensor> tensors;  // data points into the parsed bytes
  std::map<std::string, GgufValue> metadata;
  std::vector<GgufEntry> entries;  // the metadata as stored, in the order of the file
};

// Parses a file. `path` is for messages. No field of the file is trusted, and memory use is
// proportional to `bytes`. Errors of GgufFile::Open.
absl::StatusOr<GgufContents> ParseGguf(std::span<const std::byte> bytes, const std::string& path);

// Number of weights that share one block of a tensor type, and number of bytes of the block.
struct GgufBlockSize {
  int64_t elements = 0;
  int64_t bytes = 0;
};

// Errors: Unimplemented for a type that Dequantize does not understand, naming it and the types
// that Dequantize understands.
absl::StatusOr<GgufBlockSize> BlockSizeOf(uint32_t type);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_FORMATS_GGUF_PARSER_H_
