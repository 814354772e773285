#!/usr/bin/env bash
# Runs a Python program with the project's environment. Exits with 77 and a reason if there is none.
python="$(dirname "$0")/../../.venv/bin/python"
if [ ! -x "$python" ]; then
  echo "$python is absent: scripts/setup.sh makes it"
  exit 77
fi
exec "$python" "$@"
