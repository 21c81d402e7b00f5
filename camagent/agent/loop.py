"""The agent's loop: starts what is due, one piece of work per device, feeds the watchdog, ends quickly when
told.

Knows the schedule and what can be done for the site; opens no connection itself. A bug of ours in one piece
of work is caught here, logged and counted, and stops neither the other devices nor the metrics page.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum, auto

from camagent.agent.announcements import EarlyWork
from camagent.agent.environment import Environment, SiteWork
from camagent.agent.record import RoundRecord
from camagent.agent.schedule import SITE, Agenda, Schedule, Task, WorkKind
from camagent.discover.hello import Presence
from camagent.document.site_status import AgentSnapshot, CycleStatus
from camagent.model.clock import Clock
from camagent.model.defect import place_of
from camagent.model.finding import Verdict
from camagent.model.scan_result import ProfileStamp
from camagent.model.scan_result import Site as SiteName
from camagent.model.text import Message, message
from camagent.run.context import Run

TICK_S = 1.0
# judging a whole school takes a good part of a second on an old PC: not after every stream
JUDGE_EVERY_S = 5.0
TICK_LATE_S = 30.0  # ticks: a loop that missed this many does not live
# twice a recorder's own budget: whoever works longer on one device will not end by itself
STUCK_AFTER_S = 1800.0
CLOCK_STEP_S = 60.0  # between two ticks: the wall clock was set, or the machine slept
STOP_S = 3.5  # TEARDOWN of every session, out of the 5 s that stopping may take


class _OwnWork(Enum):
    """What the agent does for itself, beside the devices."""

    JUDGE = auto()
    RECORD = auto()
    PROBES = auto()


@dataclass(slots=True)
class _Round:
    """One pass over all devices."""

    began_s: float
    began_at: datetime
    open: set[str]
    """Devices whose turn in this round has not ended."""


class Agent:
    """The running agent; also what the exporter looks at."""

    def __init__(self, name: SiteName, stamp: ProfileStamp, site: SiteWork, schedule: Schedule) -> None:
        self._name, self._stamp = name, stamp
        self._site = site
        self._schedule, self._agenda = schedule, Agenda(schedule)
        self._hosts: frozenset[str] = frozenset()
        self._running: dict[str, tuple[WorkKind, float]] = {}
        self._own_work: dict[_OwnWork, float] = {}
        """Since when."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._rounds: dict[WorkKind, _Round] = {}
        self._cycles: dict[WorkKind, CycleStatus] = {}
        self._document: bytes | None = None
        self._reload_ok = True
        self._reloaded_at: datetime | None = None
        self._ticked_s = -TICK_LATE_S
        self._judged_s = 0.0
        self._judged: Run | None = None
        self._judging = asyncio.Lock()
        self._early_work = EarlyWork()
        self._silent: set[str] | None = None
        """Cameras, as of the last round of cheap checks; None before the first: the start brings a search
        anyway."""
        self._day: date | None = None
        self._wall_s = 0.0
        self._defects = 0
        self._restored = False
        self._environment: Environment | None = None

    # What the exporter sees.

    def snapshot(self) -> AgentSnapshot:
        """Everything that may be shown, as of now."""
        assert self._environment is not None, "the agent was looked at before it ran"
        now = self._clock.now()
        quiet_s = self._schedule.quiet_left_s(now.astimezone(self._environment.zone))
        return AgentSnapshot(
            site=self._name,
            made_at=now,
            cameras=self._site.statuses(),
            profile=self._stamp,
            faults=dict(self._site.faults),
            stream_cycle=self._cycles.get(WorkKind.STREAM),
            reach_cycle=self._cycles.get(WorkKind.REACH),
            discovered_devices=self._site.discovered_devices,
            overruns=self._agenda.overruns,
            defects=self._defects + self._site.defects,
            reload_ok=self._reload_ok,
            reloaded_at=self._reloaded_at,
            quiet_until=now + timedelta(seconds=quiet_s) if quiet_s > 0 else None,
        )

    def result_document(self) -> bytes | None:
        """The JSON result document of the last whole round, packed with LZMA."""
        return self._document

    def is_alive(self) -> bool:
        """The loop takes its turns, and no work, judgement or writing has been going on for longer than any
        may."""
        now_s = self._clock.monotonic_s()
        since_s = [began_s for _, began_s in self._running.values()] + list(self._own_work.values())
        return now_s - self._ticked_s < TICK_LATE_S and now_s - min(since_s, default=now_s) <= STUCK_AFTER_S

    def is_ready(self) -> bool:
        """A first round is complete, or the last one was restored."""
        return self._restored or WorkKind.STREAM in self._cycles

    # Its life.

    async def run(self, environment: Environment, stop: asyncio.Event) -> None:
        """Work until `stop` is set; then end every session, within `STOP_S`."""
        self._environment = environment
        self._reloaded_at = environment.clock.now()
        self._day = self._reloaded_at.astimezone(environment.zone).date()
        self._wall_s = self._reloaded_at.timestamp() - environment.clock.monotonic_s()
        self._restored = bool(self._site.hosts)
        self._meet_hosts(environment.clock.monotonic_s(), restored=self._restored)
        if environment.announced is not None:
            self._spawn(self._attend(environment.announced))
        stopped = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                self._tick()
                pause = asyncio.create_task(environment.clock.sleep(TICK_S))
                await asyncio.wait({pause, stopped}, return_when=asyncio.FIRST_COMPLETED)
                pause.cancel()
        finally:
            stopped.cancel()
            await self._end()

    def adopt(self, name: SiteName, stamp: ProfileStamp, schedule: Schedule) -> None:
        """Go on by a configuration that was read anew; what it added is searched for at once."""
        self._name, self._stamp, self._schedule = name, stamp, schedule
        now_s = self._clock.monotonic_s()
        self._agenda.follow(schedule, now_s)
        self._agenda.hasten(WorkKind.DISCOVER, SITE, now_s)
        self._reload_ok, self._reloaded_at = True, self._clock.now()

    def refuse_reload(self) -> None:
        """The configuration could not be read anew: the one in force stays."""
        self._reload_ok = False

    def _tell(self, line: Message) -> None:
        if self._environment is not None:
            self._environment.tell(line)

    @property
    def _clock(self) -> Clock:
        assert self._environment is not None, "the agent was looked at before it ran"
        return self._environment.clock

    async def _end(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            _, left = await asyncio.wait(self._tasks, timeout=STOP_S)
            if left:
                self._tell(message("agent.left_running", count=len(left)))

    def _tick(self) -> None:
        assert self._environment is not None
        now_s, now = self._clock.monotonic_s(), self._clock.now().astimezone(self._environment.zone)
        self._ticked_s = now_s
        if self.is_alive():
            self._environment.notifier.alive()
        if now.date() != self._day:
            self._day = now.date()
            self._environment.new_day()
        self._watch_wall_clock(now.timestamp() - now_s, now_s)
        self._meet_hosts(now_s, restored=False)
        busy = {host: work for host, (work, _) in self._running.items()}
        for task in self._agenda.take(now_s, now, busy):
            self._running[task.host] = (task.work, now_s)
            self._spawn(self._do(task))
        if now_s - self._judged_s >= JUDGE_EVERY_S:
            self._judged_s, began_at = now_s, self._rounds[WorkKind.STREAM].began_at
            self._begin(_OwnWork.JUDGE, lambda: self._judge(began_at))

    def _watch_wall_clock(self, wall_s: float, now_s: float) -> None:
        """What a wrong time of day held back for quiet hours is due again when the time is put right."""
        if abs(wall_s - self._wall_s) > CLOCK_STEP_S:
            self._agenda.follow(self._schedule, now_s)
        self._wall_s = wall_s

    def _begin(self, own_work: _OwnWork, work: Callable[[], Coroutine[None, None, None]]) -> None:
        """One of a kind at a time: what hangs is not stacked, and shows in `is_alive`."""
        if own_work not in self._own_work:
            self._own_work[own_work] = self._clock.monotonic_s()
            self._spawn(self._carry_out(own_work, work()))

    async def _carry_out(self, own_work: _OwnWork, work: Coroutine[None, None, None]) -> None:
        try:
            await work
        except Exception as bug:  # the watch goes on; the old verdicts keep their time stamps
            self._defect(own_work.name.lower(), bug)
        finally:
            del self._own_work[own_work]

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _meet_hosts(self, now_s: float, restored: bool) -> None:
        hosts = frozenset(self._site.hosts)
        if hosts == self._hosts and WorkKind.STREAM in self._rounds:
            return
        self._agenda.set_hosts(hosts, now_s, restored)
        for work in (WorkKind.STREAM, WorkKind.REACH):
            turn = self._rounds.setdefault(work, _Round(now_s, self._clock.now(), set()))
            turn.open = (turn.open & hosts) | (hosts - self._hosts)
        self._hosts = hosts

    async def _do(self, task: Task) -> None:
        try:
            if task.work is WorkKind.DISCOVER:
                await self._site.discover()
            elif task.work is WorkKind.INTERROGATE:
                await self._site.interrogate(task.host)
            elif task.work is WorkKind.STREAM:
                await self._site.stream(task.host)
            else:
                await self._site.reach(task.host)
        except Exception as bug:  # the agent's one place for bugs of ours outside of fleet's
            self._defect(task.work.value, bug)
        finally:
            self._running.pop(task.host, None)
        self._close_rounds(task)

    async def _attend(self, announced: AsyncIterator[Presence]) -> None:
        try:
            async for presence in announced:
                now_s = self._clock.monotonic_s()
                early = self._early_work.work_for(presence, self._hosts, now_s)
                if early is not None:
                    self._agenda.hasten(*early, now_s)
        except Exception as bug:  # a strange announcement must not end the watch
            self._defect("hello", bug)

    def _defect(self, doing: str, bug: Exception) -> None:
        self._defects += 1
        self._tell(message("agent.defect", doing=doing, place=place_of(bug)))

    def _close_rounds(self, task: Task) -> None:
        """A full check answers the cheap question as well."""
        if task.host == SITE:
            if not self._site.hosts:
                self._cycles[WorkKind.STREAM] = CycleStatus(self._clock.now(), 0.0)
            return
        for work in (WorkKind.STREAM, WorkKind.REACH):
            turn = self._rounds[work]
            if work is WorkKind.REACH or task.work is not WorkKind.REACH:
                turn.open.discard(task.host)
            if not turn.open and self._hosts:
                self._round_over(work, turn)

    def _round_over(self, work: WorkKind, turn: _Round) -> None:
        assert self._environment is not None
        now_s, now = self._clock.monotonic_s(), self._clock.now()
        self._cycles[work] = CycleStatus(now, now_s - turn.began_s)
        if work is WorkKind.STREAM:
            self._begin(_OwnWork.RECORD, lambda: self._close_stream_round(turn.began_at))
        else:
            record, answers = self._environment.record, self._site.answers()
            self._begin(_OwnWork.PROBES, lambda: record.note_probes(now, answers))
            self._look_for_the_silent({camera for camera, up in answers.items() if not up}, now_s)
        self._rounds[work] = _Round(now_s, now, set(self._hosts))

    def _look_for_the_silent(self, silent: set[str], now_s: float) -> None:
        fell = self._silent is not None and silent - self._silent
        early = self._early_work.work_for_silence(now_s) if fell else None
        if early is not None:
            self._agenda.hasten(*early, now_s)
        self._silent = silent

    async def _judge(self, began_at: datetime) -> None:
        async with self._judging:
            self._judged = await self._site.judge(began_at) or self._judged

    async def _close_stream_round(self, began_at: datetime) -> None:
        assert self._environment is not None
        complete = self._site.is_complete
        await self._judge(began_at)
        self._tell_systemd()
        if complete and self._judged is not None:
            kept: RoundRecord = await self._environment.record.keep(self._judged, self._clock.now())
            self._document = kept.document
            self._site.remember(kept.memory)
        self._judged = None
        self._environment.rest()

    def _tell_systemd(self) -> None:
        assert self._environment is not None
        shown = self.snapshot()
        counts = {verdict.value: shown.count(verdict) for verdict in Verdict}
        status = message("agent.status", cameras=len(shown.cameras), **counts)
        self._environment.notifier.status(self._environment.say(status))

    def show_restored(self, document: bytes | None) -> None:
        """The document of the last round before the restart, until there is a new one."""
        self._document = document
