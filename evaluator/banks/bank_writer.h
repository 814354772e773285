// Writes a bank file (bank_layout.h) entry by entry, beside its final place, so that an interrupted
// build goes on at the first entry that is missing and no reader ever sees half a file.
#ifndef STRATA_EVALUATOR_BANK_WRITER_H_
#define STRATA_EVALUATOR_BANK_WRITER_H_

#include <absl/status/statusor.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "evaluator/banks/bank_file.h"
#include "evaluator/banks/bank_layout.h"
#include "evaluator/files/file_lock.h"

namespace strata::evaluator {

// What the build of a file would take.
struct BankPlan {
  int64_t entries = 0;
  int64_t bytes = 0;          // of the finished file
  int64_t bytes_present = 0;  // written by a build that was interrupted, or all
  int64_t bytes_free = 0;     // on the disk
  bool finished = false;      // the file stands
};
absl::StatusOr<BankPlan> PlanBank(const std::string& path, const BankLayout& layout);

// ResourceExhausted if what is missing needs more bytes than are free; says both numbers.
absl::Status CheckFreeBytes(const BankPlan& plan, const std::string& path);

// Not thread-safe; movable. Entries are written to PATH.partial while PATH.lock is locked.
class BankWriter {
 public:
  // Makes the folder where it is missing. Entries of an interrupted build of the same layout that
  // agree with their checksums are kept, what follows them is cut off. `bytes_free` stands for what
  // the system says, for tests. Aborted if another builds the file; AlreadyExists if it stands;
  // FailedPrecondition, with what differs, if another layout was begun; errors of CheckFreeBytes
  // and FileStatus.
  static absl::StatusOr<BankWriter> Open(const std::string& path, BankLayout layout,
                                         std::optional<int64_t> bytes_free = std::nullopt);
  BankWriter(BankWriter&& other) noexcept;
  BankWriter& operator=(BankWriter&& other) = delete;
  ~BankWriter();

  const BankLayout& layout() const { return layout_; }

  // The entry that Append expects; the number of entries when all are written.
  int next() const { return next_; }

  // Writes the next entry, which must have the size of the layout. A process that is killed loses
  // nothing that was appended, a power failure the last 64 MiB. Errors of FileStatus; the entries
  // before are kept.
  absl::Status Append(std::span<const std::byte> bytes);

  // Once all entries are written: the file comes to its place. Errors of FileStatus.
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

// Opens the file, or lets `builder` write it first. Where another process or thread is building it,
// waits for that one, calling `progress` with 0 a few times a second. Errors of BankFile::Open,
// CheckKey, BankWriter::Open and the builder; Cancelled.
absl::StatusOr<BankFile> OpenOrBuildBank(const std::string& path, const BankLayout& layout,
                                         const BankBuilder& builder, const Progress& progress);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_BANK_WRITER_H_
