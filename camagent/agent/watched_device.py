"""One device that the agent watches, and what it was last seen to do. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain

from camagent.document.site_status import Reach
from camagent.model.fault import Fault, FaultCode
from camagent.model.scan_result import device_faults
from camagent.model.stream import StreamFacts, StreamTarget
from camagent.run.fleet import Job
from camagent.run.picture_history import PictureHistory, looked_again
from camagent.run.visit import DeviceCheck, with_other_look


@dataclass(slots=True)
class WatchedDevice:
    """A device from the moment that it is known of; times are monotonic: the wall clock of an old PC
    jumps."""

    job: Job
    answered_s: float
    """When it last answered anything; for a new one, when it became known."""
    has_answered: bool = False
    """It answered something since it became known; one that never did may be nothing but an announcement."""
    answered_at: datetime | None = None
    """The same by the wall clock, for who reads of it; None: it has not answered since it became known."""
    check: DeviceCheck | None = None
    """The last whole conversation."""
    checked_s: float = 0.0
    """When that one ended."""
    judged_s: float = -1.0
    """`checked_s` of the conversation that the last judgement is about; before any: never."""
    pictures: dict[str, PictureHistory] = field(default_factory=dict)
    """By stream address: what the looks at it showed."""
    reach: Reach | None = None
    """The last answer to the cheap question."""
    reached_s: float = 0.0

    def note_answer(self, at_s: float, at: datetime) -> None:
        """Something of it answered, at that time of both clocks."""
        self.answered_s, self.answered_at, self.has_answered = at_s, at, True

    def take(self, check: DeviceCheck) -> None:
        """Its newest conversation, with what the looks before it say of its pictures."""
        before = self.check.streams if self.check is not None else ()
        sources = tuple(
            replace(source, streams=tuple(self._with_looks(stream, before) for stream in source.streams))
            for source in check.sources
        )
        self.check = with_other_look(replace(check, sources=sources), self.check)

    def _with_looks(self, stream: StreamFacts, before: Sequence[StreamFacts]) -> StreamFacts:
        if stream in before or not isinstance(stream.target, StreamTarget):
            return stream  # not looked at anew
        key = str(stream.target.uri)
        self.pictures[key], stream = looked_again(self.pictures.get(key, PictureHistory()), stream)
        return stream

    @property
    def is_silent(self) -> bool:
        """Its ONVIF side did not answer in the last conversation."""
        return self.check is not None and isinstance(self.check.device, Fault)

    @property
    def newest_reach(self) -> Reach | None:
        """The cheap answer, where it says something and is newer than what was judged."""
        is_newer = self.reach is not None and self.reach.up is not None and self.reached_s > self.judged_s
        return self.reach if is_newer else None


def stream_targets(check: DeviceCheck) -> list[StreamTarget]:
    """The streams of a conversation that can be watched again."""
    return [stream.target for stream in check.streams if isinstance(stream.target, StreamTarget)]


def for_streams(job: Job, check: DeviceCheck | None) -> Job:
    """The job for the streams alone: without the log-in where the device turned out to be somebody else."""
    faults = device_faults(check.device) if check is not None else ()
    is_stranger = any(fault.code is FaultCode.AUTH_STRANGER for fault in faults)
    return replace(job, credential=None) if is_stranger else job


def stream_faults(check: DeviceCheck) -> tuple[Fault, ...]:
    """Each once, also where a stream's last fault is not repeated in its list."""
    faults = chain.from_iterable(dict.fromkeys((*stream.faults, stream.fault)) for stream in check.streams)
    return tuple(fault for fault in faults if fault is not None)
