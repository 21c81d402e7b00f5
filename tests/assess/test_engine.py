"""Unknown never counts as pass: faults, missing facts, our own limits and our own bugs, for every row."""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import chain, product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from camagent.app.requirements import load_profile
from camagent.assess.catalogue import CATALOGUE, MODULES
from camagent.assess.engine import assess, assess_site
from camagent.assess.judgement import Judgement
from camagent.assess.requirement_profile import Row
from camagent.assess.rule import About, Rule, needs
from camagent.assess.sections import DEVICE_SECTIONS, SECTIONS, STREAM_SECTIONS
from camagent.model.device import DeviceFacts
from camagent.model.fault import FaultCode
from camagent.model.finding import Outcome, Severity, Verdict
from camagent.model.scan_result import CameraFacts, verdict_of
from camagent.model.stream import FileTarget, StreamFacts
from camagent.text import both
from tests.assess.failing import FAILING, healthy
from tests.assess.judging import judged, profile_of, row_of, shipped
from tests.builders import camera_facts, device_facts, fault, measured_stream, site_facts, stream_facts
from tests.each import each

GOOD = (Outcome.PASS, Outcome.WARN)
DEVICE_FIELDS = sorted({field.name for field in fields(DeviceFacts)} & DEVICE_SECTIONS - {"login"})
STREAM_FIELDS = ("measured", "image", "declared", "configured", "access")
PLACES = (
    *(f"device.{name}" for name in DEVICE_FIELDS),
    *(f"stream.{name}" for name in STREAM_FIELDS),
    "device",
)
NEVER_FAULTS = {"stream.declared", "stream.configured", "stream.access", "device.default_login"}
"""By their types these are facts or None."""
CAMERA_RULES = sorted(rule for rule in FAILING if CATALOGUE[rule].about is not About.SITE)


def spoiled(camera: CameraFacts, place: str, code: FaultCode) -> CameraFacts:
    """The camera with one section prevented by a fault (or missing, where it cannot be a fault)."""
    value = None if place in NEVER_FAULTS else fault(code)
    if place == "device":
        return replace(camera, device=value)
    where, _, name = place.partition(".")
    if where == "device":
        return (
            replace(camera, device=replace(camera.device, **{name: value})) if _has_device(camera) else camera  # type: ignore[type-var]
        )
    return replace(camera, streams=tuple(replace(stream, **{name: value}) for stream in camera.streams))  # type: ignore[arg-type]


def _has_device(camera: CameraFacts) -> bool:
    return isinstance(camera.device, DeviceFacts)


def test_every_rule_has_a_camera_that_fails_it() -> None:
    assert set(FAILING) | {"bitrate"} == set(CATALOGUE)


@pytest.mark.parametrize("rule", sorted(FAILING))
def test_the_failing_camera_fails(rule: str) -> None:
    case = FAILING[rule]
    assert judged(rule, case.camera, case.site).outcome is Outcome.FAIL


@each(tuple(product(CAMERA_RULES, PLACES)), ", ".join)
def test_a_fault_in_any_section_never_turns_a_failure_into_a_pass(at: tuple[str, str]) -> None:
    rule, place = at
    case = FAILING[rule]
    for code in FaultCode:
        finding = judged(rule, spoiled(case.camera, place, code), case.site)
        assert finding.outcome in (Outcome.FAIL, Outcome.NOT_ASSESSED), code


def _needs_a_fact(row: Row, place: str) -> bool:
    """Whether the row's rule cannot be judged without that section, and takes no fault in its place."""
    rule = CATALOGUE[row.rule]
    needed = [need for need in needs(rule) if need.section == place.rpartition(".")[2]]
    if rule.about is About.SITE or not needed:
        return False
    return not (needed[0].takes_fault or needed[0].takes_none)


NEEDED = [(row, place) for row, place in product(shipped().rows, PLACES) if _needs_a_fact(row, place)]


@each(NEEDED, lambda at: f"{at[0].id}, {at[1]}")
def test_a_fault_in_a_section_that_a_row_needs_is_not_assessed_with_its_reason(at: tuple[Row, str]) -> None:
    row, place = at
    (finding,) = assess(profile_of(row), spoiled(healthy(), place, FaultCode.TIMEOUT), site_facts())
    assert finding.outcome is Outcome.NOT_ASSESSED
    section = place.rpartition(".")[2]
    expected = f"findings.absent_{section}" if place in NEVER_FAULTS else "findings.fault_timeout"
    assert finding.message.key == expected


def test_a_healthy_camera_passes_every_row_that_the_network_answers() -> None:
    open_rows = {f.rule for f in assess(shipped(), healthy(), site_facts()) if f.outcome not in GOOD}
    assert open_rows == {
        row.id for row in shipped().rows if row.rule == "camera_answer" or row.id in ("SEC-FW",)
    }
    assert verdict_of(assess(shipped(), healthy(), site_facts())) is Verdict.READY


