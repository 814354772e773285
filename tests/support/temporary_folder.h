// Folders and files of a test's own, which are removed with the object.
#ifndef STRATA_TESTS_SUPPORT_TEMPORARY_FOLDER_H_
#define STRATA_TESTS_SUPPORT_TEMPORARY_FOLDER_H_

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace strata {

// A new folder with a unique name. The destructor removes it with everything in it. Its path is
// short, because paths of sockets must be short. The constructor throws std::runtime_error if the
// folder cannot be made.
class TemporaryFolder {
 public:
  explicit TemporaryFolder(
      const std::filesystem::path& above = std::filesystem::temp_directory_path())
      : path_(above / "strata-XXXXXX") {
    if (mkdtemp(path_.data()) == nullptr) throw std::runtime_error("cannot make " + path_);
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

  // Writes a file of the folder. Throws std::runtime_error if that fails.
  void Write(const std::string& name, std::string_view contents) const {
    std::ofstream file(*this / name, std::ios::binary);
    file.write(contents.data(), static_cast<std::streamsize>(contents.size()));
    file.close();
    if (!file) throw std::runtime_error("cannot write " + (*this / name));
  }

 private:
  std::string path_;
};

// A file with the given contents, alone in a temporary folder.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::string_view contents, const std::string& extension = ".gguf")
      : path_(folder_ / ("file" + extension)) {
    folder_.Write("file" + extension, contents);
  }
  const std::string& path() const { return path_; }

 private:
  const TemporaryFolder folder_;
  const std::string path_;
};

}  // namespace strata

#endif  // STRATA_TESTS_SUPPORT_TEMPORARY_FOLDER_H_
