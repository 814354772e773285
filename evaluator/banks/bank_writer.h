// Writes a bank file (bank_layout.h) entry by entry. The file is written beside its final place, so
// that an interrupted build continues at the first missing entry and no reader ever sees half a
// file.
#ifndef STRATA_EVALUATOR_BANKS_BANK_WRITER_H_
#define STRATA_EVALUATOR_BANKS_BANK_WRITER_H_

#include <absl/status/statusor.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "evaluator/banks/bank_file.h"
#include "evaluator/banks/bank_layout.h"
#include "evaluator/files/file_system.h"

namespace strata::evaluator {

// The size of a file to be built, and how much of it exists.
struct BankPlan {
  int64_t entries = 0;
  int64_t bytes = 0;          // of the finished file
  int64_t bytes_present = 0;  // written by an interrupted build, or all if finished
  int64_t bytes_free = 0;     // on the disk
  bool finished = false;      // the file exists
};
absl::StatusOr<BankPlan> PlanBank(const std::string& path, const BankLayout& layout);

// Errors: ResourceExhausted, with both numbers, if the missing bytes exceed the free bytes.
absl::Status CheckFreeBytes(const BankPlan& plan, const std::string& path);

// Not thread-safe; movable. Entries are written to PATH.partial while PATH.lock is locked.
class BankWriter {
 public:
  // Begins or continues a build. Creates the folder if it is missing. If an earlier build of the
  // same layout was interrupted, its entries are kept up to the first that does not agree with its
  // checksum, and the rest is cut off. Tests may pass `bytes_free` in place of the number that the
  // system reports. Errors: Aborted if another writer builds the file; AlreadyExists if the file
  // exists; FailedPrecondition, with the differences, if a build of another layout was begun;
  // errors of CheckFreeBytes and FileStatus.
  static absl::StatusOr<BankWriter> Open(const std::string& path, BankLayout layout,
                                         std::optional<int64_t> bytes_free = std::nullopt);
  BankWriter(BankWriter&& other) noexcept;
  BankWriter& operator=(BankWriter&& other) = delete;
  ~BankWriter();

  const BankLayout& layout() const { return layout_; }

  // Index of the entry that Append expects; the number of entries if all are written.
  int next() const { return next_; }

  // Writes the next entry, which must have the size that the layout gives. If the process is
  // killed, no appended entry is lost; a power failure may lose the last 64 MiB. Errors of
  // FileStatus; earlier entries are kept.
  absl::Status Append(std::span<const std::byte> bytes);

  // Moves the file to its final place. All entries must be written. Errors of FileStatus.
  absl::Status Finish();

 private:
  BankWriter(std::string path, BankLayout layout, FileLock lock, int file);
  absl::Status KeepWholeEntries();
  absl::Status Begin();
  absl::Status Write(std::string_view bytes);
  absl::Status PadTo(int64_t offset);
  absl::Status Sync();
  std::string PartialPath() const { return path_ + ".partial"; }

  std::string path_;
  BankLayout layout_;
  FileLock lock_;
  int file_ = -1;
  int next_ = 0;
  int64_t position_ = 0;
  int64_t synced_ = 0;
  std::string checksums_;
};

// Appends all entries from writer.next() on.
using BankBuilder = std::function<absl::Status(BankWriter& writer)>;

// Opens the file; if it does not exist, lets `builder` write it first. If another process or thread
// is building it, waits for that build and calls `progress` with 0 a few times a second. Errors:
// those of BankFile::Open, CheckKey, BankWriter::Open and the builder; Cancelled.
absl::StatusOr<BankFile> OpenOrBuildBank(const std::string& path, const BankLayout& layout,
                                         const BankBuilder& builder, const Progress& progress);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_BANKS_BANK_WRITER_H_
