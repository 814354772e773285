// Reader of safetensors files: the directory of tensors and their memory-mapped data.
//
// A file holds: the length of the header, 8 bytes, little-endian; the header, a JSON object that
// maps each tensor name to {"dtype", "shape", "data_offsets": [begin, end]} (and "__metadata__" to
// an object of strings); the data, row-major, without gaps.
#ifndef STRATA_EVALUATOR_FORMATS_SAFETENSORS_FILE_H_
#define STRATA_EVALUATOR_FORMATS_SAFETENSORS_FILE_H_

#include <absl/status/statusor.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "evaluator/files/mapped_file.h"

namespace strata::evaluator {

struct SafetensorsTensor {
  std::string type;  // "F32", "BF16", "I64", ...: as in the file
  std::vector<int64_t> shape;
  std::span<const std::byte> data;  // into the mapping; valid while the file lives
};

// Thread-compatible; immutable once open.
class SafetensorsFile {
 public:
  // Errors: those of MappedFile::Open; DataLoss, naming the file and the tensor, for a truncated
  // file, a header that does not follow the format, bytes that do not fit type and shape, or
  // tensors that overlap or leave a gap.
  static absl::StatusOr<std::unique_ptr<SafetensorsFile>> Open(const std::string& path);

  const std::string& path() const { return path_; }
  const std::map<std::string, SafetensorsTensor>& tensors() const { return tensors_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }

 private:
  SafetensorsFile(std::string path, MappedFile mapping)
      : path_(std::move(path)), mapping_(std::move(mapping)) {}
  absl::Status ReadHeader();

  std::string path_;
  MappedFile mapping_;
  std::map<std::string, SafetensorsTensor> tensors_;
  std::map<std::string, std::string> metadata_;
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_FORMATS_SAFETENSORS_FILE_H_
