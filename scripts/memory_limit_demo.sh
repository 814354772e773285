#!/usr/bin/env bash
# Shows that a model several times larger than the memory allowed can be pruned. Makes a random
# model of BLOCKS blocks (about 88 MB each, as BF16). Prunes it under a limit of LIMIT megabytes on
# everything the process holds, including its share of the page cache. The limit is a memory control
# group, which needs root. Prints the size of the model, the limit and the peak for each pruner.
#
#   scripts/memory_limit_demo.sh [BLOCKS [LIMIT [PRUNER...]]]
source "$(dirname "$0")/environment.sh"

blocks="${1:-32}"
limit_megabytes="${2:-800}"
shift $(($# < 2 ? $# : 2))
pruners=("$@")
if [ ${#pruners[@]} -eq 0 ]; then pruners=(magnitude wanda); fi

work="$(mktemp -d "${TMPDIR:-/tmp}/strata-memory.XXXXXX")"
group=""
finish() {
  rm -rf "$work"
  if [ -n "$group" ]; then rmdir "$group" 2>/dev/null || true; fi
}
trap finish EXIT

if [ -d /sys/fs/cgroup/memory ]; then  # version 1
  group="/sys/fs/cgroup/memory/strata-$$"
  limit_file=memory.limit_in_bytes peak_file=memory.max_usage_in_bytes
else
  group="/sys/fs/cgroup/strata-$$"
  limit_file=memory.max peak_file=memory.peak
fi
mkdir "$group" || {
  echo "A memory control group cannot be made at $group: root is needed." >&2
  exit 2
}
echo $((limit_megabytes * 1000000)) >"$group/$limit_file"

say "making a random model of $blocks blocks"
"$strata_venv/bin/python" "$strata_root/scripts/random_model.py" "$work/model" "$blocks"
for i in $(seq 20000); do echo "line $i of a text to calibrate with, number $((i * 7919 % 10007))"; done >"$work/text.txt"
bytes="$(du -sb "$work/model" | cut -f1)"
for pruner in "${pruners[@]}"; do
  say "pruning with $pruner: $((bytes / 1000000)) MB of weights in BF16, $limit_megabytes MB allowed"
  echo 0 >"$group/$peak_file" 2>/dev/null || true
  start=$(date +%s)
  bash -c 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"' _ "$group" \
    "$strata_root/build/release/strata" prune --model "$work/model" --allocation uniform --sparsity 0.5 \
    --pruner "$pruner" --text "$work/text.txt" --calibration-sequences 8 --calibration-sequence-tokens 128 \
    -o "$work/pruned"
  echo "peak $(($(cat "$group/$peak_file") / 1000000)) MB of $limit_megabytes MB, $(($(date +%s) - start)) s, model $((bytes / 1000000)) MB"
  rm -rf "$work/pruned"
done
