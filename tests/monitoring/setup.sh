#!/bin/sh
# Fetches prometheus (promtool) and victoria-metrics (vmagent, vmauth, vmalert) from Debian and unpacks them into
# .setup/monitoring/root, nginx too, and makes the JSON schema of Grafana's dashboards where npm is there. Nothing is
# installed, no service starts, a second run does nothing.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
top=$(CDPATH='' cd -- "$here/../.." && pwd)
root="$top/.setup/monitoring/root"
packages="prometheus victoria-metrics"

programs() {
    for program in prometheus promtool victoria-metrics vmagent vmauth vmalert; do
        [ -x "$root/usr/bin/$program" ] || return 1
    done
}

grafana_schema() {
    grafana="$top/.setup/monitoring/grafana"
    [ -s "$grafana/schema.json" ] && return 0
    if ! command -v npm >/dev/null 2>&1; then
        echo "monitoring: npm is missing; the dashboards are not checked against Grafana's own schema" >&2
        return 0
    fi
    mkdir -p "$grafana"
    cat >"$grafana/dashboard.ts" <<'TS'
import * as D from "@grafana/schema/dist/types/raw/dashboard/x/types.gen";
export interface Dash extends D.Dashboard {}
TS
    echo '{"private": true}' >"$grafana/package.json"
    if (cd "$grafana" && npm install --no-audit --no-fund --silent \
        @grafana/schema@13.2.3 ts-json-schema-generator@2.4.0 >npm.log 2>&1 &&
        npx --no-install ts-json-schema-generator --path dashboard.ts --type Dash --no-type-check \
            >schema.new 2>>npm.log && mv schema.new schema.json); then
        echo "monitoring: Grafana's dashboard schema made in .setup/monitoring/grafana"
    else
        echo "monitoring: Grafana's schema could not be made, see .setup/monitoring/grafana/npm.log" >&2
    fi
}

reverse_proxy() {
    [ -x "$root/usr/sbin/nginx" ] && return 0
    proxy=$(mktemp -d)
    if (cd "$proxy" && apt-get -qq download nginx >/dev/null 2>&1 && dpkg-deb -x nginx_*.deb "$root"); then
        echo "monitoring: nginx unpacked into .setup/monitoring"
    else
        echo "monitoring: nginx cannot be had; the exporter is not tested behind it" >&2
    fi
    rm -rf "$proxy"
}

if programs; then
    grafana_schema
    reverse_proxy
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
grafana_schema
reverse_proxy
echo "monitoring: prometheus and victoria-metrics unpacked into .setup/monitoring"
