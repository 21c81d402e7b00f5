"""Prometheus metrics of one `AgentSnapshot`: built anew for every scrape, so that what has gone away is gone.

Pure but for `process_*`, which reads /proc/self. No network, no clock, no state between scrapes.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from camagent import __version__
from camagent.document.site_status import AgentSnapshot, CameraStatus, RequirementStatus
from camagent.exporter.families import CACHED, gauge, label, seconds_of, single
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


class SnapshotCollector(Collector):
    """Turns the snapshot of the moment into metric families."""

    def __init__(self, snapshot: Callable[[], AgentSnapshot]) -> None:
        self._snapshot = snapshot

    def describe(self) -> Iterable[Metric]:
        """Nothing: registering must not build a whole page."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Every family of one page, from one snapshot."""
        snapshot = self._snapshot()
        snapshot = replace(snapshot, cameras=snapshot.counted)
        yield from _agent_families(snapshot)
        yield from _camera_families(snapshot)
        yield from stream_families(snapshot)
        yield from _judgement_families(snapshot)


def metrics_registry(snapshot: Callable[[], AgentSnapshot]) -> CollectorRegistry:
    """A registry of our own (never the global one) with the snapshot and process metrics."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(SnapshotCollector(snapshot))
    ProcessCollector(registry=registry)
    return registry


def _agent_families(snapshot: AgentSnapshot) -> Iterator[Metric]:
    build = InfoMetricFamily("camagent_build", "Version of camagent and of the Python that runs it.")
    build.add_metric((), {"version": __version__, "python_version": platform.python_version()})
    yield build
    if snapshot.profile is not None:
        stamp = snapshot.profile
        info = InfoMetricFamily(
            "camagent_requirement_profile", "The requirement profile that judges the cameras."
        )
        authoritative = "true" if stamp.authoritative else "false"
        labels = {"profile_id": stamp.id, "profile_version": stamp.version, "digest": stamp.digest}
        info.add_metric((), labels | {"authoritative": authoritative})
        yield info
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
        counter = CounterMetricFamily(f"camagent_{name}", documentation)
        counter.add_metric((), count)
        yield counter
    yield _fault_family(snapshot)


def _fault_family(snapshot: AgentSnapshot) -> Metric:
    faults = CounterMetricFamily(
        "camagent_faults",
        "What the network and the devices did to us, since the start.",
        labels=("stage", "code"),
    )
    counts = dict.fromkeys(EXPECTED_FAULTS, 0) | dict(snapshot.faults)
    for (stage, code), count in sorted(counts.items()):
        faults.add_metric((stage.value, code.value), count)
    return faults


def _cycle_families(snapshot: AgentSnapshot) -> Iterator[Metric]:
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


def _camera_families(snapshot: AgentSnapshot) -> Iterator[Metric]:
    info = InfoMetricFamily("camagent_camera", f"Who the camera is. {CACHED}", labels=("camera",))
    verdict = gauge(
        "camera_verdict", f"1 for the verdict in force, 0 for the others. {CACHED}", ("camera", "verdict")
    )
    gauges = [(gauge(name, text, ("camera",)), read) for name, text, read in CAMERA_GAUGES]
    for camera in snapshot.cameras:
        key = (camera.id,)
        info.add_metric(key, _identity(camera))
        for state in Verdict:
            verdict.add_metric((camera.id, state.value), float(camera.verdict is state))
        for family, read in gauges:
            value = read(camera)
            if value is not None:
                family.add_metric(key, value)
    (up, _), *others = gauges
    yield from (up, info, verdict, *(family for family, _ in others))


def _silent_since(camera: CameraStatus) -> float | None:
    """When it last answered, of a camera that does not answer now; None: it answers, or never did."""
    return None if camera.up else seconds_of(camera.answered_at)


def _identity(camera: CameraStatus) -> dict[str, str]:
    return {
        "name": label(camera.name),
        "manufacturer": label(camera.manufacturer),
        "model": label(camera.model),
        "firmware": label(camera.firmware),
        "task": label(camera.task),
    }


def _judgement_families(snapshot: AgentSnapshot) -> Iterator[Metric]:
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
                condition.add_metric((camera.id, stream.name, name), 1)
        for row in exported_rules(camera.requirements):
            if row.met is not None:
                met.add_metric((camera.id, row.rule, row.severity.value), float(row.met))
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
