#!/usr/bin/env bash
# The wheel as a person gets it: it is made from a built program, installed into a fresh environment outside the
# tree, imported, and searches. Prints the size of the wheel and the seconds until the first front.
#   tests/python/wheel_test.sh PROGRAM [WHEEL]        without WHEEL, scripts/wheel.sh makes one
# torch is not downloaded again: the environment links the one that the program was built against.
# Exit code 77 says that the test was skipped: there is no torch, or no package index to fetch the tools from.
source "$(dirname "$0")/../../scripts/environment.sh"

program="$(realpath "$1")"
torch="$(torch_folder)" || {
  echo "skipped: no torch is installed" >&2
  exit 77
}
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
wheel="${2:-}"
if [ -z "$wheel" ]; then
  python3 -m pip download -q --no-deps -d "$work/probe" scikit-build-core 2>/dev/null || {
    echo "skipped: no package index can be reached" >&2
    exit 77
  }
  "$strata_root/scripts/wheel.sh" "$program" "$work/wheel"
  wheel="$(echo "$work/wheel"/*.whl)"
fi
say "$(basename "$wheel"): $(stat -c %s "$wheel") bytes"
unzip -l "$wheel" >"$work/names"
if grep -E 'lib(torch|c10|gomp)' "$work/names"; then
  echo "expected no library of torch in the wheel" >&2
  exit 1
fi

# The environment has its own Python, and torch with what it needs as links.
python3 -m venv "$work/venv"
site="$("$work/venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"
for entry in "$(dirname "$torch")"/*; do
  if [ ! -e "$site/$(basename "$entry")" ]; then ln -s "$entry" "$site/"; fi
done
cd "$work"
start="$(date +%s.%N)"
"$work/venv/bin/pip" install -q --no-index --no-deps "$wheel"
installed="$(date +%s.%N)"
# What it depends on is linked above; that it says so is in its metadata.
grep -qE '^Requires-Dist: torch *(\(?==2\.[0-9]+\.\*\)?)' "$site"/strata_prune-*.dist-info/METADATA

# Nothing of the tree or of the system's development packages may be found.
unset STRATA_PROGRAM PYTHONPATH LD_LIBRARY_PATH
strata="$work/venv/bin/strata"
libraries="$(ldd "$site/strata_program/bin/strata")"
if grep 'not found' <<<"$libraries"; then
  echo "expected every library of the program to be found" >&2
  exit 1
fi
grep -q "libtorch_cpu.so => $site/strata_program/bin/../../torch/lib/" <<<"$libraries"
grep -q "libgrpc.* => .*strata_prune.libs/" <<<"$libraries"

# A model and a text of the test's own.
"$work/venv/bin/python" "$strata_root/scripts/random_model.py" "$work/model" 2 256 512 >/dev/null
for i in $(seq 1000); do
  echo "In line $i the fox walks over the hill and the dog sleeps $((i * i)) hours by the river."
  if [ $((i % 20)) -eq 0 ]; then echo; fi
done >text.txt
cat >search.yaml <<'YAML'
model: model
text: text.txt
run: run
target_sparsity: 0.5
calibration: {sequences: 4, sequence_tokens: 64}
fitness: {windows: 2, window_tokens: 64}
selection: {windows: 2}
report: {windows: 2, window_tokens: 64}
search: {seed: 1, population: 8, lag: 2, random_candidates: 4, minutes: 0, maximum_evaluations: 8, finalists: 2,
         baselines: [uniform, owl, dlp], baseline_settings: brief}
workers: {count: 1, threads: 1}
YAML
first_front() {
  local line
  while read -r line; do
    if [[ ! -e front && "$line" == *'"front_changed"'* ]]; then date +%s.%N >front; fi
  done
}
"$strata" search search.yaml --quiet --events - | first_front
say "installing took $(bc <<<"$installed - $start") s, the first front came after $(bc <<<"$(cat front) - $start") s"

"$work/venv/bin/python" - <<'PYTHON'
import strata_prune, strata_program
run = strata_prune.Run("run")
assert len(run.front()) >= 1, run.front()
assert run.report()["end_reason"], run.report()
assert strata_prune.searching.program_path() == strata_program.bundled()
print(f"== strata_prune reads the run: {len(run.candidates())} candidates, best {run.best().expression}")
PYTHON