@pytest.mark.parametrize("code", list(FaultCode))
def test_nothing_passes_where_nothing_answered(code: FaultCode) -> None:
    silent = camera_facts(device=fault(code), streams=())
    findings = assess(shipped(), silent, site_facts())
    assert not [f for f in findings if f.outcome in (*GOOD, Outcome.NOT_APPLICABLE, Outcome.DEFECT)]
    assert verdict_of(findings) is not Verdict.READY


@pytest.mark.parametrize(
    "code", [FaultCode.UNREACHABLE, FaultCode.REFUSED, FaultCode.TIMEOUT, FaultCode.NOT_ONVIF]
)
def test_a_dead_camera_fails_and_does_not_hide_behind_not_assessed(code: FaultCode) -> None:
    findings = assess(shipped(), camera_facts(device=fault(code), streams=()), site_facts())
    assert {f.rule for f in findings if f.outcome is Outcome.FAIL} == {"CON-ONVIF", "CON-RTSP"}
    assert verdict_of(findings) is Verdict.NOT_READY


@pytest.mark.parametrize(
    "code",
    [
        FaultCode.AUTH_REQUIRED,
        FaultCode.AUTH_REJECTED,
        FaultCode.AUTH_UNSUPPORTED,
        FaultCode.AUTH_WOULD_LEAK,
        FaultCode.LOCKED_OUT,
        FaultCode.TLS_FAILED,
        FaultCode.BUSY,
        FaultCode.BUDGET_SPENT,
        FaultCode.REFUSED_BY_POLICY,
        FaultCode.CODEC_UNSUPPORTED,
        FaultCode.DECODE_FAILED,
    ],
)
def test_not_getting_in_is_not_known_and_no_failure(code: FaultCode) -> None:
    camera = camera_facts(device=fault(code), streams=(stream_facts(measured=fault(code)),))
    by_row = {f.rule: f for f in assess(shipped(), camera, site_facts())}
    for row in ("CON-ONVIF", "CON-RTSP"):
        assert by_row[row].outcome is Outcome.NOT_ASSESSED
        assert by_row[row].message.key == f"findings.fault_{code}"
    assert verdict_of(tuple(by_row.values())) is Verdict.UNDETERMINED


def test_a_stream_address_leaves_the_onvif_rows_open_and_the_verdict_undetermined() -> None:
    findings = assess(shipped(), camera_facts(device=None, video_source=None), site_facts())
    by_row = {f.rule: f for f in findings}
    assert by_row["CON-ONVIF"].outcome is Outcome.NOT_ASSESSED
    assert by_row["CON-ONVIF"].message.key == "findings.no_onvif_side"
    assert by_row["IMG-FPS"].outcome is Outcome.PASS
    assert verdict_of(findings) is Verdict.UNDETERMINED


def test_a_target_without_onvif_and_without_a_stream_lacks_the_stream_not_onvif() -> None:
    nothing = camera_facts(device=None, video_source=None, streams=())
    assert judged("stream_plays", nothing).message.key == "findings.absent_stream"
    assert judged("time_server", nothing).message.key == "findings.no_onvif_side"


def media_file(**changes: object) -> CameraFacts:
    from pathlib import Path

    base = stream_facts(target=FileTarget(Path("clip.mp4")), configured=None, access=None)
    return camera_facts(device=None, video_source=None, streams=(replace(base, **changes),))  # type: ignore[arg-type]


def test_a_media_file_is_judged_by_its_picture_alone() -> None:
    findings = assess(shipped(), media_file(measured=measured_stream(transport="file")), site_facts())
    by_row = {f.rule: f.outcome for f in findings}
    for row in (
        "CON-ONVIF",
        "CON-RTSP",
        "CON-LOSS",
        "IMG-SUB",
        "IMG-FPS-RATIO",
        "SEC-TLS",
        "TIM-NTP",
        "SEC-HQ",
    ):
        assert by_row[row] is Outcome.NOT_APPLICABLE, row
    for row in ("IMG-RES", "IMG-CODEC", "IMG-FPS", "IMG-BITRATE", "IMG-GOP", "IMG-ERR", "IMG-FREEZE"):
        assert by_row[row] is Outcome.PASS, row
    assert verdict_of(findings) is Verdict.READY


def test_a_media_file_that_cannot_be_read_is_not_ready() -> None:
    findings = assess(shipped(), media_file(measured=fault(FaultCode.NOT_FOUND), image=None), site_facts())
    assert verdict_of(findings) is Verdict.UNDETERMINED


@pytest.mark.parametrize("rule", sorted(r.name for r in CATALOGUE.values() if r.believes_rates))
def test_rates_are_not_believed_while_we_were_the_bottleneck(rule: str) -> None:
    camera = camera_facts(
        streams=(stream_facts(measured=measured_stream(limits=("loop_lag", "socket_full"))),)
    )
    finding = judged(rule, camera)
    assert finding.outcome is Outcome.NOT_ASSESSED
    assert dict(finding.message.args)["limits"] == "loop_lag, socket_full"


def test_our_limits_do_not_touch_what_is_no_rate() -> None:
    camera = camera_facts(streams=(stream_facts(measured=measured_stream(limits=("loop_lag",))),))
    for rule in ("resolution", "codec", "stream_plays", "picture"):
        assert judged(rule, camera).outcome is Outcome.PASS


