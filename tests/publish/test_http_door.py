"""The exporter's connection: several requests on one, what ends it, and headers of every kind."""

from __future__ import annotations

import asyncio

import pytest

from camagent.exporter.web_config import WebConfig
from tests.each import each
from tests.publish.exporter_peers import View, ask, is_cut, running

ALIVE = b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n"
LAST = b"GET /-/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


async def talk(port: int, *pieces: bytes) -> bytes:
    """Everything that comes back until the server ends the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        return await asyncio.wait_for(reader.read(), 60)
    finally:
        writer.close()


def statuses(answer: bytes) -> list[bytes]:
    return [piece[:3] for piece in answer.split(b"HTTP/1.1 ")[1:]]


def test_one_connection_serves_many_requests() -> None:
    async def scenario() -> None:
        async with running(View()) as (_, port):
            for pieces in ((ALIVE + ALIVE + LAST,), (ALIVE, ALIVE, LAST), (ALIVE[:20], ALIVE[20:] + LAST)):
                answer = await talk(port, *pieces)
                assert statuses(answer)[-1] == b"503" and set(statuses(answer)[:-1]) == {b"200"}
                assert answer.count(b"Connection: close") == 1

    asyncio.run(scenario())


ENDS = {
    "a body": (b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc", b"200"),
    "a body that is awaited": (
        b"POST /metrics HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n",
        b"405",
    ),
    "pieces": (
        b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        b"405",
    ),
    "bad pieces": (
        b"POST /metrics HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc",
        b"400",
    ),
    "another coding": (
        b"POST /metrics HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\nabc",
        b"400",
    ),
    "another protocol": (
        b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
        b"200",
    ),
    "a tunnel": (b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n", b"404"),
    "an older version": (b"GET /-/healthy HTTP/1.0\r\nHost: localhost\r\n\r\n", b"200"),
    "version 2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"400"),
    "no version": (b"GET /-/healthy\r\nHost: localhost\r\n\r\n", b"400"),
    "a header in two lines": (
        b"GET /-/healthy HTTP/1.0\r\nHost: localhost\r\n evil.example\r\n\r\n",
        b"421",
    ),
    "an address with half a bracket": (
        b"GET http://[::1/metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"421",
    ),
    "a path in brackets": (
        b"GET //[x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"404",
    ),
    "two lengths": (
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"400",
    ),
}
"""What a request ends with, that is sent on a connection that could have gone on, and the one status."""


@each(ENDS)
def test_what_ends_a_connection(name: str) -> None:
    request, status = ENDS[name]

    async def scenario() -> bytes:
        async with running(View()) as (_, port):
            return await talk(port, request)

    answer = asyncio.run(scenario())
    assert statuses(answer) == [status]
    assert b"Connection: close" in answer


def test_a_client_that_closed_its_side_is_answered() -> None:
    async def scenario() -> None:
        async with running(View()) as (_, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(ALIVE)
            writer.write_eof()
            assert statuses(await asyncio.wait_for(reader.read(), 60)) == [b"200"]
            writer.close()

    asyncio.run(scenario())


def test_a_second_request_that_does_not_end_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("camagent.exporter.http_door.KEEP_ALIVE_S", 0.2)

    async def scenario() -> None:
        async with running(View()) as (exporter, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(ALIVE + b"GET /metr")
            assert await is_cut(reader)
            writer.close()
            async with asyncio.timeout(60):
                while exporter.connections:
                    await asyncio.sleep(0.01)

    asyncio.run(scenario())


def test_a_question_may_have_any_number_of_parts() -> None:
    async def scenario() -> None:
        async with running(View()) as (_, port):
            question = "&".join(f"a{number}=%ff" for number in range(300))
            answer = await ask(port, f"/?{question}&lang=en&lang=vi&renew=1")
            assert answer.status == 200 and b'<html lang="en">' in answer.body

    asyncio.run(scenario())


def test_the_operators_headers_may_be_of_any_letters() -> None:
    web = WebConfig(headers=(("X-Frame-Options", " từ chối "), ("X-Content-Type-Options", "other")))

    async def scenario() -> None:
        async with running(View(), web=web) as (_, port):
            for path in ("/metrics", "/nothing"):
                headers = (await ask(port, path)).headers
                assert headers["x-frame-options"] == "từ chối"
                assert headers["x-content-type-options"] == "other"

    asyncio.run(scenario())
