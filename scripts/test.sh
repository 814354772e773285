#!/usr/bin/env bash
# Sets up, builds and runs all tests: scripts/test.sh [PRESET].
source "$(dirname "$0")/environment.sh"

preset="${1:-release}"
cd "$strata_root"
scripts/setup.sh
scripts/setup_test_tools.sh
scripts/fetch_defaults.sh
scripts/build.sh "$preset"
say "testing preset $preset"
ctest --test-dir "build/$preset" --output-on-failure --parallel "$(nproc)"
