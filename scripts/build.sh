#!/usr/bin/env bash
# Builds a preset, or some of its targets. The program is then build/PRESET/strata.
#   scripts/build.sh [release|debug|asan|tsan|core|fuzz] [TARGET...]
#   scripts/build.sh PRESET --configure-only      only lets CMake check and configure the preset
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
if [ "${targets[*]}" = --configure-only ]; then exit; fi
say "building preset $preset"
cmake --build --preset "$preset" ${targets:+--target "${targets[@]}"}
