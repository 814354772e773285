// LibTorch's thread pool is one per process; every entry point of the evaluator sets it before it
// computes.
#ifndef STRATA_EVALUATOR_LIBTORCH_THREADS_H_
#define STRATA_EVALUATOR_LIBTORCH_THREADS_H_

#include <absl/status/status.h>

#include <string>

namespace strata::evaluator {

// `threads` within an operation and one between operations. InvalidArgument below 1.
absl::Status UseThreads(int threads);

// Unimplemented unless `device` is "cpu".
absl::Status CheckDevice(const std::string& device);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_LIBTORCH_THREADS_H_
