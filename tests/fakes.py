"""Worlds for tests: a clock that can be wound, devices and streams that answer from a table."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from camagent.model.device import DeviceFacts, DeviceTarget
from camagent.model.secret import Credential
from camagent.model.stream import FileTarget, StreamFacts, StreamTarget
from camagent.run.turn import Doors
from tests.builders import NOW, device_facts, stream_facts


class FakeClock:
    """Time that passes only when somebody sleeps."""

    def __init__(self, now: datetime = NOW) -> None:
        self._start = now
        self.elapsed_s = 0.0

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self.elapsed_s)

    def monotonic_s(self) -> float:
        return self.elapsed_s

    async def sleep(self, seconds: float) -> None:
        self.elapsed_s += max(0.0, seconds)
        await asyncio.sleep(0)


class LeapingLoop(asyncio.SelectorEventLoop):
    """An event loop for work without sockets: where nothing is left to do, the time leaps to the next timer.

    However long the machine is busy elsewhere, no timer is early or late.
    """

    def __init__(self) -> None:
        self._now_s = 0.0
        super().__init__()

    def time(self) -> float:
        return self._now_s

    def _run_once(self) -> None:
        waiting: list[asyncio.TimerHandle] = self._scheduled  # type: ignore[attr-defined]
        if waiting and not self._ready:  # type: ignore[attr-defined]
            self._now_s = max(self._now_s, waiting[0].when())
        super()._run_once()  # type: ignore[misc]


class FakeWorld:
    """Doors that answer from tables and remember who was asked, in order."""

    def __init__(
        self,
        devices: Mapping[str, DeviceFacts] | None = None,
        streams: Mapping[str, StreamFacts] | None = None,
    ) -> None:
        self.devices = dict(devices or {})
        self.streams = dict(streams or {})
        self.asked: list[str] = []
        self.admitted_bps: list[float] = []
        self.clock = FakeClock()

    def doors(self) -> Doors:
        return Doors(self._ask, self._watch, self._watch_file, self._admit, self.clock)

    async def _ask(self, target: DeviceTarget, _credential: Credential | None) -> DeviceFacts:
        self.asked.append(f"onvif {target.host}")
        return self.devices.get(target.host, device_facts(target=target, address=target.host))

    async def _watch(self, target: StreamTarget, _credential: Credential | None) -> StreamFacts:
        self.asked.append(f"rtsp {target.uri.path}")
        await self.clock.sleep(1.0)
        return self.streams.get(target.uri.path, stream_facts(target=target))

    async def _watch_file(self, target: FileTarget) -> StreamFacts:
        self.asked.append(f"file {target.path}")
        return stream_facts(target=target, access=None)

    @asynccontextmanager
    async def _admit(self, bps: float) -> AsyncIterator[None]:
        self.admitted_bps.append(bps)
        yield
