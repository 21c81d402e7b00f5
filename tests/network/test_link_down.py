"""The cable is pulled while a school is being checked: the network is named, and no camera of it blamed."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from camagent.simulator.default_school import USER
from tests.agent.watched_school import Served, served
from tests.discover.network import Network
from tests.monitoring.programs import eventually
from tests.network.far_school import PASSWORD
from tests.publish.report.browser import CHROMIUM, chromium
from tests.ui.in_browser import BADGES, IDLE, STATUS, tab, until
from tests.ui.test_hour_in_browser import CONFIG, page_process, search_and_log_in
from tests.ui.test_hour_in_browser import scan as begin_scan

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(os.geteuid() != 0, reason="a network namespace of its own needs root"),
]
ROOT = Path(__file__).resolve().parents[2]
OURS, THEIRS = "10.77.0.1", ["10.77.0.11", "10.77.0.12", "10.77.0.13"]
ESTABLISHED, RTSP_PORT = "01", 8554
ATTEMPTS = 3
WATCHED_S = 3.0  # how long the video runs before the cable is pulled


@contextmanager
def school() -> Iterator[tuple[Network, Network]]:
    """Three cameras behind one cable; this thread is at its near end."""
    near, far = Network(), Network()
    near.cable_to(far, "eth1", "far1")
    near.run(f"addr add {OURS}/24 dev eth1")
    for address in THEIRS:
        far.run(f"addr add {address}/24 dev far1")
    with far.inside():
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.network.far_school", *THEIRS],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
        )
    assert process.stdin is not None and process.stdout is not None
    try:
        assert process.stdout.readline() == b"ready\n"
        with near.inside():
            yield near, far
    finally:
        process.stdin.close()
        process.wait(60)
        process.stdout.close()
        near.close()
        far.close()


def sessions() -> int:
    """Cameras to which an RTSP connection of this network stands."""
    rows = [row.split() for row in Path("/proc/thread-self/net/tcp").read_text().splitlines()[1:]]
    return len({row[2] for row in rows if row[3] == ESTABLISHED and row[2].endswith(f":{RTSP_PORT:04X}")})


def scan(tmp_path: Path) -> subprocess.Popen[str]:
    """`camagent scan` of the three cameras, with a window long enough to be cut."""
    (tmp_path / "password").write_text(PASSWORD)
    command = ["scan", "--subnet", "10.77.0.8/29", "--user", USER, "--trust-new", "--no-port-check"]
    command += ["--password-file", str(tmp_path / "password"), "--window", "25", "--pictures", "0"]
    folders = {"CAMAGENT_DATA": str(tmp_path / "data"), "CAMAGENT_CONFIG_DIR": str(tmp_path / "config")}
    return subprocess.Popen(
        [sys.executable, "-m", "camagent", *command, "--format", "json", "--lang", "en"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | folders,
    )


def cut_in_mid_scan(folder: Path, cut: Callable[[Network, Network], None]) -> tuple[int, dict[str, Any]]:
    """(exit code, document) of a scan during whose windows the network was cut.

    A process that the machine kept waiting for half a second says that (budget_spent), and no more: such a
    scan shows nothing of the cable, and there is another one.
    """
    for attempt in range(ATTEMPTS):
        (folder / str(attempt)).mkdir()
        with school() as (near, far):
            process = scan(folder / str(attempt))
            eventually(lambda: sessions() == len(THEIRS), "three streams")
            time.sleep(WATCHED_S)
            cut(near, far)
            out, err = process.communicate(timeout=200)
        assert "Traceback" not in err, err
        document: dict[str, Any] = json.loads(out)
        if "budget_spent" not in fault_codes(document):
            break
    return process.returncode, document


def fault_codes(document: dict[str, Any]) -> set[str]:
    """Why streams were not measured."""
    streams = chain.from_iterable(camera["streams"] for camera in document["cameras"])
    return {stream["fault"]["code"] for stream in streams if stream["fault"]}


@pytest.mark.parametrize("end", ["ours", "theirs"])
def test_a_cable_that_is_pulled_in_mid_scan_blames_no_camera(end: str, tmp_path: Path) -> None:
    """Ours: the kernel says that there is no network. Theirs: nothing is said, and nothing comes."""

    def pull(near: Network, far: Network) -> None:
        if end == "ours":
            near.run("link set eth1 down")
        else:
            far.run("link set far1 down")

    exit_code, document = cut_in_mid_scan(tmp_path, pull)
    verdicts = [(camera["address"], camera["verdict"]) for camera in document["cameras"]]
    assert verdicts == [(address, "undetermined") for address in THEIRS]
    assert exit_code == 3
    assert [row["observed"] for row in document["site_findings"] if row["rule"] == "SITE-SILENT"] == [3]


def test_one_camera_is_not_blamed_for_our_own_link(tmp_path: Path) -> None:
    """There is no other camera to compare it with; this machine itself knows that it has no way there."""
    with school() as (near, far):
        for end, verdict in ((near, "undetermined"), (far, "not_ready")):
            end.run(f"link set {'eth1' if end is near else 'far1'} down")
            command = ["check", THEIRS[0], "--window", "2", "--pictures", "0", "--format", "json"]
            folders = {"CAMAGENT_DATA": str(tmp_path / "data"), "CAMAGENT_CONFIG_DIR": str(tmp_path)}
            answer = subprocess.run(
                [sys.executable, "-m", "camagent", *command],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=200,
                env=os.environ | folders,
            )
            camera = json.loads(answer.stdout)["cameras"][0]
            assert camera["verdict"] == verdict, answer.stderr
            near.run("link set eth1 up")


def test_a_switch_that_goes_off_in_mid_scan_blames_none_of_its_cameras(tmp_path: Path) -> None:
    """Two of three cameras vanish; the third is heard to the end."""

    def switch_off(_: Network, far: Network) -> None:
        with far.inside():
            Path("/proc/sys/net/ipv4/conf/all/promote_secondaries").write_text("1")
        for address in THEIRS[:2]:
            far.run(f"addr del {address}/24 dev far1")

    _, document = cut_in_mid_scan(tmp_path, switch_off)
    verdicts = {camera["address"]: camera["verdict"] for camera in document["cameras"]}
    assert [verdicts[address] for address in THEIRS[:2]] == ["undetermined"] * 2
    assert document["cameras"][2]["streams"][0]["measured"] is not None
    assert [row["observed"] for row in document["site_findings"] if row["rule"] == "SITE-SILENT"] == [2]


SERVED = f"""
[site]
id = "9001"
name = "THCS Nguyễn Du"
area = "Phường Gia Định"
[discovery]
inventory = "inventory.csv"
[check]
window_s = 2
pictures = 0
[[credential]]
address = "10.77.0.0/24"
user = "{USER}"
password_file = "password"
[agent]
listen = "127.0.0.1:0"
stream_minutes = 1
"""


def verdicts_of(agent: Served) -> list[str]:
    """As scrapes show them, in the order of the cameras' ids."""
    rows = [s for s in agent.samples() if s.name == "camagent_camera_verdict" and s.value]
    return [row.labels["verdict"] for row in sorted(rows, key=lambda row: row.labels["camera"])]


