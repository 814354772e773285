#include "evaluator/model/libtorch_threads.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <mutex>

namespace strata::evaluator {

absl::Status UseThreads(int threads) {
  if (threads < 1) {
    return absl::InvalidArgumentError(fmt::format("expected at least 1 thread, found {}", threads));
  }
  // LibTorch accepts this number once, before its pool between operations exists.
  static std::once_flag once;
  std::call_once(once, [] {
    if (at::get_num_interop_threads() != 1) at::set_num_interop_threads(1);
  });
  if (at::get_num_threads() != threads) at::set_num_threads(threads);
  return absl::OkStatus();
}

absl::Status CheckDevice(const std::string& device) {
  if (device == "cpu") return absl::OkStatus();
  return absl::UnimplementedError(
      fmt::format("the device '{}' is not supported; supported: cpu", device));
}

}  // namespace strata::evaluator
