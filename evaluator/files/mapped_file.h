// A file mapped into memory for reading, so that a model needs address space, not memory.
#ifndef STRATA_EVALUATOR_FILES_MAPPED_FILE_H_
#define STRATA_EVALUATOR_FILES_MAPPED_FILE_H_

#include <absl/status/statusor.h>

#include <cstddef>
#include <span>
#include <string>

namespace strata::evaluator {

// The mapping ends with the object. Thread-safe, because nothing is ever written.
class MappedFile {
 public:
  // Maps a file. `kind` says in messages what was expected: "a GGUF file". Errors: InvalidArgument
  // for a folder or a device; DataLoss for an empty file; errors of FileStatus, ResourceExhausted
  // if there is no address space.
  static absl::StatusOr<MappedFile> Open(const std::string& path, const std::string& kind);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  explicit MappedFile(std::span<const std::byte> bytes) : bytes_(bytes) {}
  std::span<const std::byte> bytes_;
};

// Tells the system that these bytes of a mapping are not needed for now. They leave the memory of
// the process and are read again when they are touched.
void ForgetPages(std::span<const std::byte> bytes);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_FILES_MAPPED_FILE_H_
