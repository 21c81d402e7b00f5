"""One camera from address to verdict: all I/O goes through the doors that `fleet` passes in; the
judgement is pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain

from camagent.assess.engine import assess, assess_site, recording_of
from camagent.assess.requirement_profile import RequirementProfile
from camagent.model.device import DeviceFacts, DeviceInformation, DeviceTarget, NetworkFacts
from camagent.model.fault import NOT_HEARD, Fault, FaultCode
from camagent.model.finding import Basis, Finding, Outcome, Severity
from camagent.model.prices import PriceList
from camagent.model.scan_result import CameraFacts, CameraResult, SiteFacts, verdict_of
from camagent.model.secret import Credential
from camagent.model.stream import (
    FileTarget,
    MeasuredStream,
    StreamFacts,
    StreamTarget,
)
from camagent.model.text import Localised, message
from camagent.model.trust import LoginGiven
from camagent.plan.grounds import Ground, Look, main_stream
from camagent.plan.upgrade import plan_upgrade
from camagent.run.common_silence import MIN_SOURCES, NearbyCamera, silence_finding, silent_together
from camagent.run.main_stream import video_sources
from camagent.run.trust_findings import newly_finding, waiting_finding, waits_for_trust
from camagent.run.turn import ASSUMED_STREAM_BPS, Doors, Turn, WatchedSource
from camagent.run.weaker_login import weaker_finding
from camagent.wire.destination import has_way_to

Target = DeviceTarget | StreamTarget | FileTarget


@dataclass(frozen=True, slots=True)
class DeviceCheck:
    """Everything one conversation with one device brought, before anything is judged."""

    target: Target
    device: DeviceFacts | Fault | None
    sources: tuple[WatchedSource, ...]
    checked_at: datetime
    duration_s: float
    defect: str | None = None
    """Where our own code failed (file and line), if it did."""
    login: LoginGiven = LoginGiven.AS_BOUND
    mac: str | None = None
    """Of the address on our own segment, as the search saw it; None: behind a router, or not looked up."""
    key: str = ""
    """The key of the job that it answers, for whoever watches many devices; empty where nobody gave one."""
    fell_silent: bool | None = None
    """Whether its silence may be the network's, by who watches all devices all the time; None: as the other
    checks of the run tell."""
    other_look: DeviceCheck | None = None
    """The same device at another time in the same run, where it was looked at twice."""

    @property
    def streams(self) -> tuple[StreamFacts, ...]:
        """Those of all its sources, in order."""
        return tuple(chain.from_iterable(source.streams for source in self.sources))


def with_other_look(check: DeviceCheck, other: DeviceCheck | None) -> DeviceCheck:
    """The check beside another one of the same device; that one's own other look is forgotten."""
    return replace(check, other_look=None if other is None else replace(other, other_look=None))


async def check_device(target: Target, credential: Credential | None, doors: Doors) -> DeviceCheck:
    """Ask one device all its questions, then watch its streams."""
    checked_at, began_s = doors.clock.now(), doors.clock.monotonic_s()
    device: DeviceFacts | Fault | None = None
    if isinstance(target, FileTarget):
        sources = [WatchedSource(None, None, (await doors.watch_file(target),))]
    elif isinstance(target, StreamTarget):
        async with doors.admit(ASSUMED_STREAM_BPS):
            sources = [WatchedSource(None, target.name, (await doors.watch(target, credential),))]
    else:
        facts = await doors.interrogate(target, credential)
        device = silence_of(facts) or facts
        if any(fault.code is FaultCode.AUTH_STRANGER for fault in facts.faults):
            credential = None  # it is given nothing by any door
        turn = Turn(doors, credential, began_s + doors.budget_s)
        sources = await turn.watch(tuple(video_sources(facts)))
    return DeviceCheck(
        target=target,
        device=device,
        sources=tuple(sources) or (WatchedSource(None, None, ()),),
        checked_at=checked_at,
        duration_s=doors.clock.monotonic_s() - began_s,
    )


def with_own_link(check: DeviceCheck, host: str) -> DeviceCheck:
    """The check; marked where a silence is our own, because this machine has no way to the device."""
    faults = [check.device, *(stream.fault for stream in check.streams)]
    silent = any(isinstance(fault, Fault) and fault.code in NOT_HEARD for fault in faults)
    return replace(check, fell_silent=True) if silent and not has_way_to(host) else check


def silence_of(facts: DeviceFacts) -> Fault | None:
    """The fault that kept the device's ONVIF side from saying anything at all; None if it said something."""
    sections = (facts.clock, facts.services, facts.information, facts.media)
    faults = [section for section in sections if isinstance(section, Fault)]
    if len(faults) == len(sections) and faults[0].code in ABSENT:
        return faults[0]
    return None


ABSENT = frozenset(
    {
        FaultCode.UNREACHABLE,
        FaultCode.REFUSED,
        FaultCode.TIMEOUT,
        FaultCode.TLS_FAILED,
        FaultCode.NOT_ONVIF,
        FaultCode.NOT_FOUND,
        FaultCode.MALFORMED_REPLY,
        FaultCode.REFUSED_BY_POLICY,
        FaultCode.BUDGET_SPENT,
    }
)
"""Nobody there who speaks ONVIF. A device that asks for a log-in, or lacks an operation, did speak it."""


