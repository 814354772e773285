#!/usr/bin/env bash
# Installs the Python packages that tests compare with and check documents with into the project's own environment
# (about 100 MB); the program itself runs no Python. Safe to run again.
source "$(dirname "$0")/environment.sh"

requirements="$strata_root/tests/python/requirements.txt"
installed="$strata_venv/test-requirements.txt"
if cmp --silent "$requirements" "$installed" 2>/dev/null; then
  say "Python test tools: all are installed"
  exit
fi
make_venv
say "Python test tools: installing tests/python/requirements.txt into $strata_venv"
quietly "$strata_venv/bin/python" -m pip install --progress-bar off -r "$requirements"
cp "$requirements" "$installed"
