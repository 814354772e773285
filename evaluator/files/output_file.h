// Files and folders that are written under a temporary name and get their own when they are whole.
#ifndef STRATA_EVALUATOR_OUTPUT_FILE_H_
#define STRATA_EVALUATOR_OUTPUT_FILE_H_

#include <absl/status/statusor.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace strata::evaluator {

// A path that does not exist yet, and the temporary one beside it under which it is made. What was
// made is removed with the object unless it was committed.
class UnfinishedOutput {
 public:
  // Makes nothing. AlreadyExists if there is anything at `path`; NotFound if the folder it is to
  // lie in does not exist.
  static absl::StatusOr<UnfinishedOutput> At(const std::string& path);
  UnfinishedOutput(UnfinishedOutput&& other) noexcept;
  UnfinishedOutput& operator=(UnfinishedOutput&&) = delete;
  ~UnfinishedOutput();

  const std::string& final_path() const { return final_path_; }
  const std::string& path() const { return path_; }

  // Renames. AlreadyExists if something came to be there in the meantime.
  absl::Status Commit();

 private:
  UnfinishedOutput(std::string final_path, std::string path);
  std::string final_path_;
  std::string path_;  // empty: nothing to remove
};

// A file of a known size, written in any order.
class OutputFile {
 public:
  // Reserves the space, so that a full disk is found before the work. AlreadyExists;
  // ResourceExhausted with the bytes needed and free.
  static absl::StatusOr<OutputFile> Create(const std::string& path, int64_t bytes);
  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&&) = delete;
  ~OutputFile();

  int64_t bytes() const { return bytes_; }

  // InvalidArgument for bytes beyond the end; errors of FileStatus.
  absl::Status Write(int64_t offset, std::span<const std::byte> bytes);

  // Flushes to disk. Nothing may be written afterwards.
  absl::Status Finish();

 private:
  OutputFile(std::string path, int descriptor, int64_t bytes);
  std::string path_;
  int descriptor_;
  int64_t bytes_;
};

// A whole file at once, flushed to disk. Errors of OutputFile.
absl::Status WriteNewFile(const std::string& path, std::string_view text);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_OUTPUT_FILE_H_
