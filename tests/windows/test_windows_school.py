"""The folder on wine and this machine itself, at one simulated school: what they find is the same.

A file of its own, because a machine has one set of addresses for that school: its tests follow each other,
while other workers run the rest.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from tests.windows import wine
from tests.windows.agreement import differences, kept_up

pytestmark = [
    pytest.mark.slow,
    pytest.mark.windows,
    pytest.mark.timeout(900),
    pytest.mark.usefixtures("folder"),
]


@pytest.fixture(scope="session")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A simulated school that Linux serves."""
    folder = tmp_path_factory.mktemp("school")
    ready, log = folder / "ready.json", folder / "said"
    command = [sys.executable, "-m", "camagent", "simulate", "--cameras", "12", "--ready-file", str(ready)]
    with log.open("w") as err:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=err)
    try:
        give_up_s = time.monotonic() + 60
        while not ready.exists():
            assert process.poll() is None and time.monotonic() < give_up_s, log.read_text()
            time.sleep(0.1)
        yield json.loads(ready.read_text(encoding="utf-8"))
    finally:
        process.terminate()
        process.wait(20)


def test_the_demo_runs_from_nothing_and_writes_its_reports(tmp_path: Path) -> None:
    target = tmp_path / "kết quả"
    done = wine.camagent("demo", "--cameras", "6", "--output", wine.windows_path(target), timeout_s=600)
    assert done.code == 0, done.err
    assert {path.suffix for path in target.iterdir()} == {".json", ".html", ".xlsx", ".csv"}
    document = json.loads((target / "camagent.json").read_text(encoding="utf-8"))
    assert len(document["cameras"]) == 6
    decoded = [
        s["measured"]["keyframes_decoded"]
        for s in chain.from_iterable(c["streams"] for c in document["cameras"])
        if s["measured"]
    ]
    assert sum(decoded) > 0  # the decoder, a process of its own, works
    with zipfile.ZipFile(target / "camagent.xlsx") as workbook:
        assert workbook.testzip() is None


def test_every_simulated_camera_is_discovered(school: dict[str, Any]) -> None:
    arguments = ["discover", "--subnet", "127.10.1.0/27", "--format", "json", "--wait", "2"]
    done = wine.camagent(*arguments)
    there = {device["address"] for device in json.loads(done.out)["devices"]}
    here = {device["address"] for device in json.loads(wine.on_linux(*arguments).stdout)["devices"]}
    assert len(there) >= 10
    assert there == here


TRIES = 3  # a machine under load says that it could not keep up; then both are measured once more


@pytest.mark.parametrize(("number", "transport"), [(0, "tcp"), (2, "udp"), (5, "tcp")])
def test_a_check_with_pictures_finds_what_linux_finds(
    school: dict[str, Any], home: dict[str, str], tmp_path: Path, number: int, transport: str
) -> None:
    camera = [row for row in school["cameras"] if row["alive"]][number]
    secret = tmp_path / "secret"
    secret.write_text(school["password"])
    arguments = ["check", f"{camera['address']}:{camera['http_port']}", "--user", school["user"]]
    arguments += ["--window", "5", "--transport", transport, "--format", "json", "--password-file"]
    here = {"CAMAGENT_DATA": str(tmp_path / "d"), "CAMAGENT_CONFIG_DIR": str(tmp_path / "c")}
    for _ in range(TRIES):
        done = wine.camagent(*arguments, wine.windows_path(secret), home=home)
        expected = wine.on_linux(*arguments, str(secret), **here)
        there, measured = json.loads(done.out), json.loads(expected.stdout)
        if kept_up(there) and kept_up(measured):
            assert done.code == expected.returncode, done.err
            break
    assert differences(there, measured) == []
