"""What the agent does when: spread evenly, jittered, quiet when told, never stacked. Pure; time is an
argument.

Due times live on the monotonic clock, because the wall clock of an old PC jumps; only quiet hours look at the
wall.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

MINUTES_A_DAY = 24 * 60
SPREAD_AFTER_QUIET_S = 3600.0  # what quiet hours held back is taken up over this time, not all in one moment


NIGHT_SPREAD_S = 600.0  # a school of 64 cameras is looked at in turn, not in one moment
NIGHT_LATE_S = 3600.0  # a PC that was off at that hour and came on within this time catches up


class WorkKind(StrEnum):
    """The kinds of work, the most thorough first: INTERROGATE includes STREAM and REACH when they are due
    together."""

    DISCOVER = "discover"
    """Look for devices; belongs to no device."""
    INTERROGATE = "interrogate"
    """All questions and all streams of one device."""
    STREAM = "stream"
    """The known streams of one device."""
    REACH = "reach"
    """One RTSP handshake, or one question to the ONVIF port."""


_ORDER = {work: rank for rank, work in enumerate(WorkKind)}
SITE = ""
"""Stands for a host where the work belongs to the whole site."""


@dataclass(frozen=True, slots=True)
class Cadence:
    """How often each kind of work is done."""

    discover_s: float = 3600.0
    interrogate_s: float = 86400.0
    stream_s: float = 300.0
    reach_s: float = 60.0
    jitter_ratio: float = 0.1
    """Of the period: two schools, or two cameras behind one switch, never keep in step for long."""

    def period_s(self, work: WorkKind) -> float:
        """Seconds between two starts."""
        return {
            WorkKind.DISCOVER: self.discover_s,
            WorkKind.INTERROGATE: self.interrogate_s,
            WorkKind.STREAM: self.stream_s,
            WorkKind.REACH: self.reach_s,
        }[work]


@dataclass(frozen=True, slots=True)
class QuietHours:
    """A span of the local day in which only cheap checks are made: teaching, exams."""

    start_min: int
    """Minutes after midnight."""
    end_min: int
    """Below `start_min`: the span goes over midnight."""

    def left_s(self, at: time) -> float:
        """Seconds by the clock on the wall until the span ends; 0 outside of it."""
        minute = at.hour * 60 + at.minute
        length_min = self.end_min - self.start_min
        length_min += MINUTES_A_DAY if length_min < 0 else 0  # "00:00-24:00" is a whole day, and not none
        since_min = (minute - self.start_min) % MINUTES_A_DAY
        return (length_min - since_min) * 60.0 - at.second if since_min < length_min else 0.0


def parse_quiet_hours(text: str) -> QuietHours:
    """ "07:00-11:30" as configuration carries it, already checked there."""
    start, _, end = text.partition("-")
    return QuietHours(_minutes(start), _minutes(end))


def parse_hour(text: str) -> time:
    """ "20:30" as configuration carries it, already checked there."""
    hour, _, minute = text.partition(":")
    return time(int(hour), int(minute))


def _minutes(text: str) -> int:
    hour, _, minute = text.strip().partition(":")
    return int(hour) * 60 + int(minute)


@dataclass(frozen=True, slots=True)
class Schedule:
    """The rules of when, without any state."""

    cadence: Cadence = field(default_factory=Cadence)
    quiet: tuple[QuietHours, ...] = ()
    night: time | None = None
    """At this hour of the school's day every camera is looked at by night."""

    def quiet_left_s(self, now: datetime) -> float:
        """Seconds of quiet still to keep; `now` in the school's own zone."""
        by_clock_s = max((span.left_s(now.time()) for span in self.quiet), default=0.0)
        return _passing_s(now, by_clock_s) if by_clock_s > 0 else 0.0


@dataclass(frozen=True, slots=True, order=True)
class Task:
    """One piece of work that is due."""

    rank: int
    host: str
    work: WorkKind


