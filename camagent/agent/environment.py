"""What the loop works with: what can be done for the site, and what else it needs of the world. Types
only."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Protocol

from camagent.agent.record import Record
from camagent.agent.sd_notify import Notifier
from camagent.discover.hello import Presence
from camagent.document.site_status import CameraStatus
from camagent.model.clock import Clock
from camagent.model.earlier_runs import Memory
from camagent.model.fault import FaultCode, Stage
from camagent.model.text import Message
from camagent.run.context import Run


class SiteWork(Protocol):
    """Runs discovery, checks and judging for one site, and says what is known of it."""

    defects: int
    discovered_devices: int | None

    @property
    def faults(self) -> Mapping[tuple[Stage, FaultCode], int]:
        """Counted since the start."""

    @property
    def hosts(self) -> Sequence[str]:
        """Every device to be watched."""

    @property
    def is_complete(self) -> bool:
        """Every device was checked since the start."""

    async def discover(self) -> None:
        """Look for devices."""

    async def interrogate(self, host: str) -> None:
        """All questions and streams of one device."""

    async def stream(self, host: str) -> None:
        """The known streams of one device."""

    async def reach(self, host: str) -> None:
        """One cheap question."""

    async def judge(self, began_at: datetime) -> Run | None:
        """Verdicts over what is known; None where nothing is new."""

    def statuses(self) -> tuple[CameraStatus, ...]:
        """Every camera, as last seen."""

    def answers(self) -> Mapping[str, bool]:
        """Camera id and whether it answered the last cheap check."""

    def remember(self, memory: Memory) -> None:
        """What the record knows from now on."""


@dataclass(frozen=True, slots=True)
class Environment:
    """What the loop needs beside the site itself."""

    clock: Clock
    record: Record
    notifier: Notifier
    zone: tzinfo
    """The school's, for quiet hours and for when a day begins."""
    say: Callable[[Message], str]
    """A sentence in the operator's language."""
    tell: Callable[[Message], None]
    """The same, as one line of the log."""
    rest: Callable[[], None]
    """Called after every round of full checks, when there is time to tidy up."""
    announced: AsyncIterator[Presence] | None
    """Hello and Bye of cameras; None where nobody can listen for them."""
    new_day: Callable[[], None]
    """Called once a day: yesterday's refused log-ins may be tried once more."""
