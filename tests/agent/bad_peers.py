"""Devices that want a service's memory and time: each behaves badly in one way, for ever, in a thread."""

from __future__ import annotations

import itertools
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress

from tests.interrogate.fake_device import Asked, FakeDevice, healthy
from tests.observe.wire.camera import SDP, on_channel, rtp

Behaviour = Callable[[socket.socket], None]
DRIP_S = 1.0

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/soap+xml\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
ENVELOPE = b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>'


@contextmanager
def listening(host: str, behave: Behaviour) -> Iterator[int]:
    """A TCP server that behaves so with every connection; yields its port."""
    server = socket.create_server((host, 0))

    def one(connection: socket.socket) -> None:
        with suppress(OSError), connection:
            behave(connection)

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = server.accept()
                threading.Thread(target=one, args=(connection,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield server.getsockname()[1]
    finally:
        server.close()


def then_for_ever(first: bytes, more: bytes) -> Behaviour:
    """Wait for a request, say `first`, and `more` until the other side hangs up."""

    def behave(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(first)
        while True:
            connection.sendall(more)

    return behave


def drip(words: bytes) -> Behaviour:
    """A byte a second."""

    def behave(connection: socket.socket) -> None:
        for byte in itertools.cycle(words):
            connection.sendall(bytes((byte,)))
            time.sleep(DRIP_S)

    return behave


def padded(connection: socket.socket) -> None:
    """A reply as large as any that is read, whatever is asked."""
    body = ENVELOPE + b"<a/>" * 950_000 + b"</s:Body></s:Envelope>"
    while connection.recv(65536):
        connection.sendall(OK + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)


HTTP: Mapping[str, Behaviour] = {
    "a head without end": then_for_ever(OK, b"X-Header: value\r\n" * 500),
    "a body without end": then_for_ever(OK + b"\r\n" + ENVELOPE, b"<a/>" * 4000),
    "chunks of one byte": then_for_ever(CHUNKED + b"1\r\n<\r\n", b"1\r\na\r\n" * 10_000),
    "a byte a second": drip(OK),
    "a million elements": padded,
}
"""Web servers in place of an ONVIF service."""


def burst(payload: bytes, count: int = 400) -> bytes:
    """Interleaved RTP packets with that payload, a frame each."""
    return b"".join(on_channel(rtp(n, 3000 * n, payload, marker=True)) for n in range(count))


MEDIA: Mapping[str, bytes] = {
    "packets without content": b"$\0\0\0" * 10_000,
    "aggregates of 450 parameter sets": burst(b"\x78" + b"\0\1\x67" * 450),
    "keyframes of two bytes": burst(b"\x65\xb8"),
    "sender reports": on_channel(b"\x81\xc8\0\x06" + bytes(24), 1) * 1000,
    "questions": b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n" * 100,
}
"""What a camera sends for ever once it plays, as fast as it is read."""


def rtsp(media: bytes) -> Behaviour:
    """By the book until PLAY, then a flood."""

    def behave(connection: socket.socket) -> None:
        pending = b""
        while data := connection.recv(65536):
            pending += data
            while b"\r\n\r\n" in pending:
                head, _, pending = pending.partition(b"\r\n\r\n")
                method = head.split()[0]
                connection.sendall(_rtsp_answer(method, head))
                while method == b"PLAY":
                    connection.sendall(media)

    return behave


def _rtsp_answer(method: bytes, head: bytes) -> bytes:
    number = re.search(rb"(?i)cseq: *(\d+)", head)
    cseq = number[1].decode() if number is not None else "1"
    more, body = "Session: 1\r\n", ""
    if method == b"DESCRIBE":
        more, body = f"Content-Type: application/sdp\r\nContent-Length: {len(SDP)}\r\n", SDP
    elif method == b"SETUP":
        more += "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n"
    return f"RTSP/1.0 200 OK\r\nCSeq: {cseq}\r\n{more}\r\n{body}".encode()


def onvif(stream_uri: str) -> Behaviour:
    """An ONVIF service by the book, without a log-in, whose streams are at that address."""
    device = FakeDevice(login="none")

    def behave(connection: socket.socket) -> None:
        host, port = connection.getsockname()[:2]
        device.named_host = f"{host}:{port}"
        pending = b""
        while data := connection.recv(65536):
            pending += data
            head, _, content = pending.partition(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: *(\d+)", head)
            if length is None or len(content) < int(length[1]):
                continue
            pending = b""
            reply = re.sub(r"rtsp://[^<]*", stream_uri, healthy(device, _asked(content.decode()))).encode()
            connection.sendall(OK + f"Content-Length: {len(reply)}\r\n\r\n".encode() + reply)

    return behave


def _asked(content: str) -> Asked:
    body = re.search(r"Body[^>]*>\s*<(?:\w+:)?(\w+)", content)
    namespace = re.search(r'Body[^>]*>\s*<[^>]*xmlns(?::\w+)?="([^"]*)"', content)
    return Asked(
        body[1] if body else "", namespace[1] if namespace else "", content, "/", content, None, False
    )


@contextmanager
def bad_neighbours(network: str, first: int) -> Iterator[Mapping[str, str]]:
    """Every bad peer at an address of its own: name -> HOST:PORT of what looks like its ONVIF service."""
    with ExitStack() as stack:
        places: dict[str, str] = {}
        for number, (name, behave) in enumerate(HTTP.items(), first):
            host = f"{network}.{number}"
            places[name] = f"{host}:{stack.enter_context(listening(host, behave))}"
        for number, (name, media) in enumerate(MEDIA.items(), first + len(HTTP)):
            host = f"{network}.{number}"
            port = stack.enter_context(listening(host, rtsp(media)))
            service = onvif(f"rtsp://{host}:{port}/live")
            places[name] = f"{host}:{stack.enter_context(listening(host, service))}"
        yield places
