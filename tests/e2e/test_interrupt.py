"""Ctrl-C or SIGTERM in mid-check: the camera gets its TEARDOWN, the operator what was seen until then."""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path

import pytest

SDP = "v=0\r\ns=x\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:track1\r\n"


class Camera(threading.Thread):
    """An RTSP camera that plays until it is told to stop, and remembers what it was asked."""

    def __init__(self, moment: str = "") -> None:
        """moment: the method at which it waits for `go` before it answers."""
        super().__init__(daemon=True)
        self.moment = moment
        self.reached, self.go = threading.Event(), threading.Event()
        self.server = socket.create_server(("127.0.0.1", 0))
        self.server.settimeout(60)
        self.asked: list[str] = []
        self.playing = threading.Event()

    def run(self) -> None:
        connection, _ = self.server.accept()
        connection.settimeout(0.04)
        sequence, pending = 0, b""
        while True:
            try:
                data = connection.recv(65536)
                if not data:
                    return
                pending += data
            except TimeoutError:
                pass
            except OSError:
                return
            while b"\r\n\r\n" in pending:
                head, _, pending = pending.partition(b"\r\n\r\n")
                if not head.startswith(b"$"):
                    answer = self.answer(head.decode(errors="replace"))
                    try:
                        connection.sendall(answer)
                    except OSError:
                        return
            if self.playing.is_set():
                packet = (
                    struct.pack("!BBHII", 0x80, 0xE0, sequence & 0xFFFF, sequence * 3600, 7)
                    + b"\x41"
                    + b"x" * 400
                )
                try:
                    connection.sendall(struct.pack("!cBH", b"$", 0, len(packet)) + packet)
                except OSError:
                    return
                sequence += 1

    def answer(self, head: str) -> bytes:
        method = head.split(" ")[0]
        self.asked.append(method)
        if method == self.moment:
            self.reached.set()
            self.go.wait(60)
        cseq = next(line for line in head.split("\r\n") if line.lower().startswith("cseq"))
        extra, body = "Session: 1;timeout=60\r\n", ""
        if method == "DESCRIBE":
            extra, body = f"Content-Type: application/sdp\r\nContent-Length: {len(SDP)}\r\n", SDP
        elif method == "SETUP":
            extra += "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n"
        elif method == "PLAY":
            self.playing.set()
        elif method == "TEARDOWN":
            self.playing.clear()
        return f"RTSP/1.0 200 OK\r\n{cseq}\r\n{extra}\r\n{body}".encode()


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_check_tears_its_session_down(sent: signal.Signals, tmp_path: Path) -> None:
    camera = Camera()
    camera.start()
    url = f"rtsp://127.0.0.1:{camera.server.getsockname()[1]}/live"
    process = subprocess.Popen(
        [sys.executable, "-m", "camagent", "check", url, "--window", "60", "--lang", "en"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        # A test run in the background of a shell ignores SIGINT, and so would its children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert camera.playing.wait(60)
    process.send_signal(sent)
    out, err = process.communicate(timeout=60)
    camera.join(60)
    assert camera.asked[-1] == "TEARDOWN", camera.asked
    assert process.returncode == 130
    assert "Traceback" not in err
    assert "The user stopped with 1 camera " in out and "127.0.0.1" in out


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL there")
@pytest.mark.parametrize("moment", ["OPTIONS", "DESCRIBE", "SETUP", "PLAY"])
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_whenever_it_ends_no_session_is_left_that_it_could_end(
    sent: signal.Signals, moment: str, tmp_path: Path
) -> None:
    """The signal comes while the camera has a request in hand; then the camera answers as if nothing were."""
    camera = Camera(moment)
    camera.start()
    url = f"rtsp://127.0.0.1:{camera.server.getsockname()[1]}/live"
    process = subprocess.Popen(
        [sys.executable, "-m", "camagent", "check", url, "--window", "60", "--lang", "en"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert camera.reached.wait(60)
    process.send_signal(sent)
    camera.go.set()
    out, err = process.communicate(timeout=60)
    camera.join(60)
    assert not camera.is_alive(), "the connection was left open"
    if sent is signal.SIGKILL:
        assert process.returncode == -signal.SIGKILL
        return
    assert process.returncode == 130 and "Traceback" not in err and "127.0.0.1" in out
    if moment == "PLAY":  # the session is known from SETUP's answer on
        assert camera.asked[-1] == "TEARDOWN", camera.asked
