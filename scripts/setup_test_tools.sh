#!/usr/bin/env bash
# Installs what tests and scripts/lint.sh need in addition: a Slurm to submit to (13 MB), network
# namespaces, shellcheck and LLVM's formatter and linter (50 MB), and the Python packages that tests
# compare with and check documents with (about 100 MB). The packages go into the project's own
# environment. The program itself runs no Python. It is safe to run this script again.
source "$(dirname "$0")/environment.sh"

"$strata_root/scripts/setup.sh" --with slurmctld slurmd slurm-client munge iproute2 \
  shellcheck clang-format-14 clang-tidy-14

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
