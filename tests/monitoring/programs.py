"""Finds the Debian programs that tests/monitoring/setup.sh unpacked, runs them on loopback and ends them."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
UNPACKED = ROOT / ".setup" / "monitoring" / "root"
START_S = 120.0
STOP_S = 30.0
OWN_PORTS = range(15_000, 32_000)


def found_program(name: str) -> str | None:
    """Path of a program, unpacked or installed; None where there is none."""
    files = [UNPACKED / "usr" / place / name for place in ("bin", "sbin")]
    return next((str(file) for file in files if file.exists()), shutil.which(name))


def program(name: str) -> str:
    """Path of a program; without it the test fails with what to do, so that CI cannot lose tests
    unnoticed."""
    path = found_program(name)
    if path is None:
        pytest.fail(f"{name} is missing: run tests/monitoring/setup.sh")
    return path


def free_port() -> int:
    """A port on which nobody listens at any address, and which the kernel gives to nobody.

    One that the kernel chose is given to another test as soon as it is closed.
    """
    while True:
        port = random.choice(OWN_PORTS)
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("0.0.0.0", port))
            return port


def run(
    arguments: Sequence[str], stdin: bytes = b"", cwd: Path | None = None
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [program(arguments[0]), *arguments[1:]],
        input=stdin,
        capture_output=True,
        timeout=60,
        cwd=cwd,
        check=False,
    )


class Daemon:
    """A started program with its log."""

    def __init__(self, arguments: Sequence[str], log: Path) -> None:
        self._arguments = [program(arguments[0]), *arguments[1:]]
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, ready_url: str | None = None) -> None:
        with self._log.open("ab") as out:
            self._process = subprocess.Popen(
                self._arguments, stdout=out, stderr=out, stdin=subprocess.DEVNULL, cwd=self._log.parent
            )
        if ready_url is not None:
            self.wait_for(ready_url)

    def wait_for(self, url: str) -> None:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            assert self._process is not None
            if self._process.poll() is not None:
                break
            with contextlib.suppress(OSError, urllib.error.URLError), urllib.request.urlopen(url, timeout=10):
                return
            time.sleep(0.05)
        pytest.fail(f"{Path(self._arguments[0]).name} did not start:\n{self._log.read_text()[-2000:]}")

    def stop(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(STOP_S)
        self._process = None


@contextlib.contextmanager
def daemon(arguments: Sequence[str], log: Path, ready_url: str | None = None) -> Iterator[Daemon]:
    started = Daemon(arguments, log)
    try:
        started.start(ready_url)
        yield started
    finally:
        started.stop()


def eventually(condition: object, what: str, within_s: float = 120.0) -> object:
    """Poll until `condition()` is truthy; the one place where these tests wait for other programs.

    A program that does not listen yet refuses the connection: that is "not yet" too.
    """
    assert callable(condition)
    deadline = time.monotonic() + within_s
    while True:
        refusal: OSError | None = None
        answer: object = None
        try:
            answer = condition()
        except OSError as error:
            refusal = error
        if answer:
            return answer
        if time.monotonic() > deadline:
            pytest.fail(f"not within {within_s:.0f} s: {what} ({refusal})")
        time.sleep(0.1)


os.environ.setdefault("NO_PROXY", "127.0.0.1,localhost")
