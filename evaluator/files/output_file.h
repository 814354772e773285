// Files and folders that are written under a temporary name and get their own name when they are
// whole.
#ifndef STRATA_EVALUATOR_FILES_OUTPUT_FILE_H_
#define STRATA_EVALUATOR_FILES_OUTPUT_FILE_H_

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace strata::evaluator {

// A file or folder that is made under a temporary path beside its final one. The destructor removes
// what was made unless it was committed.
class UnfinishedOutput {
 public:
  // An output at a path where nothing exists yet. Makes nothing. Errors: AlreadyExists if there is
  // anything at `path`; NotFound if the folder that is to hold it does not exist; InvalidArgument
  // if `path` is empty.
  static absl::StatusOr<UnfinishedOutput> At(const std::string& path);

  // A file that takes the place of the one at `path`, if there is one. Makes nothing.
  static UnfinishedOutput Over(const std::string& path);

  UnfinishedOutput(UnfinishedOutput&& other) noexcept;
  UnfinishedOutput& operator=(UnfinishedOutput&&) = delete;
  ~UnfinishedOutput();

  const std::string& final_path() const { return final_path_; }

  // The path under which the output is to be made: "PATH.unfinished-PID-NUMBER".
  const std::string& path() const { return path_; }

  // Gives the output its final path and flushes the folder that holds it. Errors of FileStatus:
  // AlreadyExists if something has appeared at the path of `At` in the meantime.
  absl::Status Commit();

 private:
  UnfinishedOutput(std::string final_path, unsigned int rename_flags);
  std::string final_path_;
  std::string path_;  // empty: there is nothing to remove
  unsigned int rename_flags_;
};

// A new file of a known size, written in any order.
class OutputFile {
 public:
  // Creates the file and reserves its space, so that a full disk is found before the work. Errors
  // of FileStatus: AlreadyExists; ResourceExhausted with the numbers of bytes needed and free.
  static absl::StatusOr<OutputFile> Create(const std::string& path, int64_t bytes);
  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&&) = delete;
  ~OutputFile();

  int64_t bytes() const { return bytes_; }

  // Errors: InvalidArgument for bytes beyond the end; errors of FileStatus.
  absl::Status Write(int64_t offset, std::span<const std::byte> bytes);

  // Flushes to disk and closes the file. Nothing may be written afterwards. Errors of FileStatus.
  absl::Status Finish();

 private:
  friend absl::Status WriteFileAtomically(const std::string&, std::string_view, mode_t);

  // Creates `path` with the given permissions. Messages call the file `shown_path`.
  static absl::StatusOr<OutputFile> CreateAs(const std::string& path, const std::string& shown_path,
                                             int64_t bytes, mode_t mode);
  OutputFile(std::string shown_path, int descriptor, int64_t bytes);

  std::string shown_path_;
  int descriptor_;
  int64_t bytes_;
};

// Writes a whole new file and flushes it to disk. A file that cannot be written may be left behind
// in part. Errors of OutputFile.
absl::Status WriteNewFile(const std::string& path, std::string_view text);

// Writes a whole file, which takes the place of the one at `path`. Readers find either the old
// content or the new one. The file has the permissions `mode`, less the umask, from its beginning.
// A symbolic link is followed and kept. A device or a pipe cannot be replaced and is written to.
// Errors: InvalidArgument if `path` is a folder; errors of FileStatus, which name `path`. After an
// error the old file is as it was, unless only the flushing of its folder failed.
absl::Status WriteFileAtomically(const std::string& path, std::string_view content,
                                 mode_t mode = 0644);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_FILES_OUTPUT_FILE_H_
