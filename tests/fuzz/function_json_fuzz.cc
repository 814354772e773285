// The reader of function files: whatever it accepts is a valid allocation that is written back to
// JSON of the same tree.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "expr/expression_json.h"
#include "tests/fuzz/require.h"

namespace strata {
namespace {

using fuzz::Require;

void Check(std::string_view text) {
  const absl::StatusOr<expr::Expression> read = expr::ExpressionFromJsonText(text);
  if (!read.ok()) {
    Require(!read.status().message().empty(), "an error says something");
    return;
  }
  Require(expr::Validate(*read).ok(), "the reader accepts only valid trees");
  Require(expr::TypeOf(*read) == expr::ValueType::kAllocation, "a function is an allocation");
  const absl::StatusOr<expr::Expression> again =
      expr::ExpressionFromJsonText(expr::ExpressionJson(*read).dump());
  Require(again.ok() && *again == *read, "read(write(e)) == e");
}

}  // namespace
}  // namespace strata

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  strata::Check({reinterpret_cast<const char*>(data), size});
  return 0;
}
