"""Time as an argument: wall, monotonic and sleep, injected everywhere, so that tests can wind it."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """What the rest of camagent knows of time."""

    def now(self) -> datetime:
        """Wall time, aware, UTC."""

    def monotonic_s(self) -> float:
        """Seconds on a clock that never steps."""

    async def sleep(self, seconds: float) -> None:
        """Wait on the event loop."""
