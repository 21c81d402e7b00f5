"""What the office decided about one row of the upgrade list. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from camagent.text.moments import VIETNAM

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
    """When it was recorded."""
    by: str = ""
    """Who decided; empty in records of camagent 0.1.0, which did not ask."""
    as_of: date | None = None
    """The day that the office gives it; None: the day of recording."""

    @property
    def day(self) -> date:
        """The day from which it holds."""
        return self.as_of or self.at.astimezone(VIETNAM).date()
