// Two macros that pass errors on to the caller, so that a function that can fail reads like one
// that cannot. Both work in functions and lambdas that return absl::Status or absl::StatusOr.
#ifndef STRATA_EXPR_STATUS_MACROS_H_
#define STRATA_EXPR_STATUS_MACROS_H_

#include <absl/status/status.h>

#include <utility>

// Evaluates an expression of type absl::Status and returns it from the function if it is an error.
#define STRATA_RETURN_IF_ERROR(...)                                        \
  do {                                                                     \
    if (absl::Status strata_status = (__VA_ARGS__); !strata_status.ok()) { \
      return strata_status;                                                \
    }                                                                      \
  } while (false)

// Evaluates an expression of type absl::StatusOr<T>, returns its status from the function if it is
// an error, and otherwise moves its value into `target`, which is a variable or a declaration:
//
//   STRATA_ASSIGN_OR_RETURN(const std::string text, ReadText(path));
//
// A declaration must not contain a comma outside of parentheses.
#define STRATA_ASSIGN_OR_RETURN(target, ...) \
  STRATA_ASSIGN_OR_RETURN_TO_(STRATA_CONCATENATE_(strata_result_, __LINE__), target, __VA_ARGS__)

#define STRATA_ASSIGN_OR_RETURN_TO_(result, target, ...) \
  auto result = (__VA_ARGS__);                           \
  if (!result.ok()) return std::move(result).status();   \
  target = *std::move(result)

#define STRATA_CONCATENATE_(a, b) STRATA_CONCATENATE_NOW_(a, b)
#define STRATA_CONCATENATE_NOW_(a, b) a##b

#endif  // STRATA_EXPR_STATUS_MACROS_H_
