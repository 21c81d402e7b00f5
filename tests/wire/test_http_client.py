"""The HTTP client against scripted peers and against servers that we did not write."""

from __future__ import annotations

import asyncio
import http.server
import socket
import struct
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from camagent.model.fault import FaultCode
from camagent.wire import http_client
from camagent.wire.destination import destination
from camagent.wire.http_client import HttpCall, HttpClient
from camagent.wire.http_reply import HttpReply, ReplyReader
from tests.interrogate.fake_device import read_post
from tests.interrogate.test_tls import server_context
from tests.monitoring.programs import free_port
from tests.wire.test_http_reply import ASKED, OPEN_ENDED, SOAP, SOUND, UNSOUND

SOON_S = 8.0  # a call that is given up of itself takes 10 s (below); what is meant here, under half a second
Outcome = HttpReply | FaultCode
Peer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def talk(
    peer: Peer, *timeouts_s: float, calls: int = 1, **site: Any
) -> tuple[list[Outcome], list[bool], float]:
    """Calls to this peer by one client: the outcomes, whether the connection was kept, and the seconds it
    took."""

    async def run() -> tuple[list[Outcome], list[bool], float]:
        server = await asyncio.start_server(peer, "127.0.0.1", 0, **site)
        port = server.sockets[0].getsockname()[1]
        scheme = "https" if "ssl" in site else "http"
        client, outcomes, kept = HttpClient(), [], []
        began_s = time.monotonic()
        for at in range(calls):
            call = HttpCall("POST", f"{scheme}://127.0.0.1:{port}/onvif/x?a=1", (("User-Agent", "t"),), ASKED)
            timeout_s, reused = timeouts_s[at] if at < len(timeouts_s) else 10.0, client.has_connection
            outcome = await client.send(call, timeout_s)
            if client.was_dropped and reused:  # as its caller does for a question that only reads
                outcome = await client.send(call, timeout_s)
            outcomes.append(outcome)
            kept.append(client.has_connection)
        took_s = time.monotonic() - began_s
        client.close()
        server.close()
        return outcomes, kept, took_s

    return asyncio.run(run())


