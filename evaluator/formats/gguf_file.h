// Reader of GGUF files (versions 2 and 3): metadata, tensor directory and memory-mapped tensor
// data.
#ifndef STRATA_EVALUATOR_FORMATS_GGUF_FILE_H_
#define STRATA_EVALUATOR_FORMATS_GGUF_FILE_H_

#include <absl/status/statusor.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "evaluator/files/mapped_file.h"

namespace strata::evaluator {

// Tensor types that Dequantize understands. Other types give an Unimplemented error that names
// them.
enum class GgufType : uint32_t {
  kF32 = 0,
  kF16 = 1,
  kQ4_0 = 2,
  kQ4_1 = 3,
  kQ5_0 = 6,
  kQ5_1 = 7,
  kQ8_0 = 8,
  kQ2_K = 10,
  kQ3_K = 11,
  kQ4_K = 12,
  kQ5_K = 13,
  kQ6_K = 14,
  kIQ2_XXS = 16,
  kIQ2_XS = 17,
  kIQ3_XXS = 18,
  kIQ1_S = 19,
  kIQ4_NL = 20,
  kIQ3_S = 21,
  kIQ2_S = 22,
  kIQ4_XS = 23,
  kIQ1_M = 29,
  kBF16 = 30,
  kTQ1_0 = 34,
  kTQ2_0 = 35,
  kMXFP4 = 39,
  kNVFP4 = 40,
};

struct GgufTensor {
  std::string name;
  std::vector<int64_t>
      shape;  // row-major, outermost first: [rows, columns] (GGUF stores the reverse)
  GgufType type = GgufType::kF32;
  std::span<const std::byte> data;  // into the mapping; valid while the GgufFile lives
  int64_t elements() const;
};

using GgufValue = std::variant<uint64_t, int64_t, double, bool, std::string, std::vector<int64_t>,
                               std::vector<double>, std::vector<std::string>>;

// One key of the metadata, with the bytes that hold key, type and value.
struct GgufEntry {
  std::string key;
  std::span<const std::byte> bytes;  // into the mapping
};

class GgufFile {
 public:
  // Errors: NotFound; InvalidArgument if it is not a GGUF file or has an unsupported version;
  // DataLoss if it is truncated (with the expected and actual size) or if offsets or counts lie
  // outside the file; Unimplemented for an unknown tensor type, with the tensor's name.
  static absl::StatusOr<std::unique_ptr<GgufFile>> Open(const std::string& path);

  const std::string& path() const { return path_; }
  const std::map<std::string, GgufTensor>& tensors() const { return tensors_; }
  absl::StatusOr<const GgufTensor*> Tensor(
      const std::string& name) const;  // NotFound names the file

  const std::map<std::string, GgufValue>& metadata() const { return metadata_; }
  // The metadata as the file stores it, in its order, for copying.
  const std::vector<GgufEntry>& entries() const { return entries_; }
  // Return the value of a key. Errors: NotFound if it is absent, InvalidArgument if it has another
  // type. Both name key and file.
  absl::StatusOr<int64_t> Integer(const std::string& key) const;
  absl::StatusOr<double> Real(const std::string& key) const;
  absl::StatusOr<std::string> String(const std::string& key) const;
  absl::StatusOr<const std::vector<std::string>*> Strings(const std::string& key) const;

 private:
  GgufFile(std::string path, MappedFile mapping)
      : path_(std::move(path)), mapping_(std::move(mapping)) {}
  std::string path_;
  MappedFile mapping_;
  std::map<std::string, GgufTensor> tensors_;
  std::map<std::string, GgufValue> metadata_;
  std::vector<GgufEntry> entries_;
};

// Writes tensor.elements() floats to `output`, which must have that size.
absl::Status Dequantize(const GgufTensor& tensor, std::span<float> output);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_FORMATS_GGUF_FILE_H_
