// A file in memory, for readers that map the file they read.
#ifndef STRATA_TESTS_FUZZ_MEMORY_FILE_H_
#define STRATA_TESTS_FUZZ_MEMORY_FILE_H_

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "tests/fuzz/require.h"

namespace strata::fuzz {

class MemoryFile {
 public:
  MemoryFile(const uint8_t* data, size_t size) : descriptor_(memfd_create("fuzz", MFD_CLOEXEC)) {
    Require(descriptor_ >= 0, "a file in memory");
    Require(write(descriptor_, data, size) == static_cast<ssize_t>(size), "all bytes written");
  }
  ~MemoryFile() { close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
};

}  // namespace strata::fuzz

#endif  // STRATA_TESTS_FUZZ_MEMORY_FILE_H_
