from __future__ import annotations

import asyncio
import socket
import ssl
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camagent.discover.tcp_probe import (
    MAX_SERVER_CHARS,
    PortAnswer,
    TcpPort,
    TriedPort,
    ask_onvif,
    ask_rtsp,
    judge_http,
    touch,
)
from tests.discover.peers import TIME_REPLY, http, tcp_peer

PATH = "/onvif/device_service"
FAULT = '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode>NotAuthorized'


def door(port: int, secure: bool = False, reply_s: float = 5.0) -> TcpPort:
    return TcpPort("127.0.0.1", port, secure, 5.0, reply_s)


async def onvif(port: int) -> TriedPort:
    return await ask_onvif(door(port), PATH)


async def rtsp(port: int) -> TriedPort:
    return await ask_rtsp(door(port))


def meet(reply: bytes | None, ask: Callable[[int], Awaitable[TriedPort]]) -> tuple[TriedPort, list[bytes]]:
    async def run() -> tuple[TriedPort, list[bytes]]:
        async with tcp_peer(reply) as (port, requests):
            return await ask(port), requests

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("reply", "port_answer"),
    [
        (http("200 OK", TIME_REPLY), PortAnswer.ONVIF),
        (http("400 Bad Request", FAULT + "</faultcode></s:Fault></s:Body></s:Envelope>"), PortAnswer.ONVIF),
        (http("500 Oops", FAULT), PortAnswer.ONVIF),
        (http("401 Unauthorized", ""), PortAnswer.LOGIN),
        (http("403 Forbidden", "<html>no</html>"), PortAnswer.LOGIN),
        (http("404 Not Found", "<html>Router</html>", "text/html"), PortAnswer.WEB),
        (http("200 OK", "<html>GetSystemDateAndTimeResponse</html>"), PortAnswer.WEB),
        (http("200 OK", '<r:Envelope xmlns:r="urn:x"><r:Body/></r:Envelope>'), PortAnswer.WEB),
        (b"SSH-2.0-dropbear\r\n", PortAnswer.OTHER),
        (b"\x15\x03\x01\x00\x02\x02\x46", PortAnswer.OTHER),
        (b"", PortAnswer.MUTE),
        (http("503 Service Unavailable", "<html>busy</html>", "text/html"), PortAnswer.MUTE),
    ],
)
def test_what_answers_the_onvif_question_is_told_apart(reply: bytes, port_answer: PortAnswer) -> None:
    # Axis wants a log-in for the time itself: a SOAP fault is ONVIF, a web page is not
    assert meet(reply, onvif)[0].answer is port_answer


def test_the_question_carries_no_credentials_and_closes() -> None:
    _, requests = meet(http("200 OK", TIME_REPLY), onvif)
    text = requests[0].lower()
    assert b"authorization" not in text
    assert b"usernametoken" not in text
    assert b"connection: close" in text
    assert b"getsystemdateandtime" in text


@pytest.mark.parametrize(
    ("reply", "port_answer"),
    [
        (b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nPublic: DESCRIBE\r\n\r\n", PortAnswer.RTSP),
        (b"RTSP/1.0 401 Unauthorized\r\nCSeq: 1\r\n\r\n", PortAnswer.RTSP),
        (b"RTSP/1.0 404 Not Found\n\n", PortAnswer.RTSP),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", PortAnswer.OTHER),
        (b"", PortAnswer.MUTE),
    ],
)
def test_any_rtsp_answer_is_rtsp_and_nothing_else_is(reply: bytes, port_answer: PortAnswer) -> None:
    assert meet(reply, rtsp)[0].answer is port_answer


def test_the_server_header_is_one_short_printable_line() -> None:
    reply = b"RTSP/1.0 200 OK\r\nServer: Hip\x1b[2Jcam" + b"x" * 500 + b"\r\n\r\n"
    server = meet(reply, rtsp)[0].server
    assert server is not None
    assert server.startswith("Hip[2Jcamx")
    assert len(server) <= MAX_SERVER_CHARS


def test_a_peer_that_accepts_and_stays_silent_is_mute() -> None:
    async def run() -> TriedPort:
        async with tcp_peer(None) as (port, _):
            return await ask_onvif(door(port, reply_s=0.2), PATH)

    assert asyncio.run(run()).answer is PortAnswer.MUTE


def test_a_closed_port_is_refused() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        assert asyncio.run(onvif(unused.getsockname()[1])).answer is PortAnswer.REFUSED


def test_an_endless_page_is_cut() -> None:
    async def run() -> TriedPort:
        async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            try:
                while True:
                    writer.write(b"x" * 8192)
                    await writer.drain()
            except ConnectionError:
                writer.close()

        server = await asyncio.start_server(pour, "127.0.0.1", 0)
        async with server:
            return await onvif(server.sockets[0].getsockname()[1])

    assert asyncio.run(run()).answer is PortAnswer.WEB


def test_an_old_self_signed_https_camera_is_heard(tmp_path: Path) -> None:
    key, certificate = str(tmp_path / "key.pem"), str(tmp_path / "cert.pem")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:1024", "-nodes", "-keyout", key, "-out", certificate]
        + ["-days", "1", "-subj", "/CN=old camera", "-sha256"],
        check=True,
        capture_output=True,
        timeout=20,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1
    context.load_cert_chain(certificate, key)

    async def run() -> TriedPort:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(65536)
            writer.write(http("200 OK", TIME_REPLY))
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
        async with server:
            return await ask_onvif(door(server.sockets[0].getsockname()[1], secure=True), PATH)

    assert asyncio.run(run()).answer is PortAnswer.ONVIF


def test_a_tls_port_that_accepts_and_says_nothing_is_mute_and_not_silent() -> None:
    async def run() -> TriedPort:
        async with tcp_peer(None) as (port, _):
            return await ask_onvif(TcpPort("127.0.0.1", port, True, 5.0, 0.2), PATH)

    assert asyncio.run(run()).answer is PortAnswer.MUTE


def test_a_touch_says_whether_anybody_accepts() -> None:
    async def run() -> tuple[PortAnswer | None, PortAnswer | None]:
        async with tcp_peer(None) as (port, _):
            accepted = await touch(door(port))
        return accepted, await touch(door(port))

    assert asyncio.run(run()) == (None, PortAnswer.REFUSED)


@given(st.binary(max_size=300))
def test_any_reply_is_judged(reply: bytes) -> None:
    assert judge_http(reply) in (PortAnswer.ONVIF, PortAnswer.LOGIN, PortAnswer.WEB, PortAnswer.OTHER)
