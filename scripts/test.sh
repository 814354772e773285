#!/usr/bin/env bash
# Sets up, builds and runs tests.
#   scripts/test.sh [PRESET] [--quick | --all]      default: the preset release
# --quick runs the tests without a label: those labelled `model` (they run a real model), `cluster`
# (Slurm, several hosts) or `slow` are left out, and the tools that only they need are not
# installed. --all runs all tests. Without either, the tests labelled `heavy` are left out: they
# build copies of the tree, which takes about half an hour.
source "$(dirname "$0")/environment.sh"

usage() {
  echo "test.sh: expected [PRESET] [--quick | --all], found '$*'" >&2
  exit 2
}

preset=""
selection=""
for argument in "$@"; do
  case "$argument" in
    --quick | --all)
      if [ -n "$selection" ]; then usage "$@"; fi
      selection="$argument"
      ;;
    -*) usage "$@" ;;
    *)
      if [ -n "$preset" ]; then usage "$@"; fi
      preset="$argument"
      ;;
  esac
done
preset="${preset:-release}"

cd "$strata_root"
filter=()
if [ "$selection" = --quick ]; then
  filter=(--label-exclude 'model|cluster|slow')
  scripts/setup.sh
else
  scripts/setup_test_tools.sh
  if [ -z "$selection" ]; then
    say "leaving out the tests labelled heavy; --all runs them"
    filter=(--label-exclude heavy)
  fi
fi
scripts/fetch_defaults.sh
scripts/build.sh "$preset"
say "testing preset $preset"
ctest --test-dir "build/$preset" --output-on-failure --parallel "$(nproc)" "${filter[@]}"
