// Reads a bank file (bank_layout.h) through a mapping that all processes of a machine share.
#ifndef STRATA_EVALUATOR_BANK_FILE_H_
#define STRATA_EVALUATOR_BANK_FILE_H_

#include <absl/status/statusor.h>

#include <atomic>
#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "evaluator/banks/bank_layout.h"
#include "evaluator/evaluator.h"
#include "evaluator/files/mapped_file.h"

namespace strata::evaluator {

// Movable. Const access is thread-safe.
class BankFile {
 public:
  // Checks everything but the entries' bytes. NotFound; InvalidArgument for no bank file; DataLoss
  // for a file that was cut off, altered or not finished.
  static absl::StatusOr<BankFile> Open(const std::string& path);

  const std::string& path() const { return path_; }
  const BankKey& key() const { return layout_.key(); }
  const BankLayout& layout() const { return layout_; }

  // FailedPrecondition naming the file and every difference.
  absl::Status CheckKey(const BankKey& expected) const;

  // The bytes of an entry, valid while the object lives. They are compared with their checksum when
  // first asked for; DataLoss names file and entry if they were altered.
  absl::StatusOr<std::span<const std::byte>> Entry(int index) const;

  // Compares all entries with their checksums, whether that was done before or not. The first error
  // of Entry, or Cancelled.
  absl::Status Verify(const Progress& progress) const;

 private:
  BankFile(std::string path, MappedFile mapping, BankLayout layout);
  absl::Status VerifyEntry(int index) const;

  std::string path_;
  MappedFile mapping_;
  BankLayout layout_;
  std::unique_ptr<std::atomic<bool>[]> verified_;  // per entry
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_BANK_FILE_H_
