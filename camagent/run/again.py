"""One camera of a finished run checked once more: somebody changed something at it and wants to see the
effect."""

from __future__ import annotations

from dataclasses import replace

from camagent.model.fault import Fault, FaultCode
from camagent.model.scan_result import CameraResult
from camagent.run.context import JudgingContext, Run, RunPeriod
from camagent.run.expected_cameras import target_at
from camagent.run.fleet import Fleet, FleetOptions, Job
from camagent.run.naming import address_of
from camagent.run.onlooker import Onlooker
from camagent.run.range_logins import host_of_target
from camagent.run.recognition import finish
from camagent.run.site_run import check_targets, incomplete, with_login
from camagent.run.visit import DeviceCheck


async def check_camera_again(
    run: Run, camera: CameraResult, order: JudgingContext, fleet: Fleet, options: FleetOptions
) -> Run:
    """The run as it is with this camera's device checked now: everything of the school is judged anew.

    order: the one that the run was judged by. A second look that is stopped leaves the run as it was.
    """
    place = _place_of(camera, run.checks)
    target = run.checks[place].target if place is not None else target_at(camera.facts.address)
    if target is None:
        return run
    host = host_of_target(target)
    job = with_login(Job(target), order, {host} if host else ())
    look = await check_targets([job], order, fleet, replace(options, record=None), Onlooker())
    if not look.is_complete:
        return run
    checks = list(run.checks)
    if place is None:
        checks += look.checks
    else:
        checks[place : place + 1] = look.checks
    began_at = run.result.started_at
    frame = RunPeriod(began_at, fleet.clock.now(), run.result.kind, run.discovery)
    whole = finish(checks, order, frame)
    return whole if run.is_complete else incomplete(whole, sum(map(_was_stopped, whole.result.cameras)))


def _place_of(camera: CameraResult, checks: tuple[DeviceCheck, ...]) -> int | None:
    """Which check brought this camera; None where it was expected and nobody was met."""
    device = camera.facts.device
    for place, check in enumerate(checks):
        if check.device is device if device is not None else address_of(check) == camera.facts.address:
            return place
    return None


def _was_stopped(camera: CameraResult) -> bool:
    faults = (camera.facts.device, *camera.faults)
    return any(isinstance(fault, Fault) and fault.code is FaultCode.STOPPED for fault in faults)
