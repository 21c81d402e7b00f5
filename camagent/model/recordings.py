"""What a recorder keeps, as it says itself: spans of time by channel."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain

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
    times_told: bool = True
    """Of every video track the device told when it begins and ends; False: more may be kept than these
    spans."""


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


def joined_spans(spans: Iterable[TimeSpan]) -> tuple[TimeSpan, ...]:
    """The same time in order, without overlap."""
    joined: list[TimeSpan] = []
    for span in sorted(spans, key=lambda span: span.begin):
        if joined and span.begin <= joined[-1].end:
            joined[-1] = TimeSpan(joined[-1].begin, max(joined[-1].end, span.end))
        else:
            joined.append(span)
    return tuple(joined)


def as_one_channel(channels: Sequence[ChannelRecording]) -> ChannelRecording | None:
    """Several recordings of one camera, as of its main and of its lighter stream; None of none."""
    if len(channels) < 2:
        return channels[0] if channels else None
    return ChannelRecording(
        channels[0].source,
        joined_spans(chain.from_iterable(channel.spans for channel in channels)),
        holes_told=all(channel.holes_told for channel in channels),
        times_told=all(channel.times_told for channel in channels),
    )
