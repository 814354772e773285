# The other scripts source this file. It defines where things are, and functions that print what is
# being done.
# shellcheck shell=bash disable=SC2034  # the scripts that source this file use the variables
set -euo pipefail

strata_root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
strata_cache="${STRATA_CACHE:-$strata_root/.cache}"
strata_venv="$strata_root/.venv"
torch_version=2.13.0

say() { printf '== %s\n' "$*"; }

# If a script fails, its last line names the command that failed.
trap 'printf "FAILED: %s (line %s): %s\n" "${BASH_SOURCE[0]}" "$LINENO" "$BASH_COMMAND" >&2' ERR

# Runs a command and shows its output only if it fails.
quietly() {
  local log
  log="$(mktemp)"
  "$@" >"$log" 2>&1 || {
    local code=$?
    cat "$log" >&2
    rm -f "$log"
    return "$code"
  }
  rm -f "$log"
}

# Makes the project's own Python environment if there is none that works.
make_venv() {
  if "$strata_venv/bin/python" -m pip --version >/dev/null 2>&1; then return; fi
  say "Python environment: creating $strata_venv"
  rm -rf "$strata_venv"
  python3 -m venv "$strata_venv"
}

# Prints the torch package folder whose LibTorch is used. This is the folder of the active Python if
# it is 2.4 or newer and built with the C++11 ABI of this system's libraries. Otherwise it is the
# project's own. Fails if there is none.
torch_folder() {
  local python
  for python in python3 "$strata_venv/bin/python"; do
    if command -v "$python" >/dev/null && "$python" - 2>/dev/null <<'PYTHON'
import importlib.util, os, re, sys
spec = importlib.util.find_spec("torch")
if not spec or not spec.submodule_search_locations:
    sys.exit(1)
folder = spec.submodule_search_locations[0]
library = os.path.join(folder, "lib", "libc10.so")
if not os.path.exists(library) or not os.path.exists(os.path.join(folder, "include", "ATen", "ATen.h")):
    sys.exit(1)
text = open(os.path.join(folder, "version.py")).read()
version = re.search(r"__version__\s*(?::[^=]*)?=\s*['\"](\d+)\.(\d+)", text)
if not version or (int(version[1]), int(version[2])) < (2, 4):
    sys.exit(1)
# Names of functions that take std::string carry "cxx11" only under the C++11 ABI.
if b"__cxx1112basic_string" not in open(library, "rb").read():
    sys.exit(1)
print(folder)
PYTHON
    then
      return 0
    fi
  done
  return 1
}

has_nvidia_gpu() { command -v nvidia-smi >/dev/null && nvidia-smi -L >/dev/null 2>&1; }
