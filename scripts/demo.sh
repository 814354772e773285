#!/usr/bin/env bash
# Leads from a fresh Debian 12 to a result: sets up, builds, fetches the default model and text,
# searches with two local workers, and writes the best function to best.json. STRATA_DEMO_MINUTES
# (default 10) is the time for the search together with the verification of its finalists and the
# refinement, which take about five minutes on two cores.
source "$(dirname "$0")/environment.sh"

# A function, so that bash has read the whole file before it starts.
main() {
  minutes="${STRATA_DEMO_MINUTES:-10}"
  if ! [[ "$minutes" =~ ^[0-9]+([.][0-9]+)?$ ]] || [[ "$minutes" =~ ^0+([.]0+)?$ ]]; then
    echo "STRATA_DEMO_MINUTES must be a number above 0, found '$minutes'" >&2
    exit 2
  fi
  cd "$strata_root"
  scripts/setup.sh
  scripts/fetch_defaults.sh
  scripts/build.sh release strata

  run="runs/demo-$(date +%Y%m%d-%H%M%S)"
  search_minutes="$(python3 -c "print(round($minutes * 0.42, 3))")"
  # Verification and refinement cost the same however short the search is, so a short demo has less.
  smaller=()
  if [ "$(python3 -c "print(int($minutes < 9))")" = 1 ]; then
    smaller=(--set search.finalists=2 --set calibration.sequences=4
      --set selection.windows=4 --set report.windows=8 --set refine.evaluations=6
      --set refine.slope_windows=4)
    say "under 9 minutes: fewer finalists, sequences, windows and refinements than configs/demo.yaml"
  fi
  say "searching for $search_minutes of $minutes minutes, then verifying and refining; Ctrl-C stops cleanly"
  build/release/strata search configs/demo.yaml --run "$run" \
    --set "search.minutes=$search_minutes" "${smaller[@]}" \
    --set "model=$strata_cache/models/SmolLM2-135M-Instruct.Q4_1.gguf" \
    --set "text=$strata_cache/texts/sotu"
  build/release/strata export "$run" -o best.json --force
  say "see it again with: build/release/strata pareto $run"
}
main "$@"
