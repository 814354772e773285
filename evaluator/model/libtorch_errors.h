// The one place that turns exceptions into statuses. The entry points of the evaluator are wrapped
// in it.
#ifndef STRATA_EVALUATOR_MODEL_LIBTORCH_ERRORS_H_
#define STRATA_EVALUATOR_MODEL_LIBTORCH_ERRORS_H_

#include <absl/status/status.h>
#include <c10/util/Exception.h>
#include <fmt/format.h>

#include <cstdint>
#include <exception>
#include <new>
#include <string>
#include <utility>

namespace strata::evaluator {

// Carries a status through functions that return tensors.
class StatusException : public std::exception {
 public:
  explicit StatusException(absl::Status status)
      : status_(std::move(status)), message_(status_.message()) {}
  const absl::Status& status() const { return status_; }
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  absl::Status status_;
  std::string message_;
};

// Throws a StatusException for a token id that is no row of the embedding or the output head. `ids`
// is a range of whole numbers.
template <typename Ids>
void CheckIds(int64_t rows, const Ids& ids) {
  for (const int64_t id : ids) {
    if (id >= 0 && id < rows) continue;
    throw StatusException(
        absl::InvalidArgumentError(fmt::format("expected token ids below {}, the rows of the "
                                               "model's embedding, found {}: the text holds a "
                                               "token that the model has no weights for",
                                               rows, id)));
  }
}

// Returns the result of `function`, which is a Status or StatusOr. A StatusException becomes its
// status. Any other exception becomes an error whose message begins with `doing`, for example
// "measuring features".
template <typename Function>
auto CatchLibTorchErrors(const std::string& doing, Function&& function)
    -> decltype(std::forward<Function>(function)()) {
  try {
    return std::forward<Function>(function)();
  } catch (const c10::OutOfMemoryError& error) {
    return absl::ResourceExhaustedError(
        fmt::format("{}: {}", doing, error.what_without_backtrace()));
  } catch (const c10::Error& error) {
    return absl::InternalError(
        fmt::format("{}: LibTorch: {}", doing, error.what_without_backtrace()));
  } catch (const StatusException& error) {
    return error.status();
  } catch (const std::bad_alloc&) {
    return absl::ResourceExhaustedError(fmt::format("{}: out of memory", doing));
  } catch (const std::exception& error) {
    return absl::InternalError(fmt::format("{}: {}", doing, error.what()));
  }
}

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_MODEL_LIBTORCH_ERRORS_H_