class Agenda:
    """When what is due next: the schedule's state. The caller says what time it is and who is busy."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        self._due_s: dict[tuple[WorkKind, str], float] = {}
        self._phases: dict[str, float] = {SITE: 0.0}
        self._night_on: date | None = None
        self.overruns = 0
        """Work skipped because the same device's earlier work was still running."""

    def follow(self, schedule: Schedule, now_s: float) -> None:
        """Take other rules from here on, without doing everything at once."""
        self._schedule = schedule
        for work, host in self._due_s:
            self._due_s[work, host] = min(self._due_s[work, host], self._next_s(work, host, now_s))

    def set_hosts(self, hosts: Iterable[str], now_s: float, restored: bool) -> None:
        """Take up new devices, drop those that are gone.

        `restored`: with their last results, so that their first round is spread over one period; else it is
        due now.
        """
        wanted = sorted(set(hosts), key=_shuffled)
        self._phases = {host: rank / len(wanted) for rank, host in enumerate(wanted)} | {SITE: 0.0}
        self._due_s = {key: due_s for key, due_s in self._due_s.items() if key[1] in self._phases}
        self._due_s.setdefault((WorkKind.DISCOVER, SITE), now_s)
        for host in wanted:
            spread_s = self._phases[host] * self._schedule.cadence.stream_s if restored else 0.0
            if (WorkKind.INTERROGATE, host) not in self._due_s:
                self._due_s[WorkKind.INTERROGATE, host] = now_s + spread_s
                self._due_s[WorkKind.STREAM, host] = self._next_s(WorkKind.STREAM, host, now_s + spread_s)
                self._due_s[WorkKind.REACH, host] = self._next_s(WorkKind.REACH, host, now_s)

    def hasten(self, work: WorkKind, host: str, now_s: float) -> None:
        """Do this now instead of at its turn; quiet hours and a busy device still hold it back."""
        if (work, host) in self._due_s:
            self._due_s[work, host] = min(self._due_s[work, host], now_s)

    def take(self, now_s: float, now: datetime, busy: Mapping[str, WorkKind]) -> Sequence[Task]:
        """What to start now, most thorough first; each of it is then due again at its next time.

        `busy`: the devices that are being worked on, and how. `now` in the school's own zone.
        """
        self._look_by_night(now_s, now)
        quiet_s = self._schedule.quiet_left_s(now)
        due = [
            Task(_ORDER[work], host, work) for (work, host), due_s in self._due_s.items() if due_s <= now_s
        ]
        started: dict[str, WorkKind] = dict(busy)
        tasks = []
        for task in sorted(due):
            if quiet_s > 0 and task.work is not WorkKind.REACH:
                self._after_quiet(task, now_s + quiet_s)
            elif task.host not in started:
                started[task.host] = task.work
                tasks.append(task)
                self._move_on(task, now_s)
            elif task.host in busy:
                self._meet(task, busy[task.host], now_s)
            else:
                self._move_on(task, now_s)
        return tasks

    def _look_by_night(self, now_s: float, now: datetime) -> None:
        """Once a day, from the hour of the night checks on: all streams, spread over some minutes."""
        night = self._schedule.night
        if night is None or self._night_on == now.date():
            return
        late_s = (now - now.replace(hour=night.hour, minute=night.minute, second=0)).total_seconds()
        if 0 <= late_s < NIGHT_LATE_S:
            self._night_on = now.date()
            for work, host in self._due_s:
                if work is WorkKind.STREAM:
                    self.hasten(work, host, now_s + self._phases.get(host, 0.0) * NIGHT_SPREAD_S)

    def next_s(self) -> float:
        """When something is due next; infinity where nothing ever is."""
        return min(self._due_s.values(), default=math.inf)

    def _meet(self, task: Task, running: WorkKind, now_s: float) -> None:
        """The device is busy with earlier work: wait behind a short one, skip what the running one
        answers."""
        if running is WorkKind.REACH or task.work is WorkKind.INTERROGATE and running is WorkKind.STREAM:
            return
        self.overruns += task.work is running
        self._move_on(task, now_s)

    def _move_on(self, task: Task, now_s: float) -> None:
        self._due_s[task.work, task.host] = self._next_s(task.work, task.host, now_s)

    def _after_quiet(self, task: Task, end_s: float) -> None:
        spread_s = min(self._schedule.cadence.period_s(task.work), SPREAD_AFTER_QUIET_S)
        self._due_s[task.work, task.host] = end_s + self._phases.get(task.host, 0.0) * spread_s

    def _next_s(self, work: WorkKind, host: str, after_s: float) -> float:
        """The device's next turn: its own place in the period, so that all turns are spread over it, and a
        jitter."""
        cadence = self._schedule.cadence
        period_s, phase = cadence.period_s(work), self._phases.get(host, 0.0)
        turn = math.floor(after_s / period_s - phase) + 1
        jitter = _fraction(f"{work}:{host}:{turn}") * cadence.jitter_ratio
        return (turn + phase + jitter) * period_s


def _passing_s(now: datetime, by_clock_s: float) -> float:
    """How long it takes until a clock on the wall, set forward or back meanwhile, shows so much more."""
    end, begun = (now + timedelta(seconds=by_clock_s)).replace(fold=now.fold), now.astimezone(UTC)
    passing_s = (end.astimezone(UTC) - begun).total_seconds()

    def shown(after_s: float) -> datetime:
        return (begun + timedelta(seconds=after_s)).astimezone(now.tzinfo).replace(tzinfo=None)

    while shown(passing_s - 60.0) > end.replace(tzinfo=None):  # an hour is skipped, and the end lies in it
        passing_s -= 60.0
    return passing_s


def _shuffled(host: str) -> bytes:
    """An order in which neighbours in the address range, on one switch, are not neighbours in time."""
    return hashlib.sha256(host.encode()).digest()


def _fraction(text: str) -> float:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big") / 2**48
