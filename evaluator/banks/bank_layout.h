// The contents of a bank file and their places. A bank holds results that are costly to compute and
// that many processes read, such as ranks of weights or pruned weights.
//
// The layout of the file, with little-endian numbers:
//
//   0   "STRATABK"
//   8   version of this format, 4 bytes; 4 bytes of zeros
//   16  number of bytes of the whole file, 8 bytes
//   24  number of bytes of the description, 8 bytes
//   32  the description: JSON with the key and the names and sizes of the entries
//       SHA-256 of everything before it, 64 hexadecimal digits
//       each entry, at a multiple of 64: its bytes, then their SHA-256, 64 hexadecimal digits
//       at a multiple of 64: "STRATAOK", then the SHA-256 of all checksums before it, one after
//       the other
//
// All places follow from the description. The size is therefore known before anything is computed,
// and a file that was cut off shows how much of it is complete.
#ifndef STRATA_EVALUATOR_BANKS_BANK_LAYOUT_H_
#define STRATA_EVALUATOR_BANKS_BANK_LAYOUT_H_

#include <absl/status/statusor.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace strata::evaluator {

// The names and values of everything that the contents depend on. Two banks with equal keys hold
// the same. All text is UTF-8.
struct BankKey {
  std::vector<std::pair<std::string, std::string>> fields;

  // Returns the value of a field; empty if there is no such field.
  std::string Value(std::string_view name) const;
  // Returns the SHA-256 of the key, in hexadecimal.
  std::string Digest() const;
  friend bool operator==(const BankKey&, const BankKey&) = default;
};

// Returns the differences as "model: expected A, found B; ..."; empty if there are none.
std::string DifferencesOf(const BankKey& expected, const BankKey& found);

struct BankEntry {
  std::string name;  // for messages: "block 3, self_attn.q_proj"
  int64_t bytes = 0;
  friend bool operator==(const BankEntry&, const BankEntry&) = default;
};

inline constexpr int64_t kBankChecksumBytes = 64;

// Immutable.
class BankLayout {
 public:
  BankLayout(BankKey key, std::vector<BankEntry> entries);

  // Reads the layout at the start of `file`, which may be cut off after it. `path` is for messages.
  // Errors: InvalidArgument if it is not a bank file or has another version of the format; DataLoss
  // if the description is cut off, damaged or does not fit the size that the file states.
  static absl::StatusOr<BankLayout> Read(std::span<const std::byte> file, const std::string& path);

  const BankKey& key() const { return key_; }
  const std::vector<BankEntry>& entries() const { return entries_; }

  // Place of an entry's first byte. Its checksum follows its bytes.
  int64_t offset(int entry) const { return offsets_[entry]; }
  int64_t end(int entry) const {
    return offsets_[entry] + entries_[entry].bytes + kBankChecksumBytes;
  }
  int64_t footer_offset() const { return footer_offset_; }
  int64_t file_bytes() const;

  // The start of the file up to and including the checksum of the description.
  const std::string& header() const { return header_; }
  // Returns everything from footer_offset() on. `checksums` are those of the entries, in order.
  std::string Footer(const std::string& checksums) const;

 private:
  BankKey key_;
  std::vector<BankEntry> entries_;
  std::vector<int64_t> offsets_;
  int64_t footer_offset_ = 0;
  std::string header_;
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_BANKS_BANK_LAYOUT_H_
