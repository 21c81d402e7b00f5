#!/bin/sh
# Installs what the test of the Debian package needs: debootstrap.
set -eu
command -v debootstrap >/dev/null && exit 0
if [ "$(id -u)" -ne 0 ]; then
  echo "The test of the Debian package needs: debootstrap. As root: apt-get install --no-install-recommends debootstrap" >&2
  exit 2
fi
mkdir -p .setup
apt-get update -q >/dev/null
DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends debootstrap >.setup/apt-deb.log 2>&1 || {
  tail -5 .setup/apt-deb.log >&2
  exit 1
}
