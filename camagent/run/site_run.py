"""A whole run on one site: discover, check with the fleet, then recognise and judge what was seen."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from camagent.model.address_order import address_order
from camagent.model.device import DeviceTarget
from camagent.model.discovery import Discovery, Note
from camagent.model.earlier_runs import MemoryChange
from camagent.model.fault import Fault, FaultCode
from camagent.model.scan_result import CameraResult, Declaration
from camagent.model.stream import StreamTarget
from camagent.model.trust import LoginGiven
from camagent.model.uri import parse_stream_uri
from camagent.run.context import JudgingContext, Run, RunPeriod
from camagent.run.expected_cameras import NEVER_ANSWERED, expected_here, targets_of
from camagent.run.fleet import Fleet, FleetOptions, Job
from camagent.run.onlooker import LOOK_AGAIN_AFTER_S, Onlooker
from camagent.run.range_logins import login_given, shown_by
from camagent.run.recognition import finish, to_look_at_again
from camagent.run.visit import DeviceCheck, with_other_look

if TYPE_CHECKING:
    from camagent.discover.plan import DiscoveryPlan

PAUSE_STEP_S = 0.5  # so long at most Ctrl-C waits for an answer


async def scan_site(
    plan: DiscoveryPlan, order: JudgingContext, fleet: Fleet, options: FleetOptions, onlooker: Onlooker
) -> Run:
    """The main job: find every camera of the site, check and judge it."""
    return await check_found(await find_devices(plan, fleet, onlooker), order, fleet, options, onlooker)


@dataclass(frozen=True, slots=True)
class SearchOutcome:
    """What a search brought, where it looked, and when it began."""

    discovery: Discovery
    plan: DiscoveryPlan
    started_at: datetime


async def find_devices(plan: DiscoveryPlan, fleet: Fleet, onlooker: Onlooker) -> SearchOutcome:
    """The first half of the main job; a fleet that is stopped meanwhile ends it with what was found."""
    from camagent.discover.search import search  # a check of named targets searches nothing

    started_at = fleet.clock.now()
    discovery = await search(plan, fleet.clock, onlooker.progress, onlooker.devices, lambda: fleet.stopped)
    return SearchOutcome(discovery, plan, started_at)


async def check_found(
    search: SearchOutcome, order: JudgingContext, fleet: Fleet, options: FleetOptions, onlooker: Onlooker
) -> Run:
    """The second half: check and judge what was found."""
    order = replace(order, memory=expected_here(order.memory, order.site.id, search.plan))
    frame = RunPeriod(search.started_at, search.started_at, "scan", search.discovery)
    return await _check_and_judge(
        jobs_for(search.discovery, order), order, _CheckingWork(fleet, options, onlooker), frame
    )


async def check_targets(
    jobs: Sequence[Job], order: JudgingContext, fleet: Fleet, options: FleetOptions, onlooker: Onlooker
) -> Run:
    """The same for targets that the operator named; nothing is searched."""
    frame = RunPeriod(fleet.clock.now(), fleet.clock.now(), "check", None)
    return await _check_and_judge(jobs, order, _CheckingWork(fleet, options, onlooker), frame)


def jobs_for(discovery: Discovery, order: JudgingContext) -> tuple[Job, ...]:
    """Every device that was found, and every address of the inventory or of an expected camera where nothing
    was.

    An address that speaks RTSP only is asked for ONVIF too: that it does not answer is the finding.
    """
    targets: dict[tuple[str, int | None], DeviceTarget | StreamTarget] = {
        (target.host, target.port): target for target in reversed(discovery.devices)
    }
    hosts = {host for host, _ in targets}
    for declared in order.inventory:
        if declared.address and declared.address not in hosts:
            targets[declared.address, declared.port] = _declared_target(declared, declared.address)
    hosts = {host for host, _ in targets}
    for device in discovery.rtsp_only:
        if device.host not in hosts:
            targets[device.host, None] = DeviceTarget(device.host)
    present = {host for host, _ in targets}
    for host, target in targets_of(order.memory, present).items():
        targets[host, target.port if isinstance(target, DeviceTarget) else None] = target
    places = sorted(targets, key=lambda place: address_order(*place))
    macs = dict(discovery.link_addresses)
    jobs = (Job(targets[place], mac=macs.get(place[0])) for place in places)
    return tuple(with_login(job, order, present) for job in jobs)


def with_login(job: Job, order: JudgingContext, present: Container[str]) -> Job:
    """The job with the log-in bound to its address, where the device may be given it."""
    login = login_given(job, order, present)
    withheld = login in (LoginGiven.WITHHELD, LoginGiven.ANOTHER)
    credential = None if withheld else order.credentials.for_address(job.host)
    before = order.memory.trust.signs_before(shown_by(job), present)
    target = job.target
    if isinstance(target, StreamTarget):
        bound = order.credentials.for_address(job.host)
        target = replace(target, uri=target.uri.hiding(bound))
    return replace(job, target=target, credential=credential, login=login, before=before)


def _declared_target(declared: Declaration, address: str) -> DeviceTarget | StreamTarget:
    """What the inventory says of an address where the search found nothing: ONVIF, unless it names the
    stream."""
    parsed = parse_stream_uri(declared.stream_uri) if declared.stream_uri else None
    if parsed is not None:
        return StreamTarget(parsed[0], name=declared.name)
    return DeviceTarget(address, declared.port, name=declared.name)


def with_memory(options: FleetOptions, order: JudgingContext) -> FleetOptions:
    """The options with what earlier runs saw of the devices' doors."""
    return replace(options, pins=order.memory.pins)


