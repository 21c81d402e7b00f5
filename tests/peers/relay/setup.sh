#!/bin/sh
# Builds gortsplib's example RTSP server (Go module proxy) into .setup/peers, where Go is at hand: it takes a stream from a
# publisher and gives it to readers. Quick when it is there.
set -eu
top=$(CDPATH='' cd -- "$(dirname -- "$0")/../../.." && pwd)
version=v4.16.2
server="$top/.setup/peers/rtsp-relay-$version"
[ -x "$server" ] && exit 0
command -v go >/dev/null 2>&1 || { echo "peers: no Go here, so the tests with a publisher are skipped"; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$top/.setup/peers"
cd "$work"
{
    go mod init relay && go get "github.com/bluenviron/gortsplib/v4@$version" &&
        go build -o "$server" github.com/bluenviron/gortsplib/v4/examples/server
} >"$top/.setup/peers/relay.log" 2>&1 || {
    tail -3 "$top/.setup/peers/relay.log" >&2
    echo "peers: gortsplib could not be built; the tests with a publisher are skipped" >&2
}