def saying(data: bytes, then: str = "close", pause_at: int | None = None) -> Peer:
    """Answers each request with these bytes; then hangs up, resets, or waits for the next request."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                await read_post(reader)
                writer.write(data[:pause_at])
                if pause_at is not None:
                    await writer.drain()
                    await asyncio.sleep(0.05)
                    writer.write(data[pause_at:])
                await writer.drain()
                if then != "stay":
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        if then == "reset":
            await asyncio.sleep(0.05)  # else the reset may overtake what was written
            options = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, options)
        writer.close()

    return serve


def is_read(outcome: Outcome) -> bool:
    return isinstance(outcome, HttpReply) and outcome.status == 200 and SOAP in outcome.body


@pytest.mark.parametrize("then", ["close", "stay", "reset"])
@pytest.mark.parametrize("name", SOUND | UNSOUND | OPEN_ENDED)
def test_every_way_of_writing_a_reply_is_read_and_soon(name: str, then: str) -> None:
    data = (SOUND | UNSOUND | OPEN_ENDED)[name]
    outcomes, kept, took_s = talk(saying(data, then), calls=2)
    assert all(map(is_read, outcomes)) and took_s < SOON_S
    assert then != "stay" or kept[0] is (name in SOUND)


@pytest.mark.parametrize("name", ["by the book", "chunked", "gzip", "our whole request first"])
@pytest.mark.parametrize("at", [1, 20, 200])
def test_a_reply_in_two_pieces_is_one(name: str, at: int) -> None:
    (outcome,), _, _ = talk(saying(SOUND[name], pause_at=at))
    assert is_read(outcome)


def test_a_length_that_is_too_small_costs_a_moment_once() -> None:
    """The connection is not used again, and what stands behind the stated length is read."""
    data = f"HTTP/1.1 200 OK\r\nContent-Length: {len(SOAP) - 9}\r\n\r\n".encode() + SOAP
    outcomes, kept, took_s = talk(saying(data, "stay", pause_at=len(data) - 9), calls=3)
    assert all(map(is_read, outcomes)) and kept == [False] * 3 and took_s < SOON_S


def test_framing_that_proved_wrong_is_not_waited_for_again() -> None:
    data = OPEN_ENDED["chunks without an end"]
    outcomes, _, took_s = talk(saying(data, "stay"), calls=6)
    assert all(map(is_read, outcomes)) and http_client.PATIENCE_S <= took_s < 6 * http_client.PATIENCE_S


@pytest.mark.parametrize(
    ("data", "then", "expected"),
    [
        (b"", "close", FaultCode.MALFORMED_REPLY),
        (b"", "reset", FaultCode.MALFORMED_REPLY),
        (b"", "stay", FaultCode.TIMEOUT),
        (b"HTTP/1.1 200 OK\r\n\r\n", "stay", FaultCode.TIMEOUT),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n<", "stay", FaultCode.TIMEOUT),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n<", "close", FaultCode.MALFORMED_REPLY),
        (b"SSH-2.0-dropbear\r\n", "stay", FaultCode.NOT_ONVIF),
        (b"RTSP/1.0 400 Bad Request\r\n\r\n", "close", FaultCode.NOT_ONVIF),
        (b"x" * 200_000, "stay", FaultCode.NOT_ONVIF),
    ],
)
def test_what_is_no_reply_becomes_a_fault_in_its_time(data: bytes, then: str, expected: FaultCode) -> None:
    (outcome,), kept, took_s = talk(saying(data, then), 0.4)
    assert outcome is expected and took_s < SOON_S and kept == [False]


def test_a_peer_that_drips_for_ever_is_cut_off() -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_post(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n<html>")
        try:
            while True:
                writer.write(b"x")
                await asyncio.sleep(0.05)
        except ConnectionError:
            writer.close()

    (outcome,), _, took_s = talk(drip, 0.5)
    assert outcome is FaultCode.TIMEOUT and took_s < SOON_S


def test_a_refusal_without_a_length_on_an_open_connection_is_read() -> None:
    data = b'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Digest realm="a", nonce="b"\r\n\r\n'
    (outcome,), _, took_s = talk(saying(data, "stay"))
    assert isinstance(outcome, HttpReply) and outcome.status == 401 and took_s < SOON_S


@pytest.mark.parametrize("words", [b"x", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"])
def test_a_connection_on_which_something_is_said_unasked_is_not_used_again(words: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                await read_post(reader)
                writer.write(SOUND["by the book"])
                await asyncio.sleep(0.05)
                writer.write(words)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def run() -> list[Outcome]:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        client, outcomes = HttpClient(), []
        for _ in range(3):
            call = HttpCall("POST", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", (), ASKED)
            outcomes.append(await client.send(call, 10.0))
            async with asyncio.timeout(20):
                while client.has_connection:
                    await asyncio.sleep(0.01)
        client.close()
        server.close()
        return outcomes

    assert all(map(is_read, asyncio.run(run())))


def test_nobody_listens() -> None:
    call = HttpCall("GET", f"http://127.0.0.1:{free_port()}/")
    assert asyncio.run(HttpClient().send(call, 60.0)) is FaultCode.REFUSED


@pytest.mark.parametrize(
    "url", ["http://[::1", "http://a:99999/", "http://xn--\udcff/", "http://" + "a" * 300 + "/"]
)
def test_an_address_that_cannot_be_one_is_nowhere(url: str) -> None:
    assert asyncio.run(HttpClient().send(HttpCall("GET", url), 2.0)) is FaultCode.UNREACHABLE


def test_what_is_sent_is_http_and_names_the_host_without_login_or_zone() -> None:

    call = HttpCall("POST", "http://u:p@[fe80::1%25eth0]:8080/a?b=c", (("X", "y"),), b"12")
    sent = call.render(destination(call.url))
    assert sent == b"POST /a?b=c HTTP/1.1\r\nHost: [fe80::1]:8080\r\nX: y\r\nContent-Length: 2\r\n\r\n12"


# --- TLS
# ---------------------------------------------------------------------------------------------------------


def test_it_speaks_tls_and_keeps_the_connection(tmp_path: Path) -> None:
    outcomes, kept, _ = talk(saying(SOUND["by the book"], "stay"), calls=2, ssl=server_context(tmp_path))
    assert all(map(is_read, outcomes)) and kept == [True, True]


def test_clear_text_behind_https_is_a_tls_fault() -> None:
    async def run() -> Outcome:
        server = await asyncio.start_server(saying(b"HTTP/1.1 400 Bad\r\n\r\n"), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        outcome = await HttpClient().send(HttpCall("POST", f"https://127.0.0.1:{port}/", (), ASKED), 2.0)
        server.close()
        return outcome

    assert asyncio.run(run()) in (FaultCode.TLS_FAILED, FaultCode.TIMEOUT)


# --- many at once
# ------------------------------------------------------------------------------------------------


def test_only_few_large_replies_are_received_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """64 devices that send 3 MB each would be 200 MB; the others wait with their connection paused."""
    body = b"<s:Envelope>" + b" " * 3_000_000 + b"</s:Envelope>"
    data = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
    held: list[int] = []
    readers: list[Any] = []
    feed = ReplyReader.feed

    def watched(self: Any, piece: bytes) -> None:
        feed(self, piece)
        if self not in readers:
            readers.append(self)
        held.append(
            sum(len(reader.body) > 2 * http_client.LARGE_BYTES for reader in readers if reader.end() is None)
        )

    monkeypatch.setattr(ReplyReader, "feed", watched)

    async def run() -> list[Outcome]:
        server = await asyncio.start_server(saying(data), "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        outcomes = await asyncio.gather(
            *(HttpClient().send(HttpCall("POST", url, (), ASKED), 20.0) for _ in range(24))
        )
        server.close()
        return list(outcomes)

    outcomes = asyncio.run(run())
    assert all(isinstance(outcome, HttpReply) and outcome.body == body for outcome in outcomes)
    assert 1 < max(held) <= http_client.MAX_LARGE


# --- servers that we did not write
# -------------------------------------------------------------------------------


class _Handler(http.server.BaseHTTPRequestHandler):
    """Python's own server: HTTP/1.0 and 1.1, with and without a length."""

    def do_POST(self) -> None:
        asked = self.rfile.read(int(self.headers["Content-Length"]))
        assert asked == ASKED and self.headers["Host"].startswith("127.0.0.1")
        self.send_response(200)
        if "sized" in self.path:
            self.send_header("Content-Length", str(len(SOAP)))
        else:
            self.close_connection = True
        self.end_headers()
        self.wfile.write(SOAP)

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@pytest.fixture(params=["HTTP/1.0", "HTTP/1.1"])
def python_server(request: pytest.FixtureRequest) -> Iterator[str]:
    handler = type("Handler", (_Handler,), {"protocol_version": request.param})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("path", ["/sized", "/until-the-end"])
