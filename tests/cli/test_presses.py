"""Ctrl-C and SIGTERM at any moment: the first press is polite, a later one final; none shows a traceback."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from camagent.platform import ending
from camagent.platform.ending import end_politely, on_end, on_interrupt, run_until_ended
from camagent.text import _Sentences, say

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="tests/windows/test_keys.py presses there")


@pytest.fixture(autouse=True)
def presses_of_our_own() -> Iterator[None]:
    """What a press changes is given back, and no press ends the tests themselves.

    Tests that run in the background of a shell have SIGINT ignored; the presses here are a user's.
    """
    before = [(number, signal.getsignal(number)) for number in ending.PRESSES]
    hook, level = sys.unraisablehook, logging.getLogger("asyncio").level
    filters = warnings.filters[:]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    end_politely()
    yield
    sys.unraisablehook = hook
    warnings.filters[:] = filters  # type: ignore[index]
    logging.getLogger("asyncio").setLevel(level)
    for number, handler in before:
        signal.signal(number, handler)


def press(number: int = signal.SIGINT) -> None:
    signal.raise_signal(number)


@pytest.mark.parametrize("number", ending.PRESSES)
def test_the_first_press_cancels_the_work_which_closes_what_it_opened(number: int) -> None:
    closed = []

    async def work() -> None:
        try:
            press(number)
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0)
            closed.append(True)

    with pytest.raises(KeyboardInterrupt):
        run_until_ended(work())
    assert closed


def test_a_press_before_the_work_has_begun_says_nothing_of_it() -> None:
    code = """
import gc, os, signal
from camagent.platform.ending import end_politely, run_until_ended
async def work(): pass
end_politely()
try:
    run_until_ended((work(), signal.raise_signal(signal.SIGINT))[0])
except KeyboardInterrupt:
    gc.collect()
"""
    assert in_python(code).stderr == ""


def test_work_that_is_not_pressed_answers_and_a_cancellation_of_its_own_stays_one() -> None:
    async def answers() -> int:
        return 7

    async def cancels() -> None:
        raise asyncio.CancelledError

    assert run_until_ended(answers()) == 7
    with pytest.raises(asyncio.CancelledError):
        run_until_ended(cancels())


def test_a_block_that_ends_by_itself_takes_the_first_press_and_gives_the_rest_back() -> None:
    calls = []

    async def work() -> str:
        with on_interrupt(lambda: calls.append("block")):
            press()
            await asyncio.sleep(0)
        with on_interrupt(lambda: calls.append("next block")):
            press()
            await asyncio.sleep(0)
        return "kept"

    assert run_until_ended(work()) == "kept"
    assert calls == ["block", "next block"]


def test_the_second_press_breaks_off_and_the_third_ends_the_program_where_it_stands(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    left: list[int] = []
    monkeypatch.setattr("os._exit", left.append)

    async def work() -> None:
        with on_interrupt(lambda: None):
            press()
            press()

    with pytest.raises(KeyboardInterrupt):
        run_until_ended(work())
    press()
    assert left == [ending.EXIT_ENDED]


def test_a_press_after_the_loop_was_closed_is_an_interrupt_and_no_error() -> None:
    async def work() -> None:
        on_end(lambda: None)

    run_until_ended(work())
    with pytest.raises(KeyboardInterrupt):
        press()


@pytest.mark.parametrize("started", [True, False])
def test_a_wake_up_without_room_is_no_traceback(started: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """On Windows every loop wakes by such a socket; there another thread's byte may be on its way."""
    shown: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda broken: shown.append(broken.err_msg))
    loop = asyncio.new_event_loop()
    near, far = socket.socketpair()
    near.setblocking(False)
    try:
        while near.send(b"x" * 4096):
            pass
    except BlockingIOError:
        pass
    signal.signal(signal.SIGINT, lambda *_: None)
    before = signal.set_wakeup_fd(near.fileno())
    try:
        if started:
            ending._let_wake_ups_fail(loop)
        press()
        time.sleep(0)
    finally:
        signal.set_wakeup_fd(before)
        loop.close()
        near.close()
        far.close()
    assert bool(shown) is not started, shown


