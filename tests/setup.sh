#!/bin/sh
# Installs what the tests need beside the virtual environment. As root it installs Debian packages itself; otherwise it
# names the ones that are missing and stops. Quick when everything is there.
set -eu
cd "$(dirname "$0")/.."
mkdir -p .setup

packages="ffmpeg chromium iproute2 systemd"
missing=""
for package in $packages; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q "ok installed" || missing="$missing $package"
done
# Any LibreOffice will do: workbooks are evaluated, printed and edited by it.
command -v soffice >/dev/null || missing="$missing libreoffice-calc-nogui fonts-liberation"
command -v pdftotext >/dev/null || missing="$missing poppler-utils"
if [ -n "$missing" ]; then
  if [ "$(id -u)" -ne 0 ]; then
    echo "The tests need these Debian packages:$missing" >&2
    echo "As root: apt-get install --no-install-recommends$missing" >&2
    exit 2
  fi
  apt-get update -q >/dev/null
  # shellcheck disable=SC2086  # a list of package names
  DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing >.setup/apt.log 2>&1 || {
    tail -5 .setup/apt.log >&2
    exit 1
  }
fi

for script in tests/peers/setup.sh tests/peers/relay/setup.sh tests/peers/axe/setup.sh tests/monitoring/setup.sh; do
  sh "$script"
done
