"""What the office decided about one row of the upgrade list. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

DECISIONS = ("approve", "reject", "recheck")


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision, as a reviewed file gave it."""

    row_id: str
    decision: str
    """One of `DECISIONS`."""
    note: str | None
    source: str
    """Name of the reviewed file."""
    at: datetime
