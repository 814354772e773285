// The chain notation of DSA (NeurIPS 2024): W:(pre-process)-(reduction)-(transform)-(lambda).
//
//   W:(ABSLOG)-(VAR)-(ATAN,ASIN)-(7)  is  dsa(asin(atan(var(abslog(WX)))), 0.08)
//
// W stands for the Wanda score, our source WX. Each list is applied from left to right. Some names
// mean something other than they say:
// - LOG as a pre-process is ln((x <= 0 ? 1 : x) + 1e-6), our `logpos`. LOG as a transform is ln x,
//   our `log`.
// - NO_OP and empty lists leave the value as it is. Without a reduction, the transforms act on the
//   tensor and DSA averages the result: mean(asin(softplus(WX))).
// - RANK, CORREF and SLOGDET need a matrix. DSA's code fails on them because it first flattens the
//   scores of a block to a vector. They are read as `matrixrank`, `correlation` and `logdet`, which
//   are defined on every matrix. DETERMINANT, GRAM and DIAGONAL have no such meaning and are
//   refused.
// - SQRT as a pre-process and SOFTMAX as a transform are in the paper's poster, not in its code.
//   SOFTMAX acts on one number per block and needs a reduction before it.
// - DSA's code reads the last number and never uses it: lambda is always 0.08. Here the number must
//   be an integer or be left out, and its value is not kept. If there are only three lists, the
//   last one may be that number, as in DSA's own W:(ABS)-(VAR)-(9). There are then no transforms.
#ifndef STRATA_EXPR_DSA_STRING_H_
#define STRATA_EXPR_DSA_STRING_H_

#include <absl/status/statusor.h>

#include <string>
#include <string_view>

#include "expr/expression.h"

namespace strata::expr {

// Amplitude that DSA's code uses, whatever number the string holds.
inline constexpr double kDsaLambda = 0.08;

// Parses a DSA string into a tree of type Allocation. Errors give the column, what was expected and
// what was found. For a name without a meaning they give the reason.
absl::StatusOr<Expression> ParseDsaString(std::string_view text);

// Returns the string that ParseDsaString reads back as an equal tree. Its last number is always 8,
// which is lambda in hundredths. Errors: InvalidArgument if the tree is not such a chain or its
// lambda is not 0.08.
absl::StatusOr<std::string> PrintDsaString(const Expression& expression);

}  // namespace strata::expr

#endif  // STRATA_EXPR_DSA_STRING_H_
