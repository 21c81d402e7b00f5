"""How cameras are checked side by side: one asyncio loop, the limits, the shared doors and the decode pool.

The concurrency of a check: searching (`discover.sweep`), the decoder's process (`observe.decode`) and the
agent's own tasks and threads (`agent`, `exporter`) stand where they are used. A bug of ours in one camera's
check is caught here and reported as ours, of a device's stream where it is one's; it never silences the
others.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from types import TracebackType
from weakref import WeakValueDictionary

from camagent.interrogate.interview import InterviewDoors, InterviewOptions, interrogate
from camagent.model.clock import Clock
from camagent.model.defect import place_of
from camagent.model.device import DeviceFacts, DeviceTarget, SignsBefore
from camagent.model.earlier_runs import Pins, pin_at, pins_of
from camagent.model.fault import Fault
from camagent.model.scan_result import Declaration
from camagent.model.secret import Credential
from camagent.model.stream import FileTarget, StreamAccess, StreamFacts, StreamTarget
from camagent.model.text import Message, os_reason
from camagent.model.trust import LoginGiven, own_signs
from camagent.observe.decode import PicturePool
from camagent.observe.picture.opinion import PictureReport
from camagent.observe.watch import GLANCE_S, WatchDoors, WatchOptions, greet_stream, watch_stream
from camagent.run.stopped import stopped_check
from camagent.run.turn import ASSUMED_STREAM_BPS, DEVICE_BUDGET_S, Doors, WatchedSource, cut_short
from camagent.run.visit import DeviceCheck, Target, check_device, with_own_link
from camagent.wire.login_ledger import LoginLedger
from camagent.wire.transcript import Transcript

logger = logging.getLogger(__name__)
DEVICE_SLACK_S = 20.0  # over the sum of a device's own budgets, before the fleet ends its check from outside


@dataclass(frozen=True, slots=True)
class FleetLimits:
    """How much of the network and of this machine one run may take."""

    devices_at_once: int = 64
    bandwidth_bps: float = 400_000_000.0
    device_budget_s: float = DEVICE_BUDGET_S


class Step(StrEnum):
    """Where one device's check is."""

    ASKING = "asking"
    QUEUED = "queued"
    """It answered; its stream waits for a share of the bandwidth."""
    WATCHING = "watching"


@dataclass(frozen=True, slots=True)
class FleetOptions:
    """How each camera is asked and watched."""

    interview: InterviewOptions = field(default_factory=InterviewOptions)
    watch: WatchOptions = field(default_factory=WatchOptions)
    record: Path | None = None
    """Folder for one redacted transcript a device."""
    pins: Pins = ()
    """Certificates seen in earlier runs."""
    stepped: Callable[[Job, Step], None] = lambda _job, _step: None
    """Hears where each device's check is."""

    def brisk(self) -> FleetOptions:
        """The same for a device that somebody waits for: asked as fast as it answers, its lighter stream only
        glanced at."""
        watch = replace(self.watch, sub_window_s=GLANCE_S)
        return replace(self, interview=replace(self.interview, is_brisk=True), watch=watch)


@dataclass(frozen=True, slots=True)
class Job:
    """One device to check, with the log-in that the operator bound to its address."""

    target: Target
    credential: Credential | None = None
    declaration: Declaration | None = None
    login: LoginGiven = LoginGiven.AS_BOUND
    mac: str | None = None
    """By ARP, when it was found."""
    before: SignsBefore = SignsBefore()
    """What it must show again before it is given the log-in."""
    key: str = ""
    """How whoever asks tells its devices apart; it comes back with the check and in the camera's facts."""

    @property
    def place(self) -> str:
        """Host, port and path: different for two devices, or two streams, behind one address."""
        if isinstance(self.target, DeviceTarget):
            return str(self.target)
        return self.host if isinstance(self.target, FileTarget) else self.target.uri.shown.partition("://")[2]

    @property
    def host(self) -> str:
        """What must not be visited twice at a time."""
        if isinstance(self.target, FileTarget):
            return f"file:{self.target.path}"
        return self.target.host if isinstance(self.target, DeviceTarget) else self.target.uri.host