def silent_cameras(agent: Served) -> list[int]:
    """What the document of the last round says of cameras that fell silent together."""
    status, body = agent.get("api/v1/scan")
    document = json.loads(body) if status == 200 else {"site_findings": []}
    return [row["observed"] for row in document["site_findings"] if row["rule"] == "SITE-SILENT"]


@pytest.mark.timeout(600)
def test_serve_blames_no_camera_while_the_cable_is_pulled_and_comes_back_with_it(tmp_path: Path) -> None:
    """One check after the other finds silence, minutes apart."""
    (tmp_path / "password").write_text(PASSWORD)
    (tmp_path / "inventory.csv").write_text("\n".join(("address", *THEIRS)) + "\n")
    (tmp_path / "camagent.toml").write_text(SERVED, encoding="utf-8")
    with school() as (_, far), served(tmp_path) as agent:
        eventually(lambda: agent.get("api/v1/scan")[0] == 200, "a first round", 120)
        before = verdicts_of(agent)
        blamed = before.count("not_ready")
        far.run("link set far1 down")

        def all_silent() -> bool:
            assert verdicts_of(agent).count("not_ready") <= blamed
            return silent_cameras(agent) == [len(THEIRS)]

        eventually(all_silent, "silence of all", 200)
        assert verdicts_of(agent) == ["undetermined"] * len(THEIRS)
        far.run("link set far1 up")
        eventually(lambda: verdicts_of(agent) == before and not silent_cameras(agent), "as before", 200)
    assert "Traceback" not in "\n".join(agent.log)


@pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium package")
def test_a_cable_that_is_pulled_leaves_the_cameras_of_the_page_open(tmp_path: Path) -> None:
    """The page lives on loopback and goes on; what it shows is that the network is gone, not the cameras."""

    async def run(browser: str, link: str, near: Network) -> None:
        async with tab(browser, link) as page:
            await search_and_log_in(page, {"user": USER, "password": PASSWORD})
            await begin_scan(page)
            await until(page, f"{BADGES}.every((text) => text.includes('Đang đo'))")
            await asyncio.sleep(WATCHED_S)
            near.run("link set eth1 down")
            await until(page, f"{IDLE} && {STATUS}.includes('lưu kết quả')")
            assert await page.ask(BADGES) == ["? Chưa xác định"] * len(THEIRS)
            assert "3 camera" in await page.ask("document.getElementById('logins').textContent")
            assert await page.ask("document.getElementById('lost').hidden")

    config = CONFIG.replace("127.10.1.0/29", "10.77.0.8/29").replace('"lo"', '"eth1"')
    with (
        school() as (near, _),
        chromium(tmp_path / "browser") as browser,
        page_process(tmp_path, config) as link,
    ):
        asyncio.run(run(browser, link, near))
