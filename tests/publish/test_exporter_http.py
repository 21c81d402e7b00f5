"""Requests to the exporter's page, byte for byte: strict, bounded, and never two answers for one request."""

from __future__ import annotations

import asyncio
import gzip
import http.client
import logging
import re
import ssl
from pathlib import Path
from unittest.mock import Mock

import pytest
from aiohttp.http_parser import HttpRequestParser
from hypothesis import given
from hypothesis import strategies as st

from camagent.app.service import load_web_config
from camagent.exporter.http_request import MAX_LINE_BYTES, MalformedRequest, PageRequest, take_request
from tests.each import each
from tests.floor import judged, not_vacuous
from tests.publish.exporter_peers import View, make_certificates, running

HEALTHY = b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n"


def taken(data: bytes) -> PageRequest:
    request = take_request(bytearray(data))
    assert request is not None
    return request


def said(port_answers: bytes) -> list[bytes]:
    """The status lines of what came."""
    return re.findall(rb"HTTP/1\.1 [^\r\n]*", port_answers)


async def exchange(sent: bytes, is_whole: bool = False, pause_s: float = 0.0) -> bytes:
    """All bytes that come back until the server closes; sent byte by byte where there is a pause."""
    async with running(View()) as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for piece in (sent,) if not pause_s else (sent[i : i + 1] for i in range(len(sent))):
            writer.write(piece)
            await asyncio.sleep(pause_s)
        if is_whole:
            writer.write_eof()
        came = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        return came


@pytest.mark.parametrize(
    ("line", "path", "lang"),
    [
        ("GET /metrics HTTP/1.1", "/metrics", None),
        ("GET /?lang=vi HTTP/1.1", "/", "vi"),
        ("GET /?a=b&lang=en&lang=vi HTTP/1.1", "/", "en"),
        ("GET /?lang HTTP/1.1", "/", ""),
        ("GET http://localhost/metrics?lang=vi HTTP/1.1", "/metrics", "vi"),
        ("GET http://localhost HTTP/1.1", "/", None),
        ("GET http://localhost?lang=vi HTTP/1.1", "", "vi"),
        ("GET //metrics HTTP/1.1", "//metrics", None),
        ("OPTIONS * HTTP/1.1", "*", None),
        ("CONNECT localhost:80 HTTP/1.1", "localhost:80", None),
    ],
)
def test_the_path_and_the_language(line: str, path: str, lang: str | None) -> None:
    request = taken(line.encode() + b"\r\nHost: localhost\r\n\r\n")
    assert (request.path, request.asked("lang")) == (path, lang)


@pytest.mark.parametrize(
    ("lines", "keeps_open"),
    [
        ("HTTP/1.1", True),
        ("HTTP/1.1\r\nConnection: Close", False),
        ("HTTP/1.1\r\nConnection: x, close", False),
        ("HTTP/1.0", False),
        ("HTTP/1.0\r\nConnection: keep-alive", True),
        ("HTTP/1.1\r\nContent-Length: 0", True),
        ("HTTP/1.1\r\nContent-Length: 7", False),
        ("HTTP/1.1\r\nTransfer-Encoding: chunked", False),
    ],
)
def test_a_connection_stays_open_where_no_body_can_follow(lines: str, keeps_open: bool) -> None:
    assert taken(f"GET / {lines}\r\n\r\n".encode()).keeps_open is keeps_open


NO_REQUEST = (
    b"\r\n\r\n",
    b"get / HTTP/1.1\r\n\r\n",
    b"GET  / HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1 \r\n\r\n",
    b"GET /a b HTTP/1.1\r\n\r\n",
    b"GET / HTTP/2.0\r\n\r\n",
    b"GET /\r\n\r\n",
    b"GET /\xc3\xa9 HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\n\n",
    b"GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
    b"GET / HTTP/1.1\r\n Host: a\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",
    b"GET / HTTP/1.1\r\nX: a\x00b\r\n\r\n",
    b"GET / HTTP/1.1\r\nX: a\rb\r\n\r\n",
    b"GET / HTTP/1.1\r\n: a\r\n\r\n",
    b"GET / HTTP/1.1\r\nContent-Length: +1\r\n\r\n",
    b"GET / HTTP/1.1\r\nContent-Length: 1, 1\r\n\r\n",
    b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
    b"GET / HTTP/1.1\r\nContent-Length:\r\n\r\n",
    b"a" * (MAX_LINE_BYTES + 1),
    b"GET / HTTP/1.1\r\nX: " + b"a" * MAX_LINE_BYTES,
    b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 70,
    b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 65 + b"\r\n",
    b"GET / HTTP/1.1\r\n" + (b"X: " + b"a" * 4000 + b"\r\n") * 9,
)


@each(NO_REQUEST, lambda data: repr(data[:60]))
def test_what_is_no_request_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedRequest):
        take_request(bytearray(data))


def test_as_much_as_is_allowed_is_read() -> None:
    head = b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 64 + b"\r\n"
    assert len(taken(head).headers) == 64
    path = "/" + "a" * (MAX_LINE_BYTES - len("GET  HTTP/1.1") - 1)
    assert taken(f"GET {path} HTTP/1.1\r\n\r\n".encode()).path == path


TOKENS = (
    *(
        b"GET ",
        b"POST ",
        b"/",
        b" ",
        b"?",
        b"a=b&lang=vi",
        b"HTTP/1.1",
        b"\r\n",
        b"\n",
        b"\r",
        b"\t",
        b"\xff",
    ),
    *(
        b"Host: a",
        b"Content-Length: ",
        b"0",
        b"Transfer-Encoding: chunked",
        b"Connection: close",
        b":",
        b"\x00",
    ),
)


