// LibTorch has one thread pool per process. Every entry point of the evaluator therefore sets the
// number of threads before it computes.
#ifndef STRATA_EVALUATOR_MODEL_LIBTORCH_THREADS_H_
#define STRATA_EVALUATOR_MODEL_LIBTORCH_THREADS_H_

#include <absl/status/status.h>

#include <string>

namespace strata::evaluator {

// Lets LibTorch use `threads` threads within an operation and one thread between operations.
// Errors: InvalidArgument if `threads` is below 1.
absl::Status UseThreads(int threads);

// Returns Unimplemented unless `device` is "cpu".
absl::Status CheckDevice(const std::string& device);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_MODEL_LIBTORCH_THREADS_H_
