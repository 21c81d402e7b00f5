"""Facts as odd devices and busy machines produce them: what cannot be, or was our doing, neither passes nor
fails."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from camagent.assess.judgement import Reading, at_least, at_most
from camagent.model.device import NetworkProtocol, Service
from camagent.model.fault import FaultCode
from camagent.model.finding import Finding, Outcome
from camagent.model.recordings import RecordingFacts
from camagent.model.scan_result import Declaration, History, ManualAnswer
from tests.assess.judging import judged, with_device, with_main
from tests.builders import (
    NOW,
    camera_facts,
    configured_stream,
    device_clock,
    device_facts,
    device_information,
    fault,
    image_facts,
    measured_stream,
    site_facts,
    stream_access,
    stream_facts,
    tls_facts,
)

PASS, WARN, FAIL, OPEN = Outcome.PASS, Outcome.WARN, Outcome.FAIL, Outcome.NOT_ASSESSED
GOOD = (PASS, WARN)


def said(finding: Finding) -> str:
    return finding.message.key.removeprefix("findings.")


@pytest.mark.parametrize(
    "reading",
    [Reading(math.nan), Reading(20.0, math.nan), Reading(math.inf, math.inf), Reading(-math.inf, math.inf)],
)
def test_what_is_no_number_is_not_known(reading: Reading) -> None:
    assert at_least(reading, 20.0, 25.0) is OPEN
    assert at_most(reading, 20.0, 25.0) is OPEN


@pytest.mark.parametrize("odd", [math.nan, -1.0, 0.0, math.inf, -math.inf])
def test_no_odd_number_is_good_news(odd: float) -> None:
    """Whatever a stage might put there: the rule says that it is not known, fails, or owns up to a defect."""
    rates = {"frame_rate_hz": odd, "arrival_frame_rate_hz": odd}
    odd_main = {
        name: with_main(measured=measured_stream(**{name: odd})) for name in ("frame_rate_hz", "gop_length_s")
    }
    assert (
        judged("frame_rate", with_main(measured=measured_stream(**rates))).outcome not in GOOD
        or odd == math.inf
    )
    assert judged(
        "frame_rate_kept", with_main(configured=configured_stream(frame_rate_hz=odd))
    ).outcome not in GOOD or (odd < 0)
    if math.isnan(odd):
        for rule, camera in zip(("frame_rate", "keyframe_interval"), odd_main.values(), strict=True):
            assert judged(rule, camera).outcome not in GOOD
        assert judged("clock_offset", with_device(clock=device_clock(offset_s=odd))).outcome not in GOOD


def test_a_picture_that_changed_its_size_has_no_density() -> None:
    main = stream_facts(measured=measured_stream(parameter_set_changes=1))
    declared = Declaration(task="gate", scene_width_m=0.8)
    finding = judged("pixel_density", camera_facts(declaration=declared, streams=(main,)))
    assert (finding.outcome, said(finding)) == (OPEN, "size_changed")
    assert dict(finding.message.args) == {"changes": 1}


def test_a_picture_hung_upright_has_its_short_side_across_the_scene() -> None:
    upright = stream_facts(measured=measured_stream(width_px=1080, height_px=1920))
    declared = Declaration(task="corridor", scene_width_m=4.32)
    camera = camera_facts(declaration=declared, streams=(upright,))
    assert judged("pixel_density", camera).observed == pytest.approx(250.0)
    assert judged("pixel_density", camera).outcome is PASS
    assert judged("resolution", camera).outcome is WARN


def test_a_start_that_was_late_while_we_lagged_ourselves_is_not_the_cameras() -> None:
    late = measured_stream(time_to_first_packet_s=11.0, limits=("loop_lag",))
    finding = judged("stream_plays", with_main(measured=late))
    assert (finding.outcome, said(finding)) == (OPEN, "limits")
    assert dict(finding.message.args) == {"limits": "loop_lag"}
    soon = measured_stream(limits=("loop_lag",))
    assert judged("stream_plays", with_main(measured=soon)).outcome is PASS


@pytest.mark.parametrize("keyframe_s", [None, 9.0])
def test_a_keyframe_that_a_slow_line_kept_back_is_no_late_keyframe(keyframe_s: float | None) -> None:
    slow = measured_stream(time_to_first_keyframe_s=keyframe_s, limits=("network_slow",))
    finding = judged("stream_plays", with_main(measured=slow))
    assert (finding.outcome, said(finding)) == (OPEN, "network_slow")


@pytest.mark.parametrize(
    "rule", ["frame_rate", "frame_rate_kept", "bitrate", "keyframe_interval", "packet_loss"]
)
def test_a_slow_line_is_no_fault_of_the_camera(rule: str) -> None:
    finding = judged(rule, with_main(measured=measured_stream(frame_rate_hz=3.0, limits=("network_slow",))))
    assert (finding.outcome, said(finding)) == (OPEN, "network_slow")


@pytest.mark.parametrize("rule", ["frame_rate", "frame_rate_kept"])
def test_clocks_that_contradict_each_other_judge_nothing(rule: str) -> None:
    """Neither the stamps nor the arrivals could be believed: no rate, and no guess from the number of
    frames."""
    torn = {"frame_rate_hz": None, "stamped_frame_rate_hz": 25.0, "arrival_frame_rate_hz": 12.0}
    finding = judged(rule, with_main(measured=measured_stream(**torn)))
    assert (finding.outcome, said(finding)) == (OPEN, "time_stamps_lie")
    assert dict(finding.message.args) == {"stamped": 25.0, "arrived": 12.0}


def test_a_believed_rate_by_arrivals_is_judged_as_it_is() -> None:
    """Stamps of 25 fps and 13.3 arriving: too slow, whatever the stamps say."""
    lying = measured_stream(frame_rate_hz=13.3, stamped_frame_rate_hz=25.0, arrival_frame_rate_hz=13.3)
    assert judged("frame_rate", with_main(measured=lying)).outcome is FAIL


def test_a_clock_alone_is_not_onvif_that_can_be_managed() -> None:
    for code, outcome in ((FaultCode.TIMEOUT, FAIL), (FaultCode.AUTH_REQUIRED, OPEN)):
        mute = dict.fromkeys(("information", "services", "media"), fault(code))
        assert judged("device_answers", with_device(**mute)).outcome is outcome


def test_a_door_that_showed_no_challenge_was_not_seen() -> None:
    for anonymous in (None, False):
        camera = with_main(access=stream_access(anonymous=anonymous, offered=(), used=None))
        assert judged("login_scheme", camera).outcome is OPEN
    open_door = with_main(access=stream_access(anonymous=True, offered=(), used=None))
    assert judged("login_scheme", open_door).outcome is PASS  # RTSP asks for none: another row fails


@pytest.mark.parametrize(
    ("kind", "bits", "outcome"),
    [
        ("rsa", 3072, PASS),
        ("ec", 256, PASS),
        ("ec", 255, FAIL),
        ("ed25519", 256, PASS),
        ("ed448", 456, PASS),
        ("dsa", 1024, OPEN),
        ("dsa", 4096, OPEN),
        ("other", 0, OPEN),
    ],
)
def test_only_keys_that_the_bounds_speak_of_are_judged(kind: str, bits: int, outcome: Outcome) -> None:
    finding = judged("certificate", with_device(tls=tls_facts(key_kind=kind, key_bits=bits)))
    assert finding.outcome is outcome
    assert outcome is not OPEN or said(finding) == "certificate_kind"
    names = {"rsa": "RSA", "ec": "EC", "ed25519": "Ed25519", "ed448": "Ed448", "dsa": "DSA", "other": "OTHER"}
    assert dict(finding.message.args)["kind"] == names[kind]
    late = tls_facts(key_kind=kind, key_bits=bits, not_after=NOW - timedelta(days=1))
    assert judged("certificate", with_device(tls=late)).outcome is FAIL  # expired, whatever the key


def test_https_that_is_listed_as_on_and_refuses_is_not_called_off() -> None:
    refused = fault(FaultCode.REFUSED)
    assert said(judged("https", with_device(tls=refused))) == "https_dead"
    for rows, name in (
        ((NetworkProtocol("HTTPS", False, (443,)),), "https_off"),
        ((NetworkProtocol("HTTP", True, (80,)),), "https_none"),
        (None, "https_none"),
    ):
        network = replace(device_facts().network, protocols=rows)  # type: ignore[arg-type]
        finding = judged("https", with_device(tls=refused, network=network))
        assert (finding.outcome, said(finding)) == (FAIL, name)


def test_a_person_may_vouch_for_firmware_that_does_not_tell_its_version() -> None:
    nameless = with_device(information=device_information(firmware=None))
    assert (judged("firmware", nameless).outcome, judged("firmware", nameless).manual) == (OPEN, False)
    for met, outcome in ((True, PASS), (False, FAIL)):
        answers = (ManualAnswer("SEC-FW", met, "Cô Hạnh", NOW.date(), None),)
        assert judged("firmware", nameless, site_facts(answers=answers)).outcome is outcome


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("since", "recordings", "key"),
    [
        (EPOCH, 4, "retention_unbelievable"),
        (NOW + timedelta(days=2), 4, "retention_unbelievable"),
        (NOW - timedelta(days=3650, seconds=1), 4, "retention_unbelievable"),
        (NOW - timedelta(days=3650), 4, "retention_holes_unknown"),
        (NOW - timedelta(days=40), 0, "manual_open"),
        (NOW - timedelta(days=40), None, "retention_holes_unknown"),
    ],
)
@pytest.mark.parametrize("answer", [None, True, False])
def test_recordings_that_cannot_be_are_left_to_a_person(
    since: datetime, recordings: int | None, key: str, answer: bool | None
) -> None:
    camera = with_device(recording=RecordingFacts(since, NOW, recordings))
    answers = () if answer is None else (ManualAnswer("REC-DAYS", answer, "Cô Hạnh", NOW.date(), None),)
    finding = judged("retention", camera, site_facts(answers=answers))
    if key == "retention_holes_unknown":
        assert said(finding) == key
    elif answer is None:
        assert (finding.outcome, finding.manual, said(finding)) == (OPEN, True, key)
    else:
        assert (finding.outcome, finding.manual) == (PASS if answer else FAIL, True)


def test_a_claim_of_profile_t_that_does_not_count_is_told_as_such() -> None:
    scope = "onvif://www.onvif.org/Profile/"
    old = (Service("http://www.onvif.org/ver10/media/wsdl", "http://192.0.2.11/onvif/media", None),)
    for scopes, outcome in (((scope + "T",), FAIL), ((scope + "T", scope + "Streaming"), WARN)):
        finding = judged("onvif_conformance", with_device(scopes=scopes, services=old))
        assert (finding.outcome, said(finding)) == (outcome, "conformance_unproven")
        assert "T" in str(dict(finding.message.args)["claimed"]) and finding.observed is not None


@pytest.mark.parametrize(("source", "remedy"), [("NTP", "time_remedy_ntp_on"), ("Manual", "time_remedy")])
def test_who_has_ntp_on_already_is_not_told_to_switch_it_on(source: str, remedy: str) -> None:
    finding = judged("clock_offset", with_device(clock=device_clock(offset_s=-690.0, source=source)))
    assert finding.remedy is not None and finding.remedy.key == f"findings.{remedy}"
    unsaid = judged("clock_offset", with_device(clock=device_clock(offset_s=-690.0, source=None)))
    assert unsaid.remedy is not None and unsaid.remedy.key == "findings.time_remedy"


def test_a_line_that_is_too_narrow_is_told_how_wide_it_has_to_be() -> None:
    finding = judged("uplink", site=site_facts(uplink_bps=1e6))
    assert finding.outcome is FAIL and finding.remedy is not None
    assert dict(finding.remedy.args) == {"needed": 3.7}, "1.25 × 2.9 Mbit/s, rounded upwards"
    assert judged("uplink").remedy is None


def test_a_key_is_told_with_the_bounds_of_its_kind_and_the_row_keeps_its_own() -> None:
    """The tender reads the row's bound: one camera's short curve must not become what the next purchase is
    held to."""
    for kind, bits, bounds in (("rsa", 2048, (2048, 3072)), ("ec", 256, (256, 256)), ("ec", 160, (256, 256))):
        finding = judged("certificate", with_device(tls=tls_facts(key_kind=kind, key_bits=bits)))
        arguments = dict(finding.message.args)
        assert (arguments["minimum"], arguments["recommended"]) == bounds
        assert (finding.required, finding.recommended) == (2048, 3072)


@pytest.mark.parametrize(
    ("limit_hz", "outcome"), [(240.0, FAIL), (240.1, OPEN), (2147483647.0, OPEN), (0.0, OPEN)]
)
def test_a_rate_that_no_camera_has_is_no_setting(limit_hz: float, outcome: Outcome) -> None:
    finding = judged("frame_rate_kept", with_main(configured=configured_stream(frame_rate_hz=limit_hz)))
    assert finding.outcome is outcome
    assert outcome is FAIL or said(finding) == "rate_not_configured"


def test_no_picture_at_all_is_no_good_picture() -> None:
    finding = judged("picture", with_main(image=image_facts(frames=0)))
    assert (finding.outcome, said(finding)) == (OPEN, "absent_image")
    assert judged("picture", with_main(image=image_facts(frames=1))).outcome is PASS


def test_shares_are_told_in_per_cent_as_people_write_them() -> None:
    camera = camera_facts(history=History(1000, 500, NOW))
    arguments = dict(
        judged("availability", camera, minimum_ratio=0.98765, recommended_ratio=0.99876).message.args
    )
    assert (arguments["minimum"], arguments["recommended"], arguments["percent"]) == (98.77, 99.88, 50.0)
    lossy = with_main(measured=measured_stream(rtp_lost_packets=300))
    arguments = dict(
        judged("packet_loss", lossy, maximum_ratio=0.012345, recommended_ratio=0.00784).message.args
    )
    assert (arguments["limit"], arguments["recommended"], arguments["percent"]) == (1.23, 0.78, 10.0)
    broken = with_main(measured=measured_stream(decode_errors=2))
    arguments = dict(judged("decode_errors", broken, maximum_ratio=0.012345).message.args)
    assert arguments["limit"] == 1.23
    slow = with_main(measured=measured_stream(frame_rate_hz=12.34, arrival_frame_rate_hz=12.34))
    arguments = dict(judged("frame_rate_kept", slow, minimum_ratio=0.98765).message.args)
    assert (arguments["percent"], arguments["minimum"]) == (49.4, 98.8)
