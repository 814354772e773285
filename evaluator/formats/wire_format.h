// Reads messages in Protocol Buffers' wire format, field by field. It exists because evaluator/
// cannot link the Protocol Buffers library.
#ifndef STRATA_EVALUATOR_FORMATS_WIRE_FORMAT_H_
#define STRATA_EVALUATOR_FORMATS_WIRE_FORMAT_H_

#include <absl/status/statusor.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace strata::evaluator {

// A field as it lies in the message: a varint of number * 8 + wire type, then a value:
//
//   type 0  a varint: 7 bits per byte, lowest first; a set top bit means that more bytes follow
//   type 1  eight bytes
//   type 2  a varint of the length, then that many bytes
//   type 5  four bytes
//
// Numbers are little-endian.
struct WireField {
  uint32_t number = 0;
  int type = 0;
  uint64_t value = 0;      // of types 0, 1 and 5
  std::string_view bytes;  // of type 2, into the message

  float Float() const;  // of type 5
};

class WireReader {
 public:
  // `message` must outlive the reader and its fields.
  explicit WireReader(std::string_view message) : message_(message) {}

  // Returns the next field; nullopt at the end. Errors: DataLoss if the message is cut off,
  // Unimplemented for a group (types 3 and 4), InvalidArgument if the bytes are not a field. All of
  // them name the byte.
  absl::StatusOr<std::optional<WireField>> Next();

 private:
  absl::StatusOr<uint64_t> Varint();
  absl::StatusOr<std::string_view> Take(uint64_t bytes);

  std::string_view message_;
  size_t position_ = 0;
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_FORMATS_WIRE_FORMAT_H_
