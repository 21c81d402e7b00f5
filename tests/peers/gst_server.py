"""GStreamer's RTSP server playing the sample streams in a loop; runs on Debian's own python3, which has its
bindings.

Order as JSON on standard input: folder, streams {path: clip}, optional user and password (Digest),
certificate (PEM file with key), protocols ("tcp", "udp" or "both"). Prints its port when it is ready; stops
with its standard input.
"""

import json
import pathlib
import sys
import threading

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gio, GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

PAYLOADERS = {
    "h264": (
        "video/x-h264,stream-format=byte-stream,alignment=au",
        "h264parse ! rtph264pay config-interval=-1 pt=96",
    ),
    "h265": (
        "video/x-h265,stream-format=byte-stream,alignment=au",
        "h265parse ! rtph265pay config-interval=-1 pt=97",
    ),
    "mjpeg": ("image/jpeg", "rtpjpegpay pt=26"),
}
PROTOCOLS = {
    "tcp": GstRtsp.RTSPLowerTrans.TCP,
    "udp": GstRtsp.RTSPLowerTrans.UDP,
    "both": GstRtsp.RTSPLowerTrans.TCP | GstRtsp.RTSPLowerTrans.UDP,
}
ROLE = "viewer"


class Loop:
    """Pushes one clip's access units for ever, each with its own time stamp."""

    def __init__(self, entry, folder):  # type: ignore[no-untyped-def]
        data = (folder / entry["file"]).read_bytes()
        self.frames, at = [], 0
        for size in entry["frame_sizes_bytes"]:
            self.frames.append(data[at : at + size])
            at += size
        self.rate = entry["frame_rate_hz"]
        self.number = 0

    def push(self, source, _wanted):  # type: ignore[no-untyped-def]
        buffer = Gst.Buffer.new_wrapped(self.frames[self.number % len(self.frames)])
        buffer.pts = buffer.dts = self.number * Gst.SECOND // self.rate
        buffer.duration = Gst.SECOND // self.rate
        self.number += 1
        source.emit("push-buffer", buffer)


def factory(entry, folder, protocols, with_login):  # type: ignore[no-untyped-def]
    made = GstRtspServer.RTSPMediaFactory()
    caps, payloader = PAYLOADERS[entry["codec"]]
    caps += f",framerate={entry['frame_rate_hz']}/1,width={entry['width_px']},height={entry['height_px']}"
    made.set_launch(f'( appsrc name=src format=time caps="{caps}" ! {payloader} name=pay0 )')
    made.set_protocols(PROTOCOLS[protocols])
    if with_login:
        permissions = GstRtspServer.RTSPPermissions()
        permissions.add_permission_for_role(ROLE, "media.factory.access", True)
        permissions.add_permission_for_role(ROLE, "media.factory.construct", True)
        made.set_permissions(permissions)

    def configure(_factory, media):  # type: ignore[no-untyped-def]
        media.get_element().get_by_name_recurse_up("src").connect("need-data", Loop(entry, folder).push)  # type: ignore[no-untyped-call]

    made.connect("media-configure", configure)
    return made


def door(order):  # type: ignore[no-untyped-def]
    auth = GstRtspServer.RTSPAuth()
    if "certificate" in order:
        auth.set_tls_certificate(Gio.TlsCertificate.new_from_file(order["certificate"]))
    if "user" in order:
        token = GstRtspServer.RTSPToken()
        token.set_string("media.factory.role", ROLE)
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        auth.add_digest(order["user"], order["password"], token)
    else:
        token = GstRtspServer.RTSPToken()
        token.set_string("media.factory.role", ROLE)
        auth.set_default_token(token)
    return auth


def main():  # type: ignore[no-untyped-def]
    order = json.loads(sys.stdin.readline())
    folder = pathlib.Path(order["folder"])
    index = json.loads((folder / "index.json").read_text())
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service("0")
    guarded = "user" in order or "certificate" in order
    for path, clip in order["streams"].items():
        server.get_mount_points().add_factory(path, factory(index[clip], folder, order["protocols"], guarded))  # type: ignore[no-untyped-call]
    if guarded:
        server.set_auth(door(order))  # type: ignore[no-untyped-call]
    loop = GLib.MainLoop()
    if not server.attach(None):
        raise SystemExit("the RTSP server cannot listen")
    print(server.get_bound_port(), flush=True)

    def wait_for_the_end():  # type: ignore[no-untyped-def]
        sys.stdin.read()
        GLib.idle_add(loop.quit)

    threading.Thread(target=wait_for_the_end, daemon=True).start()
    loop.run()


main()  # type: ignore[no-untyped-call]
