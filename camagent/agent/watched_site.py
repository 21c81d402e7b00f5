"""What the agent knows of its site and how it asks: discovery, interrogation, streams, cheap questions.

Keeps the last conversation with every device and judges all of them together; decides nothing about time.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain

from camagent.agent.judging import PublishedCameras, judge_and_publish, left_places, order_now
from camagent.agent.reachability import job_at, onvif_answers, tells_less
from camagent.agent.silences import Silences
from camagent.agent.site_settings import SiteSettings
from camagent.agent.watched_device import WatchedDevice, for_streams, stream_faults, stream_targets
from camagent.discover.plan import DiscoveryPlan
from camagent.discover.search import search
from camagent.document.site_status import SILENT, CameraStatus, Reach, is_up
from camagent.model.clock import Clock
from camagent.model.device import DeviceTarget
from camagent.model.discovery import Discovery
from camagent.model.earlier_runs import Memory
from camagent.model.fault import Fault, FaultCode, Stage
from camagent.model.operator_error import OperatorError
from camagent.model.scan_result import ScanResult, device_faults
from camagent.model.stream import StreamFacts, StreamTarget
from camagent.run.context import JudgingContext, Run, RunPeriod
from camagent.run.expected_cameras import expected_here, host_of_address
from camagent.run.fleet import Fleet, Job
from camagent.run.site_run import jobs_for, with_login
from camagent.run.turn import LEAVE_ALONE, WatchedSource, cut_short
from camagent.run.visit import DeviceCheck

FORGET_AFTER = timedelta(days=7)  # a device that nobody lists and that is silent for a week was taken away


class WatchedSite:
    """The devices of one school as the agent last saw them."""

    def __init__(self, settings: SiteSettings, fleet: Fleet, tell: Callable[..., None]) -> None:
        self.settings = settings
        self._tell = tell
        self._fleet = fleet
        self._clock: Clock = fleet.clock
        self._devices: dict[str, WatchedDevice] = {}
        """By the key of the job: the host, or host and port where several stand behind one address."""
        self._silences = Silences()
        self._restored: dict[str, CameraStatus] = {}
        self._shown: PublishedCameras = {}
        self._device_of: dict[str, str] = {}
        """Camera id and the key of its device, as of the restart and of the last judgement."""
        self._remembered = Memory()
        """As of the last judgement: who fell silent since the record is still recognised."""
        self._plan: DiscoveryPlan | None = None
        self._discovery: Discovery | None = None
        self._dirty = False
        self.faults: Counter[tuple[Stage, FaultCode]] = Counter()
        self.defects = 0
        self.discovered_devices: int | None = None

    def restore(self, cameras: Iterable[CameraStatus], memory: Memory) -> None:
        """Begin with what was known before the restart; every device of it is checked anew."""
        self.remember(memory)
        urls = {camera.id: camera.service_url for camera in memory.devices}
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
            keys[job.place] = key
            self._devices[key] = WatchedDevice(job, self._clock.monotonic_s())
        self._device_of = {camera: keys[place] for camera, place in places.items() if place in keys}

    def follow(self, settings: SiteSettings) -> None:
        """Go on by a configuration read anew; who was taken off the inventory and is silent need not be
        waited for."""
        gone = {listed.address for listed in self.settings.order.inventory}
        gone -= {listed.address for listed in settings.order.inventory}
        self.settings = settings
        self._drop(
            key for key, device in self._devices.items() if device.job.host in gone and device.is_silent
        )

    def remember(self, memory: Memory) -> None:
        """What the record knows from now on."""
        order = self.settings.order
        now = {camera.id for camera in memory.expected if camera.retired is None}
        taken_off = {
            host_of_address(camera.address) for camera in order.memory.expected if camera.id not in now
        }
        taken_off -= {host_of_address(camera.address) for camera in memory.expected if camera.id in now}
        self.settings = replace(self.settings, order=replace(order, memory=memory))
        self._drop(
            [
                key
                for key, device in self._devices.items()
                if device.job.host in taken_off and device.is_silent
            ]
        )

    @property
    def hosts(self) -> tuple[str, ...]:
        """Every device to be watched."""
        return tuple(self._devices)

    @property
    def is_complete(self) -> bool:
        """Every device was checked since the start."""
        return bool(self._devices) and all(device.check is not None for device in self._devices.values())

    async def discover(self) -> None:
        """Look for devices; those that this search missed stay while the inventory lists them or they
        answer."""
        try:
            plan = self.settings.plan()
        except OperatorError as error:
            self._tell(*error.problems)
            return
        discovery = await search(plan, self._clock)
        self._discovery, self._plan = discovery, plan
        order = self._here(self.settings.order)
        self.discovered_devices = len(discovery.devices) + len(discovery.rtsp_only)
        codes = {code.value: code for code in FaultCode}
        self.faults.update(
            (Stage.DISCOVER, codes[note.code]) for note in discovery.notes if note.code in codes
        )
        now_s = self._clock.monotonic_s()
        for key, job in self._keyed(jobs_for(discovery, order)):
            device = self._devices.setdefault(key, WatchedDevice(job, now_s))
            if not tells_less(job, device.job) or device.is_silent:
                device.job = job
        kept = {declared.address for declared in order.inventory} | {t.host for t in discovery.devices}
        kept |= {host_of_address(camera.address) for camera in order.memory.expected}
        forgotten_s = now_s - FORGET_AFTER.total_seconds()
        self._drop(
            key
            for key, device in self._devices.items()
            if device.job.host not in kept
            if device.answered_s < forgotten_s or (device.is_silent and not device.has_answered)
        )

    def _keyed(self, jobs: Sequence[Job]) -> Iterable[tuple[str, Job]]:
        """Each device under its host, or under host and port where several stand behind one address."""
        at_host = Counter(job.host for job in jobs)
        shared_hosts = {device.job.host for key, device in self._devices.items() if key != device.job.host}
        for job in jobs:
            if job.place == job.host and job.host in shared_hosts:
                continue  # the address alone, none of its devices was heard: they are watched on
            shared = at_host[job.host] > 1 or job.place in self._devices
            if shared and job.host in self._devices and job.place != job.host:
                self._drop([job.host])  # it was thought to be alone
            yield (job.place if shared else job.host), job

    async def interrogate(self, host: str) -> None:
        """All questions and all streams of one device."""
        job = self._job(host)
        if job is None:
            return
        (check,) = await self._fleet.check([job], self.settings.fleet_options)
        self._take(host, check, (*device_faults(check.device), *stream_faults(check)))

    async def stream(self, host: str) -> None:
        """The known streams of one device; a device of which none is known, or all are silent, is asked
        everything."""
        job = self._job(host)
        if job is None:
            return
        before = self._devices[host].check
        if before is None or isinstance(job.target, StreamTarget) or not stream_targets(before):
            await self.interrogate(host)
            return
        began_s, checked_at = self._clock.monotonic_s(), self._clock.now()
        job = for_streams(job, before)
        sources = tuple([await self._watch_again(source, job) for source in before.sources])
        streams = list(chain.from_iterable(source.streams for source in sources))
        if streams and all(stream.fault is not None and stream.fault.code in SILENT for stream in streams):
            await self.interrogate(host)
            return
        check = replace(
            before,
            sources=sources,
            checked_at=checked_at,
            duration_s=self._clock.monotonic_s() - began_s,
            defect=None,
        )
        self._take(host, check, stream_faults(check))

    async def _watch_again(self, source: WatchedSource, job: Job) -> WatchedSource:
        """The streams of one source, watched anew, each with the place where our code failed, if it did."""
        streams: list[StreamFacts] = []
        for stream in source.streams:
            if not isinstance(stream.target, StreamTarget):
                streams.append(stream)  # no address to watch: only new questions can change that
                continue
            (check,) = await self._fleet.check(
                [Job(stream.target, job.credential)], self.settings.fleet_options
            )
            fresh = next(iter(check.sources[0].streams), None)
            if fresh is None:
                fault = cut_short(check.duration_s, check.defect)
                fresh = replace(stream, measured=fault, image=None, faults=(fault,), defect=check.defect)
            streams.append(replace(fresh, configured=stream.configured))
            if check.defect is not None or fresh.fault is not None and fresh.fault.code in LEAVE_ALONE:
                break
        return replace(source, streams=tuple(streams))

    async def reach(self, host: str) -> None:
        """One cheap question: does the device answer? A missed handshake alone does not make a camera
        dead."""
        job = self._job(host)
        if job is None:
            return
        check, began_s = self._devices[host].check, self._clock.monotonic_s()
        targets = stream_targets(check) if check is not None else []
        if isinstance(job.target, StreamTarget):
            targets = targets or [job.target]
        up: bool | None = False
        fault: Fault | None = None
        if targets:
            (answer,) = await self._fleet.greet(
                [Job(targets[0], for_streams(job, check).credential)], self.settings.fleet_options
            )
            fault = answer if isinstance(answer, Fault) else None
            up = is_up(fault.code if fault is not None else None)
            if fault is not None:
                self.faults[fault.stage, fault.code] += 1
        if not up and isinstance(job.target, DeviceTarget):
            answers = await onvif_answers(job.target, check.device if check is not None else None)
            unclear = not targets or (fault is not None and fault.code is FaultCode.REFUSED)
            up = answers if answers or unclear else up
        device = self._devices.get(host)
        if device is not None:  # not dropped meanwhile
            device.reached_s = self._clock.monotonic_s()
            device.reach = Reach(up, self._clock.now(), fault.code if fault is not None else None)
            self._dirty |= self._silences.note_reach(host, device.reach, began_s, device.reached_s)
            if up:
                device.note_answer(device.reached_s, device.reach.at)

    async def judge(self, began_at: datetime) -> Run | None:
        """Verdicts over the last conversation with every device; None where nothing is new.

        In a thread, because it is pure and long, and the loop has RTP packets to time.
        """
        loop = asyncio.get_running_loop()
        while self._dirty:
            self._dirty = False
            now = self._clock.now()
            order = self._here(order_now(self.settings.order, self._remembered, self._devices, now))
            now_s = self._clock.monotonic_s()
            checks = {
                key: self._silences.marked(key, device.check, now_s)
                for key, device in self._devices.items()
                if device.check is not None
            }
            checked_s = {key: self._devices[key].checked_s for key in checks}
            frame = RunPeriod(began_at, now, "scan", self._discovery)
            conversations = tuple(checks.values())
            run, shown = await loop.run_in_executor(
                None, judge_and_publish, conversations, order, frame, self._shown
            )
            if self._drop_ghosts(run.result):
                continue
            self._shown = shown
            for key, device in self._devices.items():
                device.judged_s = checked_s.get(key, -1.0)
            if self.is_complete:
                self._restored = {}
            restored = {camera: key for camera, key in self._device_of.items() if camera in self._restored}
            self._device_of = restored | {c.facts.id: c.facts.device_key for c in run.result.cameras}
            self._remembered = run.memory
            return run
        return None

    def _here(self, order: JudgingContext) -> JudgingContext:
        """The order with only those expected cameras that lie where this site looks."""
        if self._plan is None:
            return order
        return replace(order, memory=expected_here(order.memory, order.site.id, self._plan))

    def statuses(self) -> tuple[CameraStatus, ...]:
        """Every camera: freshly judged, else as before the restart; with the newest answer to "is it
        there?"."""
        shown = {key: status for key, (_, status) in self._shown.items()}
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
        device = self._devices.get(self._device_of.get(status.id, job.host if job is not None else ""))
        if device is None:
            return status
        answered_at = device.answered_at
        if answered_at is not None and (status.answered_at is None or answered_at > status.answered_at):
            status = replace(status, answered_at=answered_at)
        reach = device.newest_reach
        return status if reach is None else replace(status, up=reach.up, seen_at=reach.at)

    def _job(self, host: str) -> Job | None:
        """The device with the log-in that is bound to it now; None where it was dropped meanwhile."""
        device = self._devices.get(host)
        if device is None:
            return None
        present = {watched.job.host for watched in self._devices.values()}
        return replace(with_login(device.job, self.settings.order, present), key=host)

    def _take(self, host: str, check: DeviceCheck, faults: Iterable[Fault]) -> None:
        self.defects += (check.defect is not None) + sum(s.defect is not None for s in check.streams)
        self.faults.update((fault.stage, fault.code) for fault in faults)
        device = self._devices.get(host)
        if device is None:  # dropped meanwhile
            return
        device.checked_s = self._clock.monotonic_s()
        self._silences.note_check(host, check, device.check, device.checked_s)
        device.take(check)
        self._dirty = True
        if not isinstance(check.device, Fault) or is_up(check.device.code):
            device.note_answer(device.checked_s, check.checked_at)

    def _drop(self, hosts: Iterable[str]) -> None:
        for host in list(hosts):
            self._devices.pop(host, None)
            self._silences.drop(host)
            self._dirty = True

    def _drop_ghosts(self, result: ScanResult) -> bool:
        """Forget the silent old address of a camera that was recognised at a new one; True if there was
        one."""
        left = left_places(result, self.settings.order)
        ghosts = [home for home in left if home in self._devices and self._devices[home].is_silent]
        self._drop(ghosts)
        return bool(ghosts)
