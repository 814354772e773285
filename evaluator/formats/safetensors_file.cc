#include "evaluator/formats/safetensors_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "expr/status_macros.h"

namespace strata::evaluator {
namespace {

using Json = nlohmann::json;

// The limit of the format's reference implementation. A header takes about 100 bytes per tensor.
constexpr uint64_t kLargestHeaderBytes = 100'000'000;

struct TypeBits {
  const char* name;
  int64_t bits;  // of one number; those of a tensor fill whole bytes
};

constexpr TypeBits kTypes[] = {
    {"F4", 4},          {"F6_E2M3", 6}, {"F6_E3M2", 6}, {"BOOL", 8},    {"U8", 8},
    {"I8", 8},          {"F8_E5M2", 8}, {"F8_E4M3", 8}, {"F8_E8M0", 8}, {"F8_E4M3FNUZ", 8},
    {"F8_E5M2FNUZ", 8}, {"I16", 16},    {"U16", 16},    {"F16", 16},    {"BF16", 16},
    {"I32", 32},        {"U32", 32},    {"F32", 32},    {"F64", 64},    {"I64", 64},
    {"U64", 64},        {"C64", 64}};

std::optional<int64_t> BitsOf(const std::string& type) {
  for (const TypeBits& row : kTypes) {
    if (type == row.name) return row.bits;
  }
  return std::nullopt;
}

// Returns nullopt if the product does not fit in 64 bits.
std::optional<int64_t> Product(std::optional<int64_t> a, int64_t b) {
  int64_t product = 0;
  if (!a.has_value() || __builtin_mul_overflow(*a, b, &product)) return std::nullopt;
  return product;
}

struct Entry {
  std::string name;
  SafetensorsTensor tensor;
  uint64_t begin = 0;
  uint64_t end = 0;
};

bool IsNaturals(const Json& json) {
  return json.is_array() &&
         std::ranges::all_of(json, [](const Json& x) { return x.is_number_unsigned(); });
}

// Reads an entry of the header, without its data.
absl::StatusOr<Entry> ReadEntry(const std::string& name, const Json& json) {
  const bool whole = json.is_object() && json.contains("dtype") && json["dtype"].is_string() &&
                     json.contains("shape") && IsNaturals(json["shape"]) &&
                     json.contains("data_offsets") && IsNaturals(json["data_offsets"]) &&
                     json["data_offsets"].size() == 2;
  if (!whole) {
    return absl::DataLossError(
        "expected \"dtype\", a text, \"shape\", natural numbers, and \"data_offsets\", two of "
        "them");
  }
  Entry entry;
  entry.name = name;
  entry.tensor.type = json["dtype"].get<std::string>();
  entry.begin = json["data_offsets"][0].get<uint64_t>();
  entry.end = json["data_offsets"][1].get<uint64_t>();
  std::optional<int64_t> bits = BitsOf(entry.tensor.type);
  if (!bits.has_value()) {
    return absl::DataLossError(fmt::format("the type \"{}\" is unknown", entry.tensor.type));
  }
  for (const Json& size : json["shape"]) {
    if (size.get<uint64_t>() > uint64_t{std::numeric_limits<int64_t>::max()}) {
      return absl::DataLossError(fmt::format("a dimension of {}", size.get<uint64_t>()));
    }
    entry.tensor.shape.push_back(size.get<int64_t>());
    bits = Product(bits, entry.tensor.shape.back());
  }
  if (!bits.has_value() || *bits % 8 != 0 || entry.begin > entry.end ||
      entry.end - entry.begin != static_cast<uint64_t>(*bits / 8)) {
    return absl::DataLossError(fmt::format(
        "expected {} bytes for {} [{}], found the offsets {} to {}",
        bits.has_value() ? fmt::format("{}", static_cast<double>(*bits) / 8) : "more than 2^60",
        entry.tensor.type, fmt::join(entry.tensor.shape, ", "), entry.begin, entry.end));
  }
  return entry;
}

}  // namespace

absl::StatusOr<std::unique_ptr<SafetensorsFile>> SafetensorsFile::Open(const std::string& path) {
  STRATA_ASSIGN_OR_RETURN(MappedFile mapping, MappedFile::Open(path, "a safetensors file"));
  std::unique_ptr<SafetensorsFile> file(new SafetensorsFile(path, std::move(mapping)));
  if (absl::Status status = file->ReadHeader(); !status.ok()) {
    return absl::Status(status.code(), fmt::format("{}: {}", path, std::string(status.message())));
  }
  return file;
}

absl::Status SafetensorsFile::ReadHeader() {
  const std::span<const std::byte> bytes = mapping_.bytes();
  uint64_t header_bytes = 0;
  if (bytes.size() < sizeof(header_bytes)) {
    return absl::DataLossError(
        fmt::format("expected a safetensors file, found {} bytes", bytes.size()));
  }
  std::memcpy(&header_bytes, bytes.data(), sizeof(header_bytes));
  const uint64_t largest = std::min(kLargestHeaderBytes, bytes.size() - sizeof(header_bytes));
  if (header_bytes > largest) {
    return absl::DataLossError(fmt::format(
        "expected a header of at most {} bytes, found one of {}: truncated, or no safetensors file",
        largest, header_bytes));
  }
  const auto* text = reinterpret_cast<const char*>(bytes.data() + sizeof(header_bytes));
  const Json header = Json::parse(text, text + header_bytes, nullptr, /*allow_exceptions=*/false);
  if (!header.is_object()) return absl::DataLossError("the header is not a JSON object");
  const std::span<const std::byte> data = bytes.subspan(sizeof(header_bytes) + header_bytes);
  std::vector<Entry> entries;
  for (const auto& [name, json] : header.items()) {
    if (name == "__metadata__") {
      if (json.is_null()) continue;  // the same as none, as in the reference implementation
      if (!json.is_object()) return absl::DataLossError("__metadata__: expected an object");
      for (const auto& [key, value] : json.items()) {
        if (!value.is_string()) {
          return absl::DataLossError(fmt::format("__metadata__: \"{}\": expected a text", key));
        }
        metadata_[key] = value.get<std::string>();
      }
      continue;
    }
    absl::StatusOr<Entry> entry = ReadEntry(name, json);
    if (!entry.ok()) {
      return absl::DataLossError(
          fmt::format("tensor \"{}\": {}", name, std::string(entry.status().message())));
    }
    entries.push_back(*std::move(entry));
  }
  std::ranges::sort(entries, {},
                    [](const Entry& entry) { return std::pair(entry.begin, entry.end); });
  uint64_t end = 0;
  for (Entry& entry : entries) {
    if (entry.begin != end || entry.end > data.size()) {
      return absl::DataLossError(
          fmt::format("tensor \"{}\": expected bytes from {} on and up to {} at most, found the "
                      "offsets {} to {}: truncated or damaged",
                      entry.name, end, data.size(), entry.begin, entry.end));
    }
    end = entry.end;
    entry.tensor.data = data.subspan(entry.begin, entry.end - entry.begin);
    tensors_.emplace(std::move(entry.name), std::move(entry.tensor));
  }
  if (end != data.size()) {
    return absl::DataLossError(
        fmt::format("expected {} bytes of tensors, found {}", end, data.size()));
  }
  return absl::OkStatus();
}

}  // namespace strata::evaluator