class Bandwidth:
    """Lets checks in while their assumed bit rates fit under the cap; one stream is always let in."""

    def __init__(self, cap_bps: float) -> None:
        self._cap_bps = cap_bps
        self._used_bps = 0.0
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def admit(self, bps: float) -> AsyncIterator[None]:
        """Wait until `bps` fits, hold it, give it back."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._used_bps == 0 or self._used_bps + bps <= self._cap_bps)
            self._used_bps += bps
        try:
            yield
        finally:
            async with self._changed:
                self._used_bps -= bps
                self._changed.notify_all()


class Fleet:
    """The running limits, pools and log-in ledger of one run; an async context manager."""

    def __init__(self, limits: FleetLimits, clock: Clock, ledger: LoginLedger | None = None) -> None:
        self._limits = limits
        self.clock = clock
        self._ledger = ledger if ledger is not None else LoginLedger()
        self._slots = asyncio.Semaphore(limits.devices_at_once)
        self._bandwidth = Bandwidth(limits.bandwidth_bps)
        self._hosts: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._files = ThreadPoolExecutor(max_workers=1, thread_name_prefix="camagent-file")
        self._pictures: PicturePool | None = None
        self._recorded: Counter[str] = Counter()
        self.stopped = False
        """The user ended the run (`stop`)."""
        self.unfinished = 0
        """Checks that came back as stopped."""
        self._devices: dict[str, DeviceFacts] = {}
        """What devices said whose check goes on, by the job's place: kept for who stops it."""
        self._running: set[asyncio.Task[DeviceCheck]] = set()
        """Of all calls of `check`: the service has one for each device at once."""
        self.unwritten: list[tuple[str, Message]] = []
        """Folder and reason, one for each transcript that could not be written."""

    async def __aenter__(self) -> Fleet:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pictures is not None:
            await self._pictures.close()
        self._files.shutdown(wait=False, cancel_futures=True)

    async def check(
        self,
        jobs: Sequence[Job],
        options: FleetOptions,
        done: Callable[[Job, DeviceCheck], None] | None = None,
    ) -> tuple[DeviceCheck, ...]:
        """Check every job, answers in the order of the jobs; `done` hears of each as it ends."""

        async def one(job: Job) -> DeviceCheck:
            try:
                async with self._visit(job.host):
                    check = await self._guarded(job, options)
            except asyncio.CancelledError:
                if not self.stopped:
                    raise
                check = self._cut_off(job)
            self._devices.pop(job.place, None)
            check = replace(check, key=job.key, login=job.login, mac=job.mac)
            if done is not None:
                done(job, check)
            return check

        for job in jobs:
            self._ledger.know(job.host, own_signs(job.mac, getattr(job.target, "endpoint", None)))
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(one(job)) for job in jobs]
            self._running.update(running)
            if self.stopped:
                self.stop()
        self._running.difference_update(running)
        pairs = zip(jobs, running, strict=True)
        return tuple(self._cut_off(job) if task.cancelled() else task.result() for job, task in pairs)

    def _cut_off(self, job: Job) -> DeviceCheck:
        self.unfinished += 1
        check = stopped_check(job.target, self._devices.get(job.place), self.clock.now())
        return replace(check, key=job.key, login=job.login)

    def stop(self) -> None:
        """End what runs and what would still begin: sessions are torn down, and each check comes back as
        stopped."""
        self.stopped = True
        for task in self._running:
            task.cancel()

    async def greet(self, jobs: Sequence[Job], options: FleetOptions) -> tuple[StreamAccess | Fault, ...]:
        """One OPTIONS and DESCRIBE for each stream job, within the same limits; no media flows."""

        async def one(job: Job) -> StreamAccess | Fault:
            if not isinstance(job.target, StreamTarget):
                raise TypeError("only streams can be greeted")
            doors = WatchDoors(self.clock, self._ledger, None, None, pin_at(options.pins, job.target.uri))
            async with self._visit(job.host):
                return await greet_stream(job.target, job.credential, options.watch, doors)

        return tuple(await asyncio.gather(*(one(job) for job in jobs)))

    @property
    def at_once(self) -> int:
        """How many devices are watched beside each other, as long as nothing is known of their streams."""
        return max(1, min(self._limits.devices_at_once, int(self._limits.bandwidth_bps / ASSUMED_STREAM_BPS)))

    @asynccontextmanager
    async def _visit(self, host: str) -> AsyncIterator[None]:
        """One visitor per device at a time, and only so many devices at once."""
        lock = self._hosts.setdefault(host, asyncio.Lock())
        async with lock, self._slots:
            yield

    async def _guarded(self, job: Job, options: FleetOptions) -> DeviceCheck:
        checked_at, began_s = self.clock.now(), self.clock.monotonic_s()
        budget_s = self._limits.device_budget_s + options.watch.budget_s + DEVICE_SLACK_S
        defect = None
        try:
            async with asyncio.timeout(budget_s) as ending:
                return await self._check(job, options, ending)
        except Exception as bug:  # a bug of ours becomes a finding, whatever its kind
            if isinstance(bug, TimeoutError) and ending.expired():
                logger.warning("check of %s outlived its budget of %.0f s", job.host, budget_s)
            else:
                defect = place_of(bug)
                logger.error("defect while checking %s: %s", job.host, defect)
        elapsed_s = self.clock.monotonic_s() - began_s
        device = cut_short(elapsed_s, defect) if isinstance(job.target, DeviceTarget) else None
        nothing = (WatchedSource(None, None, ()),)
        return DeviceCheck(job.target, device, nothing, checked_at, elapsed_s, defect)

    async def _check(self, job: Job, options: FleetOptions, ending: asyncio.Timeout) -> DeviceCheck:
        transcript = None
        if options.record is not None:
            transcript = Transcript(job.target if isinstance(job.target, DeviceTarget) else None)
            if job.credential is not None:
                transcript.hide(job.credential)
        check = await check_device(job.target, job.credential, self._doors(job, options, transcript, ending))
        if transcript is not None and options.record is not None:
            try:
                transcript.write(options.record, self._file_name(job.place))
            except OSError as error:  # the disk is full: what was seen of the camera must not be lost with it
                self.unwritten.append((str(options.record), os_reason(error)))
        return with_own_link(check, job.host)

    def _file_name(self, place: str) -> str:
        """Two streams whose addresses differ only in what is hidden have a transcript each."""
        self._recorded[place] += 1
        return place if self._recorded[place] == 1 else f"{place}-{self._recorded[place]}"

    def _doors(
        self, job: Job, options: FleetOptions, transcript: Transcript | None, ending: asyncio.Timeout
    ) -> Doors:
        loop, opening = asyncio.get_running_loop(), asyncio.Lock()

        @asynccontextmanager
        async def admit(bps: float) -> AsyncIterator[None]:
            """Our own cap makes it wait: that is not time which the device took."""
            options.stepped(job, Step.QUEUED)
            left_s = (ending.when() or loop.time()) - loop.time()
            ending.reschedule(None)
            async with self._bandwidth.admit(bps):
                options.stepped(job, Step.WATCHING)
                ending.reschedule(loop.time() + left_s)
                yield

        async def ask(target: DeviceTarget, credential: Credential | None) -> DeviceFacts:
            options.stepped(job, Step.ASKING)
            doors = InterviewDoors(self.clock, self._ledger, transcript)
            asked = replace(options.interview, pins=pins_of(options.pins, target.host), before=job.before)
            self._devices[str(target)] = await interrogate(target, credential, asked, doors)
            return self._devices[str(target)]

        async def watch(target: StreamTarget, credential: Credential | None) -> StreamFacts:
            pin = pin_at(options.pins, target.uri)
            pictures = await self._ready_pictures(options)
            doors = WatchDoors(self.clock, self._ledger, pictures, transcript, pin, opening)
            began_s = self.clock.monotonic_s()
            try:
                return await watch_stream(target, credential, options.watch, doors)
            except Exception as bug:
                if isinstance(job.target, StreamTarget):
                    raise  # it is all that was asked for
                return self._failed(target, bug, self.clock.monotonic_s() - began_s)

        watch_one_file = partial(self._watch_file, job, options)
        glances = options.watch.sub_window_s is not None
        return Doors(ask, watch, watch_one_file, admit, self.clock, self._limits.device_budget_s, glances)

    def _failed(self, target: StreamTarget, bug: Exception, elapsed_s: float) -> StreamFacts:
        """One stream of a device that a bug of ours ended: its others are watched on."""
        where = place_of(bug)
        logger.error("defect while watching %s: %s", target.uri.host, where)
        fault = cut_short(elapsed_s, where)
        return StreamFacts(target, None, None, fault, None, None, self.clock.now(), (fault,), where)

    async def _watch_file(self, job: Job, options: FleetOptions, target: FileTarget) -> StreamFacts:
        # av, cv2 and numpy cost 44 MB that a service without files never needs
        from camagent.observe.media_files import FileOptions, watch_file

        options.stepped(job, Step.WATCHING)
        loop = asyncio.get_running_loop()
        file_options = FileOptions(pictures=options.watch.pictures, keep_images=options.watch.keep_images)
        pool = self._judge_pictures(options)

        def look(codec: str, pictures: Sequence[bytes], keep_as: Path | None) -> PictureReport | Fault:
            assert pool is not None  # nobody looks where no pictures are wanted
            return asyncio.run_coroutine_threadsafe(pool.judge(codec, pictures, keep_as), loop).result()

        return await loop.run_in_executor(self._files, watch_file, target, file_options, look)

    async def _ready_pictures(self, options: FleetOptions) -> PicturePool | None:
        pool = self._judge_pictures(options)
        if pool is not None and options.watch.sub_window_s is not None:
            await pool.prepare()  # somebody waits: its start takes as long as half a window
        return pool

    def _judge_pictures(self, options: FleetOptions) -> PicturePool | None:
        if options.watch.pictures and self._pictures is None:
            self._pictures = PicturePool()
        return self._pictures if options.watch.pictures else None
