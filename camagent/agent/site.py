"""What the agent knows of its site and how it asks: discovery, interrogation, streams, cheap knocks.

Keeps the last conversation with every device and judges all of them together; decides nothing about time.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from camagent.agent.means import Means
from camagent.agent.reachability import job_at, knock, tells_less
from camagent.clock import Clock
from camagent.discover.search import search
from camagent.exporter.snapshot import SILENT, CameraStatus, Reach, camera_status, is_up
from camagent.inventory.earlier_runs import Memory
from camagent.inventory.identity import KnownDevice
from camagent.model.device import DeviceTarget
from camagent.model.discovery import Discovery
from camagent.model.fault import Fault, FaultCode, Stage
from camagent.model.operator_error import OperatorError
from camagent.model.scan import ScanResult
from camagent.model.stream import StreamFacts, StreamTarget
from camagent.run.fleet import Fleet, Job
from camagent.run.recognition import Frame, Order, Run, finish
from camagent.run.site_run import jobs_for
from camagent.run.visit import LEAVE_ALONE, DeviceCheck, SeenSource, budget_spent

FORGET_AFTER = timedelta(days=7)  # a device that nobody lists and that is silent for a week was taken away


class Site:
    """The devices of one school as the agent last saw them."""

    def __init__(self, means: Means, fleet: Fleet, tell: Callable[..., None]) -> None:
        self.means = means
        self._tell = tell
        self._fleet = fleet
        self._clock: Clock = fleet.clock
        self._jobs: dict[str, Job] = {}
        self._checks: dict[str, DeviceCheck] = {}
        self._reach: dict[str, tuple[float, Reach]] = {}
        """With the monotonic time of it, as everywhere here: the wall clock of an old PC jumps."""
        self._answered_s: dict[str, float] = {}
        self._taken_s: dict[str, float] = {}
        self._judged_s: dict[str, float] = {}
        """When the check was taken that the last judgement is about."""
        self._restored: dict[str, CameraStatus] = {}
        self._statuses: dict[str, CameraStatus] = {}
        self._keys: dict[str, str] = {}
        """Camera id and the key of its device in the tables above, as of the restart and of the last judgement."""
        self._known: tuple[KnownDevice, ...] = ()
        self._discovery: Discovery | None = None
        self._dirty = False
        self.faults: Counter[tuple[Stage, FaultCode]] = Counter()
        self.defects = 0
        self.discovered_devices: int | None = None

    def restore(self, cameras: Iterable[CameraStatus], memory: Memory) -> None:
        """Begin with what was known before the restart; every device of it is checked anew."""
        self.remember(memory)
        urls = {known.id: known.service_url for known in memory.known}
        places: dict[str, str] = {}
        jobs: dict[str, Job] = {}
        for camera in cameras:
            self._restored[camera.id] = camera
            job = job_at(camera.address, urls.get(camera.id))
            if job is not None:
                places[camera.id] = job.place
                jobs[job.place] = job
        keys = {}
        for key, job in self._keyed(tuple(jobs.values())):
            self._jobs[key], keys[job.place] = job, key
            self._answered_s[key] = self._clock.monotonic_s()
        self._keys = {camera: keys[place] for camera, place in places.items() if place in keys}

    def follow(self, means: Means) -> None:
        """Go on by a configuration read anew; who was taken off the inventory and is silent need not be waited for."""
        gone = {listed.address for listed in self.means.order.inventory}
        gone -= {listed.address for listed in means.order.inventory}
        self.means = means
        self._drop(key for key in self._jobs if self._host_of(key) in gone and self._is_silent(key))

    def remember(self, memory: Memory) -> None:
        """What the record knows from now on."""
        order = self.means.order
        self.means = replace(self.means, order=replace(order, memory=memory))

    @property
    def hosts(self) -> tuple[str, ...]:
        """Every device to be watched."""
        return tuple(self._jobs)

    @property
    def is_complete(self) -> bool:
        """Every device was checked since the start."""
        return bool(self._jobs) and self._jobs.keys() <= self._checks.keys()

    async def discover(self) -> None:
        """Look for devices; who is not seen this time is watched on, as long as somebody lists it or it answers."""
        try:
            plan = self.means.plan()
        except OperatorError as error:
            self._tell(*error.problems)
            return
        found = await search(plan, self._clock)
        self._discovery = found
        self.discovered_devices = len(found.devices) + len(found.rtsp_only)
        codes = {code.value: code for code in FaultCode}
        self.faults.update((Stage.DISCOVER, codes[note.code]) for note in found.notes if note.code in codes)
        now_s = self._clock.monotonic_s()
        for key, job in self._keyed(jobs_for(found, self.means.order)):
            before = self._jobs.get(key)
            if before is None or not tells_less(job, before) or self._is_silent(key):
                self._jobs[key] = job
            self._answered_s.setdefault(key, now_s)
        kept = {declared.address for declared in self.means.order.inventory} | {t.host for t in found.devices}
        forgotten_s = now_s - FORGET_AFTER.total_seconds()
        self._drop(k for k, at_s in self._answered_s.items() if at_s < forgotten_s and self._host_of(k) not in kept)

    def _keyed(self, jobs: Sequence[Job]) -> Iterable[tuple[str, Job]]:
        """Each device under its host, or under host and port where several stand behind one address."""
        at_host = Counter(job.host for job in jobs)
        shared_hosts = {before.host for key, before in self._jobs.items() if key != before.host}
        for job in jobs:
            if job.place == job.host and job.host in shared_hosts:
                continue  # the address alone, none of its devices was heard: they are watched on
            shared = at_host[job.host] > 1 or job.place in self._jobs
            if shared and job.host in self._jobs and job.place != job.host:
                self._drop([job.host])  # it was thought to be alone
            yield (job.place if shared else job.host), job

    def _is_silent(self, key: str) -> bool:
        check = self._checks.get(key)
        return check is not None and isinstance(check.device, Fault)

    def _host_of(self, key: str) -> str:
        job = self._jobs.get(key)
        return job.host if job is not None else key

    async def interrogate(self, host: str) -> None:
        """All questions and all streams of one device."""
        job = self._job(host)
        if job is None:
            return
        (check,) = await self._fleet.check([job], self.means.fleet_options)
        self._take(host, check, (*_device_faults(check), *_stream_faults(check)))

    async def stream(self, host: str) -> None:
        """The known streams of one device; a device of which none is known, or all are silent, is asked everything."""
        before, job = self._checks.get(host), self._job(host)
        if job is None:
            return
        if before is None or isinstance(job.target, StreamTarget) or not _stream_targets(before):
            await self.interrogate(host)
            return
        began_s, checked_at = self._clock.monotonic_s(), self._clock.now()
        looked = [await self._watch_again(source, job) for source in before.sources]
        sources = tuple(source for source, _ in looked)
        seen = [stream for source in sources for stream in source.streams]
        if seen and all(stream.fault is not None and stream.fault.code in SILENT for stream in seen):
            await self.interrogate(host)
            return
        check = replace(
            before,
            sources=sources,
            checked_at=checked_at,
            duration_s=self._clock.monotonic_s() - began_s,
            defect=next((defect for _, defect in looked if defect is not None), None),
        )
        self._take(host, check, _stream_faults(check))

    async def _watch_again(self, source: SeenSource, job: Job) -> tuple[SeenSource, str | None]:
        """The streams of one source, watched anew, and where our own code failed, if it did."""
        streams: list[StreamFacts] = []
        for stream in source.streams:
            if not isinstance(stream.target, StreamTarget):
                streams.append(stream)  # no address to watch: only new questions can change that
                continue
            (check,) = await self._fleet.check([Job(stream.target, job.credential)], self.means.fleet_options)
            found = next(iter(check.sources[0].streams), None)
            if found is None:
                spent = budget_spent(Stage.OBSERVE, check.duration_s)
                found = replace(stream, measured=spent, image=None, faults=(spent,))
            streams.append(replace(found, configured=stream.configured))
            if check.defect is not None or found.fault is not None and found.fault.code in LEAVE_ALONE:
                return replace(source, streams=tuple(streams)), check.defect
        return replace(source, streams=tuple(streams)), None

    async def reach(self, host: str) -> None:
        """One cheap question: does the device answer? A missed handshake alone does not make a camera dead."""
        job = self._job(host)
        if job is None:
            return
        check = self._checks.get(host)
        targets = _stream_targets(check) if check is not None else []
        if isinstance(job.target, StreamTarget):
            targets = targets or [job.target]
        up: bool | None = False
        fault: Fault | None = None
        if targets:
            (answer,) = await self._fleet.greet([Job(targets[0], job.credential)], self.means.fleet_options)
            fault = answer if isinstance(answer, Fault) else None
            up = is_up(fault)
            if fault is not None:
                self.faults[fault.stage, fault.code] += 1
        if not up and isinstance(job.target, DeviceTarget):
            knocked = await knock(job.target, check.device if check is not None else None)
            unclear = not targets or (fault is not None and fault.code is FaultCode.REFUSED)
            up = knocked if knocked or unclear else up
        now_s = self._clock.monotonic_s()
        self._reach[host] = now_s, Reach(up, self._clock.now(), fault.code if fault is not None else None)
        if up:
            self._answered_s[host] = now_s

    async def judge(self, began_at: datetime) -> Run | None:
        """Verdicts over the last conversation with every device; None where nothing is new.

        In a thread, because it is pure and long, and the loop has RTP packets to time.
        """
        loop = asyncio.get_running_loop()
        while self._dirty:
            self._dirty = False
            now = self._clock.now()
            order = self._order(now)
            checks = tuple(check for host, check in self._checks.items() if host in self._jobs)
            frame, taken_s = Frame(began_at, now, "scan", self._discovery), dict(self._taken_s)
            run, statuses = await loop.run_in_executor(None, _judge, checks, order, frame)
            if self._drop_ghosts(run.result):
                continue
            self._statuses, self._judged_s = {status.id: status for status in statuses}, taken_s
            if self.is_complete:
                self._restored = {}
            # Several devices may stand behind one address: who is who is told by the very conversation, not by it.
            keys = {id(check.device): key for key, check in self._checks.items() if check.device is not None}
            restored = {camera: key for camera, key in self._keys.items() if camera in self._restored}
            self._keys = restored | {
                c.facts.id: keys[id(c.facts.device)] for c in run.result.cameras if id(c.facts.device) in keys
            }
            self._known = run.memory.known
            return run
        return None

    def _order(self, now: datetime) -> Order:
        """The order as of now; who fell silent since the last record is still recognised by where it was.

        Only the silent: the others are to be told "new" or "moved" until the round is recorded.
        """
        order = self.means.order
        silent = {host for host, check in self._checks.items() if isinstance(check.device, Fault)}
        recorded = {known.id for known in order.memory.known}
        fresh = tuple(known for known in self._known if known.address in silent and known.id not in recorded)
        memory = replace(order.memory, known=(*order.memory.known, *fresh))
        judge = replace(order.judge, site=replace(order.judge.site, now=now))
        return replace(order, judge=judge, memory=memory)

    def statuses(self) -> tuple[CameraStatus, ...]:
        """Every camera: freshly judged, else as before the restart; with the newest answer to "is it there?"."""
        shown = dict(self._statuses)
        if not self.is_complete:
            addresses = {status.address for status in shown.values()}
            for key, status in self._restored.items():
                if status.address not in addresses:
                    shown.setdefault(key, status)
        return tuple(self._with_reach(status) for status in shown.values())

    def answers(self) -> dict[str, bool]:
        """Camera id and whether it answered the last cheap check; who could not be asked is left out."""
        return {status.id: status.up for status in self.statuses() if status.up is not None}

    def _with_reach(self, status: CameraStatus) -> CameraStatus:
        job = job_at(status.address)
        key = self._keys.get(status.id, job.host if job is not None else "")
        at_s, reach = self._reach.get(key, (0.0, None))
        if reach is None or reach.up is None or at_s <= self._judged_s.get(key, -1.0):
            return status
        return replace(status, up=reach.up, seen_at=reach.at)

    def _job(self, host: str) -> Job | None:
        """The device with the log-in that is bound to it now; None where it was dropped meanwhile."""
        job = self._jobs.get(host)
        return None if job is None else replace(job, credential=self.means.order.credentials.for_address(job.host))

    def _take(self, host: str, check: DeviceCheck, faults: Iterable[Fault]) -> None:
        self._checks[host] = check
        self._taken_s[host] = self._clock.monotonic_s()
        self._dirty = True
        self.defects += check.defect is not None
        self.faults.update((fault.stage, fault.code) for fault in faults)
        if not isinstance(check.device, Fault) or is_up(check.device):
            self._answered_s[host] = self._clock.monotonic_s()

    def _drop(self, hosts: Iterable[str]) -> None:
        for host in list(hosts):
            for table in (self._jobs, self._checks, self._reach, self._answered_s, self._taken_s):
                table.pop(host, None)
            self._dirty = True

    def _drop_ghosts(self, result: ScanResult) -> bool:
        """Forget the silent old address of a camera that was recognised at a new one; True if there was one."""
        listed = {declared.address for declared in self.means.order.inventory}
        homes = {known.id: known.address for known in self.means.order.memory.known}
        ghosts = [
            home
            for camera in result.cameras
            if "moved" in camera.facts.changes and (home := homes.get(camera.facts.id, "")) in self._checks
            if home != camera.facts.address and home not in listed and isinstance(self._checks[home].device, Fault)
        ]
        self._drop(ghosts)
        return bool(ghosts)


def _judge(checks: tuple[DeviceCheck, ...], order: Order, frame: Frame) -> tuple[Run, list[CameraStatus]]:
    run = finish(checks, order, frame)
    return run, [camera_status(camera) for camera in run.result.cameras]


def _stream_targets(check: DeviceCheck) -> list[StreamTarget]:
    return [
        stream.target
        for source in check.sources
        for stream in source.streams
        if isinstance(stream.target, StreamTarget)
    ]


def _device_faults(check: DeviceCheck) -> tuple[Fault, ...]:
    return (check.device,) if isinstance(check.device, Fault) else check.device.faults if check.device else ()


def _stream_faults(check: DeviceCheck) -> tuple[Fault, ...]:
    """Each once, also where a stream's last fault is not repeated in its list."""
    streams = [stream for source in check.sources for stream in source.streams]
    return tuple(
        fault for stream in streams for fault in dict.fromkeys((*stream.faults, stream.fault)) if fault is not None
    )