EARLY = """
import builtins, signal
plain = builtins.__import__
def importing(name, *rest, **more):
    if name == {name!r}:
        builtins.__import__ = plain
        signal.raise_signal(signal.SIGINT)
    return plain(name, *rest, **more)
builtins.__import__ = importing
from camagent.__main__ import start
start()
"""
LATE = """
import atexit, signal, sys
atexit.register(lambda: signal.raise_signal(signal.SIGINT))
from camagent.__main__ import start
start()
"""


def in_python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, *arguments]
    reset: Callable[[], Any] = lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)  # noqa: E731
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, preexec_fn=reset)


def test_a_catalogue_whose_reading_was_interrupted_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = Path.read_text

    def interrupted(path: Path, *_: Any, **__: Any) -> str:
        monkeypatch.setattr(Path, "read_text", plain)
        raise KeyboardInterrupt

    monkeypatch.setattr("camagent.text._sentences", cache(_Sentences))
    monkeypatch.setattr(Path, "read_text", interrupted)
    with pytest.raises(KeyboardInterrupt):
        say("cli.stopped", "en")
    assert "Stopped" in say("cli.stopped", "en")


def test_a_press_while_camagent_is_read_from_disk_or_ends_is_quiet() -> None:
    for name in ("camagent.platform.ending", "camagent.cli.main", "click", "camagent.text"):
        done = in_python(EARLY.format(name=name), "--version")
        assert (done.returncode, done.stderr.strip()) == (130, ""), (name, done.stderr)
    done = in_python(LATE, "--version")
    assert (done.returncode, done.stderr) == (130, "") and "camagent" in done.stdout


MOMENTS_S = [0.1 + 0.2 * count for count in range(12)]
BEGUN = """
import sys
from camagent.__main__ import start
print("begun", file=sys.stderr, flush=True)
start()
"""
SEARCH = ("--subnet", "127.10.9.0/28", "--no-store")
"""An empty network of loopback."""
CONFIG = '[agent]\nlisten = "127.0.0.1:0"\n[discovery]\nsubnets = ["127.10.9.0/30"]\n'


def pressed_after(delay_s: float, folder: Path, number: int, arguments: tuple[str, ...]) -> str:
    """What a run said that was pressed so long after Python had started; with its exit code."""
    environ = {"CAMAGENT_DATA": f"{folder}/d", "CAMAGENT_CONFIG_DIR": f"{folder}/c", "PATH": "/usr/bin:/bin"}
    process = subprocess.Popen(
        [sys.executable, "-c", BEGUN, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environ,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stderr is not None
    process.stderr.readline()
    time.sleep(delay_s)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    return f"{process.returncode} {out.decode()}{err.decode()}"


@pytest.mark.slow
@pytest.mark.parametrize("number", ending.PRESSES)
@pytest.mark.parametrize(
    "arguments",
    [
        ("scan", *SEARCH),
        ("check", "127.10.9.1"),
        ("serve", "--config", "camagent.toml"),
        ("ui", "--no-browser", *SEARCH),
        ("discover", *SEARCH[:2]),
        # a machine has one simulated school
        pytest.param(("demo", "--cameras", "1", "--output", "demo"), marks=pytest.mark.alone),
    ],
    ids=lambda arguments: str(arguments[0]),
)
def test_no_moment_of_a_command_shows_a_traceback(
    arguments: tuple[str, ...], number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("camagent.toml").write_text(CONFIG)
    with ThreadPoolExecutor(1 if arguments[0] == "demo" else 4) as pool:
        endings = list(pool.map(lambda delay: pressed_after(delay, tmp_path, number, arguments), MOMENTS_S))
    bad = ("Traceback", "Exception ignored", "never awaited", "was destroyed")
    assert not [words for words in endings if any(sign in words for sign in bad)]
    # 0, 1 and 3: it had ended with a result (nobody listens at the address). Minus the signal's number:
    # before our first line, or while Python takes itself down; a shell says 130.
    assert all(words.split()[0] in ("130", "0", "1", "3", f"{-number}") for words in endings), endings
