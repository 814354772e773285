#include "evaluator/banks/bank_file.h"

#include <fmt/format.h>

#include <utility>

#include "evaluator/files/digest.h"
#include "expr/status_macros.h"

namespace strata::evaluator {
namespace {

std::string_view TextAt(std::span<const std::byte> bytes, int64_t offset, int64_t count) {
  return {reinterpret_cast<const char*>(bytes.data()) + offset, static_cast<size_t>(count)};
}

}  // namespace

BankFile::BankFile(std::string path, MappedFile mapping, BankLayout layout)
    : path_(std::move(path)),
      mapping_(std::move(mapping)),
      layout_(std::move(layout)),
      verified_(std::make_unique<std::atomic<bool>[]>(layout_.entries().size())) {}

absl::StatusOr<BankFile> BankFile::Open(const std::string& path) {
  STRATA_ASSIGN_OR_RETURN(MappedFile mapping, MappedFile::Open(path, "a bank file"));
  const std::span<const std::byte> bytes = mapping.bytes();
  STRATA_ASSIGN_OR_RETURN(BankLayout layout, BankLayout::Read(bytes, path));
  if (static_cast<int64_t>(bytes.size()) != layout.file_bytes()) {
    return absl::DataLossError(
        fmt::format("{}: expected {} bytes, found {}: the file was cut off or added to", path,
                    layout.file_bytes(), bytes.size()));
  }
  std::string checksums;
  for (int entry = 0; entry < static_cast<int>(layout.entries().size()); ++entry) {
    checksums += TextAt(bytes, layout.end(entry) - kBankChecksumBytes, kBankChecksumBytes);
  }
  const int64_t footer = layout.footer_offset();
  if (layout.Footer(checksums) != TextAt(bytes, footer, layout.file_bytes() - footer)) {
    return absl::DataLossError(fmt::format(
        "{}: the checksums do not agree with the checksum of all of them: the file was altered, or "
        "not finished",
        path));
  }
  return BankFile(path, std::move(mapping), std::move(layout));
}

absl::Status BankFile::CheckKey(const BankKey& expected) const {
  const std::string differences = DifferencesOf(expected, key());
  if (differences.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(fmt::format("{}: {}", path_, differences));
}

absl::Status BankFile::VerifyEntry(int index) const {
  const BankEntry& entry = layout_.entries()[index];
  const int64_t offset = layout_.offset(index);
  const std::string_view checksum =
      TextAt(mapping_.bytes(), offset + entry.bytes, kBankChecksumBytes);
  const std::string found = Sha256(TextAt(mapping_.bytes(), offset, entry.bytes));
  if (found == checksum) return absl::OkStatus();
  return absl::DataLossError(fmt::format(
      "{}: {}: expected {} bytes from byte {} with the SHA-256 {}, found {}: the file was altered; "
      "remove it and build it again",
      path_, entry.name, entry.bytes, offset, checksum, found));
}

absl::StatusOr<std::span<const std::byte>> BankFile::Entry(int index) const {
  if (!verified_[index].load(std::memory_order_acquire)) {
    STRATA_RETURN_IF_ERROR(VerifyEntry(index));
    verified_[index].store(true, std::memory_order_release);
  }
  return mapping_.bytes().subspan(layout_.offset(index), layout_.entries()[index].bytes);
}

absl::Status BankFile::Verify(const Progress& progress) const {
  for (int entry = 0; entry < static_cast<int>(layout_.entries().size()); ++entry) {
    const auto fraction =
        static_cast<double>(layout_.offset(entry)) / static_cast<double>(layout_.file_bytes());
    if (progress && !progress(fraction)) return absl::CancelledError("stopped while checking");
    STRATA_RETURN_IF_ERROR(VerifyEntry(entry));
    const auto bytes =
        mapping_.bytes().subspan(layout_.offset(entry), layout_.entries()[entry].bytes);
    ForgetPages(bytes);
  }
  return absl::OkStatus();
}

}  // namespace strata::evaluator
