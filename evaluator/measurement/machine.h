// What a machine has and how fast it multiplies.
#ifndef STRATA_EVALUATOR_MEASUREMENT_MACHINE_H_
#define STRATA_EVALUATOR_MEASUREMENT_MACHINE_H_

#include <absl/status/statusor.h>

#include <string>
#include <vector>

namespace strata::evaluator {

// Capabilities of the machine, for `strata doctor` and for the choice of an arithmetic.
struct MachineReport {
  std::string libtorch_version;
  std::string cpu_capability;        // as LibTorch names it: "AVX512"
  std::vector<std::string> devices;  // "cpu", "cuda:0 NVIDIA H100"
  double float32_gflops = 0;         // measured GEMM rate with `threads` threads
  double bfloat16_gflops = 0;
  double memory_gigabytes_per_second = 0;  // measured copy bandwidth, bytes read + written
  int threads = 0;
};
absl::StatusOr<MachineReport> InspectMachine(int threads);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_MEASUREMENT_MACHINE_H_
