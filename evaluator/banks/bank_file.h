// Reads a bank file (bank_layout.h) through a mapping that all processes of a machine share.
#ifndef STRATA_EVALUATOR_BANKS_BANK_FILE_H_
#define STRATA_EVALUATOR_BANKS_BANK_FILE_H_

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
  // Opens a file and checks everything except the bytes of the entries. Errors: NotFound;
  // InvalidArgument if it is not a bank file; DataLoss if it was cut off, altered or not finished.
  static absl::StatusOr<BankFile> Open(const std::string& path);

  const std::string& path() const { return path_; }
  const BankKey& key() const { return layout_.key(); }
  const BankLayout& layout() const { return layout_; }

  // Errors: FailedPrecondition, naming the file and every difference.
  absl::Status CheckKey(const BankKey& expected) const;

  // Returns the bytes of an entry, valid while this object lives. The first call for an entry
  // compares them with their checksum. Errors: DataLoss, naming file and entry, if they were
  // altered.
  absl::StatusOr<std::span<const std::byte>> Entry(int index) const;

  // Compares all entries with their checksums, even if that was done before. Errors: the first
  // error of an entry, or Cancelled.
  absl::Status Verify(const Progress& progress) const;

 private:
  BankFile(std::string path, MappedFile mapping, BankLayout layout);
  absl::Status VerifyEntry(int index) const;

  std::string path_;
  MappedFile mapping_;
  BankLayout layout_;
  std::unique_ptr<std::atomic<bool>[]> verified_;  // one per entry
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_BANKS_BANK_FILE_H_
