#!/usr/bin/env bash
# Builds a preset, or some targets of it: scripts/build.sh [release|debug|asan|tsan|core] [TARGET...].
# The program is then build/PRESET/strata.
source "$(dirname "$0")/environment.sh"

preset="${1:-release}"
targets=("${@:2}")
folder="$(torch_folder)" || {
  echo "No LibTorch found: run scripts/setup.sh first." >&2
  exit 2
}
cd "$strata_root"
say "configuring preset $preset with LibTorch in $folder"
cmake --preset "$preset" -DSTRATA_TORCH_DIR="$folder" >"/tmp/strata-configure-$$.log" || {
  cat "/tmp/strata-configure-$$.log" >&2
  exit 1
}
rm -f "/tmp/strata-configure-$$.log"
say "building preset $preset"
cmake --build --preset "$preset" ${targets:+--target "${targets[@]}"}
