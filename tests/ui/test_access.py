"""Nobody but the browser that we opened uses the page: wrong host, no token, token twice, foreign origin, no
CSRF token."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable

import aiohttp
import pytest

from camagent.cli.ui import loopback_socket
from camagent.model.operator_error import OperatorError
from camagent.ui.access import CSRF_HEADER, TOKEN_S, Session, may_change
from camagent.ui.page_server import MAX_BODY_BYTES, MAX_WATCHERS
from tests.publish.samples import hostile_school, school, view
from tests.ui.page_at_work import Opened, opened

GETS = ("/", "/ui.js", "/ui.css", "/events", "/camera?id=x", "/report/json")
POSTS = ("/search", "/login", "/scan", "/again", "/stop", "/end")


def with_page(work: Callable[[Opened], Awaitable[None]]) -> None:
    async def run() -> None:
        async with opened() as at:
            await work(at)

    asyncio.run(run())


def test_without_a_token_there_is_nothing() -> None:
    async def work(at: Opened) -> None:
        for path in GETS:
            async with at.client.get(at.origin + path) as reply:
                assert reply.status == 403, path
                assert "csrf" not in await reply.text()
        for path in POSTS:
            assert (await at.post(path, {})).status == 403
        async with at.client.get(at.origin + "/?token=guessed") as reply:
            assert reply.status == 403
        assert at.desk.asked == [] and not at.page.ended.is_set()

    with_page(work)


def test_a_token_works_once_and_not_for_ever() -> None:
    async def work(at: Opened) -> None:
        await at.enter()
        async with aiohttp.ClientSession() as other, other.get(at.link) as reply:
            assert reply.status == 403
        late = at.page.new_address()
        at.now_s[0] += TOKEN_S + 1
        async with aiohttp.ClientSession() as other, other.get(late) as reply:
            assert reply.status == 403
        replaced, fresh = at.page.new_address(), at.page.new_address()
        for link, status in ((replaced, 403), (fresh, 303)):
            async with (
                aiohttp.ClientSession() as other,
                other.get(link, allow_redirects=False) as reply,
            ):
                assert reply.status == status

    with_page(work)


def test_the_cookie_is_out_of_reach_for_scripts_and_other_sites() -> None:
    async def work(at: Opened) -> None:
        async with at.client.get(at.link, allow_redirects=False) as reply:
            cookie = reply.headers["Set-Cookie"]
            assert reply.headers["Location"] == "/"  # the token does not stay in the address
        port = at.origin.rpartition(":")[2]
        assert cookie.startswith(f"camagent_{port}=")
        assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and "Path=/" in cookie

    with_page(work)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:{port}",
        "127.0.0.1.evil.example:{port}",
        "localhost.evil.example:{port}",
        "127.0.0.1",
        "127.0.0.1:1",
        "127.0.0.2:{port}",
        "0.0.0.0:{port}",
        "[::1]:{port}",
        "169.254.1.1:{port}",
        "",
    ],
)
def test_another_name_gets_nothing_even_with_the_cookie(host: str) -> None:
    async def work(at: Opened) -> None:
        csrf = await at.enter()
        name = host.format(port=at.origin.rpartition(":")[2])
        async with at.client.get(at.origin + "/", headers={"Host": name}) as reply:
            assert reply.status == 421
        headers = {"Host": name, "Origin": f"http://{name}", CSRF_HEADER: csrf}
        async with at.client.post(at.origin + "/stop", json={}, headers=headers) as reply:
            assert reply.status == 421
        assert at.desk.asked == []

    with_page(work)


def test_two_hosts_are_one_too_many() -> None:
    async def work(at: Opened) -> None:
        port = int(at.origin.rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nHost: evil.example\r\n\r\n".encode())
        assert (await reader.readline()).split()[1] == b"400"
        writer.close()

    with_page(work)


def test_localhost_is_ours_too() -> None:
    async def work(at: Opened) -> None:
        port = at.origin.rpartition(":")[2]
        await at.enter()
        async with at.client.get(at.origin + "/", headers={"Host": f"localhost:{port}"}) as reply:
            assert reply.status == 200

    with_page(work)


def test_nothing_is_changed_without_the_token_of_the_page() -> None:
    async def work(at: Opened) -> None:
        csrf = await at.enter()
        for path in POSTS:
            for headers in (
                {},
                {CSRF_HEADER: "guessed"},
                {CSRF_HEADER: csrf, "Origin": "http://evil.example"},
                {CSRF_HEADER: csrf, "Origin": "null"},
                {CSRF_HEADER: csrf, "Origin": ""},
                {CSRF_HEADER: csrf, "Origin": at.origin + "1"},
                {CSRF_HEADER: csrf, "Sec-Fetch-Site": "cross-site"},
                {CSRF_HEADER: csrf, "Sec-Fetch-Site": "same-site"},
            ):
                assert (await at.post(path, {}, **headers)).status == 403, (path, headers)
        reply = await at.post("/stop", {}, **{CSRF_HEADER: csrf, "Content-Type": "text/plain"})
        assert reply.status == 415
        async with at.client.get(at.origin + "/stop") as response:
            assert response.status == 405
        assert at.desk.asked == [] and not at.page.ended.is_set()
        assert (await at.post("/stop", {}, **{CSRF_HEADER: csrf})).status == 200
        assert at.desk.asked == ["stop"]

    with_page(work)


def test_one_sessions_token_is_of_no_use_to_another() -> None:
    async def work(at: Opened) -> None:
        first = await at.enter()
        at.client.cookie_jar.clear()
        at.link = at.page.new_address()
        second = await at.enter()
        assert first != second
        assert (await at.post("/stop", {}, **{CSRF_HEADER: first})).status == 403

    with_page(work)


def test_every_answer_forbids_what_it_does_not_need() -> None:
    async def work(at: Opened) -> None:
        replies = []
        for path in ("/ui.js", "/nowhere"):
            replies.append(await at.client.get(at.origin + path))  # refused: no session yet
        await at.enter()
        replies.extend([await at.client.get(at.origin + path) for path in ("/", *GETS, "/nowhere", "/../x")])
        replies.append(await at.client.get(at.origin + "/", headers={"Host": "evil.example"}))
        replies.append(await at.post("/stop", {}))
        for reply in replies:
            policy = reply.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy and "img-src" not in policy and "http" not in policy
            assert reply.headers["Cache-Control"] == "no-store"
            assert reply.headers["X-Frame-Options"] == "DENY"
            assert reply.headers["X-Content-Type-Options"] == "nosniff"
            assert reply.headers["Referrer-Policy"] == "no-referrer"
            assert reply.headers["Server"] == "camagent"
            assert "Access-Control-Allow-Origin" not in reply.headers
            reply.close()

    with_page(work)


def test_a_password_goes_in_and_never_comes_out(caplog: pytest.LogCaptureFixture) -> None:
    secret = "Mật-khẩu-bí-mật-7"

    async def work(at: Opened) -> None:
        csrf = await at.enter()
        reply = await at.post("/login", {"user": "xem", "password": secret}, **{CSRF_HEADER: csrf})
        assert reply.status == 200 and secret not in await reply.text()
        assert at.desk.asked == [("login", "xem", secret)]
        assert (await at.post("/login", {"user": "xem"}, **{CSRF_HEADER: csrf})).status == 422
        at.desk.board.login = ("xem", ("192.168.1.0/24",))
        async with at.client.get(at.origin + "/") as page:
            assert secret not in await page.text()
        assert secret not in json.dumps(at.desk.board.as_json("vi"))

    with_page(work)
    assert secret not in caplog.text


@pytest.mark.parametrize("body", ["", "[]", "7", "{", '{"id": {"a": 1}}', "x" * (MAX_BODY_BYTES + 1)])
def test_what_is_no_form_of_ours_changes_nothing(body: str) -> None:
    async def work(at: Opened) -> None:
        csrf = await at.enter()
        headers = {CSRF_HEADER: csrf, "Origin": at.origin, "Content-Type": "application/json"}
        async with at.client.post(at.origin + "/again", data=body, headers=headers) as reply:
            assert reply.status in (200, 400, 413, 422)
        assert at.desk.asked in ([], [("again", "")])

    with_page(work)


def test_a_taken_port_is_one_clear_line() -> None:
    with socket.socket() as occupied:
        occupied.bind(("127.0.0.1", 0))
        occupied.listen()
        port = occupied.getsockname()[1]

        with pytest.raises(OperatorError) as refused:
            loopback_socket(port)
        (problem,) = refused.value.problems
        assert problem.key == "ui.cannot_listen" and f"127.0.0.1:{port}" in str(problem.args)


def test_only_loopback_listens() -> None:
    async def work(at: Opened) -> None:
        port = int(at.origin.rpartition(":")[2])
        for address in ("127.0.0.2", "::1"):
            with pytest.raises(OSError):
                await asyncio.open_connection(address, port)

    with_page(work)


def test_the_tabs_that_look_on_are_bounded_and_get_the_newest_state() -> None:
    async def work(at: Opened) -> None:
        await at.enter()
        tabs = [await at.client.get(at.origin + "/events?lang=en") for _ in range(MAX_WATCHERS)]
        async with at.client.get(at.origin + "/events") as one_too_many:
            assert one_too_many.status == 503
        for tab in tabs:
            assert (await next_state(tab))["site"] == "THCS Nguyễn Du"
        for number in range(50):
            at.desk.board.total = number
            at.desk.board.changed()
        assert (await next_state(tabs[0]))["total"] == 49  # fifty changes, one event
        for tab in tabs:
            tab.close()

    with_page(work)


async def next_state(tab: aiohttp.ClientResponse) -> dict[str, object]:
    while True:
        line = await tab.content.readline()
        if line.startswith(b"data: "):
            state: dict[str, object] = json.loads(line[6:])
            return state


def test_a_school_or_camera_that_calls_itself_a_script_is_text() -> None:
    async def run() -> None:
        document = view(hostile_school())
        async with opened(document) as at:
            at.desk.board.site = "<script>alert(1)</script>"
            await at.enter()
            async with at.client.get(at.origin + "/") as reply:
                text = await reply.text()
                assert "<script>alert" not in text and "&lt;script&gt;alert" in text
            for camera in document.cameras:
                async with at.client.get(at.origin + "/camera", params={"id": camera.id}) as reply:
                    assert reply.content_type == "application/json"
                    assert (await reply.json())["verdict"] == camera.verdict.value

    asyncio.run(run())


def test_a_result_is_saved_as_a_file() -> None:
    async def run() -> None:
        document = view(school(5))
        async with opened(document) as at:
            await at.enter()
            async with at.client.get(at.origin + "/report/json") as reply:
                assert reply.headers["Content-Disposition"] == 'attachment; filename="camagent.json"'
                assert len((await reply.json(content_type=None))["cameras"]) == 5
            for path in ("/report/exe", "/ui.html", "/camera?id=nobody"):
                async with at.client.get(at.origin + path) as reply:
                    assert reply.status == 404

    asyncio.run(run())


MALFORMED = (
    b"\x00\xff <script> GARBAGE\r\n\r\n",
    b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * 200 + b"\r\n",
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"b" * 9000 + b"\r\n\r\n",
)


def test_what_is_no_request_gets_a_bare_refusal_and_one_line_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Any page of the web can make the browser send an address of 9,000 letters to loopback."""

    async def work(at: Opened) -> None:
        for request in MALFORMED * 3:
            reader, writer = await asyncio.open_connection("127.0.0.1", at.port)
            writer.write(request)
            reply = await reader.read()
            writer.close()
            assert reply.startswith(b"HTTP/1.0 400") and reply.endswith(b"\r\n\r\n400 Bad Request\n"), reply
            assert b"aiohttp" not in reply and b"script-src" in reply

    with_page(work)
    assert len(caplog.records) == 1 and "Traceback" not in caplog.text


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"[" * 9000, {}),
        (b"{}", {"Content-Type": "application/json; charset=nonsense"}),
        (b"not gzip", {"Content-Encoding": "gzip"}),
    ],
)
def test_a_form_that_cannot_be_read_is_no_defect(body: bytes, headers: dict[str, str]) -> None:
    async def work(at: Opened) -> None:
        sent = {"Content-Type": "application/json", "Origin": at.origin, CSRF_HEADER: await at.enter()}
        async with at.client.post(at.origin + "/login", data=body, headers=sent | headers) as reply:
            assert reply.status == 400
        assert at.desk.asked == []

    with_page(work)
    assert not may_change({CSRF_HEADER: "\udcff"}, Session("cookie", "own"))


def test_connections_that_ask_nothing_keep_nobody_out() -> None:
    async def work(at: Opened) -> None:
        await at.enter()
        flood = [await asyncio.open_connection("127.0.0.1", at.port) for _ in range(150)]
        async with at.client.get(at.origin + "/ui.css") as reply:
            assert reply.status == 200
        ended = [await reader.read(1) for reader, _ in flood[:80]]
        assert not any(ended), "the oldest that asked nothing made room"
        for _, writer in flood:
            writer.close()

    with_page(work)
