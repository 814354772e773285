#include "evaluator/files/mapped_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <utility>

#include "evaluator/files/file_system.h"

namespace strata::evaluator {
namespace {

class FileDescriptor {
 public:
  explicit FileDescriptor(const std::string& path)
      : descriptor_(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~FileDescriptor() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

}  // namespace

absl::StatusOr<MappedFile> MappedFile::Open(const std::string& path, const std::string& kind) {
  const FileDescriptor file(path);
  if (file.get() < 0) return FileStatus(errno, "open", path);
  struct stat information;
  if (fstat(file.get(), &information) != 0 || !S_ISREG(information.st_mode)) {
    return absl::InvalidArgumentError(
        fmt::format("{}: expected {}, found a folder or a device", path, kind));
  }
  if (information.st_size == 0) {
    return absl::DataLossError(fmt::format("{}: expected {}, found 0 bytes", path, kind));
  }
  const auto size = static_cast<size_t>(information.st_size);
  void* mapping = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (mapping == MAP_FAILED) return FileStatus(errno, fmt::format("map {} bytes", size), path);
  return MappedFile(std::span<const std::byte>(static_cast<const std::byte*>(mapping), size));
}

MappedFile::MappedFile(MappedFile&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(bytes_, other.bytes_);
  return *this;
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

void ForgetPages(std::span<const std::byte> bytes) {
  // Only pages that lie wholly inside: a neighbour may be in use.
  const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  const auto begin = (reinterpret_cast<uintptr_t>(bytes.data()) + page - 1) / page * page;
  const auto end = reinterpret_cast<uintptr_t>(bytes.data() + bytes.size()) / page * page;
  if (begin < end) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

}  // namespace strata::evaluator
