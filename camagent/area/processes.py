"""Many files read by as many processes as there are cores, the answers in the order of the files. I/O."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

MAX_PROCESSES = 8  # reading is bound by the processor up to there; more only takes memory
MANY_FILES = 64  # starting the processes takes about as long as reading that many files
FILES_A_TURN = 8  # handed to a process at once: few enough to share evenly, enough to hide the handing over

Answer = TypeVar("Answer")


def in_processes(read: Callable[[Path], Answer], files: Sequence[Path]) -> Iterator[Answer]:
    """What `read` gives for each file, in order.

    Few files, one core, a machine that lets us start no process, or that ends one of them: this process reads
    what is left.
    """
    done = 0
    workers = min(MAX_PROCESSES, os.cpu_count() or 1)
    if workers > 1 and len(files) >= MANY_FILES:
        try:
            for answer in _shared(read, files, workers):
                yield answer
                done += 1
        except (OSError, BrokenProcessPool):
            pass
    yield from map(read, files[done:])


def _shared(read: Callable[[Path], Answer], files: Sequence[Path], workers: int) -> Iterator[Answer]:
    with ProcessPoolExecutor(workers, get_context("spawn"), _leave_stopping_to_who_asked) as pool:
        with _not_stopped():
            answers = pool.map(read, files, chunksize=FILES_A_TURN)
        yield from answers


def _leave_stopping_to_who_asked() -> None:
    """A terminal's Ctrl-C reaches every process of ours; the one that asked ends the others, without their
    words on the screen."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def _not_stopped() -> Iterator[None]:
    """Processes that are started meanwhile ignore Ctrl-C from their first instruction."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
