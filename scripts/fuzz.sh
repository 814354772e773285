#!/usr/bin/env bash
# Fuzzes the readers under AddressSanitizer and UndefinedBehaviorSanitizer.
#   scripts/fuzz.sh [SECONDS [TARGET...]]      default: 600 seconds for each of all targets
# Starts from tests/fuzz/corpus/TARGET. New inputs are kept in .cache/fuzz/TARGET. An input that
# crashes, hangs (20 s) or breaks a property is kept in .cache/fuzz/TARGET-crashes, and the script
# then fails. Needs clang 14 with its runtime (Debian: clang-14, libclang-rt-14-dev,
# libfuzzer-14-dev), which it installs like scripts/setup.sh.
source "$(dirname "$0")/environment.sh"

seconds="${1:-600}"
targets=("${@:2}")
cd "$strata_root"
if [ ${#targets[@]} -eq 0 ]; then
  targets=(tests/fuzz/*_fuzz.cc)
  targets=("${targets[@]##*/}")
  targets=("${targets[@]%_fuzz.cc}")
fi
scripts/setup.sh --with clang-14 libclang-rt-14-dev libfuzzer-14-dev
scripts/build.sh fuzz "${targets[@]/%/_fuzz}"
for target in "${targets[@]}"; do
  found="$strata_cache/fuzz/$target"
  crashes="$strata_cache/fuzz/$target-crashes"
  mkdir -p "$found" "$crashes"
  dictionary=()
  if [ -f "tests/fuzz/$target.dict" ]; then dictionary=(-dict="tests/fuzz/$target.dict"); fi
  # Inputs may be as long as the longest one in the corpus, and at least 4096 bytes.
  longest="$(find "tests/fuzz/corpus/$target" -type f -printf '%s\n' | sort -n | tail -n 1)"
  say "fuzzing $target for $seconds s"
  "build/fuzz/${target}_fuzz" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 \
    -max_len=$((longest > 4096 ? longest : 4096)) -print_final_stats=1 \
    -artifact_prefix="$crashes/" "${dictionary[@]}" "$found" "tests/fuzz/corpus/$target" \
    2>"$crashes/log.txt" || {
    tail -n 40 "$crashes/log.txt" >&2
    echo "FAILED: $target; the input is in $crashes" >&2
    exit 1
  }
  grep -E '^(Done|stat::number_of_executed_units)' "$crashes/log.txt"
done
say "no crash, no hang, no broken property"
