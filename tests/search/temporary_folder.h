// A folder of a test's own, removed with it.
#ifndef STRATA_TESTS_SEARCH_TEMPORARY_FOLDER_H_
#define STRATA_TESTS_SEARCH_TEMPORARY_FOLDER_H_

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>

namespace strata::search {

class TemporaryFolder {
 public:
  explicit TemporaryFolder(const std::string& above = ::testing::TempDir())
      : path_(fmt::format("{}strata_search_test.{}.{}", above, getpid(), count_++)) {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  static inline int count_ = 0;
  const std::string path_;
};

}  // namespace strata::search

#endif  // STRATA_TESTS_SEARCH_TEMPORARY_FOLDER_H_
