"""Whose requests the exporter answers, and how little its refusals say."""

from __future__ import annotations

import asyncio
import logging
import lzma

import pytest

from camagent.app.service import Parts
from camagent.exporter.host_names import is_ours
from camagent.exporter.log_pace import EVERY_S, LogPace
from camagent.operator_files.config import AgentTable, Config
from tests.publish.exporter_peers import View, ask, running

PATHS = ("/", "/metrics", "/api/v1/scan", "/-/healthy", "/-/ready", "/no-such-page")
NAMES = frozenset({"camera.school.example", "10.9.8.7"})


async def raw(port: int, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    try:
        return await asyncio.wait_for(reader.read(), 60)
    finally:
        writer.close()


def exchange(*requests: bytes) -> list[bytes]:
    async def scenario() -> list[bytes]:
        async with running(View(document=lzma.compress(b"x")), names=NAMES) as (_, port):
            return [await raw(port, request.replace(b"PORT", str(port).encode())) for request in requests]

    return asyncio.run(scenario())


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:9797",
        "localhost.",
        "localhost.:80",
        "127.0.0.1",
        "127.9.9.9:1",
        "[::1]",
        "[::1]:9797",
        "[::ffff:127.0.0.1]",
        "[0:0:0:0:0:0:0:1]",
        "camera.school.example",
        "Camera.School.Example.:443",
        "10.9.8.7:9797",
        "192.0.2.5",
        " 127.0.0.1 ",
    ],
)
def test_our_own_hosts(host: str) -> None:
    assert is_ours(host, NAMES, "192.0.2.5")


@pytest.mark.parametrize(
    "host",
    [
        "evil.example.com",
        "evil.example.com:9797",
        "evil.example.com.",
        "localhost.evil.example.com",
        "127.0.0.1.evil.example.com",
        "evil-localhost",
        "localhost@evil.example.com",
        "evil.example.com@localhost",
        "localhost:80:80",
        "localhost:99999",
        "localhost:port",
        "localhost, evil.example.com",
        "localhost/",
        "127.1",
        "0x7f.0.0.1",
        "2130706433",
        "0.0.0.0",
        "[::]",
        "::1",
        "[::1",
        "[::1]evil",
        "[fe80::1%25lo]",
        "[evil]",
        "192.0.2.6",
        "school.example",
        "x.camera.school.example",
        "localhost..",
        ".",
        "",
        "ｌocalhost",
        "lоcalhost",
    ],
)
def test_other_hosts(host: str) -> None:
    assert not is_ours(host, NAMES, "192.0.2.5")


def test_the_address_that_was_reached_may_be_a_scoped_one() -> None:
    assert is_ours("[fe80::7]:9797", frozenset(), "fe80::7%eth0")


@pytest.mark.parametrize("path", PATHS)
def test_another_host_gets_nothing_of_any_page(path: str) -> None:
    refused, own = exchange(
        f"GET {path} HTTP/1.1\r\nHost: evil.example.com:PORT\r\nConnection: close\r\n\r\n".encode(),
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nConnection: close\r\n\r\n".encode(),
    )
    head, _, body = refused.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 421 ")
    assert body == b"421 Misdirected Request\n"
    assert b" 421 " not in own.split(b"\r\n")[0]


