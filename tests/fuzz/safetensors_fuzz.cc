// The reader of safetensors files: every tensor it accepts lies in the file and is as long as its
// shape says. So are the bitmaps among the tensors.
#include "evaluator/formats/bitmap_matrix.h"
#include "evaluator/formats/number_format.h"
#include "evaluator/formats/safetensors_file.h"
#include "tests/fuzz/memory_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using strata::fuzz::Require;
  const strata::fuzz::MemoryFile file(data, size);
  const auto opened = strata::evaluator::SafetensorsFile::Open(file.path());
  if (!opened.ok()) {
    Require(!opened.status().message().empty(), "an error says something");
    return 0;
  }
  size_t bytes = 0;
  for (const auto& [name, tensor] : (*opened)->tensors()) {
    bytes += tensor.data.size();
    const auto format = strata::evaluator::ParseNumberFormat(tensor.type);
    if (!format.has_value()) continue;
    size_t elements = 1;
    for (const int64_t dimension : tensor.shape) elements *= static_cast<size_t>(dimension);
    std::vector<float> numbers(elements);
    Require(elements * static_cast<size_t>(BytesPerNumber(*format)) == tensor.data.size(),
            "as many bytes as the shape needs");
    Unpack(*format, tensor.data, numbers);
  }
  Require(bytes < size, "tensors do not overlap");

  std::map<std::string, const strata::evaluator::SafetensorsTensor*> tensors;
  for (const auto& [name, tensor] : (*opened)->tensors()) tensors[name] = &tensor;
  const auto bitmaps = strata::evaluator::TakeBitmaps(&tensors);
  if (!bitmaps.ok()) {
    Require(!bitmaps.status().message().empty(), "an error says something");
    return 0;
  }
  for (const auto& [name, matrix] : *bitmaps) {
    std::vector<float> numbers(static_cast<size_t>(matrix.rows() * matrix.columns()));
    matrix.ReadRows(0, numbers);
    matrix.ReadRows(matrix.rows() - 1,
                    std::span(numbers).first(static_cast<size_t>(matrix.columns())));
  }
  return 0;
}
