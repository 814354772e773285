#include "evaluator/formats/gguf_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <utility>

#include "expr/status_macros.h"

namespace strata::evaluator {
namespace {

static_assert(std::endian::native == std::endian::little, "GGUF values are read as they lie");

constexpr uint64_t kDefaultAlignment = 32;
constexpr uint32_t kMaximumDimensions = 4;
// The fewest bytes that an entry can take. They allow a count to be checked before memory is
// reserved.
constexpr uint64_t kMinimumMetadataBytes = 8 + 4 + 1;
constexpr uint64_t kMinimumTensorBytes = 8 + 4 + 8 + 4 + 8;

enum ValueType : uint32_t {
  kUint8,
  kInt8,
  kUint16,
  kInt16,
  kUint32,
  kInt32,
  kFloat32,
  kBool,
  kString,
  kArray,
  kUint64,
  kInt64,
  kFloat64
};

uint64_t MinimumValueBytes(uint32_t type) {
  switch (type) {
    case kUint8:
    case kInt8:
    case kBool:
      return 1;
    case kUint16:
    case kInt16:
      return 2;
    case kUint32:
    case kInt32:
    case kFloat32:
      return 4;
    case kUint64:
    case kInt64:
    case kFloat64:
    case kString:
      return 8;
    case kArray:
      return 12;
    default:
      return 0;
  }
}

// Reads forward and remembers the first failure. After a failure every read gives zero, so callers
// need to check only once per entry.
class Cursor {
 public:
  Cursor(std::span<const std::byte> bytes, const std::string& path) : bytes_(bytes), path_(path) {}

  uint64_t position() const { return position_; }
  uint64_t remaining() const { return bytes_.size() - position_; }
  const absl::Status& status() const { return status_; }
  bool ok() const { return status_.ok(); }

  void Fail(absl::Status status) {
    if (status_.ok()) status_ = std::move(status);
  }

  template <typename T>
  T Number(const char* what) {
    T value{};
    if (Need(sizeof(T), what)) {
      std::memcpy(&value, bytes_.data() + position_, sizeof(T));
      position_ += sizeof(T);
    }
    return value;
  }

  std::string String(const char* what) {
    const uint64_t length = Number<uint64_t>(what);
    if (!Need(length, what)) return {};
    std::string text(reinterpret_cast<const char*>(bytes_.data()) + position_, length);
    position_ += length;
    return text;
  }

  // Reads a number of entries that take at least `entry_bytes` each.
  uint64_t Count(uint64_t entry_bytes, const char* what) {
    const uint64_t count = Number<uint64_t>(what);
    if (ok() && !CheckCount(count, entry_bytes, what)) return 0;
    return count;
  }

  bool CheckCount(uint64_t count, uint64_t entry_bytes, const char* what) {
    if (count <= remaining() / entry_bytes) return true;
    Fail(absl::DataLossError(
        fmt::format("{}: truncated or damaged: {} of {} does not fit: {} bytes each at least, {} "
                    "bytes left of {} at byte {}",
                    path_, what, count, entry_bytes, remaining(), bytes_.size(), position_)));
    return false;
  }

 private:
  bool Need(uint64_t size, const char* what) {
    if (!ok()) return false;
    if (size <= remaining()) return true;
    Fail(absl::DataLossError(fmt::format(
        "{}: truncated: reading {} at byte {} needs {} more bytes, the file has {} bytes", path_,
        what, position_, size, bytes_.size())));
    return false;
  }