@dataclass(frozen=True, slots=True)
class _CheckingWork:
    """By what, how, and before whose eyes jobs are done."""

    fleet: Fleet
    options: FleetOptions
    onlooker: Onlooker


async def _check_and_judge(
    jobs: Sequence[Job], order: JudgingContext, work: _CheckingWork, frame: RunPeriod
) -> Run:
    """Check and judge; a camera whose advice would be to replace it is looked at once more after all the
    others.

    What one look saw may be a moment's: a camera that restarts, a line that is busy. Two looks apart in time
    that see the same may buy a camera; where they differ, the first one stands and the advice is to
    investigate.
    """
    work.onlooker.progress("check", 0, len(jobs))
    checks = await _check_jobs(jobs, order, work)
    run = finish(checks, order, replace(frame, finished_at=work.fleet.clock.now()))
    if work.fleet.stopped:
        return incomplete(run, work.fleet.unfinished)
    again = to_look_at_again(run, checks)
    if not again:
        return run
    work.onlooker.progress("again", 0, len(again))
    await _pause(work.fleet)
    looks = await _check_jobs([jobs[n] for n in again], order, work, "again")
    if work.fleet.stopped:  # a look that was cut off says nothing of the camera: the first one stands
        return replace(run, is_complete=False)
    both = list(checks)
    for n, look in zip(again, looks, strict=True):
        both[n] = with_other_look(checks[n], look)
    return finish(both, order, replace(frame, finished_at=work.fleet.clock.now()))


def judged_alone(check: DeviceCheck, order: JudgingContext) -> tuple[CameraResult, ...]:
    """The cameras of one device before the others are known: what the whole run says of them later counts.

    Nothing of a device that never answered, or was cut off: whether it is a camera at all is seen at the end.
    """
    device = check.device
    if isinstance(device, Fault) and device.code in NEVER_ANSWERED | {FaultCode.STOPPED}:
        return ()
    frame = RunPeriod(check.checked_at, check.checked_at, "check", None)
    return finish((check,), order, frame).result.cameras


async def _pause(fleet: Fleet) -> None:
    """The time between two looks; shorter where the user stops."""
    for _ in range(round(LOOK_AGAIN_AFTER_S / PAUSE_STEP_S)):
        if not fleet.stopped:
            await fleet.clock.sleep(PAUSE_STEP_S)


def incomplete(run: Run, unfinished: int) -> Run:
    """The run with the note that it was stopped, and nothing to be remembered of it: who was not met is not
    gone."""
    coverage = run.result.coverage
    noted = replace(coverage, notes=(*coverage.notes, str(Note("stopped", str(unfinished)))))
    return replace(run, result=replace(run.result, coverage=noted), learned=MemoryChange(), is_complete=False)


async def _check_jobs(
    jobs: Sequence[Job], order: JudgingContext, work: _CheckingWork, phase: str = "check"
) -> tuple[DeviceCheck, ...]:
    """What a second look brings is told at the end only: of the two, together."""
    done, onlooker = 0, work.onlooker

    def heard(job: Job, check: DeviceCheck) -> None:
        nonlocal done
        done += 1
        onlooker.progress(phase, done, len(jobs))
        if onlooker.cameras is not None and phase == "check":
            onlooker.cameras(job, judged_alone(check, order))

    options = replace(with_memory(work.options, order), stepped=onlooker.step)
    return await work.fleet.check(jobs, options, heard)
