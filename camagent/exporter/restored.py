"""Camera status from a stored result document: what the agent shows until it has checked anew. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from camagent.document.read import CameraView, FaultView, FindingView, StreamView, TextView
from camagent.exporter.snapshot import (
    OURS,
    SILENT,
    CameraStatus,
    RequirementStatus,
    StreamStatus,
    met_over_streams,
    stream_names,
)
from camagent.model.fault import FaultCode
from camagent.model.finding import Outcome
from camagent.model.text import Localised


def restored_status(camera: CameraView) -> CameraStatus:
    """What `camera_status` said of the camera when the document was made."""
    device, clock = camera.device, camera.clock
    return CameraStatus(
        id=camera.id,
        name=camera.name,
        address=camera.address,
        up=_answered(camera),
        seen_at=camera.checked_at,
        checked_at=camera.checked_at,
        duration_s=camera.duration_s,
        verdict=camera.verdict,
        manufacturer=device.manufacturer if device else None,
        model=device.model if device else None,
        firmware=device.firmware if device else None,
        clock_offset_s=clock.offset_s if clock else None,
        streams=tuple(
            _stream(name, stream)
            for name, stream in stream_names(camera.watched, lambda stream: str(stream.role) == "main")
        ),
        requirements=_requirements(camera.findings),
    )


def _answered(camera: CameraView) -> bool | None:
    said = [_up(stream.fault) for stream in camera.watched]
    said += [True] if camera.device is not None else [_up(fault) for fault in camera.faults[:1]]
    if True in said:
        return True
    return False if False in said else None


def _up(fault: FaultView | None) -> bool | None:
    if fault is None:
        return True
    if fault.code in OURS or fault.code not in set(FaultCode):
        return None
    return fault.code not in SILENT


def _stream(name: str, stream: StreamView) -> StreamStatus:
    measured = stream.measured
    if measured is None:
        return StreamStatus(name, None if stream.fault is None or stream.fault.code in OURS else False)
    believed = not measured.limits
    expected = (measured.rtp_packets or 0) + (measured.rtp_lost_packets or 0)
    lost = measured.rtp_lost_packets
    return StreamStatus(
        name=name,
        up=True,
        codec=measured.codec,
        codec_profile=measured.codec_profile,
        codec_level=measured.codec_level,
        width_px=measured.width_px,
        height_px=measured.height_px,
        frame_rate_hz=measured.frame_rate_hz if believed else None,
        bytes_per_s=measured.bitrate_bps / 8 if believed and measured.bitrate_bps is not None else None,
        keyframe_interval_s=measured.gop_length_s,
        rtp_lost_ratio=lost / expected if lost is not None and expected and measured.transport != "file" else None,
        rtp_jitter_s=measured.rtp_jitter_s if believed else None,
        first_keyframe_s=measured.time_to_first_keyframe_s,
        conditions=stream.image.conditions if stream.image else (),
    )


def _requirements(findings: Sequence[FindingView]) -> tuple[RequirementStatus, ...]:
    rows: dict[str, list[FindingView]] = {}
    for finding in findings:
        rows.setdefault(finding.rule, []).append(finding)
    return tuple(_requirement(rule, group) for rule, group in rows.items())


def _requirement(rule: str, group: Sequence[FindingView]) -> RequirementStatus:
    met = met_over_streams(finding.outcome for finding in group)
    telling = next((f for f in group if f.outcome is Outcome.FAIL), None) or next(
        (f for f in group if f.outcome in (Outcome.NOT_ASSESSED, Outcome.DEFECT)), None
    )
    return RequirementStatus(
        rule=rule,
        severity=group[0].severity,
        met=met,
        manual=any(finding.manual for finding in group),
        title=_both(group[0].title) if group[0].title is not None else Localised(rule, rule),
        reason=_both(telling.message) if telling is not None else None,
    )


def _both(text: TextView) -> Localised:
    return Localised(text.vi, text.en)
