// A file mapped into memory for reading, so that a model needs address space, not memory.
#ifndef STRATA_EVALUATOR_MAPPED_FILE_H_
#define STRATA_EVALUATOR_MAPPED_FILE_H_

#include <absl/status/statusor.h>

#include <cstddef>
#include <span>
#include <string>

namespace strata::evaluator {

// Movable; the mapping ends with the object. Thread-safe: nothing is ever written.
class MappedFile {
 public:
  // NotFound, PermissionDenied, InvalidArgument (a folder or a device), DataLoss (empty),
  // ResourceExhausted (no address space). `kind` says what was expected: "a GGUF file".
  static absl::StatusOr<MappedFile> Open(const std::string& path, const std::string& kind);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  explicit MappedFile(std::span<const std::byte> bytes) : bytes_(bytes) {}
  std::span<const std::byte> bytes_;
};

// Tells the system that these bytes of a mapping are not needed for now: they leave the process's
// memory and are read again when touched.
void ForgetPages(std::span<const std::byte> bytes);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_MAPPED_FILE_H_
