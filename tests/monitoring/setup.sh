#!/bin/sh
# Fetches prometheus (promtool), victoria-metrics (vmagent, vmauth) and their libraries from Debian and unpacks
# them into .setup/monitoring/root. Nothing is installed, no service starts, a second run does nothing.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
top=$(CDPATH='' cd -- "$here/../.." && pwd)
root="$top/.setup/monitoring/root"
packages="prometheus victoria-metrics"

programs() {
    for program in prometheus promtool victoria-metrics vmagent vmauth; do
        [ -x "$root/usr/bin/$program" ] || return 1
    done
}

if programs; then
    echo "monitoring: prometheus and victoria-metrics are in .setup/monitoring"
    exit 0
fi
for tool in apt-get dpkg-deb; do
    if ! command -v "$tool" >/dev/null 2>&1; then
        echo "monitoring: '$tool' is missing. The monitoring tests need a Debian-like system with the packages: $packages" >&2
        exit 1
    fi
done
mkdir -p "$root"
download=$(mktemp -d)
trap 'rm -rf "$download"' EXIT
fetch() { (cd "$download" && apt-get -qq download $packages >/dev/null 2>&1); }
if ! fetch; then
    # An empty package list is the usual reason; refreshing it needs root.
    [ "$(id -u)" = 0 ] && apt-get -qq update >/dev/null 2>&1 || true
    if ! fetch; then
        echo "monitoring: cannot download the Debian packages: $packages." >&2
        echo "monitoring: run 'sudo apt-get update', or put their programs into $root/usr/bin" >&2
        exit 1
    fi
fi
for package in "$download"/*.deb; do
    dpkg-deb -x "$package" "$root"
done
if ! programs; then
    echo "monitoring: the packages were unpacked, but a program is missing in $root/usr/bin" >&2
    exit 1
fi
echo "monitoring: prometheus and victoria-metrics unpacked into .setup/monitoring"
