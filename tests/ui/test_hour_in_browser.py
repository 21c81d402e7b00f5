"""The technician's hour in a real Chromium against a simulated school.

Search, log-in, scan, verdicts, what to do, mend, check again, compare, save; a second tab, and the browser
closed in mid-scan.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from camagent.simulator.default_school import default_school
from camagent.simulator.simulated_camera import SimulatedCamera
from tests.publish.report.browser import CHROMIUM, Page, chromium
from tests.ui.in_browser import (
    BADGES,
    IDLE,
    LONGEST_S,
    POST,
    STATUS,
    TOKEN,
    click,
    fill,
    looks_right,
    press,
    tab,
    until,
)

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium package"),
    pytest.mark.skipif(sys.platform == "win32", reason="needs Debian's chromium package"),
]
AGAIN_MOST_S = 60.0  # 5 s are measured on an idle machine; this one does other work beside it
CONFIG = """
[site]
name = "THCS Nguyễn Du"
id = "1"
[discovery]
subnets = ["127.10.1.0/29"]
interfaces = ["lo"]
onvif_ports = [8080]
rtsp_ports = [8554]
"""


FIND = """((field) => {{ field.value = '{}'; field.dispatchEvent(new Event('input')); }})(
  document.getElementById('find'))"""


@contextmanager
def school(folder: Path, show: str | None) -> Iterator[dict[str, Any]]:
    """Three simulated cameras; the first one's picture is as `show` says. Yields user and password."""
    ready = folder / f"ready-{show}.json"
    command = [sys.executable, "-m", "camagent", "simulate", "--cameras", "3", "--ready-file", str(ready)]
    command += ["--show", show] if show else []
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        until = time.monotonic() + 120
        while not (ready.exists() and ready.read_text()):
            assert process.poll() is None and time.monotonic() < until, "the simulated school did not open"
            time.sleep(0.1)
        yield json.loads(ready.read_text())
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(60)


@contextmanager
def page_process(folder: Path, config: str = CONFIG) -> Iterator[str]:
    """`camagent ui` with a record of its own; yields the link. Ends with SIGTERM and exit 0."""
    (folder / "camagent.toml").write_text(config, encoding="utf-8")
    notes = folder / "told.txt"
    environment = os.environ | {"CAMAGENT_DATA": str(folder), "CAMAGENT_CONFIG_DIR": str(folder)}
    with notes.open("w") as errors:
        command = [sys.executable, "-m", "camagent", "ui", "--no-browser"]
        process = subprocess.Popen(command, stderr=errors, env=environment)
    try:
        until = time.monotonic() + 120
        while (link := re.search(r"http://\S+\?token=\S+", notes.read_text())) is None:
            assert process.poll() is None and time.monotonic() < until, notes.read_text()
            time.sleep(0.1)
        yield link[0]
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        assert "Traceback" not in notes.read_text() and "defect" not in notes.read_text()


async def search_and_log_in(page: Page, login: dict[str, Any]) -> None:
    await click(page, "#f-search button")
    await until(page, "document.querySelectorAll('#list .card').length === 3")  # while the search still runs
    await until(page, f"{IDLE} && {STATUS}.includes('Đã tìm xong')")
    await fill(page, "user", login["user"])
    await fill(page, "password", login["password"])
    await click(page, "#f-login button")
    await until(page, f"document.getElementById('login').textContent.includes({json.dumps(login['user'])})")
    await until(page, "document.getElementById('password').value === ''")
    await until(page, "!document.getElementById('trust-row').hidden")


async def scan(page: Page) -> None:
    await page.ask("document.getElementById('trust').checked = true")
    await click(page, "#scan")
    await until(page, f"!({IDLE})")


@pytest.fixture
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with chromium(tmp_path_factory.mktemp("chromium")) as address:
        yield address


