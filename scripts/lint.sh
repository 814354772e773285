#!/usr/bin/env bash
# Formats (or with --check, only checks) every C++ file; with --tidy also runs clang-tidy over the
# release preset's compile commands.
source "$(dirname "$0")/environment.sh"

cd "$strata_root"
mapfile -t files < <(git ls-files '*.cc' '*.h')
case "${1:-}" in
  --check) clang-format --dry-run --Werror "${files[@]}" ;;
  --tidy) clang-tidy -p build/release --quiet $(git ls-files '*.cc' ':!tests') ;;
  "") clang-format -i "${files[@]}" ;;
  *)
    echo "usage: scripts/lint.sh [--check|--tidy]" >&2
    exit 2
    ;;
esac
