"""The exporter as scrapers, people and bad clients meet it."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import gzip
import html
import json
import lzma
import os
import random
import socket
import ssl
from dataclasses import replace
from pathlib import Path

import bcrypt
import pytest

from camagent.app.service import load_web_config
from camagent.exporter.listener import ListenerLimits
from camagent.exporter.negotiation import preferred_language, wants_openmetrics
from camagent.exporter.server import ExporterOptions
from camagent.exporter.web_config import WebConfig
from camagent.model.finding import Outcome, Verdict
from camagent.model.operator_error import OperatorError
from camagent.text import both
from tests import builders as build
from tests.publish.exporter_peers import View, ask, is_cut, make_certificates, running
from tests.publish.samples import status
from tests.refusal import refused

PROMETHEUS_ACCEPT = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
PASSWORD = "hunter2"
USERS = (("prometheus", bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4))),)
QUICK = ListenerLimits(connections=4, handshake_s=0.3, request_s=0.3)


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def test_listens_on_loopback_only_unless_told() -> None:
    assert ExporterOptions().host == "127.0.0.1"


def test_prometheus_gets_openmetrics_and_curl_gets_text() -> None:
    async def scenario() -> None:
        async with running(View()) as (_, port):
            scraped = await ask(port, headers={"Accept": PROMETHEUS_ACCEPT})
            assert scraped.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
            assert scraped.body.endswith(b"# EOF\n")
            plain = await ask(port)
            assert plain.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
            assert b"camagent_camera_up{" in plain.body and b"# EOF" not in plain.body

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        (PROMETHEUS_ACCEPT, True),
        ("", False),
        ("*/*", False),
        ("application/openmetrics-text", True),
        ("application/openmetrics-text;version=0.0.1", False),
        ("application/openmetrics-text;q=0.1,text/plain;q=0.9", False),
        ("application/openmetrics-text;q=0", False),
        ("application/openmetrics-text;q=nonsense", False),
    ],
)
def test_negotiation(accept: str, wanted: bool) -> None:
    assert wants_openmetrics(accept) is wanted


def test_gzip_only_where_it_is_asked_for() -> None:
    async def scenario() -> None:
        async with running(View()) as (_, port):
            packed = await ask(port, headers={"Accept-Encoding": "gzip"})
            assert packed.headers["content-encoding"] == "gzip"
            assert b"camagent_build_info" in gzip.decompress(packed.body)
            assert (
                "content-encoding" not in (await ask(port, headers={"Accept-Encoding": "gzip;q=0"})).headers
            )

    asyncio.run(scenario())


def test_head_is_answered_and_other_paths_and_methods_are_not() -> None:
    async def scenario() -> None:
        async with running(View()) as (_, port):
            head = await ask(port, method="HEAD")
            assert (head.status, head.body) == (200, b"")
            assert (await ask(port, "/anything")).status == 404
            assert (await ask(port, "/metrics/..%2f..%2fetc/passwd")).status == 404
            refused = await ask(port, method="POST", headers={"Content-Length": "0"})
            assert refused.status == 405 and "GET" in refused.headers["allow"]

    asyncio.run(scenario())


def test_healthy_is_the_beat_and_ready_is_the_first_round() -> None:
    async def scenario() -> None:
        view = View()
        async with running(view) as (_, port):
            assert (await ask(port, "/-/healthy")).status == 200
            assert (await ask(port, "/-/ready")).status == 503
            view.ready, view.beating = True, False
            assert (await ask(port, "/-/healthy")).status == 503
            assert (await ask(port, "/-/ready")).status == 200

    asyncio.run(scenario())


def test_the_result_document_is_served_as_it_is() -> None:
    async def scenario() -> None:
        view = View()
        async with running(view) as (_, port):
            assert (await ask(port, "/api/v1/scan")).status == 503
            view.document = lzma.compress(json.dumps({"schema": "camagent.scan/1"}).encode())
            packed = await ask(port, "/api/v1/scan", headers={"Accept-Encoding": "gzip"})
            assert packed.headers["content-encoding"] == "gzip"
            assert json.loads(gzip.decompress(packed.body)) == {"schema": "camagent.scan/1"}
            answer = await ask(port, "/api/v1/scan")
            assert answer.headers["content-type"].startswith("application/json")
            assert json.loads(answer.body) == {"schema": "camagent.scan/1"}

    asyncio.run(scenario())


def test_status_page_speaks_both_languages() -> None:
    async def scenario() -> None:
        async with running(View()) as (_, port):
            vietnamese = (await ask(port, "/")).body.decode()
            english = (
                await ask(port, "/", headers={"Accept-Language": "en-GB,en;q=0.8,vi;q=0.1"})
            ).body.decode()
            assert '<html lang="vi">' in vietnamese and "Tình trạng camera" in vietnamese
            assert '<html lang="en">' in english and "Camera status" in english
            chosen = await ask(port, "/?lang=vi", headers={"Accept-Language": "en"})
            assert b'<html lang="vi">' in chosen.body
            assert "default-src 'none'" in chosen.headers["content-security-policy"]

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("accept", "language"),
    [("", "vi"), ("en", "en"), ("fr", "vi"), ("vi-VN,vi;q=0.9,en;q=0.8", "vi"), ("*", "vi")],
)
def test_language_follows_the_browser(accept: str, language: str) -> None:
    assert preferred_language(accept, "vi") == language


def test_status_page_says_why_and_shows_that_the_profile_is_provisional() -> None:
    failing = build.finding(outcome=Outcome.FAIL)
    result = build.camera_result(findings=(failing,), verdict=Verdict.NOT_READY)
    reason = both(failing.message).vi
    view = View()
    view.value = replace(view.value, cameras=(status(result),))

    async def scenario() -> None:
        async with running(view) as (_, port):
            page = (await ask(port, "/")).body.decode()
            assert html.escape(reason) in page and "Chưa sẵn sàng" in page
            assert "chưa có toàn văn 3288/UBND-KT" in page

    asyncio.run(scenario())


def test_status_page_escapes_what_devices_and_people_write() -> None:
    hostile = '<script>alert(1)</script>"\u202e' + "x" * 5000
    view = View()
    view.value = replace(
        view.value,
        site=build.site(name=hostile),
        cameras=(replace(view.value.cameras[0], name=hostile, address=hostile),),
    )

    async def scenario() -> None:
        async with running(view) as (_, port):
            page = (await ask(port, "/")).body.decode()
            assert "<script" not in page and "\u202e" not in page and len(page) < 20_000

    asyncio.run(scenario())


def test_a_wrong_password_is_refused_and_a_right_one_is_remembered() -> None:
    async def scenario() -> None:
        async with running(View(), web=WebConfig(users=USERS)) as (exporter, port):
            for headers in (
                {},
                basic("prometheus", "wrong"),
                basic("nobody", PASSWORD),
                {"Authorization": "Basic ÿ"},
            ):
                answer = await ask(port, headers=headers)
                assert answer.status == 401 and answer.headers["www-authenticate"].startswith("Basic")
                assert b"camagent_" not in answer.body
            assert (await ask(port, "/-/healthy")).status == 401
            assert (await ask(port, headers=basic("prometheus", PASSWORD))).status == 200
            assert exporter._passwords.remembered("prometheus", PASSWORD.encode()) is True

    asyncio.run(scenario())


def test_no_password_is_kept_or_shown() -> None:
    async def scenario() -> None:
        async with running(View(), web=WebConfig(users=USERS)) as (exporter, port):
            await ask(port, headers=basic("prometheus", PASSWORD))
            assert PASSWORD not in repr(vars(exporter._passwords)) + repr(exporter._web)

    asyncio.run(scenario())


def test_guessed_passwords_do_not_delay_who_is_known() -> None:
    slow = (("prometheus", bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(10))),)

    async def scenario() -> None:
        async with running(View(), web=WebConfig(users=slow)) as (_, port):
            assert (await ask(port, headers=basic("prometheus", PASSWORD))).status == 200
            guesses = [
                asyncio.create_task(ask(port, headers=basic("prometheus", f"guess{i}"))) for i in range(20)
            ]
            await asyncio.sleep(0)
            assert (await ask(port, headers=basic("prometheus", PASSWORD))).status == 200
            assert not all(guess.done() for guess in guesses)
            assert {answer.status for answer in await asyncio.gather(*guesses)} == {401}

    asyncio.run(scenario())


def web_config_with_tls(folder: Path, extra: str = "") -> WebConfig:
    make_certificates(folder)
    path = folder / "web.yml"
    path.write_text(f"tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n{extra}")
    return load_web_config(path)


def trusting(folder: Path, client: bool = False) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=folder / "ca.pem")
    if client:
        context.load_cert_chain(folder / "client.pem", folder / "client.key")
    return context


def test_tls_and_mutual_tls(tmp_path: Path) -> None:
    mutual = "  client_ca_file: ca.pem\n  client_auth_type: RequireAndVerifyClientCert\n"

    async def scenario() -> None:
        async with running(View(), web=web_config_with_tls(tmp_path, mutual)) as (_, port):
            assert (await ask(port, tls=trusting(tmp_path, client=True))).status == 200
            with pytest.raises((ssl.SSLError, ConnectionError, IndexError)):
                await ask(port, tls=trusting(tmp_path))

    asyncio.run(scenario())


@pytest.mark.parametrize(("name", "status"), [("school-9001", 200), ("school-7777", 403)])
def test_only_allowed_client_names_enter(tmp_path: Path, name: str, status: int) -> None:
    extra = (
        "  client_ca_file: ca.pem\n  client_auth_type: RequireAndVerifyClientCert\n  client_allowed_sans: "
        f"[{name}]\n"
    )

    async def scenario() -> None:
        async with running(View(), web=web_config_with_tls(tmp_path, extra)) as (_, port):
            assert (await ask(port, tls=trusting(tmp_path, client=True))).status == status

    asyncio.run(scenario())


def test_twenty_unfinished_handshakes_do_not_delay_a_scrape(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(View(), web=web_config_with_tls(tmp_path)) as (exporter, port):
            silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(20)]
            async with asyncio.timeout(
                4.5
            ):  # a stalled handshake is cut after 5 s: it cannot have been waited for
                assert (await ask(port, tls=trusting(tmp_path))).status == 200
            assert exporter.connections >= 20
            for _, writer in silent:
                writer.close()

    asyncio.run(scenario())


def test_a_handshake_that_never_ends_is_cut(tmp_path: Path) -> None:
    async def scenario() -> None:
        config = web_config_with_tls(tmp_path)
        async with running(View(), web=config, limits=QUICK) as (exporter, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"\x16\x03\x01")
            assert await is_cut(reader)
            writer.close()
            await asyncio.sleep(0)
            assert exporter.connections == 0

    asyncio.run(scenario())


@pytest.mark.parametrize("sent", [b"", b"GET /metr", b"GET / HTTP/1.1\r\nHost: x\r\nX: "])
def test_a_client_that_never_asks_is_cut(sent: bytes) -> None:
    async def scenario() -> None:
        async with running(View(), limits=QUICK) as (_, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(sent)
            assert await is_cut(reader)
            writer.close()

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X%d: y\r\n" % i for i in range(500)) + b"\r\n",
        b"\x00" * 10_000,
        b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n" + b"a" * 100_000,
    ],
    ids=["line", "header", "headers", "zeros", "body"],
)
def test_an_oversized_request_is_refused_and_cut(sent: bytes) -> None:
    async def scenario() -> None:
        async with running(View(), limits=QUICK) as (_, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(sent)
            answer = b""
            try:
                while piece := await asyncio.wait_for(reader.read(65536), 60):
                    answer += piece
            except ConnectionError:
                pass  # cut before it had read our whole request: that is what we asked for
            assert b" 200 " not in answer.split(b"\r\n")[0]
            writer.close()
            assert (await ask(port)).status == 200

    asyncio.run(scenario())


def test_a_client_that_does_not_read_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("camagent.exporter.http_door.SEND_S", 0.3)
    view = View(document=lzma.compress(random.Random(1).randbytes(8_000_000), preset=0))

    async def scenario() -> None:
        async with running(view) as (exporter, port):
            sock = socket.socket()
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.setblocking(False)
            loop = asyncio.get_running_loop()
            await loop.sock_connect(sock, ("127.0.0.1", port))
            await loop.sock_sendall(sock, b"GET /api/v1/scan HTTP/1.1\r\nHost: localhost\r\n\r\n")
            async with asyncio.timeout(60):
                while exporter.connections == 0:
                    await asyncio.sleep(0.01)
                while exporter.connections:
                    await asyncio.sleep(0.05)
            sock.close()

    asyncio.run(scenario())


def test_a_flood_of_connections_drives_out_itself() -> None:
    async def scenario() -> None:
        limits = ListenerLimits(connections=8, request_s=30)
        async with running(View(), limits=limits) as (exporter, port):
            flood = [await asyncio.open_connection("127.0.0.1", port) for _ in range(40)]
            async with asyncio.timeout(60):
                assert (await ask(port)).status == 200
            assert exporter.connections <= 8
            for _, writer in flood:
                writer.close()

    asyncio.run(scenario())


def test_who_asks_at_once_is_answered_before_a_crowd_that_comes_behind() -> None:
    async def scenario() -> bytes:
        async with running(View()) as (_, port):
            place = ("127.0.0.1", port)
            with contextlib.ExitStack() as stack:
                # All of it before the exporter gets a turn: its queue holds more than it has places.
                scraper = stack.enter_context(socket.create_connection(place))
                scraper.sendall(b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n")
                for _ in range(110):
                    stack.enter_context(socket.create_connection(place))
                return await asyncio.to_thread(scraper.recv, 100)

    assert b" 200 OK" in asyncio.run(scenario())


def test_a_burst_of_connections_leaves_no_descriptor() -> None:
    """A place is given to the next before the first one was looked at."""

    def burst(port: int) -> list[socket.socket]:
        return [socket.create_connection(("127.0.0.1", port)) for _ in range(120)]

    async def scenario() -> None:
        async with running(View(), limits=ListenerLimits(connections=8, request_s=30)) as (exporter, port):
            ours = set(os.listdir("/proc/self/fd"))
            flood = await asyncio.to_thread(burst, port)
            for client in flood:
                client.close()
            async with asyncio.timeout(60):
                while exporter.connections:
                    await asyncio.sleep(0.01)
            assert len(set(os.listdir("/proc/self/fd")) - ours) <= 1

    asyncio.run(scenario())


def test_closing_does_not_wait_for_clients(caplog: pytest.LogCaptureFixture) -> None:
    """Nor does it say anything: a scraper keeps its connection, so each stop of the service meets one."""

    async def scenario() -> None:
        async with running(View()) as (exporter, port):
            clients = [await asyncio.open_connection("127.0.0.1", port) for _ in range(5)]
            for reader, writer in clients[1:]:
                writer.write(b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n")
                assert (await reader.readline()).endswith(b" 200 OK\r\n")
            async with asyncio.timeout(60):
                await exporter.close()
            for reader, writer in clients:
                assert await is_cut(reader)
                writer.close()

    asyncio.run(scenario())
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []


def test_a_port_in_use_is_one_clear_line() -> None:
    async def scenario() -> None:
        async with running(View()) as (_, port):
            with refused(f"cannot listen on 127.0.0.1:{port}"):
                async with running(View(), port=port):
                    pass

    asyncio.run(scenario())


def test_reload_changes_passwords_and_keeps_the_port(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(View(), web=WebConfig(users=USERS)) as (exporter, port):
            exporter.reload(WebConfig(), frozenset())
            assert (await ask(port)).status == 200
            with pytest.raises(OperatorError):
                broken = web_config_with_tls(tmp_path)
                (tmp_path / "server.key").write_text("not a key")
                exporter.reload(broken, frozenset())
            assert (await ask(port)).status == 200

    asyncio.run(scenario())
