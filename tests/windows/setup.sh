#!/bin/sh
# Installs what the tests of the portable folder need: wine, and the compiler for what the folder and wine lack.
set -eu
missing=""
for package in wine wine64 gcc-mingw-w64-x86-64 maven; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q "ok installed" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" -ne 0 ]; then
  echo "The tests of the Windows folder need these Debian packages:$missing" >&2
  echo "As root: apt-get install --no-install-recommends$missing" >&2
  exit 2
fi
apt-get update -q >/dev/null
mkdir -p .setup
# shellcheck disable=SC2086  # a list of package names
DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing >.setup/apt-wine.log 2>&1 || {
  tail -5 .setup/apt-wine.log >&2
  exit 1
}
