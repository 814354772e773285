#!/usr/bin/env bash
# Proves that a bare Debian 12 is enough: makes one with debootstrap, clones this repository's HEAD
# into it, runs the demo twice and the tests there, and prints the time that each took. Needs root,
# debootstrap and about 6 GB. It is not part of CI.
#
#   scripts/fresh_machine_test.sh [FOLDER]      default /var/tmp/strata-fresh-machine; removed after
#   STRATA_FRESH_STEPS="demo demo test"         what to run there
source "$(dirname "$0")/environment.sh"

folder="${1:-/var/tmp/strata-fresh-machine}"
read -r -a steps <<<"${STRATA_FRESH_STEPS:-demo demo test}"

if [ "$(id -u)" -ne 0 ]; then
  echo "Run as root: debootstrap and chroot need it." >&2
  exit 2
fi
command -v debootstrap >/dev/null || {
  echo "debootstrap is missing: apt-get install debootstrap" >&2
  exit 2
}
if [ -e "$folder" ]; then
  echo "$folder exists already: remove it or name another folder" >&2
  exit 2
fi
# The mounts are made in a namespace of our own, so they vanish with this process, whatever happens.
if [ "${STRATA_FRESH_NAMESPACE:-}" != 1 ]; then
  export STRATA_FRESH_NAMESPACE=1
  exec unshare --mount --propagation private "$0" "$@"
fi
mounted=()
clean_up() {
  local mount
  # Nothing is deleted while something of the host is still mounted below.
  for mount in "${mounted[@]}"; do umount --recursive "$mount" || return 1; done
  rm -rf --one-file-system "$folder"
}
trap clean_up EXIT

say "debootstrap: bare Debian 12 in $folder"
debootstrap --variant=minbase --include=git,ca-certificates,python3,python3-venv \
  bookworm "$folder" http://deb.debian.org/debian >"$folder.log" 2>&1 || {
  tail -n 20 "$folder.log" >&2
  exit 1
}
rm -f "$folder.log"

# The new system uses the host's way to the network: its resolver, its certificates and its pip
# configuration with the folders that this names.
cp -L /etc/resolv.conf "$folder/etc/resolv.conf"
cp -L /etc/ssl/certs/ca-certificates.crt "$folder/etc/ssl/certs/ca-certificates.crt"
[ ! -f /etc/pip.conf ] || cp /etc/pip.conf "$folder/etc/pip.conf"
mapfile -t local_indexes < <(
  { cat /etc/pip.conf 2>/dev/null || true; env | grep '^PIP_' || true; } |
    grep -oE '(file://)?/opt/[^ ]+' | sed 's,^file://,,; s,/simple$,,' | sort -u)
for index in "${local_indexes[@]}"; do
  mkdir -p "$folder$index"
  mount --bind -o ro "$index" "$folder$index"
  mounted+=("$folder$index")
done
mount -t proc proc "$folder/proc"
mounted+=("$folder/proc")
mount --rbind /dev "$folder/dev"
mount --make-rslave "$folder/dev"
mounted+=("$folder/dev")

git clone -q "$strata_root" "$folder/root/strata"
mapfile -t pip_settings < <(env | grep -E '^(PIP_|SSL_CERT_FILE=|REQUESTS_CA_BUNDLE=|STRATA_DEMO_MINUTES=)' || true)
for step in "${steps[@]}"; do
  say "fresh machine: scripts/$step.sh"
  started=$SECONDS
  chroot "$folder" env -i HOME=/root LANG=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    "${pip_settings[@]}" bash -c "cd /root/strata && scripts/$step.sh"
  say "fresh machine: scripts/$step.sh took $((SECONDS - started)) seconds"
done
say "fresh machine: all of '${steps[*]}' passed"
