"""What a recorder keeps, as it says itself: spans of time by channel."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from camagent.model.fault import Fault


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """From one moment to another."""

    begin: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class ChannelRecording:
    """The video that is kept of one source, by the device's own clock."""

    source: str
    """As the recording names it: a token of a video source or a profile, or an address."""
    spans: tuple[TimeSpan, ...]
    """In order, without overlap; empty: there is a recording and nothing in it."""
    holes_told: bool
    """The device told where nothing was recorded; False: only where each track begins and ends."""


@dataclass(frozen=True, slots=True)
class RecordingFacts:
    """Profile G, where it is offered. The first three are of the device as a whole, over all its channels."""

    data_from: datetime | None
    data_until: datetime | None
    recordings: int | None
    channels: tuple[ChannelRecording, ...] | Fault | None = None
    """None: not asked; a Fault where the search did not come to its end."""
    asked_at: datetime | None = field(default=None, compare=False)
    """When the device was asked, by our clock: what has happened since, nobody knows."""
