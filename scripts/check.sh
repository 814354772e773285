#!/usr/bin/env bash
# Runs the tests under sanitizers: first AddressSanitizer with UndefinedBehaviorSanitizer, then
# ThreadSanitizer.
#
#   scripts/check.sh                      both; takes hours on a small machine, mostly for compiling
#                                         files with LibTorch
#   scripts/check.sh asan|tsan            one
#   scripts/check.sh asan workers_test search_test      some tests of one
#
# A finding fails the test in which it occurs. The files in tests/sanitizers list the findings that
# are not reported, and why.
source "$(dirname "$0")/environment.sh"

cd "$strata_root"
presets=(asan tsan)
if [ $# -gt 0 ]; then
  case "$1" in
    asan | tsan) presets=("$1") ;;
    *)
      echo "usage: scripts/check.sh [asan|tsan [TEST...]]" >&2
      exit 2
      ;;
  esac
fi
tests=("${@:2}")

# LibTorch computes with libgomp, which is not instrumented and orders threads in ways that
# ThreadSanitizer cannot see, so it reports every parallel loop. Strata starts no threads of its own
# around LibTorch, so tests that run a model run under asan only.
tsan_tests=(expr_test search_test workers_test cli_test evaluator_base_test)

scripts/setup.sh
scripts/setup_test_tools.sh
scripts/fetch_defaults.sh
sanitizers="$strata_root/tests/sanitizers"
export ASAN_OPTIONS="detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1:check_initialization_order=1"
export LSAN_OPTIONS="suppressions=$sanitizers/leaks.txt:print_suppressions=0"
export UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1"
export TSAN_OPTIONS="halt_on_error=1:second_deadlock_stack=1:ignore_noninstrumented_modules=1:suppressions=$sanitizers/threads.txt"
for preset in "${presets[@]}"; do
  chosen=("${tests[@]}")
  if [ ${#chosen[@]} -eq 0 ] && [ "$preset" = tsan ]; then chosen=("${tsan_tests[@]}"); fi
  scripts/build.sh "$preset" "${chosen[@]}"
  filter=()
  if [ ${#chosen[@]} -gt 0 ]; then filter=(--tests-regex "^($(IFS='|' && echo "${chosen[*]}"))\$"); fi
  say "testing preset $preset"
  # Programs are several times slower under a sanitizer.
  ctest --test-dir "build/$preset" --output-on-failure --timeout 3600 "${filter[@]}"
done