@dataclass(frozen=True, slots=True)
class Judge:
    """By what, and for whom, cameras are judged."""

    requirement_profile: RequirementProfile
    site: SiteFacts
    prices: PriceList | None = None


@dataclass(frozen=True, slots=True)
class CheckedCamera:
    """A camera's facts with the circumstances of the check that brought them."""

    facts: CameraFacts
    checked_at: datetime
    duration_s: float
    defect: str | None = None
    other: CameraFacts | None = None
    """The same camera at another time in the same run, where it was looked at twice."""
    login: LoginGiven = LoginGiven.AS_BOUND
    fell_silent: bool | None = None
    """As `DeviceCheck.fell_silent`."""


def judge_camera(checked: CheckedCamera, judge: Judge) -> CameraResult:
    """Findings, verdict and the cheapest step for one camera. Pure."""
    findings = assess(judge.requirement_profile, checked.facts, judge.site)
    ground = Ground(_look(checked, judge), judge.site.firmware)
    if checked.defect is not None:
        findings = (*findings, defect_finding(checked.defect))
    findings = (*findings, *weaker_finding(checked.facts))
    telling = findings  # of a stranger nothing is said but that somebody must look: it may not be ours at all
    if waits_for_trust(checked.facts, checked.login):
        telling = (waiting_finding(checked.facts, checked.login),)
        findings = (*telling, *findings)
    return CameraResult(
        facts=checked.facts,
        findings=findings,
        verdict=verdict_of(telling),
        upgrade=plan_upgrade(checked.facts, telling, judge.prices, ground),
        checked_at=checked.checked_at,
        duration_s=checked.duration_s,
        faults=checked.facts.faults,
        recording=recording_of(judge.requirement_profile, checked.facts, judge.site),
    )


def _look(checked: CheckedCamera, judge: Judge) -> Look:
    """Whether two looks, each judged alone as if the other agreed, come to the same advice by the same
    picture."""
    if checked.other is None:
        return Look.NOT_TAKEN
    numbers = []
    for facts in (checked.facts, checked.other):
        findings = assess(judge.requirement_profile, facts, judge.site)
        plan = plan_upgrade(facts, findings, None, Ground(Look.AGREES, judge.site.firmware))
        main = main_stream(facts)
        sent = main.measured if main is not None and isinstance(main.measured, MeasuredStream) else None
        picture = (sent.codec, sent.width_px, sent.height_px) if sent is not None else None
        token = main.target.token if main is not None and not isinstance(main.target, FileTarget) else None
        numbers.append((plan.action, plan.certain, plan.rules, picture, token))
    same = numbers[0] == numbers[1] and not _another_device(checked.facts, checked.other)
    return Look.AGREES if same else Look.DIFFERS


def _another_device(one: CameraFacts, other: CameraFacts) -> bool:
    """The address was given to another device between the looks: maker, model, serial or network cards
    differ."""
    signs = []
    for facts in (one, other):
        device = facts.device
        information = device.information if isinstance(device, DeviceFacts) else None
        network = device.network if isinstance(device, DeviceFacts) else None
        stated = information if isinstance(information, DeviceInformation) else None
        macs = network.macs if isinstance(network, NetworkFacts) else ()
        names = (stated.manufacturer, stated.model, stated.serial) if stated is not None else ()
        signs.append((names, frozenset(macs)))
    return any(first and second and first != second for first, second in zip(*signs, strict=True))


def judge_all(
    cameras: Sequence[CheckedCamera], judge: Judge
) -> tuple[tuple[CameraResult, ...], tuple[Finding, ...]]:
    """Every camera's result, and the findings about the school as a whole. Pure."""
    together = silent_together(
        [
            NearbyCamera(c.facts, c.checked_at + timedelta(seconds=c.duration_s), c.fell_silent)
            for c in cameras
        ]
    )
    silent = replace(judge, site=replace(judge.site, fell_silent=True))
    results = tuple(
        judge_camera(camera, silent if place in together else judge) for place, camera in enumerate(cameras)
    )
    about_site = assess_site(judge.requirement_profile, [camera.facts for camera in cameras], judge.site)
    newly = [camera.facts.address for camera in cameras if camera.login is LoginGiven.NEWLY]
    own = (
        *((silence_finding(len(together)),) if len(together) >= MIN_SOURCES else ()),
        *((newly_finding(newly),) if newly else ()),
    )
    return results, (*about_site, *own)


def defect_finding(where: str) -> Finding:
    """Our own bug, reported as ours: the camera stays undetermined."""
    return Finding(
        rule="CAMAGENT",
        title=Localised("Lỗi của chính camagent", "A defect of camagent itself"),
        outcome=Outcome.DEFECT,
        severity=Severity.MAJOR,
        stream=None,
        observed=None,
        required=None,
        unit=None,
        basis=Basis("assumption", None, "high"),
        message=message("cli.defect", where=where),
        check="defect",
    )
