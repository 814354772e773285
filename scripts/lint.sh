#!/usr/bin/env bash
# Formats and checks the code.
#   scripts/lint.sh                  formats every C++ file in place
#   scripts/lint.sh --check          checks the format of C++ files, shell scripts, Python files
#   scripts/lint.sh --tidy [BASE]    runs clang-tidy over the C++ files that changed since the
#                                    commit BASE; scripts/tidy.py says what the default is and what
#                                    it leaves out; needs a built preset release
#   scripts/lint.sh --tidy --all     runs clang-tidy over every C++ file but tests; takes hours
# scripts/setup_test_tools.sh installs the tools. A finding ends the script with 1, a missing tool
# or an unknown option with 2.
source "$(dirname "$0")/environment.sh"

cd "$strata_root"

# Prints the first of the given programs that is there.
find_tool() {
  local tool
  for tool in "$@"; do
    if command -v "$tool"; then return; fi
  done
  echo "$1 is absent: run scripts/setup_test_tools.sh" >&2
  exit 2
}

# Lists the files with the given names that git tracks or would add, one a line.
list_files() {
  local file
  git ls-files --cached --others --exclude-standard -- "$@" | sort -u | while read -r file; do
    if [ -f "$file" ]; then echo "$file"; fi
  done
}

format() {
  local clang_format files
  clang_format="$(find_tool clang-format-14 clang-format)"
  mapfile -t files < <(list_files '*.cc' '*.h')
  "$clang_format" -i "${files[@]}"
}

check() {
  local clang_format shellcheck ruff files failed=()
  clang_format="$(find_tool clang-format-14 clang-format)"
  shellcheck="$(find_tool shellcheck)"
  ruff="$(find_tool "$strata_venv/bin/ruff" ruff)"
  mapfile -t files < <(list_files '*.cc' '*.h')
  say "clang-format: ${#files[@]} C++ files"
  "$clang_format" --dry-run --Werror "${files[@]}" || failed+=(clang-format)
  mapfile -t files < <(list_files '*.sh' .ci/run)
  say "shellcheck: ${#files[@]} scripts"
  "$shellcheck" "${files[@]}" || failed+=(shellcheck)
  mapfile -t files < <(list_files '*.py')
  say "ruff: ${#files[@]} Python files"
  "$ruff" check --no-cache --quiet "${files[@]}" || failed+=(ruff)
  if [ ${#failed[@]} -gt 0 ]; then
    echo "FAILED: ${failed[*]}" >&2
    exit 1
  fi
}

usage() {
  echo "lint.sh: expected nothing, --check, --tidy, --tidy BASE or --tidy --all, found '$*'" >&2
  exit 2
}

case "${1:-}" in
  "") format ;;
  --check)
    if [ $# -gt 1 ]; then usage "$@"; fi
    check
    ;;
  --tidy)
    if [ $# -gt 2 ]; then usage "$@"; fi
    exec python3 scripts/tidy.py "${@:2}"
    ;;
  *) usage "$@" ;;
esac