def test_it_understands_pythons_own_server(python_server: str, path: str) -> None:
    async def run() -> list[Outcome]:
        client = HttpClient()
        outcomes = [
            await client.send(HttpCall("POST", python_server + path, (), ASKED), 3.0) for _ in range(3)
        ]
        client.close()
        return outcomes

    assert all(map(is_read, asyncio.run(run())))


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("pieces", [False, True])
def test_it_understands_aiohttps_server(packed: bool, pieces: bool) -> None:
    async def serve(request: web.Request) -> web.StreamResponse:
        assert await request.read() == ASKED
        if not pieces:
            whole = web.Response(body=SOAP)
            if packed:
                whole.enable_compression(web.ContentCoding.gzip)
            return whole
        response = web.StreamResponse()
        response.enable_chunked_encoding()
        if packed:
            response.enable_compression(web.ContentCoding.deflate)
        await response.prepare(request)
        for at in range(0, len(SOAP), 50):
            await response.write(SOAP[at : at + 50])
        await response.write_eof()
        return response

    async def run() -> tuple[list[Outcome], bool]:
        app = web.Application()
        app.router.add_post("/", serve)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        client = HttpClient()
        call = HttpCall("POST", f"http://127.0.0.1:{runner.addresses[0][1]}/", (), ASKED)
        outcomes = [await client.send(call, 3.0) for _ in range(3)]
        kept = client.has_connection
        client.close()
        await runner.cleanup()
        return outcomes, kept

    outcomes, kept = asyncio.run(run())
    assert all(map(is_read, outcomes)) and kept
