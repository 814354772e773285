#!/usr/bin/env bash
# container_test.sh STRATA: the container file is in order, and the packages that it installs are
# those whose libraries the program is linked with. The image is not built here, which would need a
# container engine; its build stage runs the scripts that scripts/test.sh has run before.
set -euo pipefail
strata="$1"
root="$(cd "$(dirname "$0")/../.." && pwd)"
file="$root/deploy/container/Containerfile"

hadolint="$root/.venv/bin/hadolint"
[ -x "$hadolint" ] || {
  echo "SKIPPED: hadolint is absent: scripts/setup_test_tools.sh installs it"
  exit 77
}
"$hadolint" "$file"

# LibTorch's libraries travel beside the program; libraries of every Debian need no mention.
needed="$(readelf --dynamic "$strata" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | while read -r library; do
  path="$(ldd "$strata" | awk -v name="$library" '$1 == name { print $3 }')"
  case "$path" in */torch/lib/* | "") continue ;; esac
  # Packages know their files as they were before /lib became a link to /usr/lib, or after.
  dpkg -S "$path" 2>/dev/null || dpkg -S "/usr$path" 2>/dev/null || dpkg -S "$(realpath "$path")"
done | cut -d: -f1 | sort -u | grep -vxE 'libc6|libgcc-s1')"
installed="$(awk 'last && /apt-get install/ { on = 1; next } /^FROM/ { last = !/AS build/ } on && /&&/ { on = 0 } on { print $1 }' "$file" | sort -u)"
diff <(echo "$needed") <(echo "$installed") || {
  echo "FAILED: < what the program needs, > what the container file installs" >&2
  exit 1
}
echo "the container file installs what the program needs: ${installed//$'\n'/ }"
