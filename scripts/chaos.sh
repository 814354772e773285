#!/usr/bin/env bash
# Runs a search of synthetic evaluations while workers and coordinators are killed, connections fail
# and the clock jumps. Then runs each fault alone, on a twentieth of the evaluations. Prints the
# table of docs/workers.md. Fails if a result was lost or counted twice, or if the archive differs
# from that of the undisturbed search.
#   scripts/chaos.sh [EVALUATIONS [SEED]]     default: 10,000 evaluations, which take a while
source "$(dirname "$0")/environment.sh"

evaluations="${1:-10000}"
seed="${2:-1}"
cd "$strata_root"
scripts/build.sh release chaos
say "$evaluations evaluations, 16 workers, 20 kills of the coordinator, all faults at once"
build/release/chaos "$evaluations" 16 20 0.5 "$seed"
say "each fault alone, $((evaluations / 20)) evaluations, 6 workers"
for fault in {1..10}; do
  build/release/chaos $((evaluations / 20)) 6 5 2 "$seed" "$fault"
done
