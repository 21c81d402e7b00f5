"""Who hears how a run goes on while it does, and how long the rest will take."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import quantiles

from camagent.model.discovery import RtspOnly, Sighting
from camagent.model.scan_result import CameraResult
from camagent.run.fleet import FleetOptions, Job, Step

Progress = Callable[[str, int, int], None]
"""Hears (phase, done, total); phases are those of the search, "check" and "again"."""
ASKING_S = 4.0  # of a first guess: so long a camera's own questions take on a school's network
AROUND_WINDOW_S = 3.0  # connect, log-in and the wait for a keyframe around each window of a first guess
STREAMS = 2  # main and sub stream: what most cameras have
ENOUGH = 4  # checks that ended before what they took counts more than the guess
AT_LEAST_S = 3.0  # what outlived the estimate is not about to end because we thought so


def _nobody(*_message: object) -> None:
    """Nobody looks on."""


@dataclass(frozen=True, slots=True)
class Onlooker:
    """Who looks on; every call is quick and never fails. Nothing is told of a run that nobody looks at."""

    progress: Progress = _nobody
    devices: Callable[[tuple[Sighting | RtspOnly, ...]], None] = _nobody
    step: Callable[[Job, Step], None] = _nobody
    cameras: Callable[[Job, tuple[CameraResult, ...]], None] | None = None
    """One device's cameras as soon as it was checked, judged by themselves; the whole school's view may add
    to it. None: nobody wants them, and they are not judged twice."""


@dataclass(slots=True)
class Remaining:
    """How long the checks of a run will still take, by those that have ended. Knows no clock: moments are
    given, in seconds."""

    guess_s: float
    """For one device, while too few have ended to know."""
    at_once: int
    waiting: int = 0
    _begun: dict[str, float] = field(default_factory=dict)
    _took_s: list[float] = field(default_factory=list)

    def begin(self, place: str, now_s: float) -> None:
        """A device's turn has come; the second call for it changes nothing."""
        if place not in self._begun:
            self._begun[place] = now_s
            self.waiting = max(0, self.waiting - 1)

    def end(self, place: str, now_s: float) -> None:
        """Its check is over."""
        begun_s = self._begun.pop(place, None)
        if begun_s is None:
            self.waiting = max(0, self.waiting - 1)
        else:
            self._took_s.append(now_s - begun_s)

    def left_s(self, now_s: float) -> float:
        """Seconds until the last one is done: what runs, then the waiting in turns; 0 where none is left."""
        typical_s = self._typical_s()
        left = [max(typical_s - (now_s - begun_s), AT_LEAST_S) for begun_s in self._begun.values()]
        turns = -(-self.waiting // max(1, self.at_once))
        return max(left, default=0.0) + turns * typical_s

    def _typical_s(self) -> float:
        """Of what ended the slower ones: a camera that refuses us at once says nothing of those that are
        watched."""
        if len(self._took_s) < ENOUGH:
            return max([self.guess_s, *self._took_s])
        return quantiles(self._took_s, n=10)[-1]


def first_guess_s(options: FleetOptions) -> float:
    """How long one device's check takes, before any has ended: its questions and a window a stream."""
    return ASKING_S + STREAMS * (options.watch.window_s + AROUND_WINDOW_S)
