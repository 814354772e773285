// Reads messages in Protocol Buffers' wire format, field by field. Private to evaluator/, which
// cannot link the library.
#ifndef STRATA_EVALUATOR_WIRE_FORMAT_H_
#define STRATA_EVALUATOR_WIRE_FORMAT_H_

#include <absl/status/statusor.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace strata::evaluator {

// A field as it lies in the message. Each record is a varint of number * 8 + wire type and a value:
// type 0 a varint (7 bits a byte, lowest first, the top bit says that more follow), 1 eight bytes,
// 2 a varint of the length and so many bytes, 5 four bytes; numbers little-endian.
struct WireField {
  uint32_t number = 0;
  int type = 0;
  uint64_t value = 0;      // of types 0, 1 and 5
  std::string_view bytes;  // of type 2, into the message

  float Float() const;  // of type 5
};

class WireReader {
 public:
  // `message` outlives the reader and its fields.
  explicit WireReader(std::string_view message) : message_(message) {}

  // The next field; nothing at the end. DataLoss if the message is cut off, Unimplemented for a
  // group (types 3 and 4), InvalidArgument for what is no field; all say at which byte.
  absl::StatusOr<std::optional<WireField>> Next();

 private:
  absl::StatusOr<uint64_t> Varint();
  absl::StatusOr<std::string_view> Take(uint64_t bytes);

  std::string_view message_;
  size_t position_ = 0;
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_WIRE_FORMAT_H_
