"""A clock that a test winds, a site that only remembers, and a record in memory."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo

from camagent.agent.environment import Environment
from camagent.agent.record import EarlierRound, RoundRecord
from camagent.agent.schedule import WorkKind
from camagent.agent.sd_notify import Notifier
from camagent.discover.hello import Presence
from camagent.document.site_status import CameraStatus
from camagent.model.earlier_runs import Memory, MemoryChange
from camagent.model.fault import FaultCode, Stage
from camagent.model.text import Message
from camagent.run.context import Run
from camagent.text import render
from tests import builders as build

START = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)


class WoundClock:
    """Sleeping moves it on; nothing waits in earnest."""

    def __init__(self) -> None:
        self.elapsed_s = 0.0
        self.wall_s = 0.0
        """By how much the wall clock was set, as NTP does with an old PC's."""

    def now(self) -> datetime:
        return START + timedelta(seconds=self.elapsed_s + self.wall_s)

    def monotonic_s(self) -> float:
        return 1000.0 + self.elapsed_s

    async def sleep(self, seconds: float) -> None:
        self.elapsed_s += seconds
        for _ in range(5):  # let the work that is due at this second take its turns
            await asyncio.sleep(0)


@dataclass
class FakeSite:
    """Does nothing to anybody; `during` is awaited in place of the real work."""

    addresses: tuple[str, ...] = ("192.0.2.1", "192.0.2.2", "192.0.2.3")
    during: Callable[[WorkKind, str], Awaitable[None]] | None = None
    done: list[tuple[WorkKind, str]] = field(default_factory=list)
    faults: Counter[tuple[Stage, FaultCode]] = field(default_factory=Counter)
    defects: int = 0
    discovered_devices: int | None = None
    is_complete: bool = True
    judged: int = 0
    memories: list[Memory] = field(default_factory=list)

    @property
    def hosts(self) -> tuple[str, ...]:
        return self.addresses

    async def discover(self) -> None:
        self.discovered_devices = len(self.addresses)
        await self._do(WorkKind.DISCOVER, "")

    async def interrogate(self, host: str) -> None:
        await self._do(WorkKind.INTERROGATE, host)

    async def stream(self, host: str) -> None:
        await self._do(WorkKind.STREAM, host)

    async def reach(self, host: str) -> None:
        await self._do(WorkKind.REACH, host)

    async def _do(self, work: WorkKind, host: str) -> None:
        self.done.append((work, host))
        if self.during is not None:
            await self.during(work, host)

    async def judge(self, began_at: datetime) -> Run | None:
        self.judged += 1
        return Run(build.scan_result(), MemoryChange(), Memory())

    def statuses(self) -> tuple[CameraStatus, ...]:
        return tuple(CameraStatus(host, host, host, True, START, START) for host in self.addresses)

    def answers(self) -> Mapping[str, bool]:
        return dict.fromkeys(self.addresses, True)

    def remember(self, memory: Memory) -> None:
        self.memories.append(memory)


@dataclass
class MemoryRecord:
    """A record that forgets when the test ends."""

    kept: list[Run] = field(default_factory=list)
    probes: list[Mapping[str, bool]] = field(default_factory=list)

    async def restore(self, now: datetime) -> EarlierRound:
        return EarlierRound()

    async def keep(self, run: Run, now: datetime) -> RoundRecord:
        self.kept.append(run)
        return RoundRecord(b"{}", Memory())

    async def note_probes(self, at: datetime, answers: Mapping[str, bool]) -> None:
        self.probes.append(answers)


class Witness(Notifier):
    """Remembers what systemd would have heard."""

    def __init__(self) -> None:
        super().__init__({})
        self.notices: list[str] = []

    def _send(self, text: str) -> None:
        self.notices.append(text)


@dataclass
class World:
    """Everything around the loop, to be looked at afterwards."""

    clock: WoundClock = field(default_factory=WoundClock)
    record: MemoryRecord = field(default_factory=MemoryRecord)
    notifier: Witness = field(default_factory=Witness)
    lines: list[str] = field(default_factory=list)
    days: int = 0
    announced: AsyncIterator[Presence] | None = None
    zone: tzinfo = UTC

    def environment(self) -> Environment:
        def tell(line: Message) -> None:
            self.lines.append(render(line, "en"))

        def new_day() -> None:
            self.days += 1

        return Environment(
            self.clock,
            self.record,
            self.notifier,
            self.zone,
            lambda line: render(line, "vi"),
            tell,
            lambda: None,
            self.announced,
            new_day,
        )
