// Writes tensors to known places of files.
#ifndef STRATA_EVALUATOR_FORMATS_TENSOR_OUTPUT_H_
#define STRATA_EVALUATOR_FORMATS_TENSOR_OUTPUT_H_

#include <absl/status/statusor.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "evaluator/files/output_file.h"

namespace strata::evaluator {

class TensorOutput {
 public:
  // Creates a file of `bytes` bytes that begins with `header`. Errors of OutputFile::Create.
  absl::Status AddFile(const std::string& path, int64_t bytes, const std::string& header);

  // Announces a tensor of the file that was added last.
  void AddTensor(const std::string& name, int64_t offset, int64_t bytes);

  // Writes part of a tensor, at `offset` bytes from its start. Errors: NotFound if the tensor was
  // not added; InvalidArgument for bytes beyond its end; errors of OutputFile::Write.
  absl::Status Write(const std::string& tensor, int64_t offset, std::span<const std::byte> bytes);

  // Flushes all files. Errors: FailedPrecondition if a tensor was not written in full.
  absl::Status Finish();

 private:
  struct Place {
    size_t file = 0;
    int64_t offset = 0;
    int64_t bytes = 0;
    int64_t written = 0;
  };
  std::vector<OutputFile> files_;
  std::map<std::string, Place> places_;
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_FORMATS_TENSOR_OUTPUT_H_