  std::span<const std::byte> bytes_;
  const std::string& path_;
  uint64_t position_ = 0;
  absl::Status status_;
};

double RealValue(Cursor& cursor, uint32_t type) {
  return type == kFloat32 ? cursor.Number<float>("a number") : cursor.Number<double>("a number");
}

// Reads a bool or any integer type except uint64.
int64_t IntegerValue(Cursor& cursor, uint32_t type) {
  switch (type) {
    case kUint8:
      return cursor.Number<uint8_t>("a number");
    case kInt8:
      return cursor.Number<int8_t>("a number");
    case kUint16:
      return cursor.Number<uint16_t>("a number");
    case kInt16:
      return cursor.Number<int16_t>("a number");
    case kUint32:
      return cursor.Number<uint32_t>("a number");
    case kInt32:
      return cursor.Number<int32_t>("a number");
    case kInt64:
      return cursor.Number<int64_t>("a number");
    default:
      return cursor.Number<uint8_t>("a truth value") != 0 ? 1 : 0;
  }
}

GgufValue ArrayValue(Cursor& cursor, const std::string& where) {
  const uint32_t type = cursor.Number<uint32_t>("an array's element type");
  if (cursor.ok() && (type == kArray || MinimumValueBytes(type) == 0)) {
    cursor.Fail(absl::InvalidArgumentError(fmt::format(
        "{}: expected an array of numbers, truth values or strings, found element type {}", where,
        type)));
  }
  if (!cursor.ok()) return {};
  const uint64_t count = cursor.Count(MinimumValueBytes(type), "an array");
  if (type == kString) {
    std::vector<std::string> values;
    values.reserve(count);
    for (uint64_t i = 0; i < count && cursor.ok(); ++i) values.push_back(cursor.String("a string"));
    return values;
  }
  if (type == kFloat32 || type == kFloat64) {
    std::vector<double> values;
    values.reserve(count);
    for (uint64_t i = 0; i < count && cursor.ok(); ++i) values.push_back(RealValue(cursor, type));
    return values;
  }
  std::vector<int64_t> values;
  values.reserve(count);
  for (uint64_t i = 0; i < count && cursor.ok(); ++i) {
    if (type != kUint64) {
      values.push_back(IntegerValue(cursor, type));
      continue;
    }
    const uint64_t value = cursor.Number<uint64_t>("a number");
    if (value > uint64_t{std::numeric_limits<int64_t>::max()}) {
      cursor.Fail(absl::InvalidArgumentError(
          fmt::format("{}: element {} is {}, above the supported 2^63 - 1", where, i, value)));
    }
    values.push_back(static_cast<int64_t>(value));
  }
  return values;
}

GgufValue Value(Cursor& cursor, const std::string& where) {
  const uint32_t type = cursor.Number<uint32_t>("a value type");
  if (!cursor.ok()) return {};
  switch (type) {
    case kUint8:
    case kUint16:
    case kUint32:
      return static_cast<uint64_t>(IntegerValue(cursor, type));
    case kInt8:
    case kInt16:
    case kInt32:
    case kInt64:
      return IntegerValue(cursor, type);
    case kUint64:
      return cursor.Number<uint64_t>("a number");
    case kFloat32:
    case kFloat64:
      return RealValue(cursor, type);
    case kBool:
      return IntegerValue(cursor, type) != 0;
    case kString:
      return cursor.String("a string");
    case kArray:
      return ArrayValue(cursor, where);
    default:
      cursor.Fail(absl::InvalidArgumentError(
          fmt::format("{}: expected a value type from 0 to 12, found {}", where, type)));
      return {};
  }
}

struct DirectoryEntry {
  GgufTensor tensor;
  uint64_t offset = 0;  // from the start of the tensor data
  uint64_t bytes = 0;
};

// Sets the size in bytes of a tensor whose shape and type were read.
absl::Status SizeEntry(DirectoryEntry& entry, const std::string& where) {
  const absl::StatusOr<GgufBlockSize> block = BlockSizeOf(static_cast<uint32_t>(entry.tensor.type));
  if (!block.ok()) {
    return absl::UnimplementedError(
        fmt::format("{}: {}", where, std::string(block.status().message())));
  }
  int64_t elements = 1;
  for (const int64_t size : entry.tensor.shape) {
    if (size <= 0 || elements > std::numeric_limits<int64_t>::max() / 8 / size) {
      return absl::DataLossError(fmt::format("{}: shape [{}] is empty or too large", where,
                                             fmt::join(entry.tensor.shape, ", ")));
    }
    elements *= size;
  }
  if (entry.tensor.shape.back() % block->elements != 0) {
    return absl::DataLossError(
        fmt::format("{}: expected rows of a multiple of {} weights, found {}", where,
                    block->elements, entry.tensor.shape.back()));
  }
  entry.bytes = static_cast<uint64_t>(elements / block->elements * block->bytes);
  return absl::OkStatus();
}

DirectoryEntry Entry(Cursor& cursor, const std::string& path) {
  DirectoryEntry entry;
  entry.tensor.name = cursor.String("a tensor name");
  const std::string where = fmt::format("{}: tensor \"{}\"", path, entry.tensor.name);
  const uint32_t dimensions = cursor.Number<uint32_t>("a number of dimensions");
  if (cursor.ok() && (dimensions == 0 || dimensions > kMaximumDimensions)) {
    cursor.Fail(absl::DataLossError(fmt::format("{}: expected 1 to {} dimensions, found {}", where,
                                                kMaximumDimensions, dimensions)));
  }
  for (uint32_t i = 0; i < dimensions && cursor.ok(); ++i) {
    entry.tensor.shape.push_back(cursor.Number<int64_t>("a dimension"));
  }
  std::reverse(entry.tensor.shape.begin(), entry.tensor.shape.end());
  entry.tensor.type = static_cast<GgufType>(cursor.Number<uint32_t>("a tensor type"));
  entry.offset = cursor.Number<uint64_t>("a tensor offset");
  if (cursor.ok()) cursor.Fail(SizeEntry(entry, where));
  return entry;
}

absl::StatusOr<uint64_t> Alignment(const GgufContents& contents, const std::string& path) {
  const auto found = contents.metadata.find("general.alignment");
  if (found == contents.metadata.end()) return kDefaultAlignment;
  const uint64_t* value = std::get_if<uint64_t>(&found->second);
  if (value == nullptr || !std::has_single_bit(*value) || *value < 8 || *value > (1u << 30)) {
    return absl::InvalidArgumentError(
        fmt::format("{}: general.alignment: expected an unsigned power of two from 8 to 2^30{}",
                    path, value == nullptr ? "" : fmt::format(", found {}", *value)));
  }
  return *value;
}

// Points every tensor at its bytes, after checking that all of them lie inside the file.
absl::Status PlaceTensors(std::vector<DirectoryEntry>& entries, std::span<const std::byte> bytes,
                          uint64_t directory_end, const std::string& path, GgufContents& contents) {
  const absl::StatusOr<uint64_t> alignment = Alignment(contents, path);
  if (!alignment.ok()) return alignment.status();
  const uint64_t data_start = (directory_end + *alignment - 1) / *alignment * *alignment;
  uint64_t expected = data_start;
  for (const DirectoryEntry& entry : entries) {
    const std::string& name = entry.tensor.name;
    if (entry.offset % *alignment != 0) {
      return absl::DataLossError(
          fmt::format("{}: tensor \"{}\": offset {} is not a multiple of the alignment {}", path,
                      name, entry.offset, *alignment));
    }
    if (entry.offset > uint64_t{std::numeric_limits<int64_t>::max()} - data_start) {
      return absl::DataLossError(fmt::format("{}: tensor \"{}\": offset {} is outside the file",
                                             path, name, entry.offset));
    }
    expected = std::max(expected, data_start + entry.offset + entry.bytes);
  }
  if (!entries.empty() && expected > bytes.size()) {
    return absl::DataLossError(fmt::format(
        "{}: truncated or damaged: the tensor directory needs {} bytes, the file has {}", path,
        expected, bytes.size()));
  }
  for (DirectoryEntry& entry : entries) {
    entry.tensor.data = bytes.subspan(data_start + entry.offset, entry.bytes);
    std::string name = entry.tensor.name;
    if (!contents.tensors.emplace(name, std::move(entry.tensor)).second) {
      return absl::DataLossError(
          fmt::format("{}: tensor \"{}\" is in the directory twice", path, name));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckVersion(Cursor& cursor, std::span<const std::byte> bytes,
                          const std::string& path) {
  if (bytes.size() >= 4 && std::memcmp(bytes.data(), "GGUF", 4) != 0) {
    return absl::InvalidArgumentError(
        fmt::format("{}: not a GGUF file: expected the first bytes 47 47 55 46 (\"GGUF\"), found "
                    "{:02x} {:02x} {:02x} {:02x}",
                    path, static_cast<int>(bytes[0]), static_cast<int>(bytes[1]),
                    static_cast<int>(bytes[2]), static_cast<int>(bytes[3])));
  }
  cursor.Number<uint32_t>("the first bytes");
  const uint32_t version = cursor.Number<uint32_t>("the version");
  if (!cursor.ok() || version == 2 || version == 3) return cursor.status();
  const bool swapped = version == 0x02000000 || version == 0x03000000;
  return absl::InvalidArgumentError(
      fmt::format("{}: expected GGUF version 2 or 3, found {}", path,
                  swapped ? "a big-endian file" : std::to_string(version)));
}

}  // namespace

absl::StatusOr<GgufContents> ParseGguf(std::span<const std::byte> bytes, const std::string& path) {
  Cursor cursor(bytes, path);
  STRATA_RETURN_IF_ERROR(CheckVersion(cursor, bytes, path));
  const uint64_t tensor_count = cursor.Count(kMinimumTensorBytes, "a tensor directory");
  const uint64_t metadata_count = cursor.Count(kMinimumMetadataBytes, "a metadata table");

  GgufContents contents;
  for (uint64_t i = 0; i < metadata_count && cursor.ok(); ++i) {
    const uint64_t begin = cursor.position();
    std::string key = cursor.String("a metadata key");
    const std::string where = fmt::format("{}: metadata \"{}\"", path, key);
    GgufValue value = Value(cursor, where);
    contents.entries.push_back({key, bytes.subspan(begin, cursor.position() - begin)});
    if (cursor.ok() && !contents.metadata.emplace(std::move(key), std::move(value)).second) {
      cursor.Fail(absl::DataLossError(fmt::format("{} is there twice", where)));
    }
  }
  std::vector<DirectoryEntry> entries;
  for (uint64_t i = 0; i < tensor_count && cursor.ok(); ++i) {
    entries.push_back(Entry(cursor, path));
  }
  if (!cursor.ok()) return cursor.status();
  STRATA_RETURN_IF_ERROR(PlaceTensors(entries, bytes, cursor.position(), path, contents));
  return contents;
}

}  // namespace strata::evaluator