HEADERS = st.lists(st.sampled_from(TOKENS), max_size=3).map(b"".join)
FIRST = st.sampled_from((b"GET / HTTP/1.1", b"HEAD /?lang=vi HTTP/1.0"))
HEADS = st.tuples(FIRST, st.lists(HEADERS, max_size=3))


@not_vacuous(0.03)
@given(
    st.lists(st.sampled_from(TOKENS), max_size=14).map(b"".join)
    | HEADS.map(lambda head: b"\r\n".join((head[0], *head[1], b"", b"")))
)
def test_whatever_comes_is_a_request_none_or_refused(data: bytes) -> None:
    try:
        request = take_request(bytearray(data))
    except MalformedRequest:
        judged(False)
        return
    if judged(request is not None):
        assert request is not None
        assert request.path is not None and request.keeps_open in (True, False)


PATHS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="#"), max_size=20)
VALUES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=20).map(str.strip)
NAMES = st.sampled_from(["accept", "X-Y", "User-Agent", "Authorization"])


@given(PATHS, st.dictionaries(NAMES, VALUES))
def test_what_is_read_is_what_another_server_reads(path: str, headers: dict[str, str]) -> None:
    """aiohttp's parser, which llhttp wrote."""
    lines = [
        f"GET /{path} HTTP/1.1",
        "Host: localhost",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    data = ("\r\n".join(lines) + "\r\n\r\n").encode()
    loop = asyncio.new_event_loop()
    try:
        parser = HttpRequestParser(Mock(), loop, 2**16, max_line_size=8190, max_field_size=8190)
        ((message, _),), _, _ = parser.feed_data(data)
    finally:
        loop.close()
    ours, theirs = taken(data), (message.method, message.path, message.version.minor)
    assert (ours.method, ours.target, ours.minor_version) == theirs
    assert list(ours.headers) == [(name.lower(), value) for name, value in message.headers.items()]


def test_one_connection_carries_many_requests() -> None:
    async def scenario() -> None:
        async with running(View()) as (exporter, port):
            await asyncio.to_thread(scrape, port)
            assert exporter.connections <= 1

    def scrape(port: int) -> None:
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        client.connect()
        first = client.sock
        for path, status in (("/metrics", 200), ("/", 200), ("/nothing", 404), ("/-/healthy", 200)):
            client.request("GET", path)
            reply = client.getresponse()
            assert (reply.status, bool(reply.read()), client.sock) == (status, True, first)
            assert reply.getheader("Date", "").endswith("GMT")
        client.request("HEAD", "/metrics", headers={"Accept-Encoding": "gzip"})
        reply = client.getresponse()
        assert int(reply.getheader("Content-Length", "0")) > 100 and reply.read() == b""
        client.request("GET", "/metrics", headers={"Accept-Encoding": "gzip"})
        assert b"camagent_build_info" in gzip.decompress(client.getresponse().read())
        client.close()

    asyncio.run(scenario())


def test_requests_sent_at_once_are_answered_in_turn() -> None:
    came = asyncio.run(exchange((HEALTHY + b"\r\n") * 3 + HEALTHY + b"Connection: close\r\n\r\n"))
    assert said(came) == [b"HTTP/1.1 200 OK"] * 4


def test_a_request_that_comes_byte_by_byte_is_answered() -> None:
    came = asyncio.run(exchange(HEALTHY + b"Connection: close\r\n\r\n", pause_s=0.0001))
    assert said(came) == [b"HTTP/1.1 200 OK"]


def test_a_client_that_closed_its_side_gets_its_answer() -> None:
    assert said(asyncio.run(exchange(HEALTHY + b"\r\n", is_whole=True))) == [b"HTTP/1.1 200 OK"]


@pytest.mark.parametrize("header", [b"Content-Length: 40", b"Transfer-Encoding: chunked"])
def test_a_body_is_never_taken_for_the_next_request(header: bytes) -> None:
    hidden = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"
    came = asyncio.run(exchange(HEALTHY + header + b"\r\n\r\n" + hidden))
    assert said(came) == [b"HTTP/1.1 200 OK"] and b"camagent_" not in came


def test_nothing_follows_a_malformed_request() -> None:
    came = asyncio.run(exchange(b"GET / HTTP/1.1\r\nbroken\r\n\r\n" + HEALTHY + b"\r\n"))
    assert said(came) == [b"HTTP/1.1 400 Bad Request"]


def test_a_client_that_falls_silent_after_its_page_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("camagent.exporter.http_door.KEEP_ALIVE_S", 0.05)
    assert said(asyncio.run(exchange(HEALTHY + b"\r\n" + HEALTHY))) == [b"HTTP/1.1 200 OK"]


def test_a_tls_client_that_ends_at_once_leaves_no_line_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    make_certificates(tmp_path)
    (tmp_path / "web.yml").write_text("tls_server_config: {cert_file: server.pem, key_file: server.key}")

    async def scenario() -> None:
        context = ssl.create_default_context(cafile=tmp_path / "ca.pem")
        async with running(View(), web=load_web_config(tmp_path / "web.yml")) as (_, port):
            for _ in range(5):
                _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
                writer.write(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
                writer.close()
                await writer.wait_closed()
            await asyncio.sleep(0.1)

    with caplog.at_level(logging.WARNING):
        asyncio.run(scenario())
    assert not [record.getMessage() for record in caplog.records]
