"""What a simulated recorder keeps of each channel: the truth behind its recording services. Pure data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from camagent.model.finding import Outcome

DAY_H = 24.0


@dataclass(frozen=True, slots=True)
class KeptVideo:
    """One recording: of one channel, with one video track."""

    token: str
    channel: int
    spans_h: tuple[tuple[float, float], ...]
    """From and to, in hours before now, the oldest first; nothing was recorded between. Empty: no data."""
    expected: Outcome
    """What thirty days of retention must be judged as for this channel, written down before it is asked."""

    def spans(self, now: datetime) -> tuple[tuple[datetime, datetime], ...]:
        """The same as moments, in whole seconds."""
        second = now.replace(microsecond=0)
        return tuple(
            (second - timedelta(hours=begin_h), second - timedelta(hours=end_h))
            for begin_h, end_h in self.spans_h
        )


_Kind = tuple[Outcome, tuple[tuple[tuple[float, float], ...], ...]]
"""The outcome, and the spans of each recording of the channel, in days before now."""
_KINDS: tuple[_Kind, ...] = (
    (Outcome.PASS, (((40, 0),),)),
    (Outcome.WARN, (((40, 10.75), (10.5, 3.625), (3.5, 0)),)),  # six hours and three hours are missing
    (Outcome.FAIL, (((40, 25), (5, 0)),)),  # the camera was dead for twenty days
    (Outcome.FAIL, (((40, 3),),)),  # stopped three days ago
    (Outcome.FAIL, (((62, 61.9),), ((13, 0),))),  # a locked clip beside thirteen days
    (Outcome.FAIL, ((),)),  # there is a recording and nothing in it
    (Outcome.NOT_ASSESSED, (((1, 0),),)),  # a channel of yesterday: new, or short? a person says
    (Outcome.PASS, (((45, 20), (20, 0)),)),  # two spans that touch are no hole
)


def kept_by_recorder(channels: int) -> tuple[KeptVideo, ...]:
    """Recordings of so many channels, each channel of another kind, repeating."""
    kept = []
    for channel in range(1, channels + 1):
        expected, recordings = _KINDS[(channel - 1) % len(_KINDS)]
        for number, days in enumerate(recordings, 1):
            hours = tuple((begin * DAY_H, end * DAY_H) for begin, end in days)
            kept.append(KeptVideo(f"Recording_{channel}_{number}", channel, hours, expected))
    return tuple(kept)
