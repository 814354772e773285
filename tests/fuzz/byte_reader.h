// Reads values from the bytes of an input. Bytes beyond its end read as zero.
#ifndef STRATA_TESTS_FUZZ_BYTE_READER_H_
#define STRATA_TESTS_FUZZ_BYTE_READER_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

namespace strata::fuzz {

class ByteReader {
 public:
  ByteReader(const uint8_t* data, size_t size) : data_(data), size_(size) {}

  bool empty() const { return size_ == 0; }

  uint8_t Byte() {
    if (size_ == 0) return 0;
    --size_;
    return *data_++;
  }

  // Reads a length of two bytes, little-endian, and then that many bytes, or all that are left.
  std::string Text() {
    size_t length = Byte();
    length |= static_cast<size_t>(Byte()) << 8;
    length = std::min(length, size_);
    const std::string text(reinterpret_cast<const char*>(data_), length);
    data_ += length;
    size_ -= length;
    return text;
  }

 private:
  const uint8_t* data_;
  size_t size_;
};

}  // namespace strata::fuzz

#endif  // STRATA_TESTS_FUZZ_BYTE_READER_H_
