#include "evaluator/model/matrix_product.h"

#include <ATen/ATen.h>
#include <ATen/core/dispatch/Dispatcher.h>

#include <optional>

namespace strata::evaluator {
namespace {

using OneDnnLinear = at::Tensor(const at::Tensor& rows, const at::Tensor& matrix,
                                const std::optional<at::Tensor>& bias, c10::string_view attribute,
                                c10::List<std::optional<at::Scalar>> scalars,
                                std::optional<c10::string_view> algorithm);

bool PrefersOneDnn() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  return !__builtin_cpu_is("intel");
#else
  return false;
#endif
}

// Returns the product computed by oneDNN, or nullopt if the type, the processor or LibTorch's build
// rules oneDNN out.
std::optional<at::Tensor> OneDnnProduct(const at::Tensor& rows, const at::Tensor& matrix) {
  static const std::optional<c10::TypedOperatorHandle<OneDnnLinear>> linear =
      []() -> std::optional<c10::TypedOperatorHandle<OneDnnLinear>> {
    const auto found = c10::Dispatcher::singleton().findSchema({"mkldnn::_linear_pointwise", ""});
    if (!PrefersOneDnn() || !found.has_value()) return std::nullopt;
    return found->typed<OneDnnLinear>();
  }();
  if (!linear.has_value() || rows.scalar_type() != at::kFloat || !rows.device().is_cpu()) {
    return std::nullopt;
  }
  return linear->call(rows, matrix, std::nullopt, "none", c10::List<std::optional<at::Scalar>>(),
                      "");
}

}  // namespace

void MultiplyByTransposed(const at::Tensor& rows, const at::Tensor& matrix, at::Tensor& product) {
  if (const std::optional<at::Tensor> computed = OneDnnProduct(rows, matrix)) {
    product.copy_(*computed);
  } else {
    at::mm_out(product, rows, matrix.t());
  }
}

void AddProductByTransposed(const at::Tensor& rows, const at::Tensor& matrix, at::Tensor& sum) {
  if (const std::optional<at::Tensor> computed = OneDnnProduct(rows, matrix)) {
    sum.add_(*computed);
  } else {
    sum.addmm_(rows, matrix.t());
  }
}

}  // namespace strata::evaluator
