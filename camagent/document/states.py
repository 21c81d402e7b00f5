"""How a camera was from a moment on: one row of the record's history. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from camagent.model.finding import Verdict


@dataclass(frozen=True, slots=True)
class CameraState:
    """How a camera was from a moment on, until the next such row."""

    at: datetime
    verdict: Verdict
    action: str
    name: str
    address: str
    model: str | None
    firmware: str | None
    failed: tuple[str, ...]
    """Rules that failed."""
