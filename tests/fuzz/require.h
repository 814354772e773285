// Checks a property in a fuzz target. If it fails, its name is printed and the process aborts, so
// that the input is kept.
#ifndef STRATA_TESTS_FUZZ_REQUIRE_H_
#define STRATA_TESTS_FUZZ_REQUIRE_H_

#include <cstdio>
#include <cstdlib>

namespace strata::fuzz {

inline void Require(bool property, const char* what) {
  if (property) return;
  std::fprintf(stderr, "property failed: %s\n", what);
  std::abort();
}

}  // namespace strata::fuzz

#endif  // STRATA_TESTS_FUZZ_REQUIRE_H_
