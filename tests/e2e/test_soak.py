"""Two hundred visits to a camera leave nothing behind: no descriptor, no task, no memory that grows
(PyAV#1117)."""

from __future__ import annotations

import asyncio
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from camagent.model.fault import Fault
from camagent.model.stream import StreamTarget
from camagent.model.uri import parse_stream_uri
from camagent.observe.watch import WatchDoors, WatchOptions, watch_stream
from camagent.platform.system_clock import SystemClock
from camagent.wire.login_ledger import LoginLedger
from tests.monitoring.programs import free_port

VISITS = 200
WARM_UP = 40  # caches and arenas have their size by then
MAX_GROWTH_KB = 4_000  # 25 kB a visit would be a leak; the allocator's own unrest is under 2 MB


@contextmanager
def camera() -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "camagent", "simulate", "--load", "1", "--rtsp-port", str(port)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as server:
        try:
            assert server.stdout is not None
            assert server.stdout.readline()
            yield f"rtsp://127.0.0.1:{port}/0"
        finally:
            server.terminate()


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_visits_leave_nothing_behind() -> None:
    async def visit(url: str) -> None:
        parsed = parse_stream_uri(url)
        assert parsed is not None
        doors = WatchDoors(SystemClock(), LoginLedger(), None)
        facts = await watch_stream(
            StreamTarget(parsed[0]), None, WatchOptions(window_s=0.2, pictures=0), doors
        )
        assert not isinstance(facts.measured, Fault), facts.measured

    async def soak(url: str) -> tuple[int, int, int]:
        for _ in range(WARM_UP):
            await visit(url)
        before, memory_kb = descriptors(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for _ in range(VISITS - WARM_UP):
            await visit(url)
        await asyncio.sleep(0)
        grown_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory_kb
        return descriptors() - before, len(asyncio.all_tasks()) - 1, grown_kb

    with camera() as url:
        left_open, tasks, grown_kb = asyncio.run(soak(url))
    assert left_open <= 0
    assert tasks == 0
    assert grown_kb < MAX_GROWTH_KB
