"""What a run is judged in, when it took place, and what it brought."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from camagent.model.credential_book import CredentialBook
from camagent.model.discovery import Discovery
from camagent.model.earlier_runs import Memory, MemoryChange
from camagent.model.scan_result import (
    Declaration,
    ProfileStamp,
    ScanResult,
    Site,
)
from camagent.run.visit import DeviceCheck, Judge


@dataclass(frozen=True, slots=True)
class JudgingContext:
    """What the operator wants to know, and by what it is judged."""

    judge: Judge
    stamp: ProfileStamp
    credentials: CredentialBook
    inventory: tuple[Declaration, ...] = ()
    memory: Memory = Memory()

    @property
    def site(self) -> Site:
        """The site of the run."""
        return self.judge.site.site


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run with what should be remembered of it."""

    result: ScanResult
    learned: MemoryChange
    memory: Memory
    """What is known from now on."""
    discovery: Discovery | None = None
    is_complete: bool = True
    """False: the user stopped it."""
    checks: tuple[DeviceCheck, ...] = ()
    """What the result was made from, so that one device can be checked again and the whole judged anew."""


@dataclass(frozen=True, slots=True)
class RunPeriod:
    """When a run took place and what kind it was."""

    started_at: datetime
    finished_at: datetime
    kind: str
    discovery: Discovery | None
