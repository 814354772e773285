#include "tests/evaluator/support/gguf_writer.h"

#include <cstdlib>
#include <filesystem>
#include <stdexcept>

namespace strata::evaluator {
namespace {

std::string CachePath(const std::string& name) {
  const char* cache = std::getenv("STRATA_CACHE");
  return (cache != nullptr ? std::string(cache) : STRATA_SOURCE_DIR "/.cache") + "/" + name;
}

}  // namespace

GgufWriter& GgufWriter::Value(std::string_view key, uint32_t type, std::string_view bytes) {
  metadata_.String(key).Number(type).Raw(bytes);
  ++metadata_count_;
  return *this;
}

GgufWriter& GgufWriter::Uint32(std::string_view key, uint32_t value) {
  return Value(key, 4, Bytes().Number(value).text());
}

GgufWriter& GgufWriter::Float32(std::string_view key, float value) {
  return Value(key, 6, Bytes().Number(value).text());
}

GgufWriter& GgufWriter::Bool(std::string_view key, bool value) {
  return Value(key, 7, Bytes().Number<uint8_t>(value ? 1 : 0).text());
}

GgufWriter& GgufWriter::Text(std::string_view key, std::string_view value) {
  return Value(key, 8, Bytes().String(value).text());
}

GgufWriter& GgufWriter::Texts(std::string_view key, const std::vector<std::string>& values) {
  Bytes bytes;
  bytes.Number<uint32_t>(8).Number<uint64_t>(values.size());
  for (const std::string& value : values) bytes.String(value);
  return Value(key, 9, bytes.text());
}

GgufWriter& GgufWriter::Int32s(std::string_view key, const std::vector<int32_t>& values) {
  Bytes bytes;
  bytes.Number<uint32_t>(5).Number<uint64_t>(values.size());
  for (const int32_t value : values) bytes.Number(value);
  return Value(key, 9, bytes.text());
}

GgufWriter& GgufWriter::Float32s(std::string_view key, const std::vector<float>& values) {
  Bytes bytes;
  bytes.Number<uint32_t>(6).Number<uint64_t>(values.size());
  for (const float value : values) bytes.Number(value);
  return Value(key, 9, bytes.text());
}

GgufWriter& GgufWriter::Tensor(std::string_view name, const std::vector<uint64_t>& shape,
                               uint32_t type, std::string_view data) {
  data_.resize((data_.size() + alignment - 1) / alignment * alignment);
  const uint64_t offset = data_.size();
  data_ += data;
  return TensorAt(name, shape, type, offset);
}

GgufWriter& GgufWriter::TensorAt(std::string_view name, const std::vector<uint64_t>& shape,
                                 uint32_t type, uint64_t offset) {
  directory_.String(name).Number<uint32_t>(static_cast<uint32_t>(shape.size()));
  for (const uint64_t size : shape) directory_.Number(size);
  directory_.Number(type).Number(offset);
  ++tensor_count_;
  return *this;
}

std::string GgufWriter::Finish() const {
  Bytes header;
  header.Raw("GGUF").Number(version).Number(tensor_count_).Number(metadata_count_);
  std::string file = header.text() + metadata_.text() + directory_.text();
  if (data_.empty()) return file;
  file.resize((file.size() + alignment - 1) / alignment * alignment);
  return file + data_;
}

std::string DefaultModelPath() {
  std::string path = CachePath("models/SmolLM2-135M-Instruct.Q4_1.gguf");
  if (!std::filesystem::exists(path)) {
    throw std::runtime_error(path + " is absent: run scripts/setup.sh, which downloads it");
  }
  return path;
}

std::string DefaultTextPath() {
  std::string path = CachePath("texts/sotu");
  if (!std::filesystem::exists(path)) {
    throw std::runtime_error(path + " is absent: run scripts/setup.sh, which downloads it");
  }
  return path;
}

std::string DevelopmentData(const std::string& name) {
  return STRATA_SOURCE_DIR "/../shared/data/" + name;
}

}  // namespace strata::evaluator
