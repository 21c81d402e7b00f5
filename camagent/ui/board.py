"""Everything that the page shows, as one value that changes; every browser gets the newest, never a queue.

A tab that slept, or a second one, asks for the whole again and has missed nothing that still holds.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from camagent.document.compare import Comparison
from camagent.document.model import CameraView, ScanDocument
from camagent.model.text import Message
from camagent.text import render, say
from camagent.text.moments import moment_text
from camagent.text.quantities import left_text
from camagent.ui.rows import (
    DeviceProgress,
    camera_row,
    changes_row,
    device_row,
    most_urgent_first,
    result_row,
)

MAX_DEVICES = 5_000  # rows; more is a flood, and the report tells of it


class Phase(StrEnum):
    """What is being done now."""

    IDLE = "idle"
    SEARCH = "search"
    CHECK = "check"
    SECOND_LOOK = "again"
    ONE_CAMERA = "one"
    ENDED = "ended"
    """The program ends: the page can do no more."""


@dataclass(slots=True)
class Board:
    """The state of the page; whoever changes it calls `changed`."""

    site: str
    ranges: tuple[str, ...] = ()
    provisional: bool = True
    """No requirement profile is authoritative yet; said on every page."""
    phase: Phase = Phase.IDLE
    stopping: bool = False
    done: int = 0
    total: int = 0
    left_s: float = 0.0
    one: str = ""
    """Id of the camera that is being checked again."""
    problems: tuple[Message, ...] = ()
    notice: Message | None = None
    """What was just done."""
    login: tuple[str, tuple[str, ...]] | None = None
    """User name and ranges of the log-in that is kept; a password is never here."""
    searched_at: datetime | None = None
    waiting_for_trust: int = 0
    """New devices that would not be given the log-in of their range."""
    devices: dict[str, DeviceProgress] = field(default_factory=dict)
    cameras: dict[str, CameraView] = field(default_factory=dict)
    document: ScanDocument | None = None
    of_now: bool = False
    """The document is of a scan of this page, so its cameras can be checked again."""
    comparison: Comparison | None = None
    version: int = 0
    _waiting: set[asyncio.Event] = field(default_factory=set)

    def changed(self) -> None:
        """Wake everybody who looks."""
        self.version += 1
        for event in self._waiting:
            event.set()

    def watch(self) -> asyncio.Event:
        """An event that is set at every change, until `unwatch`."""
        event = asyncio.Event()
        self._waiting.add(event)
        return event

    def unwatch(self, event: asyncio.Event) -> None:
        """Nobody waits for it any more."""
        self._waiting.discard(event)

    @property
    def watchers(self) -> int:
        """How many browsers look on."""
        return len(self._waiting)

    @property
    def busy(self) -> bool:
        """One thing at a time, whoever asks."""
        return self.phase is not Phase.IDLE

    def as_json(self, lang: str) -> dict[str, Any]:
        """The whole, in one language."""
        cameras = most_urgent_first(list(self.cameras.values()))
        waiting = [device for device in self.devices.values() if device.step != "done"]
        return {
            "version": self.version,
            "site": self.site,
            "ranges": list(self.ranges),
            "provisional": self.provisional,
            "phase": self.phase.value,
            "status": self._status(lang),
            "stopping": self.stopping,
            "done": self.done,
            "total": self.total,
            "one": self.one,
            "problems": [render(problem, lang) for problem in self.problems],
            "login": None if self.login is None else {"user": self.login[0], "ranges": list(self.login[1])},
            "searched": self.searched_at is not None,
            "found": len(self.devices),
            "new": self.waiting_for_trust,
            "devices": [device_row(device, lang) for device in waiting],
            "cameras": [camera_row(camera, lang) for camera in cameras],
            "result": None if self.document is None else result_row(self.document, lang),
            "of_now": self.of_now,
            "changes": None if self.comparison is None else changes_row(self.comparison, self.document, lang),
        }

    def _status(self, lang: str) -> str:
        """One sentence: what is going on, or what to do next."""
        if self.stopping:
            return say("ui.status.stopping", lang)
        if self.phase is Phase.CHECK:
            if self.done == self.total > 0:
                return say("ui.status.sum_up", lang, total=self.total)
            return say("ui.status.check", lang, done=self.done, total=self.total, left=self._left(lang))
        if self.phase is Phase.SECOND_LOOK:
            return say("ui.status.again", lang, left=self._left(lang))
        if self.phase is Phase.SEARCH:
            return say("ui.status.search", lang, count=len(self.devices))
        if self.phase is not Phase.IDLE:
            return say(f"ui.status.{self.phase.value}", lang)
        if self.notice is not None:
            return render(self.notice, lang)
        if self.document is not None:
            return say("ui.status.stored", lang, at=moment_text(self.document.started_at, lang))
        return say("ui.status.begin", lang)

    def _left(self, lang: str) -> str:
        return left_text(self.left_s, lang) if self.left_s else "…"
