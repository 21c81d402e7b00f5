"""What a simulated recorder really keeps, beside what it says of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import chain

from camagent.simulator.kept_video import KeptVideo


def newest_run(
    kept: Sequence[KeptVideo], channel: int, now: datetime, gap_s: float
) -> tuple[datetime, datetime] | None:
    """Begin and end of the channel's newest stretch without a gap of that length; None: nothing is kept."""
    spans = sorted(chain.from_iterable(one.spans(now) for one in kept if one.channel == channel))
    if not spans:
        return None
    begin = spans[-1][0]
    for earlier, later in zip(reversed(spans[:-1]), reversed(spans[1:]), strict=True):
        if (later[0] - earlier[1]).total_seconds() >= gap_s:
            break
        begin = earlier[0]
    return begin, spans[-1][1]