def test_the_hour(browser: str, tmp_path: Path) -> None:
    async def before_the_mend(page: Page, login: dict[str, Any]) -> None:
        assert "Hồ sơ yêu cầu tạm thời" in await page.ask(
            "document.getElementById('provisional').textContent"
        )
        await looks_right(page)
        await search_and_log_in(page, login)
        await scan(page)
        await until(page, f"{STATUS}.includes('còn khoảng')")
        assert await page.ask(f"{BADGES}.some((text) => text.includes('Đang'))")
        await until(page, f"{BADGES}.some((text) => text.includes('sẵn sàng'))")
        await until(page, f"{IDLE} && {STATUS}.includes('lưu kết quả')")
        await looks_right(page)
        badges = await page.ask(BADGES)
        assert len(badges) == 3 and badges[0] == "✗ Chưa sẵn sàng" and "✓ Sẵn sàng" in badges
        # filter by verdict, then by words
        await click(page, ".tile.not_ready")
        assert await page.ask(f"{BADGES}.every((text) => text === '✗ Chưa sẵn sàng')")
        await click(page, ".tile.not_ready")
        await page.ask(FIND.format("san truong"))
        assert await page.ask(f"{BADGES}.length") == 1
        await page.ask(FIND.format(""))
        # by keyboard: open, read, close; the focus comes back
        await page.ask("document.querySelector('.card.not_ready button').focus()")
        await press(page, "Enter", 13)
        await until(page, "document.getElementById('detail').open")
        assert await page.ask("document.getElementById('detail').contains(document.activeElement)")
        assert "Hình đen" in await page.ask("document.getElementById('d-body').textContent")
        await looks_right(page)
        await press(page, "Escape", 27)
        await until(page, "!document.getElementById('detail').open")
        assert await page.ask("document.activeElement.closest('.card.not_ready') !== null")

    async def after_the_mend(page: Page) -> None:
        await click(page, ".card.not_ready button")
        await until(page, "document.getElementById('detail').open")
        await click(page, "#again")
        await until(page, "document.getElementById('d-status').textContent.includes('Đã kiểm tra lại')")
        await until(page, "document.querySelector('#d-name .badge.ready') !== null")
        await page.ask("document.getElementById('detail').close()")
        await until(page, f"{BADGES}.filter((text) => text === '✓ Sẵn sàng').length === 3")
        for kind, head in (("html", "<!doctype html>"), ("xlsx", "PK"), ("csv", ""), ("json", "{")):
            saved = await page.ask(f"fetch('/report/{kind}').then((reply) => reply.text())")
            assert saved.startswith(head) and len(saved) > 500, kind
        await scan(page)
        await until(page, f"{IDLE} && {STATUS}.includes('lưu kết quả')")
        assert await page.ask("!document.getElementById('changes').hidden")
        await page.call("Page.navigate", url=await page.ask("location.origin + '/?lang=en'"))
        await until(
            page, "document.documentElement?.lang === 'en' && document.querySelectorAll('.card').length === 3"
        )
        assert "Check done" in await page.ask(STATUS)
        await looks_right(page)
        ours = await page.ask("location.origin")
        assert all(url.startswith(ours) for url in page.requests()) and page.complaints() == []

    async def run(link: str) -> None:
        with school(tmp_path, "black") as login:
            async with tab(browser, link) as page:
                assert "token" not in await page.ask("location.href")
                await before_the_mend(page, login)
        # The school as a whole starts anew with the same log-in: somebody took the cap off the lens.
        with school(tmp_path, None) as login:
            async with tab(browser, link.partition("?")[0]) as page:
                await fill(page, "user", login["user"])
                await fill(page, "password", login["password"])
                await click(page, "#f-login button")
                await after_the_mend(page)

    with page_process(tmp_path) as link:
        asyncio.run(run(link))
    assert not [path for path in tmp_path.rglob("*") if path.suffix in (".jpg", ".png")]


def test_a_second_tab_shows_the_same_and_a_closed_browser_stops_nothing(browser: str, tmp_path: Path) -> None:
    async def run(link: str, login: dict[str, Any]) -> None:
        address = link.partition("?")[0]
        async with tab(browser, link) as first:
            await search_and_log_in(first, login)
            async with tab(browser, address) as second:
                await until(second, "document.querySelectorAll('#list .card').length === 3")
                # The browser hides the tab behind another one, and a hidden tab lets its stream go.
                await first.call("Page.bringToFront")
                await scan(first)
                await second.call("Page.bringToFront")
                await until(second, f"!({IDLE})")
                assert await second.ask("document.getElementById('scan').disabled")
                assert await second.ask(POST.format("/search", TOKEN)) == 409
                assert await second.ask(POST.format("/stop", "'guessed'")) == 403
        await asyncio.sleep(LONGEST_S / 6)  # nobody looks on
        async with tab(browser, address) as later:
            await until(later, f"{IDLE} && {STATUS}.includes('lưu kết quả')")
            assert await later.ask("document.querySelectorAll('#list .badge.ready').length") >= 2
        async with tab(browser, address) as stopping:
            await scan(stopping)
            await click(stopping, "#stop")
            await until(stopping, f"{IDLE} && {STATUS}.includes('chưa đầy đủ')")
            assert "Người dùng đã dừng" in await stopping.ask("document.getElementById('about').textContent")

    with school(tmp_path, None) as login, page_process(tmp_path) as link:
        asyncio.run(run(link, login))