def test_a_bug_in_a_rule_costs_one_finding_and_is_reported_as_ours(caplog: pytest.LogCaptureFixture) -> None:
    def broken(camera: CameraFacts) -> Judgement:
        raise ZeroDivisionError

    catalogue = {**CATALOGUE, "broken": Rule(broken, About.CAMERA)}
    row = replace(row_of("codec"), id="BUG", rule="broken", parameters=(), severity=Severity.MAJOR)
    findings = assess(profile_of(row, row_of("resolution")), camera_facts(), site_facts(), catalogue)
    assert [f.outcome for f in findings] == [Outcome.DEFECT, Outcome.PASS]
    assert findings[0].message.key == "findings.defect"
    assert "broken" in caplog.text
    assert verdict_of(findings) is Verdict.UNDETERMINED


def test_a_rule_can_be_added_in_one_file(tmp_path) -> None:  # type: ignore[no-untyped-def]
    def packets_seen(stream: StreamFacts, *, minimum_packets: int) -> Judgement:
        """At least that many packets came."""
        from camagent.assess.judgement import phrase
        from camagent.model.stream import MeasuredStream

        packets = stream.measured.rtp_packets if isinstance(stream.measured, MeasuredStream) else 0
        good = packets >= minimum_packets
        return Judgement(
            Outcome.PASS if good else Outcome.FAIL, phrase("packets_few", packets=packets), observed=packets
        )

    catalogue = {**CATALOGUE, "packets_seen": Rule(packets_seen, About.MAIN_STREAM, "minimum_packets")}
    file = tmp_path / "mine.toml"
    file.write_text(
        '[profile]\nid = "mine"\nversion = "1"\nauthoritative = false\ntitle = { vi = "thử", en = "trial" }\n'
        '[[require]]\nid = "MY-1"\nvi = "gói"\nen = "packets"\nrule = "packets_seen"\nseverity = "major"\n'
        'parameters = { minimum_packets = 2700 }\nbasis = { kind = "assumption", confidence = "low" }\n'
    )
    profile = load_profile(str(file), catalogue)
    (finding,) = assess(profile, camera_facts(), site_facts(), catalogue)
    assert (
        finding.rule,
        finding.outcome,
        finding.observed,
        finding.required,
        finding.unit,
        finding.stream,
        finding.check,
    ) == (
        "MY-1",
        Outcome.PASS,
        2700,
        2700,
        "packets",
        "main",
        "packets_seen",
    )


def test_every_rule_name_stands_once_and_every_fact_it_asks_for_exists() -> None:
    names = [rule.name for rule in chain.from_iterable(module.RULES for module in MODULES)]
    assert len(names) == len(set(names))
    for rule in CATALOGUE.values():
        assert {need.section for need in needs(rule)} <= set(SECTIONS), rule.name


def test_the_sections_are_those_of_the_model() -> None:
    assert STREAM_SECTIONS - {"stream"} <= {field.name for field in fields(StreamFacts)}
    assert DEVICE_SECTIONS - {"device"} <= {field.name for field in fields(DeviceFacts)}


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no failure
@given(
    code=st.sampled_from(list(FaultCode)),
    places=st.sets(st.sampled_from(PLACES), max_size=4),
    rule=st.sampled_from(sorted(FAILING)),
)
def test_every_sentence_of_any_finding_exists_in_both_languages(
    code: FaultCode, places: set[str], rule: str
) -> None:
    case = FAILING[rule]
    camera = case.camera
    for place in sorted(places):
        camera = spoiled(camera, place, code)
    for finding in (*assess(shipped(), camera, case.site), *assess_site(shipped(), (camera,), case.site)):
        assert finding.outcome is not Outcome.DEFECT
        text = both(finding.message)
        assert text.vi and text.en
        assert "?" not in text.en, (finding.rule, text.en)
        if finding.remedy is not None:
            assert both(finding.remedy).vi


def test_configured_declared_and_measured_stand_apart_in_the_finding() -> None:
    finding = judged(
        "frame_rate",
        camera_facts(
            streams=(stream_facts(measured=measured_stream(frame_rate_hz=20.0, arrival_frame_rate_hz=20.0)),)
        ),
    )
    assert (finding.configured, finding.declared, finding.measured, finding.observed) == (
        25.0,
        25.0,
        20.0,
        20.0,
    )
    assert finding.uncertainty == 0.05
    assert finding.required == 15.0 and finding.recommended == 25.0


def test_a_camera_without_main_stream_says_why() -> None:
    from camagent.model.device import MediaFacts
    from tests.builders import media_profile

    media = MediaFacts("media2", (media_profile(stream_uri=fault(FaultCode.SOAP_FAULT)),))
    camera = camera_facts(device=device_facts(media=media), streams=())
    assert judged("codec", camera).message.key == "findings.fault_soap_fault"
    assert judged("stream_plays", camera).outcome is Outcome.FAIL
    nothing = camera_facts(device=device_facts(media=MediaFacts("media2", ())), streams=())
    assert judged("stream_plays", nothing).outcome is Outcome.NOT_ASSESSED
