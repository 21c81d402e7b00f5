"""What one scrape or one look at the status page shows: a frozen value, replaced whole, never changed. Pure.

Made from results and from the agent's own counters; everything here is "as of the last check", never fresher.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache

from camagent.document.model import CameraView, FindingView
from camagent.document.stream_view import StreamView
from camagent.model.fault import FaultCode, Stage
from camagent.model.finding import TRUST_RULE, Outcome, Severity, Verdict
from camagent.model.scan_result import VIETNAM, KeptRecording, ProfileStamp, Site
from camagent.model.stream import MeasuredStream
from camagent.model.text import Localised

SILENT = frozenset({FaultCode.UNREACHABLE, FaultCode.REFUSED, FaultCode.TIMEOUT})
"""Faults that mean that nobody answered; any other answer, even a refused log-in, shows that the camera
lives."""
OURS = frozenset({FaultCode.BUDGET_SPENT, FaultCode.DEFECT, FaultCode.REFUSED_BY_POLICY})
"""Faults that say something about us and nothing about the camera."""
SHARED_TEXTS = 512  # titles and reasons, which most cameras of a school have in common
_CODES = frozenset(FaultCode)


@dataclass(frozen=True, slots=True)
class Reach:
    """The last cheap check of one camera."""

    up: bool | None
    """None: we did not get to ask."""
    at: datetime
    fault: FaultCode | None = None


@dataclass(frozen=True, slots=True)
class StreamStatus:
    """One stream at its last check."""

    name: str
    up: bool | None
    """None: not known."""
    measured: MeasuredStream | None = None
    conditions: tuple[str, ...] = ()
    """What is wrong with the picture, as far as the numbers leave a wide margin."""


@dataclass(frozen=True, slots=True)
class RequirementStatus:
    """One row of the requirement profile for one camera, over all its streams."""

    rule: str
    severity: Severity
    met: bool | None
    """None: unknown, or it does not apply."""
    manual: bool
    title: Localised
    reason: Localised | None = None
    """Why it is not met or not known; None where it is met."""


@dataclass(frozen=True, slots=True)
class CameraStatus:
    """One camera as scrapes and the status page show it."""

    id: str
    name: str
    address: str
    up: bool | None
    seen_at: datetime | None
    """When it was last asked whether it answers."""
    checked_at: datetime | None
    """When its last full check ended; None: not checked yet."""
    answered_at: datetime | None = None
    """When something of it last answered, in this run or an earlier one; None: never, as far as we know."""
    task: str | None = None
    """What the inventory says that it is there for: "gate" …"""
    duration_s: float | None = None
    verdict: Verdict = Verdict.UNDETERMINED
    manufacturer: str | None = None
    model: str | None = None
    firmware: str | None = None
    clock_offset_s: float | None = None
    recording: KeptRecording | None = None
    """What is kept of it; None: not known."""
    excluded_until: date | None = None
    """Out of the counts until the end of that day, by a person's word."""
    streams: tuple[StreamStatus, ...] = ()
    requirements: tuple[RequirementStatus, ...] = ()


@dataclass(frozen=True, slots=True)
class CycleStatus:
    """The last complete round over all cameras."""

    at: datetime
    duration_s: float


@dataclass(frozen=True, slots=True)
class AgentSnapshot:
    """All that the exporter may show, as of one moment."""

    site: Site
    made_at: datetime
    cameras: tuple[CameraStatus, ...] = ()
    profile: ProfileStamp | None = None
    faults: Mapping[tuple[Stage, FaultCode], int] = field(default_factory=dict)
    """Counted since the agent started."""
    stream_cycle: CycleStatus | None = None
    reach_cycle: CycleStatus | None = None
    discovered_devices: int | None = None
    """None: no discovery since the agent started."""
    overruns: int = 0
    defects: int = 0
    """Our own bugs that the loop caught and logged."""
    reload_ok: bool = True
    reloaded_at: datetime | None = None
    quiet_until: datetime | None = None
    """Set during quiet hours."""

    @property
    def counted(self) -> tuple[CameraStatus, ...]:
        """The cameras without those that are excluded for now: what is counted, and told as metrics."""
        today = self.made_at.astimezone(VIETNAM).date()
        return tuple(c for c in self.cameras if c.excluded_until is None or c.excluded_until < today)

    @property
    def silent(self) -> int:
        """How many cameras did not answer when last asked."""
        return sum(1 for camera in self.counted if camera.up is False)

    @property
    def awaiting_trust(self) -> int:
        """How many cameras are new and want the log-in of their range."""
        return sum(
            any(r.rule == TRUST_RULE and r.met is None for r in camera.requirements)
            for camera in self.cameras
        )

    def count(self, verdict: Verdict) -> int:
        """How many cameras have that verdict."""
        return sum(1 for camera in self.counted if camera.verdict is verdict)


