#include "evaluator/banks/bank_writer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <thread>
#include <utility>

#include "evaluator/files/digest.h"
#include "evaluator/files/file_system.h"
#include "expr/status_macros.h"

namespace strata::evaluator {
namespace {

constexpr int64_t kUnsyncedBytes = int64_t{64} << 20;
constexpr std::chrono::milliseconds kPause(100);

std::string_view TextOf(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

int64_t SizeOf(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  return error ? 0 : static_cast<int64_t>(size);
}

}  // namespace

absl::StatusOr<BankPlan> PlanBank(const std::string& path, const BankLayout& layout) {
  BankPlan plan;
  plan.entries = static_cast<int64_t>(layout.entries().size());
  plan.bytes = layout.file_bytes();
  std::error_code ignored;
  plan.finished = std::filesystem::exists(path, ignored);
  plan.bytes_present = plan.finished ? plan.bytes : SizeOf(path + ".partial");
  STRATA_ASSIGN_OR_RETURN(const int64_t free, FreeBytes(FolderOf(path)));
  plan.bytes_free = free;
  return plan;
}

absl::Status CheckFreeBytes(const BankPlan& plan, const std::string& path) {
  const int64_t missing = plan.bytes - plan.bytes_present;
  if (missing <= plan.bytes_free) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      fmt::format("{}: expected {} bytes of free disk space, found {}: the file will have {} "
                  "bytes, of which {} "
                  "are written",
                  path, missing, plan.bytes_free, plan.bytes, plan.bytes_present));
}

BankWriter::BankWriter(std::string path, BankLayout layout, FileLock lock, int file)
    : path_(std::move(path)), layout_(std::move(layout)), lock_(std::move(lock)), file_(file) {}

BankWriter::BankWriter(BankWriter&& other) noexcept
    : path_(std::move(other.path_)),
      layout_(std::move(other.layout_)),
      lock_(std::move(other.lock_)),
      file_(std::exchange(other.file_, -1)),
      next_(other.next_),
      position_(other.position_),
      synced_(other.synced_),
      checksums_(std::move(other.checksums_)) {}

BankWriter::~BankWriter() {
  if (file_ >= 0) close(file_);
}

absl::StatusOr<BankWriter> BankWriter::Open(const std::string& path, BankLayout layout,
                                            std::optional<int64_t> bytes_free) {
  std::error_code error;
  std::filesystem::create_directories(FolderOf(path), error);
  if (error) return FileStatus(error.value(), "make the folder", FolderOf(path));
  STRATA_ASSIGN_OR_RETURN(FileLock lock, FileLock::TryAcquire(path + ".lock"));
  STRATA_ASSIGN_OR_RETURN(BankPlan plan, PlanBank(path, layout));
  if (plan.finished) return absl::AlreadyExistsError(fmt::format("{}: exists already", path));
  if (bytes_free.has_value()) plan.bytes_free = *bytes_free;
  STRATA_RETURN_IF_ERROR(CheckFreeBytes(plan, path));
  const std::string partial = path + ".partial";
  const int file = open(partial.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0) return FileStatus(errno, "open", partial);
  BankWriter writer(path, std::move(layout), std::move(lock), file);
  STRATA_RETURN_IF_ERROR(writer.KeepWholeEntries());
  return writer;
}

// Cuts the file off after its header and all entries before the first missing or damaged one.
absl::Status BankWriter::KeepWholeEntries() {
  const std::string path = PartialPath();
  const int64_t size = SizeOf(path);
  const auto header_bytes = static_cast<int64_t>(layout_.header().size());
  if (size < header_bytes) return Begin();
  STRATA_ASSIGN_OR_RETURN(const MappedFile mapping,
                          MappedFile::Open(path, "the beginning of a bank file"));
  const std::string_view text = TextOf(mapping.bytes());
  if (text.substr(0, header_bytes) != layout_.header()) {
    const absl::StatusOr<BankLayout> other = BankLayout::Read(mapping.bytes(), path);
    if (!other.ok()) return other.status();
    const std::string differences = DifferencesOf(layout_.key(), other->key());
    return absl::FailedPreconditionError(fmt::format(
        "{}: {}: remove the file to begin anew", path,
        differences.empty() ? "begun with other entries for the same key" : differences));
  }
  position_ = header_bytes;
  for (; next_ < static_cast<int>(layout_.entries().size()); ++next_) {
    if (layout_.end(next_) > size) break;
    const int64_t bytes = layout_.entries()[next_].bytes;
    const std::string_view entry = text.substr(layout_.offset(next_), bytes);
    const std::string_view checksum =
        text.substr(layout_.offset(next_) + bytes, kBankChecksumBytes);
    if (Sha256(entry) != checksum) break;
    checksums_ += checksum;
    position_ = layout_.end(next_);
  }
  if (ftruncate(file_, position_) != 0) return FileStatus(errno, "cut off", path);
  if (lseek(file_, position_, SEEK_SET) < 0) return FileStatus(errno, "seek in", path);
  synced_ = position_;
  return absl::OkStatus();
}

absl::Status BankWriter::Begin() {
  if (ftruncate(file_, 0) != 0) return FileStatus(errno, "cut off", PartialPath());
  return Write(layout_.header());
}

absl::Status BankWriter::Write(std::string_view bytes) {
  STRATA_RETURN_IF_ERROR(WriteAll(file_, bytes, PartialPath()));
  position_ += static_cast<int64_t>(bytes.size());
  return absl::OkStatus();
}

absl::Status BankWriter::PadTo(int64_t offset) {
  return Write(std::string(static_cast<size_t>(offset - position_), '\0'));
}

absl::Status BankWriter::Sync() {
  if (fdatasync(file_) != 0) return FileStatus(errno, "write", PartialPath());
  synced_ = position_;
  return absl::OkStatus();
}

absl::Status BankWriter::Append(std::span<const std::byte> bytes) {
  if (next_ == static_cast<int>(layout_.entries().size())) {
    return absl::InternalError(fmt::format("{}: all entries are written", path_));
  }
  const BankEntry& entry = layout_.entries()[next_];
  if (static_cast<int64_t>(bytes.size()) != entry.bytes) {
    return absl::InternalError(fmt::format("{}: {}: expected {} bytes, found {}", path_, entry.name,
                                           entry.bytes, bytes.size()));
  }
  const std::string checksum = Sha256(TextOf(bytes));
  absl::Status status = PadTo(layout_.offset(next_));
  if (status.ok()) status = Write(TextOf(bytes));
  if (status.ok()) status = Write(checksum);
  if (!status.ok()) return status;
  checksums_ += checksum;
  ++next_;
  return position_ - synced_ > kUnsyncedBytes ? Sync() : absl::OkStatus();
}

absl::Status BankWriter::Finish() {
  if (next_ != static_cast<int>(layout_.entries().size())) {
    return absl::InternalError(
        fmt::format("{}: expected {} entries, found {}", path_, layout_.entries().size(), next_));
  }
  absl::Status status = PadTo(layout_.footer_offset());
  if (status.ok()) status = Write(layout_.Footer(checksums_));
  if (status.ok()) status = Sync();
  if (!status.ok()) return status;
  if (std::rename(PartialPath().c_str(), path_.c_str()) != 0) {
    return FileStatus(errno, "rename", PartialPath());
  }
  return FlushPath(FolderOf(path_));
}

absl::StatusOr<BankFile> OpenOrBuildBank(const std::string& path, const BankLayout& layout,
                                         const BankBuilder& builder, const Progress& progress) {
  while (true) {
    absl::StatusOr<BankFile> file = BankFile::Open(path);
    if (file.ok()) {
      STRATA_RETURN_IF_ERROR(file->CheckKey(layout.key()));
      return file;
    }
    if (!absl::IsNotFound(file.status())) return file.status();
    absl::StatusOr<BankWriter> writer = BankWriter::Open(path, layout);
    if (writer.ok()) {
      absl::Status status = builder(*writer);
      if (status.ok()) status = writer->Finish();
      if (!status.ok()) return status;
      continue;
    }
    // Another build finished the file after it was not found above.
    if (absl::IsAlreadyExists(writer.status())) continue;
    if (!absl::IsAborted(writer.status())) return writer.status();
    if (progress && !progress(0)) {
      return absl::CancelledError(fmt::format("stopped while another process builds {}", path));
    }
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace strata::evaluator
