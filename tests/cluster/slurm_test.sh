#!/usr/bin/env bash
# slurm_test.sh STRATA: a search under a real Slurm of one node. A worker is cancelled, one nears its
# time limit, one is preempted, and the coordinator's job is queued again; the result is that of a
# local search.
set -euo pipefail
strata="$1"
source "$(dirname "$0")/small_search.sh"
source "$(dirname "$0")/one_node_slurm.sh"

[ "$(id -u)" = 0 ] || skip "starting Slurm needs root"
for program in munged slurmctld slurmd sbatch; do
  command -v "$program" >/dev/null || skip "$program is absent: scripts/setup_test_tools.sh installs it"
done

work="$(mktemp -d /tmp/strata-slurm.XXXXXX)"
chmod 755 "$work"  # munged wants its socket within reach of everybody
finish() {
  local code=$?
  stop_slurm
  if [ "$code" != 0 ] && [ "$code" != 77 ]; then
    tail -n 30 "$work"/run.launch/*.log "$work"/slurm/log/slurmctld >&2 || true
  fi
  rm -rf "$work"
}
trap finish EXIT

start_slurm "$work/slurm"
write_config "$work/search.yaml"

launch=("$strata" launch slurm "$work/search.yaml" --run "$work/run" --workers 3 --partition low
  --coordinator-partition high --coordinator-memory 500M --memory 1000M --drain-seconds 30)
"${launch[@]}" >"$work/commands"
grep -q '^coordinator=[$](sbatch' "$work/commands" ||
  fail "launch does not say how to submit: $(cat "$work/commands")"
[ "$(stat -c %a "$work/run.launch")" = 700 ] || fail "the folder of a launch is open to others"
[ ! -e "$work/run" ] || fail "launch made the run before its coordinator did"
token="$(cat "$work/run.launch/worker.token")"
cut -d: -f2 "$work/run.launch/tokens" >"$work/tokens"  # of all roles

"${launch[@]}" --submit >"$work/jobs"
[ "$(cat "$work/run.launch/worker.token")" = "$token" ] || fail "launching again made another token"
coordinator="$(sed -n 's/^coordinator: job //p' "$work/jobs")"
workers="$(sed -n 's/^3 workers: job //p' "$work/jobs")"
if [ -z "$coordinator" ] || [ -z "$workers" ]; then fail "no job numbers: $(cat "$work/jobs")"; fi

task_state() { squeue --noheader --jobs="$1" --format=%T; }
is_running() { [ "$(task_state "$1")" = RUNNING ]; }
was_requeued() { scontrol show job "$1" | grep -qE 'Restarts=[1-9]'; }
log_says() { grep -q "$1" "$work/run.launch/$2"; }

await 60 "running workers" eval "is_running ${workers}_0 && is_running ${workers}_1 && is_running ${workers}_2"
await 120 "first evaluations" has_evaluations "$work/run" 1
if grep -lFf "$work/tokens" /proc/[0-9]*/cmdline 2>/dev/null; then fail "the token is on a command line"; fi

# All processes of a cancelled worker are sent SIGTERM at once, and the script passes it on. The
# worker drains and does not come back.
scancel "${workers}_2"
await 60 "end of the cancelled worker" log_says "not queued again" "worker-${workers}_2.log"
log_says "left as asked" "worker-${workers}_2.log" || fail "a cancelled worker did not drain"

# What Slurm sends to the script before the time limit.
scancel --batch --signal=TERM "${workers}_0"
await 60 "drained worker" log_says "left as asked" "worker-${workers}_0.log"
await 60 "worker that queued itself again" was_requeued "${workers}_0"

# The coordinator has one processor of four, and the urgent job wants three: workers make place for
# it, and come back.
urgent="$(sbatch --parsable --partition=high --cpus-per-task=3 --output=/dev/null --wrap 'sleep 1')"
preempted() { was_requeued "${workers}_1" || scontrol show job "${workers}_0" | grep -qE 'Restarts=[2-9]'; }
await 60 "preempted worker" preempted
await 60 "place for the urgent job" eval "! squeue --noheader --jobs=$urgent --format=%T 2>/dev/null | grep -q PENDING"

# The coordinator's job starts again; workers find it by its new announcement.
scontrol requeue "$coordinator"
await 60 "stopped coordinator" grep -qE "state (stopped|over)" "$work/run.launch/announcement"
has_evaluations "$work/run" 3 || fail "nothing was measured before the coordinator stopped"
await 60 "coordinator that is queued again" was_requeued "$coordinator"

await 300 "end of the search" grep -q "state over" "$work/run.launch/announcement"
no_jobs() { [ -z "$(squeue --noheader)" ]; }
await 120 "end of the jobs" no_jobs
scontrol show job "${workers}_2" | grep -q JobState=CANCELLED || fail "$(scontrol show job "${workers}_2")"
for job in "$coordinator" "${workers}_0" "${workers}_1"; do
  scontrol show job "$job" | grep -q 'JobState=COMPLETED' || fail "job $job: $(scontrol show job "$job")"
done

if grep -rlFf "$work/tokens" "$work/run" "$work"/run.launch/*.log "$work"/run.launch/*.sh "$work/run.launch/search.yaml" \
  "$work/slurm"; then
  fail "the token was written"
fi

"$strata" search "$work/search.yaml" --run "$work/local" >/dev/null 2>&1 || fail "the local search"
expect_same_result "$work/local" "$work/run"
echo "a preempted worker, one at its time limit and a restarted coordinator: the result is the local one"