def camera_status(camera: CameraView) -> CameraStatus:
    """The status of a camera straight after its full check, and after a restart."""
    device, clock = camera.device, camera.clock
    return CameraStatus(
        id=camera.id,
        name=camera.name,
        address=camera.address,
        up=_answers(camera),
        seen_at=camera.checked_at,
        checked_at=camera.checked_at,
        answered_at=camera.present_at,
        task=camera.task,
        duration_s=camera.duration_s,
        verdict=camera.verdict,
        manufacturer=device.manufacturer if device else None,
        model=device.model if device else None,
        firmware=device.firmware if device else None,
        clock_offset_s=clock.offset_s if clock else None,
        recording=camera.recording,
        excluded_until=camera.excluded_until,
        streams=stream_statuses(camera.watched),
        requirements=requirement_statuses(camera.findings),
    )


def is_up(code: str | None) -> bool | None:
    """What a fault (or its absence) says about whether the camera answers. None: nothing."""
    if code is None:
        return True
    if code in OURS or code not in _CODES:
        return None
    return code not in SILENT


def _answers(camera: CameraView) -> bool | None:
    """One of its streams or its clock, the first question over ONVIF; else what the first ONVIF fault
    says."""
    answers = [is_up(stream.fault.code if stream.fault else None) for stream in camera.watched]
    asked = (fault.code for fault in camera.faults if fault.stage == Stage.INTERROGATE)
    if camera.clock is not None:
        answers.append(True)
    elif (code := next(asked, None)) is not None:
        answers.append(is_up(code))
    if True in answers:
        return True
    return False if False in answers else None


def stream_statuses(streams: Sequence[StreamView]) -> tuple[StreamStatus, ...]:
    """The streams by the names that findings use: main, sub, sub2 …; a second main stream has none, and is
    left out."""
    named: dict[str, StreamView] = {}
    subs = 0
    for stream in streams:
        if stream.role == "main":
            name = "main"
        else:
            subs += 1
            name = "sub" if subs == 1 else f"sub{subs}"
        named.setdefault(name, stream)
    return tuple(_stream_status(name, stream) for name, stream in named.items())


def _stream_status(name: str, stream: StreamView) -> StreamStatus:
    if stream.measured is None:
        return StreamStatus(name, None if stream.fault is None or stream.fault.code in OURS else False)
    conditions = stream.image.conditions if stream.image else ()
    return StreamStatus(name, stream.measured.frames > 0, stream.measured, conditions)


def requirement_statuses(findings: Sequence[FindingView]) -> tuple[RequirementStatus, ...]:
    """One status a row of the requirement profile."""
    rows: dict[str, list[FindingView]] = {}
    for finding in findings:
        rows.setdefault(finding.rule, []).append(finding)
    return tuple(_requirement(rule, group) for rule, group in rows.items())


def _requirement(rule: str, group: Sequence[FindingView]) -> RequirementStatus:
    telling = next((f for f in group if f.outcome is Outcome.FAIL), None) or next(
        (f for f in group if f.outcome in (Outcome.NOT_ASSESSED, Outcome.DEFECT)), None
    )
    title = group[0].title
    return RequirementStatus(
        rule=rule,
        severity=group[0].severity,
        met=met_over_streams(finding.outcome for finding in group),
        manual=any(finding.manual for finding in group),
        title=_localised(title.vi, title.en) if title is not None else Localised(rule, rule),
        reason=_localised(telling.message.vi, telling.message.en) if telling is not None else None,
    )


@lru_cache(maxsize=SHARED_TEXTS)
def _localised(vi: str, en: str) -> Localised:
    return Localised(vi, en)


def met_over_streams(outcomes: Iterable[Outcome]) -> bool | None:
    """False if any stream fails the row, else None if any is unknown (or none is asked), else True."""
    asked = set(outcomes) - {Outcome.NOT_APPLICABLE}
    if Outcome.FAIL in asked:
        return False
    if not asked or asked & {Outcome.NOT_ASSESSED, Outcome.DEFECT}:
        return None
    return True
