"""`process_*` as every Prometheus client exports them, read of /proc anew for each page."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path

from camagent.exporter.families import Family


def process_families(proc: Path = Path("/proc")) -> Iterator[Family]:
    """What this process uses, as of proc(5); nothing where it is not to be read, as on Windows."""
    try:
        # what stands behind the name, which may hold blanks and brackets: field 3 of proc(5) comes first
        fields = (proc / "self/stat").read_bytes().rpartition(b")")[2].split()
        booted = _words_after(proc / "stat", b"btime")
        files_limit = _words_after(proc / "self/limits", b"Max open files")
        open_files = len(os.listdir(proc / "self/fd"))
    except OSError:
        return
    ticks_hz, page_bytes = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
    cpu_s = (int(fields[11]) + int(fields[12])) / ticks_hz
    started_s = int(booted[0]) + int(fields[19]) / ticks_hz
    yield _gauge("virtual_memory_bytes", "Virtual memory size in bytes.", int(fields[20]))
    yield _gauge("resident_memory_bytes", "Resident memory size in bytes.", int(fields[21]) * page_bytes)
    yield _gauge("start_time_seconds", "Start time of the process since unix epoch in seconds.", started_s)
    documentation = "Total user and system CPU time spent in seconds."
    yield Family("process_cpu_seconds", "counter", documentation, series=[((), cpu_s)])
    yield _gauge("open_fds", "Number of open file descriptors.", open_files)
    most = math.inf if files_limit[0] == b"unlimited" else int(files_limit[0])
    yield _gauge("max_fds", "Maximum number of open file descriptors.", most)


def _gauge(name: str, documentation: str, number: float) -> Family:
    return Family(f"process_{name}", "gauge", documentation, series=[((), number)])


def _words_after(path: Path, name: bytes) -> list[bytes]:
    """What the line of that name says.

    Raises: OSError where the file cannot be read or has no such line.
    """
    for line in path.read_bytes().splitlines():
        if line.startswith(name):
            return line.removeprefix(name).split()
    raise OSError(f"{path}: no {name.decode()}")
