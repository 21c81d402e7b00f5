"""This process and its children: how much they may take, what a child needs to start, what it is told.

Every command imports this, so asyncio is imported by the functions whose callers run a loop: it takes a fifth
of `camagent --help`.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator

_PR_SET_DUMPABLE = 4  # linux/prctl.h
NICENESS = 5  # pictures can wait, packets cannot: the reader of the streams goes first
_NEEDED = ("PATH", "LANG", "LD_LIBRARY_PATH", "SYSTEMROOT", "TEMP")
"""What a Python of ours needs to start: Windows finds neither its sockets nor its random numbers without
SYSTEMROOT."""


def child_environment() -> dict[str, str]:
    """The part of our environment that a process of ours needs to start, without what may be a secret."""
    return {name: os.environ[name] for name in _NEEDED if name in os.environ}


def limit_decoder(max_memory_bytes: int) -> None:
    """Bind this process to that much memory and a lower priority, without core dumps; it cannot be undone."""
    if sys.platform == "win32":
        from camagent.platform.windows_job import limit_this_process

        limit_this_process(max_memory_bytes)
        return
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_DATA, (max_memory_bytes, max_memory_bytes))
    os.nice(NICENESS)


@contextlib.contextmanager
def taking_at_most(more_bytes: int) -> Iterator[None]:
    """Meanwhile this process gets no more memory than it has and so much: whoever asks for more is refused.

    That holds for all of its threads, so it is for short work. Windows and macOS bound nothing here.
    """
    if sys.platform != "linux":
        yield
        return
    import resource

    from camagent.platform.linux_memory import data_bytes

    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = data_bytes() + more_bytes
    limits = [limit for limit in (wanted, soft, hard) if limit != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_DATA, (min(limits), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def memory_limit_bytes() -> int | None:
    """What the service that we are part of may take; None where nobody set a limit."""
    if sys.platform == "win32":
        return None
    from camagent.platform.linux_memory import limit_bytes

    return limit_bytes()


def leave_no_dump() -> None:
    """No core dump of this process, and no other process of our user reads its memory: passwords lie
    there."""
    if sys.platform == "win32":
        return
    import ctypes
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def enter_cell() -> tuple[str, ...]:
    """Give up files, sockets, processes and signals for good, in this thread and those started later.

    Memory and the pipes that are open already stay. Answers with the layers that the system granted: on
    Windows none, for there the Job Object of `limit_decoder` bounds memory only.
    """
    if sys.platform == "win32":
        return ()
    from camagent.platform.linux_cell import enter

    return enter()


def allow_many_sockets() -> None:
    """Raise our own limit of open files to what the system allows; Windows has none."""
    if sys.platform != "win32":
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft != hard:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def open_file_limit() -> int | None:
    """How many files and sockets this process may have open (-1: any number); None where there is no such
    limit."""
    if sys.platform == "win32":
        return None
    import resource

    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def on_reload(reload: Callable[[], None]) -> None:
    """Call `reload` on the running loop at SIGHUP; Windows has no such signal: there the service is started
    anew."""
    if sys.platform != "win32":
        from asyncio import get_running_loop

        get_running_loop().add_signal_handler(signal.SIGHUP, reload)


def on_stdin_end(end: Callable[[], None]) -> None:
    """Call `end` on the running loop when the parent that holds our standard input is gone."""
    from asyncio import get_running_loop

    loop = get_running_loop()
    descriptor = sys.stdin.fileno()
    if sys.platform == "win32":

        def wait() -> None:
            with contextlib.suppress(OSError):
                while os.read(descriptor, 4096):
                    pass
            with contextlib.suppress(RuntimeError):  # the loop is closed: we are at the end anyway
                loop.call_soon_threadsafe(end)

        threading.Thread(target=wait, name="stdin", daemon=True).start()
        return

    def drain() -> None:
        if not os.read(descriptor, 4096):
            loop.remove_reader(descriptor)
            end()

    loop.add_reader(descriptor, drain)


def give_back_memory() -> None:
    """Hand freed memory back to the machine: glibc would keep what a busy round needed until the next."""
    if sys.platform != "win32":
        import ctypes

        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
