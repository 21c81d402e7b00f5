"""Prometheus metrics of one `AgentSnapshot`: built anew for every scrape, so that what has gone away is gone.

Pure: no network, no clock, no state between scrapes.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator
from dataclasses import replace

from camagent import __version__
from camagent.document.site_status import AgentSnapshot, CameraStatus, RequirementStatus
from camagent.exporter.families import CACHED, Family, counter, gauge, info, label, seconds_of, single
from camagent.exporter.stream_metrics import stream_families
from camagent.model.fault import FaultCode, Stage
from camagent.model.finding import Severity, Verdict
from camagent.model.pairs import pairs_of

# contract: 2,300 schools × 40 cameras × 40 series is what one receiver was sized for
MAX_SERIES_PER_CAMERA = 40
# what 8 camera, 10 main-stream, 1 sub-stream and 3 condition series leave of the 40
MAX_RULES_PER_CAMERA = 18
MAX_CONDITIONS_PER_CAMERA = 3  # more than three things wrong with one picture tell nobody more
_CAMERA_AND_STREAMS = 8 + 10 + 1  # series that every camera may have

_ON_A_CONNECTION = (
    "unreachable",
    "refused",
    "timeout",
    "tls_failed",
    "auth_required",
    "auth_rejected",
    "auth_unclear",
    "auth_unsupported",
    "auth_would_leak",
    "auth_weaker",
    "auth_stranger",
    "locked_out",
)
"""What every conversation with a device may meet, from its connection to its login."""
_CODES_BY_STAGE = {
    Stage.DISCOVER: (
        "unreachable",
        "timeout",
        "malformed_reply",
        "not_onvif",
        "refused_by_policy",
        "budget_spent",
    ),
    Stage.INTERROGATE: (
        *_ON_A_CONNECTION,
        "not_onvif",
        "soap_fault",
        "unsupported",
        "malformed_reply",
        "no_media_profile",
        "busy",
        "budget_spent",
        "defect",
        "refused_by_policy",
    ),
    Stage.OBSERVE: (
        *_ON_A_CONNECTION,
        "malformed_reply",
        "not_found",
        "rtsp_error",
        "busy",
        "no_video",
        "codec_unsupported",
        "stalled",
        "decode_failed",
        "budget_spent",
        "defect",
        "refused_by_policy",
    ),
}
EXPECTED_FAULTS = tuple((stage, FaultCode(code)) for stage, code in pairs_of(_CODES_BY_STAGE))
"""What can happen where: exported as 0 from the start, so that the first one counts as an increase."""

_SEVERITY_ORDER = {Severity.BLOCKER: 0, Severity.MAJOR: 1, Severity.MINOR: 2}


def snapshot_families(snapshot: AgentSnapshot) -> Iterator[Family]:
    """Every family of one page but for those of the process."""
    snapshot = replace(snapshot, cameras=snapshot.counted)
    yield from _agent_families(snapshot)
    yield from _camera_families(snapshot)
    yield from stream_families(snapshot)
    yield from _judgement_families(snapshot)


def _agent_families(snapshot: AgentSnapshot) -> Iterator[Family]:
    documentation = "Version of camagent and of the Python that runs it."
    build = info("build", documentation, ("version", "python_version"))
    build.add((__version__, platform.python_version()))
    yield build
    if snapshot.profile is not None:
        stamp = snapshot.profile
        labels = ("profile_id", "profile_version", "digest", "authoritative")
        profile = info("requirement_profile", "The requirement profile that judges the cameras.", labels)
        profile.add((stamp.id, stamp.version, stamp.digest, "true" if stamp.authoritative else "false"))
        yield profile
    yield from _cycle_families(snapshot)
    yield from single(
        "discovered_devices",
        "Devices that the last hourly search found. Cached.",
        snapshot.discovered_devices,
    )
    yield from single(
        "devices_awaiting_trust", "New devices that want the login of their range.", snapshot.awaiting_trust
    )
    for name, documentation, count in (
        (
            "overruns",
            "Checks skipped because the one before was still running or waiting.",
            snapshot.overruns,
        ),
        ("defects", "Bugs of camagent itself that were caught; see its log.", snapshot.defects),
    ):
        family = counter(name, documentation)
        family.add((), count)
        yield family
    yield _fault_family(snapshot)


def _fault_family(snapshot: AgentSnapshot) -> Family:
    documentation = "What the network and the devices did to us, since the start."
    faults = counter("faults", documentation, ("stage", "code"))
    counts = dict.fromkeys(EXPECTED_FAULTS, 0) | dict(snapshot.faults)
    for (stage, code), count in sorted(counts.items()):
        faults.add((stage.value, code.value), count)
    return faults


def _cycle_families(snapshot: AgentSnapshot) -> Iterator[Family]:
    stream, reach = snapshot.stream_cycle, snapshot.reach_cycle
    rows = (
        (
            "cycle_timestamp_seconds",
            "When the last round of full checks over all cameras ended.",
            seconds_of(stream.at) if stream else None,
        ),
        (
            "cycle_duration_seconds",
            "How long that round of full checks took.",
            stream.duration_s if stream else None,
        ),
        (
            "reach_timestamp_seconds",
            "When the last round of cheap checks over all cameras ended.",
            seconds_of(reach.at) if reach else None,
        ),
        (
            "reach_duration_seconds",
            "How long that round of cheap checks took.",
            reach.duration_s if reach else None,
        ),
        (
            "config_last_reload_successful",
            "1 if the configuration could be read at the start or last reload.",
            float(snapshot.reload_ok),
        ),
        (
            "config_last_reload_success_timestamp_seconds",
            "When the configuration was last read without an error.",
            seconds_of(snapshot.reloaded_at),
        ),
    )
    for name, documentation, value in rows:
        yield from single(name, documentation, value)


CameraGauge = tuple[str, str, Callable[[CameraStatus], float | None]]
"""Name without `camagent_`, what it says, and how it is read of one camera; None: no series."""
CAMERA_GAUGES: tuple[CameraGauge, ...] = (
    (
        "camera_up",
        "1 if the camera answered when last asked, 0 if not; absent while unknown. Cached: as of the newer of"
        " camagent_reach_timestamp_seconds and camagent_check_timestamp_seconds, not of the scrape.",
        lambda camera: None if camera.up is None else float(camera.up),
    ),
    (
        "camera_clock_offset_seconds",
        "Clock of the camera minus ours. Cached: as of the daily interrogation, at most a day before"
        " camagent_check_timestamp_seconds.",
        lambda camera: camera.clock_offset_s,
    ),
    (
        "camera_last_answer_timestamp_seconds",
        "When a camera that does not answer now last did; absent while it answers, and where it never did."
        " Cached: as of the newer of"
        " camagent_reach_timestamp_seconds and camagent_check_timestamp_seconds.",
        lambda camera: _silent_since(camera),
    ),
    (
        "camera_recording_days",
        f"Days that are kept of it without a long gap. {CACHED}",
        lambda camera: camera.recording.days if camera.recording else None,
    ),
    (
        "camera_recording_newest_timestamp_seconds",
        f"When the newest of it was recorded. {CACHED}",
        lambda camera: seconds_of(camera.recording.newest) if camera.recording else None,
    ),
    (
        "check_timestamp_seconds",
        "When the last full check of the camera ended.",
        lambda camera: seconds_of(camera.checked_at),
    ),
    (
        "check_duration_seconds",
        f"How long that check took. {CACHED}",
        lambda camera: camera.duration_s,
    ),
)

IDENTITY = ("name", "manufacturer", "model", "firmware", "task")
"""Labels that say who a camera is: fields of its status."""


def _camera_families(snapshot: AgentSnapshot) -> Iterator[Family]:
    identity = info("camera", f"Who the camera is. {CACHED}", ("camera", *IDENTITY))
    verdict = gauge(
        "camera_verdict", f"1 for the verdict in force, 0 for the others. {CACHED}", ("camera", "verdict")
    )
    gauges = [(gauge(name, text, ("camera",)), read) for name, text, read in CAMERA_GAUGES]
    for camera in snapshot.cameras:
        key = (camera.id,)
        identity.add((camera.id, *(label(getattr(camera, name)) for name in IDENTITY)))
        for state in Verdict:
            verdict.add((camera.id, state.value), float(camera.verdict is state))
        for family, read in gauges:
            value = read(camera)
            if value is not None:
                family.add(key, value)
    (up, _), *others = gauges
    yield from (up, identity, verdict, *(family for family, _ in others))


def _silent_since(camera: CameraStatus) -> float | None:
    """When it last answered, of a camera that does not answer now; None: it answers, or never did."""
    return None if camera.up else seconds_of(camera.answered_at)


def _judgement_families(snapshot: AgentSnapshot) -> Iterator[Family]:
    condition = gauge(
        "image_condition",
        f"1 for each thing that is plainly wrong with the picture; absent otherwise. {CACHED}",
        ("camera", "stream", "condition"),
    )
    met = gauge(
        "requirement_met",
        f"1 if the camera meets the row of the requirement profile, 0 if not; absent while unknown. {CACHED}",
        ("camera", "rule", "severity"),
    )
    for camera in snapshot.cameras:
        for stream in camera.streams[:1]:
            for name in sorted(set(stream.conditions))[: _most_conditions(camera)]:
                condition.add((camera.id, stream.name, name), 1)
        for row in exported_rules(camera.requirements):
            if row.met is not None:
                met.add((camera.id, row.rule, row.severity.value), float(row.met))
    yield from (condition, met)


def _most_conditions(camera: CameraStatus) -> int:
    """What the series of an unusual camera leave of the 40."""
    unusual = int(_silent_since(camera) is not None) + 2 * int(camera.recording is not None)
    left = MAX_SERIES_PER_CAMERA - _CAMERA_AND_STREAMS - MAX_RULES_PER_CAMERA - unusual
    return min(MAX_CONDITIONS_PER_CAMERA, left)


def exported_rules(rows: tuple[RequirementStatus, ...]) -> list[RequirementStatus]:
    """The rows that a network check answers, the weightiest first, as many as the series budget allows.

    The choice depends on the profile only, never on outcomes, so that series do not come and go with the
    weather.
    """
    ours = [row for row in rows if not row.manual and row.severity in _SEVERITY_ORDER]
    return sorted(ours, key=lambda row: (_SEVERITY_ORDER[row.severity], row.rule))[:MAX_RULES_PER_CAMERA]
