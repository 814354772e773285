// Writer of GGUF files (version 3).
#ifndef STRATA_EVALUATOR_FORMATS_GGUF_OUTPUT_H_
#define STRATA_EVALUATOR_FORMATS_GGUF_OUTPUT_H_

#include <absl/status/statusor.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "evaluator/formats/number_format.h"
#include "evaluator/formats/tensor_output.h"

namespace strata::evaluator {

// The metadata of a file. Keys keep the order in which they are added; each may be added once.
class GgufMetadata {
 public:
  void Copy(std::span<const std::byte> entry);  // key, type and value as stored in another file
  void Text(std::string_view key, std::string_view value);
  void Uint32(std::string_view key, uint32_t value);
  void Float32(std::string_view key, float value);
  void Bool(std::string_view key, bool value);
  void Texts(std::string_view key, const std::vector<std::string>& values);
  void Int32s(std::string_view key, const std::vector<int32_t>& values);
  void Float32s(std::string_view key, const std::vector<float>& values);

  uint64_t count() const { return count_; }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
  uint64_t count_ = 0;
};

struct GgufPlan {
  struct Tensor {
    std::string name;
    int64_t offset = 0;  // from the start of the file
    int64_t bytes = 0;
  };
  std::string header;
  int64_t bytes = 0;  // of the file
  std::vector<Tensor> tensors;
};

struct GgufTensorShape {
  std::string name;
  std::vector<int64_t> shape;  // row-major, outermost first
  NumberFormat format = NumberFormat::kFloat32;
};

GgufPlan PlanGguf(const GgufMetadata& metadata, const std::vector<GgufTensorShape>& tensors);

// Creates the file and reserves its space. Errors of OutputFile::Create.
absl::StatusOr<TensorOutput> CreateGguf(const GgufPlan& plan, const std::string& path);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_FORMATS_GGUF_OUTPUT_H_
