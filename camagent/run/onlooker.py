"""Whom a run reports its progress to, and how long the rest will take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
LOOK_AGAIN_AFTER_S = 10.0  # a camera that was busy, or a switch that relearnt its table, has settled by then
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
    looks_again: int = 0
    """Cameras that will be looked at a second time, once all have been looked at."""
    _second_from_s: float = 0.0
    _begun: dict[str, float] = field(default_factory=dict)
    _watched: set[str] = field(default_factory=set)
    _took_s: list[float] = field(default_factory=list)
    _watched_s: list[float] = field(default_factory=list)

    def begin(self, place: str, step: Step, now_s: float) -> None:
        """A device has come to this step; the first one begins its turn."""
        if place not in self._begun:
            self._begun[place] = now_s
            self.waiting = max(0, self.waiting - 1)
        if step is Step.WATCHING:
            self._watched.add(place)

    def end(self, place: str, results: Sequence[CameraResult], now_s: float) -> None:
        """Its check is over, and these are its cameras."""
        self.looks_again += sum(camera.upgrade.look_again for camera in results)
        begun_s = self._begun.pop(place, None)
        if begun_s is None:
            self.waiting = max(0, self.waiting - 1)
            return
        self._took_s.append(now_s - begun_s)
        if place in self._watched:
            self._watched_s.append(now_s - begun_s)

    def begin_second(self, total: int, now_s: float) -> None:
        """All were looked at; so many are looked at again after a pause."""
        self._begun.clear()
        self.waiting, self.looks_again, self._second_from_s = total, 0, now_s + LOOK_AGAIN_AFTER_S

    def left_s(self, now_s: float) -> float:
        """Seconds until the last one is done: what runs, then the waiting in turns, then the second looks; 0
        where none is left."""
        typical_s = self._typical_s(self._took_s)
        watched_s = self._typical_s(self._watched_s)
        left = [
            max((watched_s if place in self._watched else typical_s) - (now_s - begun_s), AT_LEAST_S)
            for place, begun_s in self._begun.items()
        ]
        pause_s = max(0.0, self._second_from_s - now_s)
        second_s = LOOK_AGAIN_AFTER_S + self._turns(self.looks_again) * watched_s if self.looks_again else 0.0
        return pause_s + max(left, default=0.0) + self._turns(self.waiting) * typical_s + second_s

    def _turns(self, devices: int) -> int:
        return -(-devices // max(1, self.at_once))

    def _typical_s(self, took_s: Sequence[float]) -> float:
        """Of what ended the slower ones; the guess while these are too few."""
        if len(took_s) < ENOUGH:
            return max([self.guess_s, *took_s])
        return quantiles(took_s, n=10)[-1]


def first_guess_s(options: FleetOptions) -> float:
    """How long one device's check takes, before any has ended: its questions and a window a stream."""
    return ASKING_S + STREAMS * (options.watch.window_s + AROUND_WINDOW_S)
