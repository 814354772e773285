#include "evaluator/banks/bank_layout.h"

#include <fmt/format.h>

#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>

#include "evaluator/files/digest.h"

namespace strata::evaluator {
namespace {

using Json = nlohmann::ordered_json;

static_assert(std::endian::native == std::endian::little);

constexpr std::string_view kMagic = "STRATABK";
constexpr std::string_view kFooterMagic = "STRATAOK";
constexpr uint32_t kVersion = 1;
constexpr int64_t kAlignment = 64;
constexpr size_t kFixedBytes = 32;
// Enough for a million entries; a file that states more is damaged.
constexpr uint64_t kMostDescriptionBytes = uint64_t{1} << 27;
// Small enough that sums of places cannot overflow.
constexpr uint64_t kMostFileBytes = uint64_t{1} << 60;

int64_t Aligned(int64_t offset) { return (offset + kAlignment - 1) / kAlignment * kAlignment; }

template <typename Number>
void Append(Number number, std::string* text) {
  text->append(reinterpret_cast<const char*>(&number), sizeof(number));
}

template <typename Number>
Number NumberAt(std::string_view text, size_t offset) {
  Number number;
  std::memcpy(&number, text.data() + offset, sizeof(number));
  return number;
}

std::string Description(const BankKey& key, const std::vector<BankEntry>& entries) {
  Json json = {{"key", Json::array()}, {"entries", Json::array()}};
  for (const auto& [name, value] : key.fields) json["key"].push_back({name, value});
  for (const BankEntry& entry : entries) json["entries"].push_back({entry.name, entry.bytes});
  return json.dump();
}

// Reads a list of pairs of a text and a Value. False if it is anything else.
template <typename Value>
bool ReadPairs(const Json& list, std::vector<std::pair<std::string, Value>>* pairs) {
  if (!list.is_array()) return false;
  for (const Json& pair : list) {
    const bool whole =
        pair.is_array() && pair.size() == 2 && pair[0].is_string() &&
        (std::is_same_v<Value, std::string> ? pair[1].is_string() : pair[1].is_number_unsigned());
    if (!whole) return false;
    pairs->emplace_back(pair[0].get<std::string>(), pair[1].get<Value>());
  }
  return true;
}

absl::Status Damaged(const std::string& path, const std::string& what) {
  return absl::DataLossError(fmt::format("{}: {}", path, what));
}

}  // namespace

std::string BankKey::Value(std::string_view name) const {
  for (const auto& [known, value] : fields) {
    if (known == name) return value;
  }
  return "";
}

std::string BankKey::Digest() const { return Sha256(Description(*this, {})); }

std::string DifferencesOf(const BankKey& expected, const BankKey& found) {
  std::string differences;
  const auto add = [&](const std::string& name, const std::string& wanted,
                       const std::string& value) {
    if (wanted == value) return;
    differences += fmt::format("{}{}: expected {}, found {}", differences.empty() ? "" : "; ", name,
                               wanted.empty() ? "none" : wanted, value.empty() ? "none" : value);
  };
  for (const auto& [name, value] : expected.fields) add(name, value, found.Value(name));
  for (const auto& [name, value] : found.fields) {
    if (expected.Value(name).empty()) add(name, "", value);
  }
  return differences;
}

BankLayout::BankLayout(BankKey key, std::vector<BankEntry> entries)
    : key_(std::move(key)), entries_(std::move(entries)) {
  const std::string description = Description(key_, entries_);
  int64_t end = static_cast<int64_t>(kFixedBytes + description.size()) + kBankChecksumBytes;
  for (const BankEntry& entry : entries_) {
    offsets_.push_back(Aligned(end));
    end = offsets_.back() + entry.bytes + kBankChecksumBytes;
  }
  footer_offset_ = Aligned(end);
  header_ = kMagic;
  Append(kVersion, &header_);
  Append(uint32_t{0}, &header_);
  Append(static_cast<uint64_t>(file_bytes()), &header_);
  Append(static_cast<uint64_t>(description.size()), &header_);
  header_ += description;
  header_ += Sha256(header_);
}

int64_t BankLayout::file_bytes() const {
  return footer_offset_ + static_cast<int64_t>(kFooterMagic.size()) + kBankChecksumBytes;
}

std::string BankLayout::Footer(const std::string& checksums) const {
  return std::string(kFooterMagic) +
         Sha256(header_.substr(header_.size() - kBankChecksumBytes) + checksums);
}

absl::StatusOr<BankLayout> BankLayout::Read(std::span<const std::byte> file,
                                            const std::string& path) {
  const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
  if (!text.starts_with(kMagic.substr(0, text.size()))) {
    return absl::InvalidArgumentError(
        fmt::format("{}: expected a bank file, which begins with {}", path, kMagic));
  }
  if (text.size() < kFixedBytes) {
    return Damaged(path, fmt::format("expected at least {} bytes, found {}: the file was cut off",
                                     kFixedBytes, text.size()));
  }
  if (const auto version = NumberAt<uint32_t>(text, 8); version != kVersion) {
    return absl::InvalidArgumentError(
        fmt::format("{}: expected version {} of the format, found {}: build it again", path,
                    kVersion, version));
  }
  const auto file_bytes = NumberAt<uint64_t>(text, 16);
  const auto description_bytes = NumberAt<uint64_t>(text, 24);
  if (file_bytes > kMostFileBytes) {
    return Damaged(path, fmt::format("expected at most {} bytes, found a file that says it has {}",
                                     kMostFileBytes, file_bytes));
  }
  const uint64_t header_bytes = kFixedBytes + description_bytes + kBankChecksumBytes;
  if (description_bytes > kMostDescriptionBytes || header_bytes > text.size()) {
    return Damaged(path, fmt::format("expected a description of {} bytes, found a file of {}",
                                     description_bytes, text.size()));
  }
  const std::string_view header = text.substr(0, header_bytes - kBankChecksumBytes);
  if (Sha256(header) != text.substr(header.size(), kBankChecksumBytes)) {
    return Damaged(path, "the description does not agree with its checksum: the file was altered");
  }
  const Json json = Json::parse(header.substr(kFixedBytes), nullptr, /*allow_exceptions=*/false);
  BankKey key;
  std::vector<std::pair<std::string, int64_t>> pairs;
  if (!json.is_object() || !json.contains("key") || !json.contains("entries") ||
      !ReadPairs(json["key"], &key.fields) || !ReadPairs(json["entries"], &pairs)) {
    return Damaged(path, "the description is no list of a key and entries");
  }
  std::vector<BankEntry> entries;
  uint64_t left = file_bytes;
  for (auto& [name, bytes] : pairs) {
    if (bytes < 0 || static_cast<uint64_t>(bytes) > left) {
      return Damaged(path, fmt::format("entry '{}': expected at most the {} bytes that are left of "
                                       "the file, found {}",
                                       name, left, bytes));
    }
    left -= static_cast<uint64_t>(bytes);
    entries.push_back({std::move(name), bytes});
  }
  BankLayout layout(std::move(key), std::move(entries));
  if (layout.header_ != text.substr(0, header_bytes)) {
    return Damaged(path, "the description does not fit the size that the file gives itself");
  }
  return layout;
}

}  // namespace strata::evaluator
