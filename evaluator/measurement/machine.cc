#include <ATen/ATen.h>
#include <ATen/Version.h>
#include <fmt/format.h>
#include <torch/version.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <limits>

#include "evaluator/measurement/model_evaluator.h"
#include "evaluator/model/libtorch_errors.h"
#include "evaluator/model/libtorch_threads.h"
#include "evaluator/model/matrix_product.h"

namespace strata::evaluator {
namespace {

constexpr double kSecondsPerRate = 0.3;

// Seconds of the fastest call, of as many as fit the time of one rate (at least three, the first
// not counted).
double BestSeconds(const std::function<void()>& work) {
  using Clock = std::chrono::steady_clock;
  work();
  const Clock::time_point start = Clock::now();
  double best = std::numeric_limits<double>::infinity();
  for (int calls = 0; calls < 2; ++calls) {
    do {
      const Clock::time_point before = Clock::now();
      work();
      best = std::min(best, std::chrono::duration<double>(Clock::now() - before).count());
    } while (std::chrono::duration<double>(Clock::now() - start).count() < kSecondsPerRate);
  }
  return best;
}

// Rate of a product of the shape that a small language model has most of: tokens by hidden by
// feed-forward.
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
  // Larger than any last-level cache it is likely to meet.
  constexpr int64_t kBytes = int64_t{256} << 20;
  const at::Tensor from = at::ones({kBytes / 4});
  at::Tensor to = at::zeros({kBytes / 4});
  const double seconds = BestSeconds([&] { to.copy_(from); });
  return 2.0 * static_cast<double>(kBytes) / seconds / 1e9;
}

absl::StatusOr<MachineReport> Inspect(int threads) {
  if (absl::Status status = UseThreads(threads); !status.ok()) return status;
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
