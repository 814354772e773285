#!/usr/bin/env bash
# Installs what building and running Strata needs on Debian 12: system packages and LibTorch. It is
# safe to run again, because it leaves alone what is there already. `--with PACKAGE...` adds
# packages that another script needs.
source "$(dirname "$0")/environment.sh"

packages=(
  g++ cmake ninja-build ccache python3-venv
  libabsl-dev libfmt-dev libspdlog-dev nlohmann-json3-dev libssl-dev libpcre2-dev libicu-dev
  libboost-dev libboost-random-dev libyaml-cpp-dev libcli11-dev
  libgrpc++-dev libprotobuf-dev protobuf-compiler protobuf-compiler-grpc
  libsqlite3-dev libsqlitecpp-dev prometheus-cpp-dev
  libgtest-dev libgmock-dev librapidcheck-dev libbenchmark-dev
)
if [ "${1:-}" = --with ]; then packages+=("${@:2}"); fi

install_packages() {
  local missing=() package
  for package in "${packages[@]}"; do
    if [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" != installed ]; then
      missing+=("$package")
    fi
  done
  if [ ${#missing[@]} -eq 0 ]; then
    say "system packages: all ${#packages[@]} are installed"
    return
  fi
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || {
      echo "Root or sudo is needed to install: ${missing[*]}" >&2
      exit 2
    }
    as_root=(sudo)
  fi
  say "system packages: refreshing the package lists (about 10 MB)"
  quietly "${as_root[@]}" apt-get update
  say "system packages: installing ${missing[*]}"
  LC_ALL=C "${as_root[@]}" apt-get install --no-install-recommends --assume-no "${missing[@]}" 2>/dev/null |
    grep -E '^(Need to get|After this operation)' || true
  quietly "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y --no-install-recommends "${missing[@]}"
}

install_libtorch() {
  local folder
  if folder="$(torch_folder)"; then
    say "LibTorch: using $folder"
    return
  fi
  make_venv
  local pip=("$strata_venv/bin/python" -m pip install --no-deps --progress-bar off)
  if has_nvidia_gpu; then
    say "LibTorch: an NVIDIA GPU is here; installing torch $torch_version with CUDA (several GB)"
    "$strata_venv/bin/python" -m pip install --progress-bar off "torch==$torch_version"
  else
    say "LibTorch: no NVIDIA GPU; installing the CPU build of torch $torch_version (about 190 MB, 750 MB on disk)"
    # Without --no-deps pip would fetch Python packages that LibTorch does not need.
    "${pip[@]}" "torch==$torch_version+cpu" || {
      say "not in the configured package index; trying PyTorch's own index of CPU builds"
      "${pip[@]}" --index-url https://download.pytorch.org/whl/cpu "torch==$torch_version+cpu"
    }
  fi
  folder="$(torch_folder)" || {
    echo "LibTorch was installed into $strata_venv but is not usable there" >&2
    exit 1
  }
  say "LibTorch: using $folder"
}

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
  cat >&2 <<EOF
This script installs packages with apt and knows Debian 12. On another system install, by its own means:
  a C++20 compiler (g++ 12 or newer), CMake 3.25, Ninja, ccache, Python 3 with venv
  Abseil, fmt, spdlog, nlohmann-json, OpenSSL, PCRE2, ICU, Boost 1.74 (headers), yaml-cpp, CLI11
  gRPC 1.51 with its C++ plugin, Protobuf 3.21 with protoc, SQLite 3, SQLiteCpp, prometheus-cpp
  GoogleTest with GoogleMock, RapidCheck, Google Benchmark
and PyTorch 2.4 or newer in the active Python environment; then run scripts/build.sh.
EOF
  exit 2
fi
install_packages
install_libtorch
