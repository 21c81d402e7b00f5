"""A simulated school in a thread of the test, and `camagent serve` as the process that watches it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from camagent.simulator.default_school import USER, default_school
from camagent.simulator.school import SimulatedSchool, open_school
from tests.monitoring.programs import eventually

PASSWORD = "sim-hunter2"
NETWORK = f"127.{100 + os.getpid() % 100}.{os.getpid() // 100 % 250}"
"""Of this test process alone: several may run on one machine."""


@dataclass
class ThreadedSchool:
    """Simulated cameras on free ports, served by a loop of their own."""

    school: SimulatedSchool
    loop: asyncio.AbstractEventLoop

    def die(self, index: int) -> None:
        """Pull the cable of one camera."""
        asyncio.run_coroutine_threadsafe(self.school.running[index].die(), self.loop).result(60)

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(camera.address for camera in self.school.cameras)


@contextlib.contextmanager
def simulated_school(kinds: Sequence[int]) -> Iterator[ThreadedSchool]:
    """The cameras of the default school with these numbers, at addresses of this test process."""
    chosen = [default_school(12, PASSWORD)[kind] for kind in kinds]
    cameras = [
        replace(camera, address=f"{NETWORK}.{number}", http_port=0, rtsp_port=0, https_port=None)
        for number, camera in enumerate(chosen, start=1)
    ]
    ready: list[ThreadedSchool] = []
    begun, end = threading.Event(), asyncio.Event()

    async def serve() -> None:
        async with open_school(cameras, discovery=False) as school:
            ready.append(ThreadedSchool(school, asyncio.get_running_loop()))
            begun.set()
            await end.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert begun.wait(60), "the simulated school did not open"
    try:
        yield ready[0]
    finally:
        ready[0].loop.call_soon_threadsafe(end.set)
        thread.join(60)


@dataclass
class Served:
    """A running `camagent serve`."""

    folder: Path
    arguments: tuple[str, ...] = ()
    url: str = ""
    process: subprocess.Popen[str] | None = None
    log: list[str] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    reader: threading.Thread | None = None

    def start(self) -> None:
        environment = os.environ | {
            "CAMAGENT_DATA": str(self.folder / "data"),
            "CAMAGENT_CONFIG_DIR": str(self.folder),
            "PYTHONWARNINGS": "ignore",
        }
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "camagent",
                *("--lang", "en"),
                "serve",
                "--config",
                str(self.folder / "camagent.toml"),
                *self.arguments,
            ],
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
            env=environment,
        )
        self.reader = threading.Thread(target=self._read, args=(self.process,), daemon=True)
        self.reader.start()
        self.url = str(eventually(self._address, "serve says where it listens"))

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stderr is not None
        for line in process.stderr:
            self.log.append(line.rstrip())

    def _address(self) -> str | None:
        assert self.process is not None and self.reader is not None
        if self.process.poll() is not None:
            self.reader.join(60)
            raise AssertionError("\n".join(self.log))
        match = re.search(r"https?://\S+/$", "\n".join(self.log), re.MULTILINE)
        return match[0] if match else None

    def get(self, path: str) -> tuple[int, bytes]:
        request = urllib.request.Request(self.url + path, headers=self.headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as refusal:
            return refusal.code, refusal.read()

    def samples(self) -> list[Sample]:
        status, page = self.get("metrics")
        assert status == 200
        return list(
            chain.from_iterable(family.samples for family in text_string_to_metric_families(page.decode()))
        )

    def value(self, name: str, **labels: str) -> float | None:
        values = [s.value for s in self.samples() if s.name == name and labels.items() <= s.labels.items()]
        return values[0] if values else None

    def camera_ids(self, addresses: Sequence[str]) -> dict[str, str]:
        """Address -> id, from the result document."""
        status, body = self.get("api/v1/scan")
        if status != 200:
            return {}
        document: dict[str, Any] = json.loads(body)
        return {
            camera["address"]: camera["id"]
            for camera in document["cameras"]
            if camera["address"] in addresses
        }

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def stop(self) -> None:
        """SIGTERM; one that does not end is killed, which its exit status says."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(60)
        if self.reader is not None:  # the last lines are on their way
            self.reader.join(60)


def write_config(folder: Path, school: ThreadedSchool, extra: str = "") -> None:
    """A configuration and an inventory for that school."""
    rows = ["name,address"]
    rows += [f"{camera.name},{camera.address}:{camera.http_port}" for camera in school.school.cameras]
    (folder / "inventory.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (folder / "password").write_text(PASSWORD)
    (folder / "camagent.toml").write_text(
        f"""
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
address = "{NETWORK}.0/24"
user = "{USER}"
password_file = "password"
[agent]
listen = "127.0.0.1:0"
stream_minutes = 1
{extra}
""",
        encoding="utf-8",
    )


@contextlib.contextmanager
def served(folder: Path) -> Iterator[Served]:
    """`camagent serve` with the configuration in that folder."""
    running = Served(folder)
    try:
        running.start()
        yield running
    finally:
        running.stop()
