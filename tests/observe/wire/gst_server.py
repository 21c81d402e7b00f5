"""A gst-rtsp-server that loops one elementary stream: the second, independent RTSP implementation.

Run by Debian's /usr/bin/python3 (python3-gi), not by the project's environment. Prints its port when it is ready; ends
when its standard input closes.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gio, GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

PIPELINES = {
    "h264": 'appsrc name=src format=time is-live=true caps="video/x-h264,stream-format=byte-stream,alignment=au,'
    'framerate={rate}/1" ! h264parse ! rtph264pay config-interval=-1 pt=96 name=pay0',
    "h265": 'appsrc name=src format=time is-live=true caps="video/x-h265,stream-format=byte-stream,alignment=au,'
    'framerate={rate}/1" ! h265parse ! rtph265pay config-interval=-1 pt=96 name=pay0',
    "mjpeg": 'appsrc name=src format=time is-live=true caps="image/jpeg,width={width},height={height},'
    'framerate={rate}/1" ! rtpjpegpay pt=26 name=pay0',
}


class Factory(GstRtspServer.RTSPMediaFactory):
    """Pushes one access unit for each request for data, numbered without end."""

    def __init__(self, entry: dict, frames: list[bytes]) -> None:
        super().__init__()
        self.entry, self.frames = entry, frames
        self.set_shared(False)

    def do_create_element(self, url):
        description = PIPELINES[self.entry["codec"]].format(
            rate=self.entry["frame_rate_hz"], width=self.entry["width_px"], height=self.entry["height_px"]
        )
        return Gst.parse_launch(f"( {description} )")

    def do_configure(self, media):
        source = media.get_element().get_by_name_recurse_up("src")
        source.connect("need-data", self.push, {"number": 0})

    def push(self, source, length, state):
        number, duration = state["number"], Gst.SECOND // self.entry["frame_rate_hz"]
        state["number"] += 1
        buffer = Gst.Buffer.new_wrapped(self.frames[number % len(self.frames)])
        buffer.pts = buffer.dts = number * duration
        buffer.duration = duration
        source.emit("push-buffer", buffer)


def read_frames(folder: Path, name: str) -> tuple[dict, list[bytes]]:
    entry = json.loads((folder / "index.json").read_text())[name]
    data, frames, at = (folder / entry["file"]).read_bytes(), [], 0
    for size in entry["frame_sizes_bytes"]:
        frames.append(data[at : at + size])
        at += size
    return entry, frames


def authenticate(server, args, factory) -> None:
    auth = GstRtspServer.RTSPAuth()
    if args.certificate:
        auth.set_tls_certificate(Gio.TlsCertificate.new_from_file(args.certificate))
    role = "anonymous"
    if args.user:
        role = "user"
        token = GstRtspServer.RTSPToken()
        token.set_string("media.factory.role", role)
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        auth.add_digest(args.user, args.password, token)
    else:
        token = GstRtspServer.RTSPToken()
        token.set_string("media.factory.role", role)
        auth.set_default_token(token)
    server.set_auth(auth)
    permissions = GstRtspServer.RTSPPermissions()
    for name in ("media.factory.access", "media.factory.construct"):
        permissions.add_permission_for_role(role, name, True)
    factory.set_permissions(permissions)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("clip")
    parser.add_argument("--user")
    parser.add_argument("--password")
    parser.add_argument("--certificate")
    args = parser.parse_args()
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service("0")
    factory = Factory(*read_frames(args.folder, args.clip))
    if args.user or args.certificate:
        authenticate(server, args, factory)
    server.get_mount_points().add_factory("/stream", factory)
    server.attach(None)
    print(server.get_bound_port(), flush=True)
    loop = GLib.MainLoop()
    channel = GLib.IOChannel.unix_new(sys.stdin.fileno())
    GLib.io_add_watch(channel, GLib.PRIORITY_DEFAULT, GLib.IO_HUP | GLib.IO_IN, lambda *_: loop.quit())
    loop.run()


main()
