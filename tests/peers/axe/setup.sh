#!/bin/sh
# Fetches axe-core (npm), with which the tests ask every page of ours whether a screen reader can use it. Never shipped.
# Quick when it is there.
set -eu
top=$(CDPATH='' cd -- "$(dirname -- "$0")/../../.." && pwd)
version=4.14.1
folder="$top/.setup/peers/axe-$version"
[ -f "$folder/complete" ] && exit 0
mkdir -p "$folder"
(cd "$folder" && npm install --no-audit --no-fund --no-save --loglevel=error --prefix . "axe-core@$version") \
    >"$folder/npm.log" 2>&1 || {
    tail -5 "$folder/npm.log" >&2
    echo "peers: npm could not install axe-core" >&2
    exit 1
}
: >"$folder/complete"
