"""How many streams of one device are watched at a time: one of a camera, up to four of a recorder, fewer
where that disturbs. What was disturbed is watched again alone, so that no result is worse than if the
streams were watched one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from camagent.model.fault import LOGIN_FAULTS, FaultCode
from camagent.model.stream import MeasuredStream, StreamFacts

RECORDER_SOURCES = 4  # video sources from which on a device is built to serve many viewers at a time
AT_ONCE = 4  # sessions with a recorder; a wall of four pictures is what its makers' own programs open
_ITS_OWN = frozenset(
    {
        *LOGIN_FAULTS,
        FaultCode.NOT_FOUND,
        FaultCode.NO_VIDEO,
        FaultCode.CODEC_UNSUPPORTED,
        FaultCode.UNSUPPORTED,
        FaultCode.REFUSED_BY_POLICY,
    }
)
"""Faults that a second session beside it does not cause; a log-in above all is not tried again."""
T = TypeVar("T")


@dataclass
class Together(Generic[T]):
    """The watching of one device's streams, so many at a time."""

    watch_one: Callable[[T], Awaitable[StreamFacts]]
    at_once: int

    async def watch(self, candidates: Sequence[T]) -> list[StreamFacts]:
        """All of them, in their order. The width is halved each time that something was better alone."""
        streams: list[StreamFacts] = []
        while len(streams) < len(candidates):
            some = candidates[len(streams) : len(streams) + self.at_once]
            facts = list(await asyncio.gather(*(self.watch_one(candidate) for candidate in some)))
            disturbed = [
                place for place, stream in enumerate(facts) if len(some) > 1 and was_disturbed(stream)
            ]
            for place in disturbed:
                facts[place] = await self.watch_one(some[place])
            if any(not was_disturbed(facts[place]) for place in disturbed):
                self.at_once = max(1, self.at_once // 2)
            streams += facts
        return streams


def at_once(sources: int) -> int:
    """Sessions at a time with a device of so many video sources."""
    return AT_ONCE if sources >= RECORDER_SOURCES else 1


def was_disturbed(stream: StreamFacts) -> bool:
    """A refusal, an end or a loss that a session beside it may have caused."""
    if stream.fault is not None:
        return stream.fault.code not in _ITS_OWN | {FaultCode.BUDGET_SPENT, FaultCode.DEFECT}
    return isinstance(stream.measured, MeasuredStream) and bool(stream.measured.rtp_lost_packets)
