"""The page of metrics: contract names, what is unknown, what is bounded, what promtool says.

`python -m tests.publish.test_metrics` writes the golden page anew; read its difference before committing it.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from camagent.document.site_status import (
    AgentSnapshot,
    CameraStatus,
    CycleStatus,
    RequirementStatus,
    StreamStatus,
)
from camagent.exporter.metrics import (
    EXPECTED_FAULTS,
    MAX_SERIES_PER_CAMERA,
    SnapshotCollector,
    metrics_registry,
)
from camagent.exporter.text_format import render_metrics
from camagent.model.fault import FaultCode, Stage
from camagent.model.finding import Outcome, Severity, Verdict
from camagent.model.scan_result import KeptRecording
from camagent.model.text import Localised
from tests import builders as build
from tests.monitoring.programs import run
from tests.publish.samples import status

GOLDEN = Path(__file__).with_name("metrics.prom")
CONTRACT_LABELS = {"camera", "stream", "rule", "severity", "condition", "stage", "code", "verdict"}


def snapshot(*cameras: CameraStatus, **changes: object) -> AgentSnapshot:
    base = AgentSnapshot(
        site=build.site(),
        made_at=build.NOW,
        cameras=cameras,
        profile=build.profile_stamp(),
        faults={(Stage.OBSERVE, FaultCode.TIMEOUT): 3},
        stream_cycle=CycleStatus(build.NOW, 12.5),
        reach_cycle=CycleStatus(build.NOW, 1.25),
        discovered_devices=2,
        reloaded_at=build.NOW,
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def pages(value: AgentSnapshot) -> tuple[str, str]:
    registry = metrics_registry(lambda: value)
    return render_metrics(registry, False).decode(), render_metrics(registry, True).decode()


def samples(value: AgentSnapshot) -> list[Sample]:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(SnapshotCollector(lambda: value))
    page = render_metrics(registry, False).decode()
    return list(chain.from_iterable(family.samples for family in text_string_to_metric_families(page)))


def named(value: AgentSnapshot, name: str) -> dict[tuple[str, ...], float]:
    return {
        tuple(label for _, label in sorted(sample.labels.items())): sample.value
        for sample in samples(value)
        if sample.name == f"camagent_{name}"
    }


def crowded_camera() -> CameraStatus:
    """As many series as any camera could be made to have, and then some."""
    conditions = tuple(f"condition{i}" for i in range(11))
    main = replace(status(build.camera_result()).streams[0], conditions=conditions)
    subs = tuple(replace(main, name=f"sub{i}") for i in range(20))
    rows = tuple(
        RequirementStatus(f"ROW-{i:03}", severity, True, False, Localised("", ""))
        for i, severity in enumerate(list(Severity) * 30)
    )
    return replace(status(build.camera_result()), streams=(main, *subs), requirements=rows)


def stable_page() -> str:
    """One whole page without the lines that tell of this process."""
    text, _ = pages(snapshot(status(build.camera_result())))
    lines = text.splitlines(keepends=True)
    return "".join(
        line for line in lines if "process_" not in line and not line.startswith("camagent_build_info{")
    )


def test_the_whole_page_is_as_agreed() -> None:
    assert stable_page() == GOLDEN.read_text(encoding="utf-8")


def test_promtool_finds_nothing_to_say_about_the_page() -> None:
    text, _ = pages(snapshot(status(build.camera_result()), crowded_camera()))
    checked = run(["promtool", "check", "metrics"], text.encode())
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, b"")


def test_promtool_would_find_a_fault() -> None:
    assert run(["promtool", "check", "metrics"], b"camelCase 1\n").returncode != 0


label_text = st.text(alphabet=st.characters(codec="utf-8"), max_size=20)


@settings(max_examples=60)
@given(label_text, label_text, st.floats(allow_nan=True, allow_infinity=True) | st.none(), st.booleans())
def test_the_page_is_byte_for_byte_what_the_library_writes(
    name: str, model: str, offset: float | None, up: bool
) -> None:
    camera = replace(
        status(build.camera_result()), name=name, model=model, clock_offset_s=offset, up=up, id=name or "x"
    )
    registry = CollectorRegistry(auto_describe=False)
    registry.register(SnapshotCollector(lambda: snapshot(camera)))
    assert render_metrics(registry, False) == generate_latest(registry)
    assert render_metrics(registry, True) == generate_openmetrics(registry)  # type: ignore[no-untyped-call]


def test_openmetrics_page_is_understood_by_a_strict_parser() -> None:
    _, text = pages(snapshot(status(build.camera_result())))
    families = {family.name: family.type for family in parse_openmetrics(text)}  # type: ignore[no-untyped-call]
    assert families["camagent_camera"] == "info"
    assert families["camagent_faults"] == "counter"


def test_help_of_every_value_of_a_camera_says_cached_and_since_when() -> None:
    text, _ = pages(snapshot(status(build.camera_result()), crowded_camera()))
    per_camera = {
        line.split("{")[0] for line in text.splitlines() if line.startswith("camagent_") and "camera=" in line
    }
    assert len(per_camera) > 15
    helps = dict(line.split(" ", 3)[2:] for line in text.splitlines() if line.startswith("# HELP "))
    for name in per_camera - {"camagent_check_timestamp_seconds"}:
        assert re.search(r"Cached: .*camagent_(check|reach)_timestamp_seconds", helps[name]), name


def test_no_camera_has_more_series_than_agreed() -> None:
    value = snapshot(crowded_camera(), status(build.camera_result(facts=build.camera_facts(id="second"))))
    per_camera = Counter(sample.labels["camera"] for sample in samples(value) if "camera" in sample.labels)
    assert per_camera[crowded_camera().id] == MAX_SERIES_PER_CAMERA
    assert max(per_camera.values()) <= MAX_SERIES_PER_CAMERA


def test_a_silent_camera_keeps_its_name_and_says_since_when() -> None:
    dark = replace(status(build.camera_result()), up=False, answered_at=build.NOW, task="gate")
    value = snapshot(dark)
    info = next(s for s in samples(value) if s.name == "camagent_camera_info")
    assert (info.labels["name"], info.labels["task"]) == (dark.name, "gate")
    assert info.labels["model"] == dark.model and info.labels["camera"] == dark.id
    assert named(value, "camera_last_answer_timestamp_seconds") == {(dark.id,): build.NOW.timestamp()}
    assert named(snapshot(replace(dark, up=True)), "camera_last_answer_timestamp_seconds") == {}
    assert named(snapshot(replace(dark, answered_at=None)), "camera_last_answer_timestamp_seconds") == {}


def test_a_crowded_camera_that_falls_silent_stays_within_the_series() -> None:
    dark = replace(crowded_camera(), up=False, answered_at=build.NOW)
    gauges = samples(snapshot(dark))
    counted = Counter(sample.labels["camera"] for sample in gauges if "camera" in sample.labels)
    assert counted[dark.id] == MAX_SERIES_PER_CAMERA


def test_what_a_recorder_keeps_of_a_camera_is_told_within_the_series() -> None:
    recording = KeptRecording(days=12.5, since=build.NOW, newest=build.NOW, days_with_holes=1)
    kept = replace(crowded_camera(), up=False, answered_at=build.NOW, recording=recording)
    gauges = samples(snapshot(kept))
    assert named(snapshot(kept), "camera_recording_days") == {(kept.id,): 12.5}
    newest = named(snapshot(kept), "camera_recording_newest_timestamp_seconds")
    assert newest == {(kept.id,): build.NOW.timestamp()}
    assert sum(sample.labels.get("camera") == kept.id for sample in gauges) == MAX_SERIES_PER_CAMERA
    nothing = KeptRecording(days=0.0, since=None, newest=None, days_with_holes=None)
    assert named(snapshot(replace(kept, recording=nothing)), "camera_recording_days") == {(kept.id,): 0.0}


def test_no_series_appears_twice() -> None:
    counts = Counter((s.name, tuple(sorted(s.labels.items()))) for s in samples(snapshot(crowded_camera())))
    assert max(counts.values()) == 1


def test_labels_are_those_of_the_contract_and_never_the_site() -> None:
    for sample in samples(snapshot(status(build.camera_result()))):
        if not sample.name.endswith("_info"):
            assert set(sample.labels) <= CONTRACT_LABELS, sample
        assert not {"site", "area", "city", "address", "ip"} & set(sample.labels)


def test_nothing_tells_when_it_was_created() -> None:
    assert not any("_created" in page for page in pages(snapshot()))


def test_process_and_build_are_told() -> None:
    text, _ = pages(snapshot())
    for name in ("process_resident_memory_bytes", "process_cpu_seconds_total", "camagent_build_info{"):
        assert name in text


def test_unknown_is_absent_and_never_a_pass() -> None:
    finding = build.finding(outcome=Outcome.NOT_ASSESSED)
    unknown = build.camera_result(findings=(finding,), verdict=Verdict.UNDETERMINED)
    value = snapshot(status(unknown))
    assert named(value, "requirement_met") == {}
    assert named(value, "camera_verdict")[("cam-4cbd8f000001", "ready")] == 0


@pytest.mark.parametrize(
    ("outcomes", "met"),
    [
        ((Outcome.PASS, Outcome.WARN), 1.0),
        ((Outcome.PASS, Outcome.FAIL), 0.0),
        ((Outcome.FAIL, Outcome.NOT_ASSESSED), 0.0),
        ((Outcome.PASS, Outcome.NOT_ASSESSED), None),
        ((Outcome.PASS, Outcome.DEFECT), None),
        ((Outcome.PASS, Outcome.NOT_APPLICABLE), 1.0),
        ((Outcome.NOT_APPLICABLE,), None),
    ],
)
def test_one_row_over_several_streams(outcomes: tuple[Outcome, ...], met: float | None) -> None:
    findings = tuple(build.finding(outcome=outcome, stream=f"s{i}") for i, outcome in enumerate(outcomes))
    value = snapshot(status(build.camera_result(findings=findings)))
    assert list(named(value, "requirement_met").values()) == ([] if met is None else [met])


def test_a_camera_that_nobody_asked_is_not_up() -> None:
    silent = build.camera_facts(
        device=build.fault(FaultCode.BUDGET_SPENT, stage=Stage.INTERROGATE), streams=()
    )
    value = snapshot(status(build.camera_result(facts=silent)))
    assert named(value, "camera_up") == {}
    assert len(named(value, "camera_info")) == 1


@pytest.mark.parametrize("code", [FaultCode.UNREACHABLE, FaultCode.REFUSED, FaultCode.TIMEOUT])
def test_a_silent_camera_is_down(code: FaultCode) -> None:
    dead = build.camera_facts(device=build.fault(code, stage=Stage.INTERROGATE), streams=())
    assert list(named(snapshot(status(build.camera_result(facts=dead))), "camera_up").values()) == [0.0]


def test_a_camera_that_refuses_our_log_in_is_up_but_its_stream_is_not() -> None:
    refused = build.fault(FaultCode.AUTH_REJECTED)
    facts = build.camera_facts(device=refused, streams=(build.stream_facts(measured=refused, image=None),))
    value = snapshot(status(build.camera_result(facts=facts)))
    assert list(named(value, "camera_up").values()) == [1.0]
    assert list(named(value, "stream_up").values()) == [0.0]


def test_a_rate_that_we_ourselves_spoiled_is_not_published() -> None:
    lagging = build.stream_facts(measured=build.measured_stream(limits=("loop_lag",)))
    value = snapshot(status(build.camera_result(facts=build.camera_facts(streams=(lagging,)))))
    assert named(value, "stream_frame_rate_hertz") == {}


def test_bytes_not_bits() -> None:
    streams = (build.stream_facts(measured=build.measured_stream(bitrate_bps=4_000_000.0)),)
    value = snapshot(status(build.camera_result(facts=build.camera_facts(streams=streams))))
    assert list(named(value, "stream_throughput_bytes_per_second").values()) == [500_000.0]


def test_a_camera_that_vanished_leaves_no_series() -> None:
    values = [snapshot(status(build.camera_result()))]
    registry = metrics_registry(lambda: values[0])
    assert b"cam-4cbd8f000001" in render_metrics(registry, False)
    values[0] = snapshot()
    assert b"cam-4cbd8f000001" not in render_metrics(registry, False)


def test_every_expected_fault_counts_from_zero() -> None:
    counts = named(snapshot(), "faults_total")
    assert len(counts) == len(EXPECTED_FAULTS) == len(set(EXPECTED_FAULTS))
    assert counts[("timeout", "observe")] == 3
    assert sum(counts.values()) == 3


def test_a_fault_that_nobody_expected_is_counted_too() -> None:
    odd = {(Stage.DISCOVER, FaultCode.STALLED): 1}
    assert named(snapshot(faults=odd), "faults_total")[("stalled", "discover")] == 1


def test_what_a_device_writes_cannot_break_the_page() -> None:
    hostile = 'x"} 1\ncamagent_camera_up{camera="y\\' + "\u202e" + "A" * 5000
    value = snapshot(replace(status(build.camera_result()), model=hostile, firmware=hostile))
    info = next(s for s in samples(value) if s.name == "camagent_camera_info")
    assert len(info.labels["model"]) <= 120
    assert "\n" not in info.labels["model"] and "\u202e" not in info.labels["model"]
    assert list(named(value, "camera_up")) == [("cam-4cbd8f000001",)]


def test_a_stream_without_a_name_of_its_own_is_not_doubled() -> None:
    streams = (build.stream_facts(), build.stream_facts())
    shown = status(build.camera_result(facts=build.camera_facts(streams=streams)))
    assert [stream.name for stream in shown.streams] == ["main"]


def test_a_stream_that_never_played_tells_no_numbers() -> None:
    value = snapshot(replace(status(build.camera_result()), streams=(StreamStatus("main", False),)))
    assert list(named(value, "stream_up").values()) == [0.0]
    assert not [
        s for s in samples(value) if s.name.startswith("camagent_stream_") and s.name != "camagent_stream_up"
    ]


def test_every_metric_is_documented_and_nothing_else() -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "metrics.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(camagent_\w+)` \| ([^|]*) \|", text, re.MULTILINE)
    documented = {name: set(re.findall(r"`(\w+)`", labels)) for name, labels in rows}
    dark = replace(crowded_camera(), id="dark", up=False, answered_at=build.NOW)
    recording = KeptRecording(days=12.5, since=build.NOW, newest=build.NOW, days_with_holes=1)
    page = samples(snapshot(crowded_camera(), replace(dark, recording=recording)))
    assert documented == {sample.name: set(sample.labels) for sample in page}


if __name__ == "__main__":
    GOLDEN.write_text(stable_page(), encoding="utf-8")
