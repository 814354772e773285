// Writes small GGUF files for tests, whole or damaged.
#ifndef STRATA_TESTS_EVALUATOR_SUPPORT_GGUF_WRITER_H_
#define STRATA_TESTS_EVALUATOR_SUPPORT_GGUF_WRITER_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace strata::evaluator {

// A string of little-endian bytes, as in the format.
class Bytes {
 public:
  template <typename T>
  Bytes& Number(T value) {
    text_.append(reinterpret_cast<const char*>(&value), sizeof(value));
    return *this;
  }
  Bytes& Raw(std::string_view text) {
    text_ += text;
    return *this;
  }
  Bytes& String(std::string_view text) { return Number<uint64_t>(text.size()).Raw(text); }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

class GgufWriter {
 public:
  uint32_t version = 3;
  uint64_t alignment = 32;

  // Adds a value to the header. Types by number: 4 uint32, 5 int32, 6 float32, 7 bool, 8 string, 9
  // array, ...
  GgufWriter& Value(std::string_view key, uint32_t type, std::string_view bytes);
  GgufWriter& Uint32(std::string_view key, uint32_t value);
  GgufWriter& Float32(std::string_view key, float value);
  GgufWriter& Bool(std::string_view key, bool value);
  GgufWriter& Text(std::string_view key, std::string_view value);
  GgufWriter& Texts(std::string_view key, const std::vector<std::string>& values);
  GgufWriter& Int32s(std::string_view key, const std::vector<int32_t>& values);
  GgufWriter& Float32s(std::string_view key, const std::vector<float>& values);

  // Adds a tensor. `shape` is innermost first, as in the file. The data goes to the next aligned
  // place.
  GgufWriter& Tensor(std::string_view name, const std::vector<uint64_t>& shape, uint32_t type,
                     std::string_view data);
  GgufWriter& TensorAt(std::string_view name, const std::vector<uint64_t>& shape, uint32_t type,
                       uint64_t offset);

  // Returns the file, which ends with the last byte of the last tensor.
  std::string Finish() const;

 private:
  uint64_t metadata_count_ = 0;
  uint64_t tensor_count_ = 0;
  Bytes metadata_;
  Bytes directory_;
  std::string data_;
};

// Paths of the default model and texts, which scripts/setup.sh downloads.
std::string DefaultModelPath();
std::string DefaultTextPath();
// Path of data for development that is not part of the project. Tests that need it are skipped if
// it is absent.
std::string DevelopmentData(const std::string& name);

}  // namespace strata::evaluator

#endif  // STRATA_TESTS_EVALUATOR_SUPPORT_GGUF_WRITER_H_
