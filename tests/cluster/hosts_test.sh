#!/usr/bin/env bash
# hosts_test.sh STRATA: a coordinator and two workers on hosts of their own (network namespaces
# joined by a bridge). The links of both workers are cut during the search and restored: the search
# waits, nothing is lost or counted twice, and the result is that of a local search.
set -euo pipefail
strata="$1"
source "$(dirname "$0")/small_search.sh"

[ "$(id -u)" = 0 ] || skip "network namespaces need root"
command -v ip >/dev/null || skip "ip is absent: scripts/setup_test_tools.sh installs it"

name="strata$$"
{ ip netns add "$name-probe" && ip netns del "$name-probe"; } 2>/dev/null ||
  skip "network namespaces cannot be made here"

work="$(mktemp -d /tmp/strata-hosts.XXXXXX)"
hosts=(coordinator one two)
processes=()
finish() {
  local code=$?
  for process in "${processes[@]}"; do kill "$process" 2>/dev/null || true; done
  wait 2>/dev/null || true
  for host in "${hosts[@]}" switch; do ip netns del "$name-$host" 2>/dev/null || true; done
  if [ "$code" != 0 ] && [ "$code" != 77 ]; then tail -n 20 "$work"/*.log "$work"/run/*.log >&2 || true; fi
  rm -rf "$work"
}
trap finish EXIT

# on HOST COMMAND...
on() { ip netns exec "$name-$1" "${@:2}"; }

# The switch is a namespace too, so that nothing of the machine's own network changes.
ip netns add "$name-switch"
on switch ip link add bridge type bridge
on switch ip link set bridge up
number=0
for host in "${hosts[@]}"; do
  number=$((number + 1))
  ip netns add "$name-$host"
  ip link add eth0 netns "$name-$host" type veth peer name "to-$host" netns "$name-switch"
  on switch ip link set "to-$host" master bridge up
  on "$host" ip address add "10.77.0.$number/24" dev eth0
  on "$host" ip link set eth0 up
  on "$host" ip link set lo up
done
link() { on switch ip link set "to-$1" "$2"; }

write_config "$work/search.yaml"
"$strata" launch credentials "$work/keys"
# A file of the coordinator's own host tells where it is; here all hosts see it.
on coordinator "$strata" search "$work/search.yaml" --run "$work/run" --set workers.count=0 \
  --set workers.listen=0.0.0.0:0 --set workers.advertised_host=10.77.0.1 \
  --set "workers.announcement=$work/announcement" --set "workers.tls_certificate=$work/keys/coordinator.crt" \
  --set "workers.tls_key=$work/keys/coordinator.key" --set "workers.token_file=$work/keys/tokens" \
  --set workers.absence_seconds=600 >"$work/coordinator.log" 2>&1 &
coordinator=$!
processes+=("$coordinator")

ask=(on two "$strata")
to_coordinator=("file:$work/announcement" --tls-authority "$work/keys/authority.crt"
  --tls-server-name coordinator.strata.internal)
for host in one two; do
  on "$host" "$strata" worker --coordinator "${to_coordinator[@]}" --token-file "$work/keys/worker.token" \
    --model "$(sed -n 's/^model: //p' "$work/search.yaml")" --text "$(sed -n 's/^text: //p' "$work/search.yaml")" \
    --threads 1 --name "$host" --connect-timeout 300 >"$work/$host.log" 2>&1 &
  processes+=($!)
done

status() { "${ask[@]}" status --coordinator "${to_coordinator[@]}" --token-file "$work/keys/viewer.token" --format json; }
connected() { [ "$(status | grep -c '"is_silent": false')" -ge "$1" ]; }

await 120 "two workers" connected 2
await 120 "first evaluations" has_evaluations "$work/run" 1
if "${ask[@]}" stop "${to_coordinator[@]}" --token-file "$work/keys/worker.token" 2>"$work/refusal"; then
  fail "a worker's token stopped the search"
fi
grep -q "the token is a worker's" "$work/refusal" || fail "no reason: $(cat "$work/refusal")"

link one down
link two down
# Keepalive finds out that nobody answers; both workers were connected a moment ago.
nobody() { "$strata" status --coordinator "unix:$work/run/coordinator.sock" --format json | grep -q '"workers": \[\]'; }
await 120 "coordinator that knows that its workers are gone" nobody
before="$(evaluations "$work/run")"
kill -0 "$coordinator" || fail "the search ended when its workers were cut off"
link one up
link two up
await 120 "workers that are back" connected 2
[ "$(evaluations "$work/run")" -ge "$before" ] || fail "evaluations were lost"

# One link alone: the other worker goes on meanwhile.
link one down
sofar="$(evaluations "$work/run")"
await 120 "evaluations of the other worker" eval "has_evaluations $work/run $((sofar + 1)) || ! kill -0 $coordinator"
link one up

wait "$coordinator" || fail "the search ended with $?"
for process in "${processes[@]:1}"; do wait "$process" || fail "a worker ended with $?"; done
grep -q "the search is over" "$work/two.log" || fail "a worker did not hear of the end"

"$strata" search "$work/search.yaml" --run "$work/local" >/dev/null 2>&1 || fail "the local search"
expect_same_result "$work/local" "$work/run"
echo "links cut and restored during the search: the result is the local one"
