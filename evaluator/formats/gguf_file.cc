#include "evaluator/formats/gguf_file.h"

#include <fmt/format.h>

#include <limits>
#include <utility>

#include "evaluator/formats/gguf_parser.h"
#include "expr/status_macros.h"

namespace strata::evaluator {
namespace {

const char* KindOf(const GgufValue& value) {
  constexpr const char* kKinds[] = {
      "an unsigned integer", "an integer",         "a real number",
      "a truth value",       "a string",           "an array of integers",
      "an array of reals",   "an array of strings"};
  static_assert(std::size(kKinds) == std::variant_size_v<GgufValue>);
  return kKinds[value.index()];
}

absl::StatusOr<const GgufValue*> FindValue(const GgufFile& file, const std::string& key) {
  const auto found = file.metadata().find(key);
  if (found == file.metadata().end()) {
    return absl::NotFoundError(fmt::format("{}: no metadata \"{}\"", file.path(), key));
  }
  return &found->second;
}

absl::Status WrongKind(const GgufFile& file, const std::string& key, const char* expected,
                       const GgufValue& value) {
  return absl::InvalidArgumentError(fmt::format("{}: metadata \"{}\": expected {}, found {}",
                                                file.path(), key, expected, KindOf(value)));
}

template <typename T>
absl::StatusOr<const T*> Get(const GgufFile& file, const std::string& key, const char* expected) {
  STRATA_ASSIGN_OR_RETURN(const GgufValue* value, FindValue(file, key));
  if (const T* typed = std::get_if<T>(value)) return typed;
  return WrongKind(file, key, expected, *value);
}

}  // namespace

int64_t GgufTensor::elements() const {
  int64_t count = 1;
  for (const int64_t size : shape) count *= size;
  return count;
}

absl::StatusOr<std::unique_ptr<GgufFile>> GgufFile::Open(const std::string& path) {
  STRATA_ASSIGN_OR_RETURN(MappedFile mapping, MappedFile::Open(path, "a GGUF file"));
  STRATA_ASSIGN_OR_RETURN(GgufContents contents, ParseGguf(mapping.bytes(), path));
  std::unique_ptr<GgufFile> file(new GgufFile(path, std::move(mapping)));
  file->tensors_ = std::move(contents.tensors);
  file->metadata_ = std::move(contents.metadata);
  file->entries_ = std::move(contents.entries);
  return file;
}

absl::StatusOr<const GgufTensor*> GgufFile::Tensor(const std::string& name) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) {
    return absl::NotFoundError(fmt::format("{}: no tensor \"{}\"", path_, name));
  }
  return &found->second;
}

absl::StatusOr<int64_t> GgufFile::Integer(const std::string& key) const {
  STRATA_ASSIGN_OR_RETURN(const GgufValue* value, FindValue(*this, key));
  if (const int64_t* integer = std::get_if<int64_t>(value)) return *integer;
  if (const uint64_t* natural = std::get_if<uint64_t>(value)) {
    if (*natural <= uint64_t{std::numeric_limits<int64_t>::max()}) {
      return static_cast<int64_t>(*natural);
    }
    return absl::InvalidArgumentError(fmt::format(
        "{}: metadata \"{}\": expected at most 2^63 - 1, found {}", path_, key, *natural));
  }
  return WrongKind(*this, key, "an integer", *value);
}

absl::StatusOr<double> GgufFile::Real(const std::string& key) const {
  STRATA_ASSIGN_OR_RETURN(const double* value, Get<double>(*this, key, "a real number"));
  return *value;
}

absl::StatusOr<std::string> GgufFile::String(const std::string& key) const {
  STRATA_ASSIGN_OR_RETURN(const std::string* value, Get<std::string>(*this, key, "a string"));
  return *value;
}

absl::StatusOr<const std::vector<std::string>*> GgufFile::Strings(const std::string& key) const {
  return Get<std::vector<std::string>>(*this, key, "an array of strings");
}

}  // namespace strata::evaluator
