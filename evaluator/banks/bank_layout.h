// What a bank file holds and where: results that are costly to compute and are read by many
// processes, such as ranks of weights or weights that were pruned.
//
// The file, numbers little-endian:
//
//   0   "STRATABK"
//   8   version of this format, 4 bytes; 4 bytes of zeros
//   16  bytes of the whole file, 8 bytes
//   24  bytes of the description, 8 bytes
//   32  the description: JSON with the key and the names and sizes of the entries
//       SHA-256 of all before, 64 hexadecimal digits
//       every entry at a multiple of 64: its bytes, then their SHA-256, 64 hexadecimal digits
//       at a multiple of 64: "STRATAOK", then the SHA-256 of all checksums before, one after the
//       other
//
// All places follow from the description, so that the size is known before anything is computed and
// a file that was cut off shows how far it is whole.
#ifndef STRATA_EVALUATOR_BANK_LAYOUT_H_
#define STRATA_EVALUATOR_BANK_LAYOUT_H_

#include <absl/status/statusor.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace strata::evaluator {

// Everything that the contents depend on, as names and values: two banks of equal keys hold the
// same. UTF-8.
struct BankKey {
  std::vector<std::pair<std::string, std::string>> fields;

  // Empty if there is no such field.
  std::string Value(std::string_view name) const;
  // SHA-256, hexadecimal.
  std::string Digest() const;
  friend bool operator==(const BankKey&, const BankKey&) = default;
};

// What differs, as "model: expected A, found B; ..."; empty if nothing does.
std::string DifferencesOf(const BankKey& expected, const BankKey& found);

struct BankEntry {
  std::string name;  // for people: "block 3, self_attn.q_proj"
  int64_t bytes = 0;
  friend bool operator==(const BankEntry&, const BankEntry&) = default;
};

inline constexpr int64_t kBankChecksumBytes = 64;

// Immutable.
class BankLayout {
 public:
  BankLayout(BankKey key, std::vector<BankEntry> entries);

  // Of the first bytes of a file of `file_bytes` bytes; `path` is for messages. InvalidArgument for
  // no bank file, or one of another version of the format; DataLoss where the description is cut
  // off, damaged or does not fit the size of the file.
  static absl::StatusOr<BankLayout> Read(std::span<const std::byte> file, const std::string& path);

  const BankKey& key() const { return key_; }
  const std::vector<BankEntry>& entries() const { return entries_; }

  // Where an entry's bytes begin; its checksum follows them.
  int64_t offset(int entry) const { return offsets_[entry]; }
  int64_t end(int entry) const {
    return offsets_[entry] + entries_[entry].bytes + kBankChecksumBytes;
  }
  int64_t footer_offset() const { return footer_offset_; }
  int64_t file_bytes() const;

  // All up to the first entry, its checksum included.
  const std::string& header() const { return header_; }
  // All from footer_offset() on. `checksums` are those of the entries, in order.
  std::string Footer(const std::string& checksums) const;

 private:
  BankKey key_;
  std::vector<BankEntry> entries_;
  std::vector<int64_t> offsets_;
  int64_t footer_offset_ = 0;
  std::string header_;
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_BANK_LAYOUT_H_
