# Tests source this file: a search of a tiny model that takes some tens of seconds, and helpers.
#
# The model is stories260K if the folder of test models is there, and the default model otherwise.
# A test sets $strata, the program, before it sources this file, and $work, a folder of its own,
# before it calls expect_same_result.
# shellcheck shell=bash disable=SC2154

strata_root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
strata_cache="${STRATA_CACHE:-$strata_root/.cache}"

# Says why a test is not run; CTest reads the exit code.
skip() {
  echo "SKIPPED: $*"
  exit 77
}

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

# await SECONDS WHAT COMMAND...: until the command succeeds.
await() {
  local seconds="$1" what="$2" end=$((SECONDS + $1))
  shift 2
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$end" ] || fail "no $what within $seconds s"
    sleep 0.1
  done
}

# write_config FILE
write_config() {
  local model=/work/shared/data/models/stories260K.gguf windows=192 evaluations=60
  if [ ! -e "$model" ]; then
    model="$strata_cache/models/SmolLM2-135M-Instruct.Q4_1.gguf" windows=1 evaluations=20
  fi
  local text="$strata_cache/texts/sotu"
  if [ ! -e "$model" ] || [ ! -e "$text" ]; then
    fail "no model or text: run scripts/fetch_defaults.sh"
  fi
  cat >"$1" <<CONFIGURATION
model: $model
text: $text
calibration: {sequences: 2, sequence_tokens: 64}
fitness: {windows: $windows, window_tokens: 64, arithmetic: fp32}
selection: {windows: 1}
report: {windows: 1, window_tokens: 64}
search: {minutes: 0, maximum_evaluations: $evaluations, finalists: 1, baselines: [uniform, owl]}
CONFIGURATION
}

# evaluations RUN: how many are stored by now.
evaluations() {
  "$strata" pareto "$1" --format json 2>/dev/null |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["evaluations"])' 2>/dev/null || echo 0
}

has_evaluations() { [ "$(evaluations "$1")" -ge "$2" ]; }

# The results of two runs, all but the folders, are one.
expect_same_result() {
  "$strata" pareto "$1" --format json >"$work/first.json"
  "$strata" pareto "$2" --format json >"$work/second.json"
  python3 - "$work/first.json" "$work/second.json" <<'PYTHON' || fail "$1 and $2 differ"
import json, sys
first, second = (json.load(open(path)) for path in sys.argv[1:])
for report in (first, second):
    report.pop("run", None)
assert first["front"] and first["evaluations"] > 0, "nothing was measured"
if first != second:
    for key in first:
        if first[key] != second.get(key):
            print(key, first[key], second.get(key), sep="\n  ")
    sys.exit(1)
PYTHON
}
