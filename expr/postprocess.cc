#include "expr/postprocess.h"

#include <algorithm>
#include <numeric>
#include <string_view>

#include "expr/kernels.h"

namespace strata::expr {
namespace {

// S + 2 lambda (m - mean m) for m in [0, 1].
std::vector<double> Around(std::vector<double> scaled, double lambda, double target) {
  const double mean = Mean(scaled);
  for (double& value : scaled) value = target + 2 * lambda * (value - mean);
  return scaled;
}

std::vector<double> Uniform(const PostprocessInput& input) {
  return std::vector<double>(input.parameters.size(), input.target.sparsity);
}

std::vector<double> Span(const PostprocessInput& input) {
  return Around(MinMax(input.x), input.arguments[0], input.target.sparsity);
}

std::vector<double> Rank(const PostprocessInput& input) {
  return Around(MinMax(Places(input.x)), input.arguments[0], input.target.sparsity);
}

std::vector<double> Ramp(const PostprocessInput& input) {
  std::vector<double> wanted = Places(input.x);
  const double middle = 0.5 * static_cast<double>(wanted.size() - 1);
  for (double& value : wanted) {
    value = input.target.sparsity + input.arguments[0] * (value - middle);
  }
  return wanted;
}

std::vector<double> Waterfill(const PostprocessInput& input) {
  const AllocationTarget& target = input.target;
  const double low = std::max(target.minimum, target.sparsity - input.arguments[0]);
  const double high = std::min(target.maximum, target.sparsity + input.arguments[1]);
  const size_t units = input.x.size();
  std::vector<size_t> order(units);
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&input](size_t a, size_t b) {
    return input.x[a] > input.x[b] || (input.x[a] == input.x[b] && a < b);
  });
  // Zeros still to be given out beyond `low` everywhere.
  double left = 0;
  for (const int64_t parameters : input.parameters) {
    left += static_cast<double>(parameters) * (target.sparsity - low);
  }
  std::vector<double> wanted(units, low);
  for (size_t first = 0; first < units && left > 0;) {
    // Units with equal x share: nothing tells them apart.
    size_t last = first;
    double capacity = 0;
    for (; last < units && input.x[order[last]] == input.x[order[first]]; ++last) {
      capacity += static_cast<double>(input.parameters[order[last]]) * (high - low);
    }
    const double share = capacity > left ? left / capacity : 1.0;
    for (; first < last; ++first) wanted[order[first]] = low + share * (high - low);
    left -= capacity;
  }
  return wanted;
}

struct NamedKernel {
  std::string_view name;
  PostprocessKernel kernel;
};

// `dsa` differs from `span` in how its operand is computed, not in what is done with it.
constexpr NamedKernel kKernels[] = {
    {"uniform", Uniform}, {"span", Span},           {"rank", Rank},
    {"ramp", Ramp},       {"waterfill", Waterfill}, {"dsa", Span},
};

}  // namespace

PostprocessKernel PostprocessKernelOf(OperatorId id) {
  static const std::vector<PostprocessKernel> table = [] {
    std::vector<PostprocessKernel> kernels(Operators().size(), nullptr);
    for (const auto& [name, kernel] : kKernels) kernels[static_cast<size_t>(IdOf(name))] = kernel;
    return kernels;
  }();
  return table[static_cast<size_t>(id)];
}

}  // namespace strata::expr
