"""What one scrape or one look at the status page shows: a frozen value, replaced whole, never changed. Pure.

Made from results and from the agent's own counters; everything here is "as of the last check", never fresher.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from camagent.model.device import DeviceClock, DeviceInformation
from camagent.model.fault import Fault, FaultCode, Stage
from camagent.model.finding import Finding, Outcome, Severity, Verdict
from camagent.model.scan import CameraResult, ProfileStamp, Site
from camagent.model.stream import ImageFacts, MeasuredStream, StreamFacts, StreamRole
from camagent.model.text import Localised
from camagent.text import both

SILENT = frozenset({FaultCode.UNREACHABLE, FaultCode.REFUSED, FaultCode.TIMEOUT})
"""Faults that mean that nobody answered; any other answer, even a refused log-in, shows that the camera lives."""
OURS = frozenset({FaultCode.BUDGET_SPENT, FaultCode.REFUSED_BY_POLICY})
"""Faults that say something about us and nothing about the camera."""


@dataclass(frozen=True, slots=True)
class Reach:
    """The last cheap check of one camera."""

    up: bool | None
    """None: we did not get to ask."""
    at: datetime
    fault: FaultCode | None = None


@dataclass(frozen=True, slots=True)
class StreamStatus:
    """One stream at its last check; None where it is not known."""

    name: str
    up: bool | None
    codec: str | None = None
    codec_profile: str | None = None
    codec_level: str | None = None
    width_px: int | None = None
    height_px: int | None = None
    frame_rate_hz: float | None = None
    bytes_per_s: float | None = None
    keyframe_interval_s: float | None = None
    rtp_lost_ratio: float | None = None
    rtp_jitter_s: float | None = None
    first_keyframe_s: float | None = None
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
    duration_s: float | None = None
    verdict: Verdict = Verdict.UNDETERMINED
    manufacturer: str | None = None
    model: str | None = None
    firmware: str | None = None
    clock_offset_s: float | None = None
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
    def silent(self) -> int:
        """How many cameras did not answer when last asked."""
        return sum(1 for camera in self.cameras if camera.up is False)

    def count(self, verdict: Verdict) -> int:
        """How many cameras have that verdict."""
        return sum(1 for camera in self.cameras if camera.verdict is verdict)


def camera_status(result: CameraResult) -> CameraStatus:
    """The status of a camera straight after its full check."""
    facts = result.facts
    information = None if facts.device is None or isinstance(facts.device, Fault) else facts.device.information
    known = information if isinstance(information, DeviceInformation) else None
    return CameraStatus(
        id=facts.id,
        name=facts.name,
        address=facts.address,
        up=_answers(result),
        seen_at=result.checked_at,
        checked_at=result.checked_at,
        duration_s=result.duration_s,
        verdict=result.verdict,
        manufacturer=known.manufacturer if known else None,
        model=known.model if known else None,
        firmware=known.firmware if known else None,
        clock_offset_s=_clock_offset_s(result),
        streams=stream_statuses(facts.streams),
        requirements=requirement_statuses(result.findings),
    )


def is_up(fault: Fault | None) -> bool | None:
    """What a fault (or its absence) says about whether the camera answers. None: nothing."""
    if fault is None:
        return True
    if fault.code in OURS:
        return None
    return fault.code not in SILENT


def _answers(result: CameraResult) -> bool | None:
    facts = result.facts
    said: list[bool | None] = [is_up(stream.fault) for stream in facts.streams]
    if isinstance(facts.device, Fault):
        said.append(is_up(facts.device))
    elif facts.device is not None:
        clock = facts.device.clock
        said.append(is_up(clock) if isinstance(clock, Fault) else True)
    if any(said):
        return True
    return False if said and False in said else None


def _clock_offset_s(result: CameraResult) -> float | None:
    device = result.facts.device
    if device is None or isinstance(device, Fault) or not isinstance(device.clock, DeviceClock):
        return None
    return device.clock.offset_s


def stream_statuses(streams: Sequence[StreamFacts]) -> tuple[StreamStatus, ...]:
    """The streams by the names that findings use."""
    named = stream_names(streams, lambda stream: stream.role is StreamRole.MAIN)
    return tuple(_stream_status(name, stream) for name, stream in named)


Named = TypeVar("Named")


def stream_names(streams: Sequence[Named], is_main: Callable[[Named], bool]) -> list[tuple[str, Named]]:
    """main, sub, sub2 …; a second main stream has no name, and is left out."""
    named: dict[str, Named] = {}
    subs = 0
    for stream in streams:
        subs += not is_main(stream)
        name = "main" if is_main(stream) else "sub" if subs == 1 else f"sub{subs}"
        named.setdefault(name, stream)
    return list(named.items())


def _stream_status(name: str, stream: StreamFacts) -> StreamStatus:
    measured = stream.measured
    if isinstance(measured, Fault):
        return StreamStatus(name, None if measured.code in OURS else False)
    image = stream.image
    return StreamStatus(
        name=name,
        up=measured.frames > 0,
        codec=measured.codec,
        codec_profile=measured.codec_profile,
        codec_level=measured.codec_level,
        width_px=measured.width_px,
        height_px=measured.height_px,
        frame_rate_hz=measured.frame_rate_hz if not measured.limits else None,
        bytes_per_s=None if measured.bitrate_bps is None or measured.limits else measured.bitrate_bps / 8,
        keyframe_interval_s=measured.gop_length_s,
        rtp_lost_ratio=lost_ratio(measured),
        rtp_jitter_s=measured.rtp_jitter_s if not measured.limits else None,
        first_keyframe_s=measured.time_to_first_keyframe_s,
        conditions=image.conditions if isinstance(image, ImageFacts) else (),
    )


def lost_ratio(measured: MeasuredStream) -> float | None:
    """Lost over expected RTP packets; None for files, and where nothing was expected."""
    expected = measured.rtp_packets + measured.rtp_lost_packets
    if measured.transport == "file" or expected <= 0:
        return None
    return measured.rtp_lost_packets / expected


def requirement_statuses(findings: Sequence[Finding]) -> tuple[RequirementStatus, ...]:
    """One status a row of the requirement profile."""
    rows: dict[str, list[Finding]] = {}
    for finding in findings:
        rows.setdefault(finding.rule, []).append(finding)
    return tuple(_requirement(rule, group) for rule, group in rows.items())


def _requirement(rule: str, group: Sequence[Finding]) -> RequirementStatus:
    telling = next((f for f in group if f.outcome is Outcome.FAIL), None) or next(
        (f for f in group if f.outcome in (Outcome.NOT_ASSESSED, Outcome.DEFECT)), None
    )
    return RequirementStatus(
        rule=rule,
        severity=group[0].severity,
        met=met_over_streams(finding.outcome for finding in group),
        manual=any(finding.manual for finding in group),
        title=group[0].title,
        reason=both(telling.message) if telling is not None else None,
    )


def met_over_streams(outcomes: Iterable[Outcome]) -> bool | None:
    """False if any stream fails the row, else None if any is unknown (or none is asked), else True."""
    asked = set(outcomes) - {Outcome.NOT_APPLICABLE}
    if Outcome.FAIL in asked:
        return False
    if not asked or asked & {Outcome.NOT_ASSESSED, Outcome.DEFECT}:
        return None
    return True
