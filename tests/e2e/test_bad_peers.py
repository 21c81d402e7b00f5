"""Peers that misbehave in one way each: the right Fault, the right exit code, and all other cameras still
checked."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

import pytest

from tests.monitoring.programs import free_port

SAMPLES = Path(__file__).resolve().parents[2] / "sample_streams"
PASSWORD = "hunter2-Xq9"


@contextlib.contextmanager
def peer(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """A TCP server on loopback that does one thing with every connection."""
    server = socket.create_server(("127.0.0.1", 0))
    stop = threading.Event()
    held: list[socket.socket] = []

    def serve() -> None:
        while not stop.is_set():
            try:
                connection, _ = server.accept()
            except OSError:
                return
            held.append(connection)
            with contextlib.suppress(OSError):
                answer(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        stop.set()
        server.close()
        for connection in held:
            connection.close()
        thread.join(2)


def silent(_connection: socket.socket) -> None:
    """Accepts and says nothing."""


def web_page(connection: socket.socket) -> None:
    connection.recv(65536)
    page = b"<html><body>Router login</body></html>"
    head = (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
        % len(page)
    )
    connection.sendall(head + page)
    connection.close()


def truncated_soap(connection: socket.socket) -> None:
    connection.recv(65536)
    body = b'<?xml version="1.0"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><tds:GetSys'
    head = (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/soap+xml\r\nConnection: close\r\n"
        b"Content-Length: 5000\r\n"
        b"\r\n"
    )
    connection.sendall(head + body)
    connection.close()


def refuses_login(connection: socket.socket) -> None:
    while True:
        request = connection.recv(65536)
        if not request:
            return
        cseq = next((line for line in request.split(b"\r\n") if line.lower().startswith(b"cseq")), b"CSeq: 1")
        challenge = b'WWW-Authenticate: Digest realm="cam", nonce="abc", algorithm=MD5\r\n'
        status = b"200 OK" if request.startswith(b"OPTIONS") else b"401 Unauthorized"
        connection.sendall(b"RTSP/1.0 " + status + b"\r\n" + cseq + b"\r\n" + challenge + b"\r\n")


def camagent(*arguments: str, folder: Path) -> tuple[int, dict[str, object], str]:
    done = subprocess.run(
        [sys.executable, "-m", "camagent", *arguments, "--format", "json", "--lang", "en"],
        capture_output=True,
        text=True,
        timeout=100,
        env={
            "PATH": "/usr/bin:/bin",
            "HOME": str(folder),
            "CAMAGENT_PASSWORD": PASSWORD,
            "CAMAGENT_DATA": str(folder),
        },
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    assert PASSWORD not in done.stdout + done.stderr
    document = json.loads(done.stdout)
    return done.returncode, document, done.stderr


def faults_of(document: dict[str, object]) -> set[str]:
    cameras = document["cameras"]
    assert isinstance(cameras, list)
    codes = {fault["code"] for fault in chain.from_iterable(camera["faults"] for camera in cameras)}
    return codes | {
        s["fault"]["code"] for s in chain.from_iterable(camera["streams"] for camera in cameras) if s["fault"]
    }


@pytest.mark.parametrize(
    ("behaviour", "scheme", "code"),
    [
        (silent, "rtsp", "timeout"),
        (silent, "onvif", "timeout"),
        (web_page, "rtsp", "malformed_reply"),
        (web_page, "onvif", "not_onvif"),
        (truncated_soap, "onvif", "malformed_reply"),
        (refuses_login, "rtsp", "auth_rejected"),
    ],
)
def test_a_peer_that_misbehaves_is_named_and_fails(
    behaviour: Callable[[socket.socket], None], scheme: str, code: str, tmp_path: Path
) -> None:
    with peer(behaviour) as port:
        target = f"rtsp://127.0.0.1:{port}/live" if scheme == "rtsp" else f"127.0.0.1:{port}"
        exit_code, document, _ = camagent("check", target, "--user", "admin", folder=tmp_path)
    assert code in faults_of(document), faults_of(document)
    assert exit_code in (1, 3)
    assert document["summary"]["ready"] == 0  # type: ignore[index]


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("rtsp://127.0.0.1:{closed}/x", "refused"),
        ("127.0.0.1:{closed}", "refused"),
        ("rtsp://host.invalid/x", "unreachable"),
    ],
)
def test_nobody_there_is_a_failure_and_not_silence(target: str, code: str, tmp_path: Path) -> None:
    exit_code, document, _ = camagent("check", target.format(closed=free_port()), folder=tmp_path)
    assert faults_of(document) == {code}
    assert exit_code == 1


def test_one_bad_camera_does_not_keep_the_others_from_being_checked(tmp_path: Path) -> None:
    clip = SAMPLES / "main_1080p_h264.h264"
    with peer(silent) as port:
        exit_code, document, _ = camagent(
            "check", f"rtsp://127.0.0.1:{port}/live", str(clip), f"127.0.0.1:{free_port()}", folder=tmp_path
        )
    assert exit_code == 1
    cameras = document["cameras"]
    assert isinstance(cameras, list) and len(cameras) == 3
    file = next(camera for camera in cameras if camera["address"] == str(clip))
    assert file["streams"][0]["measured"]["width_px"] == 1920


@pytest.mark.parametrize("content", [b"", b"\x00" * 5000, b"not a video at all" * 100])
def test_a_file_that_is_no_video_is_named(content: bytes, tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(content)
    exit_code, document, _ = camagent("check", str(clip), folder=tmp_path)
    assert exit_code in (1, 3)
    assert faults_of(document) & {"malformed_reply", "no_video", "codec_unsupported"}
