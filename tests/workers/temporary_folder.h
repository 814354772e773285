// A folder that lives as long as the test: short, since socket paths are.
#ifndef STRATA_TESTS_WORKERS_TEMPORARY_FOLDER_H_
#define STRATA_TESTS_WORKERS_TEMPORARY_FOLDER_H_

#include <stdlib.h>

#include <filesystem>
#include <stdexcept>
#include <string>

namespace strata::workers {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    if (mkdtemp(name_) == nullptr) throw std::runtime_error("cannot make a folder in /tmp");
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(name_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::string operator/(const std::string& file) const { return std::string(name_) + "/" + file; }

 private:
  char name_[32] = "/tmp/strata-workers-XXXXXX";
};

}  // namespace strata::workers

#endif  // STRATA_TESTS_WORKERS_TEMPORARY_FOLDER_H_
