// The reader of DSA's chain notation: whatever it accepts is a valid allocation that prints back to
// a string of the same tree.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "expr/dsa_string.h"
#include "expr/expression.h"
#include "tests/fuzz/require.h"

namespace strata {
namespace {

using fuzz::Require;

void Check(std::string_view text) {
  const absl::StatusOr<expr::Expression> parsed = expr::ParseDsaString(text);
  if (!parsed.ok()) {
    Require(!parsed.status().message().empty(), "an error says something");
    return;
  }
  Require(expr::Validate(*parsed).ok(), "the reader accepts only valid trees");
  Require(expr::TypeOf(*parsed) == expr::ValueType::kAllocation, "a chain is an allocation");
  const absl::StatusOr<std::string> printed = expr::PrintDsaString(*parsed);
  Require(printed.ok(), "what was read as a chain is written as one");
  const absl::StatusOr<expr::Expression> again = expr::ParseDsaString(*printed);
  Require(again.ok() && *again == *parsed, "parse(print(e)) == e");
  const absl::StatusOr<expr::Expression> plain =
      expr::ParseExpression(expr::PrintExpression(*parsed));
  Require(plain.ok() && *plain == *parsed, "the text form reads back to the same tree");
}

}  // namespace
}  // namespace strata

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  strata::Check(text);
  strata::Check("W:" + std::string(text));  // reaches further than guessing the prefix
  return 0;
}
