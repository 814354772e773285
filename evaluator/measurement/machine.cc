#include "evaluator/measurement/machine.h"

#include <ATen/ATen.h>
#include <ATen/Version.h>
#include <fmt/format.h>
#include <torch/version.h>

#include <algorithm>
#include <functional>
#include <limits>

#include "evaluator/clock.h"
#include "evaluator/model/libtorch_errors.h"
#include "evaluator/model/libtorch_threads.h"
#include "evaluator/model/matrix_product.h"
#include "expr/status_macros.h"

namespace strata::evaluator {
namespace {

constexpr double kSecondsPerRate = 0.3;

// Returns the seconds of the fastest call. It makes as many calls as fit into kSecondsPerRate, and
// at least three. The first call is not counted.
double BestSeconds(const std::function<void()>& work) {
  work();
  const double start = SteadySeconds();
  double best = std::numeric_limits<double>::infinity();
  for (int calls = 0; calls < 2; ++calls) {
    do {
      const double before = SteadySeconds();
      work();
      best = std::min(best, SecondsSince(before));
    } while (SecondsSince(start) < kSecondsPerRate);
  }
  return best;
}

// Returns the rate of a product whose shape is the most common one in a small language model:
// tokens by hidden by feed-forward.
double GemmGigaflops(at::ScalarType type) {
  constexpr int64_t kRows = 2048;
  constexpr int64_t kInner = 576;
  constexpr int64_t kColumns = 1536;
  const at::Tensor left = at::full({kRows, kInner}, 0.5, type);
  const at::Tensor right = at::full({kColumns, kInner}, 0.25, type);
  at::Tensor result = at::empty({kRows, kColumns}, type);
  const double seconds = BestSeconds([&] { MultiplyByTransposed(left, right, result); });
  return 2.0 * kRows * kInner * kColumns / seconds / 1e9;
}

double CopyGigabytesPerSecond() {
  // Larger than the last-level cache of any likely machine.
  constexpr int64_t kBytes = int64_t{256} << 20;
  const at::Tensor from = at::ones({kBytes / 4});
  at::Tensor to = at::zeros({kBytes / 4});
  const double seconds = BestSeconds([&] { to.copy_(from); });
  return 2.0 * static_cast<double>(kBytes) / seconds / 1e9;
}

absl::StatusOr<MachineReport> Inspect(int threads) {
  STRATA_RETURN_IF_ERROR(UseThreads(threads));
  const at::InferenceMode guard;
  MachineReport report;
  report.libtorch_version = TORCH_VERSION;
  report.cpu_capability = at::get_cpu_capability();
  report.devices.emplace_back("cpu");
  if (at::hasCUDA()) {
    const auto count = static_cast<int>(at::detail::getCUDAHooks().deviceCount());
    for (int device = 0; device < count; ++device) {
      report.devices.push_back(fmt::format("cuda:{}", device));
    }
  }
  report.float32_gflops = GemmGigaflops(at::kFloat);
  report.bfloat16_gflops = GemmGigaflops(at::kBFloat16);
  report.memory_gigabytes_per_second = CopyGigabytesPerSecond();
  report.threads = threads;
  return report;
}

}  // namespace

absl::StatusOr<MachineReport> InspectMachine(int threads) {
  return CatchLibTorchErrors("inspecting the machine", [&] { return Inspect(threads); });
}

}  // namespace strata::evaluator