def set_the_clock(camera: SimulatedCamera, password: str, servers: tuple[str, ...]) -> None:
    """As a management program of another maker does: from these time servers, or by hand without one."""
    from tests.simulator.test_third_party_clients import zeep_service

    with zeep_service(camera, "devicemgmt", password) as device:
        if servers:
            named = [{"Type": "DNS", "DNSname": name} for name in servers]
            device.SetNTP({"FromDHCP": False, "NTPManual": named})  # type: ignore[attr-defined]
        now = datetime.now(UTC)
        by_hand = {
            "Time": {"Hour": now.hour, "Minute": now.minute, "Second": now.second},
            "Date": {"Year": now.year, "Month": now.month, "Day": now.day},
        }
        kind = {"DateTimeType": "NTP"} if servers else {"DateTimeType": "Manual", "UTCDateTime": by_hand}
        device.SetSystemDateAndTime(  # type: ignore[attr-defined]
            kind | {"DaylightSavings": False, "TimeZone": {"TZ": "ICT-7"}}
        )


def test_a_setting_that_another_client_puts_right_is_gone_in_seconds(browser: str, tmp_path: Path) -> None:
    text = "document.getElementById('d-body').textContent"

    async def run(link: str, login: dict[str, Any]) -> None:
        camera = default_school(1, login["password"])[0]
        await asyncio.to_thread(set_the_clock, camera, login["password"], ())
        async with tab(browser, link) as page:
            await search_and_log_in(page, login)
            await scan(page)
            await until(page, f"{IDLE} && {STATUS}.includes('lưu kết quả')")
            await page.ask(FIND.format(camera.address))
            await click(page, "#list .card button")
            await until(page, "document.getElementById('detail').open")
            assert "đặt bằng tay" in await page.ask(text)
            await asyncio.to_thread(set_the_clock, camera, login["password"], ("vn.pool.ntp.org",))
            begun_s = time.monotonic()
            await click(page, "#again")
            await until(page, "document.getElementById('d-status').textContent.includes('Đã kiểm tra lại')")
            assert time.monotonic() - begun_s < AGAIN_MOST_S
            await until(page, f"!{text}.includes('đặt bằng tay')")

    with school(tmp_path, None) as login, page_process(tmp_path) as link:
        asyncio.run(run(link, login))


def test_a_school_that_goes_in_mid_scan_is_not_ready_and_the_page_goes_on(
    browser: str, tmp_path: Path
) -> None:
    # Its addresses are on this machine, which refuses what was open; tests/network pulls a real cable.
    async def run(link: str) -> None:
        async with tab(browser, link) as page:
            with school(tmp_path, None) as login:
                await search_and_log_in(page, login)
                await scan(page)
                await until(page, f"{BADGES}.some((text) => text.includes('Đang đo'))")
            await until(page, f"{IDLE} && {STATUS}.includes('lưu kết quả')")
            badges = await page.ask(BADGES)
            assert len(badges) == 3 and not any("Sẵn sàng" in text for text in badges), badges
            assert await page.ask("document.getElementById('lost').hidden")

    with page_process(tmp_path) as link:
        asyncio.run(run(link))


def test_a_port_that_is_taken_is_one_line_and_exit_2(tmp_path: Path) -> None:
    (tmp_path / "camagent.toml").write_text(CONFIG, encoding="utf-8")
    with socket.socket() as occupied:
        occupied.bind(("127.0.0.1", 0))
        occupied.listen()
        port = str(occupied.getsockname()[1])
        done = subprocess.run(
            [sys.executable, "-m", "camagent", "ui", "--no-browser", "--port", port, "--config"]
            + [str(tmp_path / "camagent.toml")],
            capture_output=True,
            text=True,
            timeout=60,
            env=os.environ | {"CAMAGENT_DATA": str(tmp_path), "CAMAGENT_CONFIG_DIR": str(tmp_path)},
            check=False,
        )
    assert done.returncode == 2 and port in done.stderr and "--port" in done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