@pytest.mark.parametrize(
    ("request_line_and_hosts", "status"),
    [
        (b"GET http://evil.example.com/metrics HTTP/1.1\r\nHost: localhost", b"421"),
        (b"GET http://localhost/metrics HTTP/1.1\r\nHost: evil.example.com", b"421"),
        (b"GET http://localhost@evil.example.com/metrics HTTP/1.1\r\nHost: localhost", b"421"),
        (b"GET HTTP://EVIL.example.com?/metrics HTTP/1.1\r\nHost: localhost", b"421"),
        (b"GET http://LOCALHOST:PORT/metrics HTTP/1.1\r\nHost: localhost", b"200"),
        (b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nHost: evil.example.com", b"400"),
        (b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nHost: localhost", b"400"),
        (b"GET /metrics HTTP/1.1\r\nX: y", b"400"),
        (b"GET /metrics HTTP/1.0\r\nX: y", b"400"),
        (b"GET /metrics HTTP/1.1\r\nHost:", b"421"),
        (
            (
                b"GET /metrics HTTP/1.1\r\nHost: evil.example.com\r\nX-Forwarded-Host: localhost\r\n"
                b"Forwarded: host=x"
            ),
            b"421",
        ),
        (b"POST /metrics HTTP/1.1\r\nHost: evil.example.com\r\nContent-Length: 0", b"421"),
        (b"CONNECT evil.example.com:80 HTTP/1.1\r\nHost: evil.example.com", b"421"),
        (b"OPTIONS * HTTP/1.1\r\nHost: evil.example.com", b"421"),
    ],
)
def test_the_host_that_counts(request_line_and_hosts: bytes, status: bytes) -> None:
    (answer,) = exchange(request_line_and_hosts + b"\r\nConnection: close\r\n\r\n")
    assert answer.startswith((b"HTTP/1.1 " + status, b"HTTP/1.0 " + status)), answer[:300]


MALFORMED = [
    b"GET /secret-path\x00<script> HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /secret-path HTTP/9.9\r\nHost: localhost\r\n\r\n",
    b"G\x01T /secret-path HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"\x16\x03\x01\x02\x00secret-path\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nsecret-path\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: secret-path\r\n\r\n",
    (
        b"GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n"
        b"secret-path"
    ),
    b"GET /secret-path" + b"a" * 9000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nX: secret-path" + b"a" * 9000 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"".join(b"X%d: y\r\n" % i for i in range(99)) + b"\r\n",
]


def test_refusals_are_uniform_and_tell_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        answers = exchange(*MALFORMED)
    for request, answer in zip(MALFORMED, answers, strict=True):
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith((b"HTTP/1.1 400 ", b"HTTP/1.0 400 ")), (request[:60], answer[:200])
        assert body == b"400 Bad Request\n"
        assert b"X-Content-Type-Options: nosniff" in head and b"Server: camagent\r\n" in head + b"\r\n"
        assert not any(word in answer.lower() for word in (b"aiohttp", b"python", b"secret-path"))
    assert len(caplog.records) == 1, [record.getMessage() for record in caplog.records]
    assert "secret-path" not in caplog.text and "Traceback" not in caplog.text


def test_other_hosts_are_logged_once_and_never_echoed(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        exchange(*[b"GET / HTTP/1.1\r\nHost: evil.example.com\r\nConnection: close\r\n\r\n"] * 20)
    assert len(caplog.records) == 1
    assert "evil" not in caplog.text


def test_a_bug_of_ours_is_one_line_for_the_client_and_one_trace_for_us(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Broken(View):
        def is_ready(self) -> bool:
            raise ValueError("secret-path")

    async def scenario() -> None:
        async with running(Broken()) as (_, port):
            for _ in range(5):
                answer = await ask(port, "/-/ready")
                assert (answer.status, answer.body) == (500, b"500 Internal Server Error\n")
                assert (
                    answer.headers["server"] == "camagent"
                    and answer.headers["x-content-type-options"] == "nosniff"
                )

    with caplog.at_level(logging.INFO):
        asyncio.run(scenario())
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "ValueError" in caplog.text


def test_each_kind_once_a_minute() -> None:
    now_s = [0.0]
    pace = LogPace(lambda: now_s[0])
    assert [pace.allows("a"), pace.allows("a"), pace.allows("b")] == [True, False, True]
    now_s[0] = EVERY_S - 0.1
    assert not pace.allows("a")
    now_s[0] = EVERY_S
    assert pace.allows("a")


def test_names_are_taken_up_by_a_reload() -> None:
    async def scenario() -> None:
        async with running(View()) as (exporter, port):
            asked = b"GET /-/healthy HTTP/1.1\r\nHost: new.example\r\nConnection: close\r\n\r\n"
            assert (await raw(port, asked)).startswith(b"HTTP/1.1 421 ")
            exporter.reload(exporter._options.web, frozenset({"new.example"}))
            assert (await raw(port, asked)).startswith(b"HTTP/1.1 200 ")

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("listen", "names"),
    [
        ("0.0.0.0:9797", {"proxy.example"}),
        ("[::]:9797", {"proxy.example"}),
        ("10.9.8.7:9797", {"proxy.example", "10.9.8.7"}),
        ("Camera.Example:9797", {"proxy.example", "camera.example"}),
    ],
)
def test_where_we_listen_is_a_name_of_ours_but_not_everywhere(listen: str, names: set[str]) -> None:
    config = Config(agent=AgentTable(listen=listen, host_names=("proxy.example",)))
    assert Parts(None, None, config).names(config) == names
