"""How the user ends this program: Ctrl-C, SIGTERM, on Windows Ctrl-Break; one rule for every system.

The first press ends what runs and has its sessions closed, a later one ends the program at once, and none of
them, at whatever moment, shows a traceback. Every command imports this, so asyncio is imported by the
functions whose callers run a loop: it takes a fifth of `camagent --help`.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
import warnings
from collections.abc import Callable, Coroutine, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from camagent.platform.garbage import look_as_usual

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

T = TypeVar("T")
EXIT_ENDED = 130
"""What a shell says of a program that Ctrl-C ended."""
if sys.platform == "win32":
    PRESSES = (signal.SIGINT, signal.SIGTERM, signal.SIGBREAK)
else:
    PRESSES = (signal.SIGINT, signal.SIGTERM)
_NOT_EVEN_CRITICAL = logging.CRITICAL + 1


def end_politely() -> None:
    """From now on a press raises KeyboardInterrupt, so that sessions are closed; the one after it ends the
    program at once.

    Where a background shell has SIGINT ignored, nothing is changed: SIGTERM keeps its plain meaning, for
    somebody must be able to end us.
    """
    if not _ignored():
        _handle(_raise_once)


def end_at_once() -> None:
    """From now on a press ends the program where it stands: it has done its work, or was told before."""
    if not _ignored():
        _handle(_leave)


def ignore_presses() -> None:
    """A child of ours ends with its standard input: a console hands its keys to parent and child alike."""
    _handle(signal.SIG_IGN)


def run_until_ended(work: Coroutine[Any, Any, T]) -> T:
    """`asyncio.run`, of which the first press cancels the work and the next one breaks it off.

    Raises: KeyboardInterrupt after either, and whatever the work raises.
    """
    from asyncio import Runner

    look_as_usual()
    with Runner() as runner:
        _let_wake_ups_fail(runner.get_loop())
        return runner.run(_cancelled_by_a_press(work))


@contextlib.contextmanager
def on_interrupt(end: Callable[[], None]) -> Iterator[None]:
    """While the block runs, the first press calls `end` on the running loop; the next one breaks the program
    off.

    Where a background shell has SIGINT ignored, nothing is changed.
    """
    if _ignored():
        yield
        return
    from asyncio import get_running_loop

    loop, before = get_running_loop(), [(number, signal.getsignal(number)) for number in PRESSES]

    def pressed(*_: object) -> None:
        end_politely()
        _call(loop, end)

    _handle(pressed)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGINT) is not _leave:
            for number, handler in before:
                signal.signal(number, handler)


def on_end(end: Callable[[], None]) -> None:
    """Call `end` on the running loop at every press, ignored SIGINT or not: a service is ended by SIGTERM."""
    from asyncio import get_running_loop

    loop = get_running_loop()
    _handle(lambda *_: _call(loop, end))


async def _cancelled_by_a_press(work: Coroutine[Any, Any, T]) -> T:
    from asyncio import CancelledError, current_task

    task = current_task()
    assert task is not None
    presses = 0

    def cancel() -> None:
        nonlocal presses
        presses += 1
        task.cancel()

    with on_interrupt(cancel):
        try:
            return await work
        except CancelledError:
            if presses:
                raise KeyboardInterrupt from None
            raise


def _ignored() -> bool:
    return signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def _handle(handler: Any) -> None:
    for number in PRESSES:
        signal.signal(number, handler)


def _call(loop: AbstractEventLoop, end: Callable[[], None]) -> None:
    """From a signal's handler, which Python runs in the main thread: Linux hands a signal to that thread, and
    both of asyncio's loops wake for it."""
    try:
        loop.call_soon_threadsafe(end)
    except RuntimeError:  # the loop is closed: nobody listens any more
        _raise_once()


def _raise_once(*_: object) -> None:
    """KeyboardInterrupt, and from here on nobody is told what breaks because of it, nor asked twice."""
    sys.unraisablehook = lambda _broken: None
    warnings.simplefilter("ignore", RuntimeWarning)  # a coroutine that had been made and not yet begun
    logging.getLogger("asyncio").setLevel(_NOT_EVEN_CRITICAL)
    end_at_once()
    raise KeyboardInterrupt


def _leave(*_: object) -> None:
    os._exit(EXIT_ENDED)


def _let_wake_ups_fail(loop: AbstractEventLoop) -> None:
    """The byte by which a signal wakes Windows' loop may find no room, for another thread is just waking it.

    Then the loop wakes all the same; Python would print a traceback (BlockingIOError, WinError 10035).
    """
    descriptor = signal.set_wakeup_fd(-1)
    if descriptor != -1 and not loop.is_closed():
        signal.set_wakeup_fd(descriptor, warn_on_full_buffer=False)
