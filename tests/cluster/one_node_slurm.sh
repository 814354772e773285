# Tests source this file: a real Slurm of one node in a folder of its own, with its own ports, key
# and state. Needs root, slurmctld, slurmd, munged.
#
#   start_slurm FOLDER   then SLURM_CONF is set; partition "low" can be preempted by jobs of "high"
#   stop_slurm
# shellcheck shell=bash

slurm_processes=()

start_slurm() {
  local folder="$1" host
  host="$(hostname -s)"
  mkdir -p "$folder"/{munge,state,spool,log}
  chmod 755 "$folder" "$folder/munge"
  (umask 077 && head -c 1024 /dev/urandom >"$folder/munge/key")
  local port=$((20000 + $$ % 20000))
  cat >"$folder/slurm.conf" <<CONFIGURATION
ClusterName=strata
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
# A job that is queued again waits until its old credential has expired.
AuthInfo=socket=$folder/munge/socket,cred_expire=5
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldPort=$port
SlurmdPort=$((port + 1))
SlurmctldLogFile=$folder/log/slurmctld
SlurmdLogFile=$folder/log/slurmd
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=1,sched_interval=1
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
# The signal that a job asked for comes at the start of the grace time.
SlurmctldParameters=preempt_send_user_signal
ReturnToService=2
# So that the node may have more processors than the machine.
SlurmdParameters=config_overrides
NodeName=$host NodeAddr=127.0.0.1 CPUs=4 RealMemory=4000 State=UNKNOWN
PartitionName=low Nodes=ALL Default=YES PriorityTier=1 PreemptMode=REQUEUE GraceTime=60 MaxTime=INFINITE State=UP
PartitionName=high Nodes=ALL PriorityTier=10 PreemptMode=OFF MaxTime=INFINITE State=UP
CONFIGURATION
  export SLURM_CONF="$folder/slurm.conf"
  munged --foreground --key-file="$folder/munge/key" --socket="$folder/munge/socket" \
    --pid-file="$folder/munge/pid" --seed-file="$folder/munge/seed" --force \
    >"$folder/log/munged" 2>&1 &
  slurm_processes+=($!)
  slurmctld -D -c >"$folder/log/slurmctld.out" 2>&1 &
  slurm_processes+=($!)
  slurmd -D -N "$host" >"$folder/log/slurmd.out" 2>&1 &
  slurm_processes+=($!)
  for _ in $(seq 300); do
    if [ "$(sinfo --noheader --format=%t --partition=high 2>/dev/null)" = idle ]; then return 0; fi
    sleep 0.1
  done
  echo "Slurm did not start within 30 s:" >&2
  tail -n 20 "$folder"/log/* >&2
  return 1
}

stop_slurm() {
  scancel --quiet --state=RUNNING,PENDING 2>/dev/null || true
  local process
  # The node last: it ends its jobs.
  for process in "${slurm_processes[@]}"; do kill "$process" 2>/dev/null || true; done
  wait "${slurm_processes[@]}" 2>/dev/null || true
}
