"""The cheapest step that would make the camera comply, and never money or effort on a guess."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from camagent.assess.engine import assess
from camagent.model.device import AnonymousAccess, Login, MediaFacts, NetworkProtocol, PortFacts
from camagent.model.fault import Fault, FaultCode, Stage
from camagent.model.finding import Action, Outcome, Severity, Upgrade
from camagent.model.scan_result import CameraFacts, Declaration
from camagent.model.text import Message, message
from camagent.plan.grounds import Look
from camagent.plan.remedies import REMEDIES
from camagent.plan.upgrade import MAX_STEPS, plan_upgrade
from camagent.text import both, catalogue
from tests.builders import (
    camera_facts,
    device_clock,
    device_facts,
    encoder_options,
    encoder_settings,
    fault,
    finding,
    image_facts,
    measured_stream,
    media_profile,
    site_facts,
    stream_access,
    stream_facts,
    sub_profile,
    tls_facts,
)
from tests.plan.planning import PORTS, PROFILE, camera, h264, healthy, planned

SMALL = {"width_px": 1280, "height_px": 720}


def steps(plan: Upgrade) -> list[str]:
    for text in plan.steps:
        assert both(text).vi and both(text).en
    return [text.key.removeprefix("plan.") for text in plan.steps]


def streaming(**changes: Any) -> CameraFacts:
    return camera_facts(device=device_facts(ports=PORTS), streams=(stream_facts(**changes),))


def test_a_ready_camera_needs_nothing() -> None:
    plan = planned(healthy())
    assert replace(plan, rests_on=()) == Upgrade(
        Action.NONE, (), True, bitrate_before_bps=2_900_000.0, bitrate_after_bps=2_900_000.0
    )
    assert [text.key for text in plan.rests_on] == [
        "plan.rests_measured",
        "plan.rests_login",
        "plan.rests_twice",
    ]
    assert not planned(healthy(), look=Look.NOT_TAKEN).certain


def test_a_ready_camera_with_small_faults_needs_nothing_either() -> None:
    subject = camera(gop_length_frames=200, gop_length_s=8.0)
    assert planned(subject).action is Action.NONE


def test_a_camera_whose_options_offer_what_is_asked_is_reconfigured_and_not_replaced() -> None:
    plan = planned(camera((encoder_options(), h264()), codec="mjpeg", frame_rate_hz=12.0, **SMALL))  # type: ignore[arg-type]
    assert plan.action is Action.RECONFIGURE
    assert not plan.certain  # advertised as configurable, never "will comply"
    assert steps(plan) == ["reconfigure_encoder"]
    assert [(s.name, s.then) for s in plan.settings] == [
        ("codec", "h265"),
        ("resolution", (1920, 1080)),
        ("frame_rate", 20.0),
    ]
    assert plan.rules == ("IMG-RES", "IMG-CODEC", "IMG-FPS")
    assert plan.tender is None and plan.cost_class is None
    assert (plan.bitrate_before_bps, plan.bitrate_after_bps) == (2_900_000.0, 3_000_000.0)
    assert "theo camera khai báo thì đặt được" in both(plan.steps[0]).vi
    assert "the camera says that they can be set" in both(plan.steps[0]).en


def test_the_limit_that_will_be_set_is_the_bandwidth_to_come() -> None:
    plan = planned(camera(bitrate_bps=12_000_000, measured={"bitrate_bps": 11.5e6}, **SMALL))  # type: ignore[arg-type]
    assert (plan.bitrate_before_bps, plan.bitrate_after_bps) == (11_500_000.0, 8_000_000.0)
    unlimited = planned(camera(bitrate_bps=None, measured={"bitrate_bps": 3e6}, **SMALL))  # type: ignore[arg-type]
    assert (unlimited.bitrate_before_bps, unlimited.bitrate_after_bps) == (3_000_000.0, None)


def test_small_faults_are_mended_while_somebody_is_in_the_menus_anyway() -> None:
    subject = camera(gop_length_frames=400, gop_length_s=16.0, **SMALL)  # type: ignore[arg-type]
    subject = replace(
        subject,
        device=replace(subject.device, clock=device_clock(utc_offset_s=0, time_zone="UTC0")),  # type: ignore[type-var]
    )
    plan = planned(subject)
    assert plan.rules == ("IMG-RES", "IMG-GOP", "TIM-TZ")
    assert [setting.name for setting in plan.settings] == ["resolution", "gop", "bitrate", "time_zone"]
    zone = plan.settings[-1]
    assert (zone.now, zone.then, zone.stream) == ("UTC0", "<+07>-7", None)
    assert zone.call == (
        "camagent onvif 192.0.2.11:80 devicemgmt SetSystemDateAndTime "
        """'{"DateTimeType": "NTP", "DaylightSavings": false, "TimeZone": {"TZ": "<+07>-7"}}' --write"""
    )


def test_a_camera_whose_options_offer_no_more_is_replaced_with_the_tender() -> None:
    subject = camera(
        (h264(resolutions=((1280, 720), (640, 360))),),
        codec="h264",
        frame_rate_hz=15.0,
        **SMALL,  # type: ignore[arg-type]
    )
    plan = planned(subject)
    assert (plan.action, plan.certain, plan.settings) == (Action.REPLACE, True, ())
    assert steps(plan) == ["options_insufficient", "replace"]
    assert plan.rules == ("IMG-RES", "IMG-FPS")
    assert plan.tender is not None and plan.bitrate_after_bps is None
    assert plan.bitrate_before_bps == 2_900_000.0


def test_replacement_ends_the_search_for_other_steps() -> None:
    subject = camera((h264(resolutions=((1280, 720), (640, 360))),), codec="h264", **SMALL)  # type: ignore[arg-type]
    subject = replace(
        subject,
        device=replace(subject.device, clock=device_clock(source="Manual")),  # type: ignore[type-var]
        streams=(replace(subject.streams[0], image=image_facts(conditions=("black",))),),
    )
    plan = planned(subject)
    assert (plan.action, plan.rules, steps(plan)) == (
        Action.REPLACE,
        ("IMG-RES",),
        ["options_insufficient", "replace"],
    )


def test_a_camera_that_is_set_to_enough_and_sends_less_is_looked_into() -> None:
    plan = planned(camera(measured={"frame_rate_hz": 12.0, "arrival_frame_rate_hz": 12.0}))
    assert (plan.action, steps(plan), plan.certain) == (Action.INVESTIGATE, ["rate_not_kept"], False)


def test_a_camera_that_is_set_to_just_the_minimum_and_sends_less_is_looked_into() -> None:
    subject = camera(frame_rate_hz=20.0, measured={"frame_rate_hz": 12.0, "arrival_frame_rate_hz": 12.0})
    assert steps(planned(subject)) == ["rate_not_kept"]


def test_a_rate_that_is_not_kept_is_looked_into_even_where_the_setting_is_low() -> None:
    subject = camera(frame_rate_hz=15.0)
    kept = finding(check="frame_rate_kept", outcome=Outcome.FAIL, configured=15.0, required=0.9)
    rate = finding(check="frame_rate", outcome=Outcome.PASS, required=20.0)
    assert steps(plan_upgrade(subject, (kept, rate), None)) == ["rate_not_kept"]
    slow = finding(check="frame_rate", outcome=Outcome.FAIL, required=20.0, configured=15.0)
    assert steps(plan_upgrade(subject, (slow,), None)) == ["reconfigure_encoder"]


def test_what_the_menus_do_not_touch_leaves_the_bandwidth_as_it_is() -> None:
    plan = planned(healthy(clock=device_clock(source="Manual")))
    assert (plan.bitrate_before_bps, plan.bitrate_after_bps) == (2_900_000.0, 2_900_000.0)


def test_a_stream_that_differs_from_its_settings_is_looked_into() -> None:
    plan = planned(camera(measured={"width_px": 640, "height_px": 360}))
    assert (plan.action, steps(plan)) == (Action.INVESTIGATE, ["encoder_ignores_settings"])


@pytest.mark.parametrize(
    ("code", "step"),
    [
        (FaultCode.UNREACHABLE, "dead_silent"),
        (FaultCode.TIMEOUT, "dead_mute"),
        (FaultCode.REFUSED, "dead_refused"),
        (FaultCode.NOT_ONVIF, "dead_other"),
        (FaultCode.MALFORMED_REPLY, "dead_other"),
        (FaultCode.NOT_FOUND, "dead_other"),
        (FaultCode.SOAP_FAULT, "dead_other"),
    ],
)
def test_silence_refusal_and_another_answer_are_different_advices(code: FaultCode, step: str) -> None:
    plan = planned(camera_facts(device=fault(code), streams=()))
    assert (plan.action, steps(plan), plan.certain) == (Action.INVESTIGATE, [step], False)
    assert plan.rules == ("CON-ONVIF", "CON-RTSP")
    assert plan.bitrate_before_bps is None and plan.bitrate_after_bps is None


def test_a_stream_without_onvif_wants_onvif_switched_on() -> None:
    plan = planned(camera_facts(device=fault(FaultCode.REFUSED), streams=(stream_facts(configured=None),)))
    assert (plan.action, steps(plan), plan.certain) == (Action.RECONFIGURE, ["switch_onvif_on"], False)


@pytest.mark.parametrize(
    ("code", "step"),
    [
        (FaultCode.NO_VIDEO, "stream_silent"),
        (FaultCode.STALLED, "stream_silent"),
        (FaultCode.TIMEOUT, "stream_silent"),
        (FaultCode.REFUSED, "stream_refused"),
        (FaultCode.NOT_FOUND, "stream_other"),
        (FaultCode.RTSP_ERROR, "stream_other"),
    ],
)
def test_a_device_without_a_stream_is_looked_into(code: FaultCode, step: str) -> None:
    plan = planned(streaming(measured=fault(code), image=None))
    assert (plan.action, steps(plan)) == (Action.INVESTIGATE, [step])


def test_a_device_that_does_not_list_its_streams_is_not_told_to_send_nothing() -> None:
    device = device_facts(ports=PORTS, media=fault(FaultCode.UNSUPPORTED))
    assert "streams_unlisted" in steps(planned(camera_facts(device=device, streams=())))


def test_a_camera_that_only_sends_over_udp_wants_firmware() -> None:
    refused = Fault(FaultCode.RTSP_ERROR, Stage.OBSERVE, "SETUP", 0.1, status=461)
    plan = planned(streaming(measured=measured_stream(transport="udp"), faults=(refused,)))
    assert (plan.action, steps(plan)) == (Action.UPDATE_FIRMWARE, ["firmware_for_tcp"])


def test_a_late_stream_is_the_networks() -> None:
    plan = planned(streaming(measured=measured_stream(time_to_first_packet_s=11.0)))
    assert (plan.action, steps(plan)) == (Action.FIX_NETWORK, ["slow_start"])


def test_loss_is_mended_in_the_network_and_half_duplex_is_named_first() -> None:
    lossy = measured_stream(rtp_lost_packets=300)
    plan = planned(streaming(measured=lossy))
    assert (plan.action, steps(plan), plan.rules) == (Action.FIX_NETWORK, ["fix_network"], ("CON-LOSS",))
    half = replace(device_facts().network, link_duplex="Half")  # type: ignore[arg-type]
    device = device_facts(ports=PORTS, network=half)
    plan = planned(camera_facts(device=device, streams=(stream_facts(measured=lossy),)))
    assert steps(plan) == ["duplex", "fix_network"]
    full = replace(device_facts().network, link_duplex="Full")  # type: ignore[arg-type]
    device = device_facts(ports=PORTS, network=full)
    assert steps(planned(camera_facts(device=device, streams=(stream_facts(measured=lossy),)))) == [
        "fix_network"
    ]


def test_low_rates_by_loss_lead_to_the_network_and_not_to_a_new_camera() -> None:
    lossy = measured_stream(frame_rate_hz=12.0, arrival_frame_rate_hz=12.0, frames=120, rtp_lost_packets=300)
    plan = planned(streaming(measured=lossy))
    assert (plan.action, plan.certain) == (Action.FIX_NETWORK, True)


@pytest.mark.parametrize("condition", ["black", "covered", "blurred", "frozen", "no_signal"])
def test_a_bad_picture_is_mended_at_the_lens(condition: str) -> None:
    plan = planned(streaming(image=image_facts(conditions=(condition,))))
    assert (plan.action, steps(plan)) == (Action.FIX_PICTURE, [f"picture.{condition}.do"])


def test_a_condition_of_another_profile_still_gets_a_step() -> None:
    odd = finding(check="picture", outcome=Outcome.FAIL, observed=("cast",))
    assert steps(plan_upgrade(streaming(), (odd,), None)) == ["picture.cast.do"]


@pytest.mark.parametrize(("condition", "rewired"), [("no_signal", True), ("black", True), ("blurred", False)])
def test_a_dead_channel_of_a_recorder_is_rewired(condition: str, rewired: bool) -> None:
    media = MediaFacts("media2", (media_profile(), sub_profile(video_source="VS2")))
    subject = camera_facts(
        device=device_facts(ports=PORTS, media=media),
        streams=(stream_facts(image=image_facts(conditions=(condition,))),),
    )
    plan = planned(subject)
    assert plan.action is Action.FIX_PICTURE
    assert (steps(plan)[0] == "rewire") is rewired
    assert ("VS1" in both(plan.steps[0]).vi) is rewired


def test_a_picture_fault_outranks_a_menu_fault_and_both_are_told_cheapest_first() -> None:
    subject = camera_facts(
        device=device_facts(ports=PORTS, clock=device_clock(source="Manual")),
        streams=(
            stream_facts(
                image=image_facts(conditions=("blurred",)), measured=measured_stream(rtp_lost_packets=300)
            ),
        ),
    )
    plan = planned(subject)
    assert plan.action is Action.FIX_PICTURE
    assert [text.key for text in plan.steps] == [
        "findings.time_remedy",
        "plan.fix_network",
        "picture.blurred.do",
    ]
    assert set(plan.rules) == {"TIM-NTP", "CON-LOSS", "IMG-FREEZE"}
    assert [setting.name for setting in plan.settings] == ["ntp"]


def test_what_has_to_be_found_out_comes_before_other_spending() -> None:
    subject = camera_facts(
        device=device_facts(ports=PORTS),
        streams=(stream_facts(measured=fault(FaultCode.NO_VIDEO), image=image_facts(conditions=("black",))),),
    )
    plan = planned(subject)
    assert (plan.action, steps(plan)[0]) == (Action.INVESTIGATE, "stream_silent")
    assert "picture.black.do" in steps(plan)


def test_a_hand_set_clock_gets_ntp() -> None:
    plan = planned(healthy(clock=device_clock(source="Manual", offset_s=-690.0)))
    assert plan.action is Action.RECONFIGURE
    assert plan.rules == ("TIM-NTP", "TIM-OFFSET")
    assert [text.key for text in plan.steps] == ["findings.time_remedy"]
    (setting,) = plan.settings
    assert (setting.name, setting.now, setting.then) == ("ntp", "Manual", "NTP")
    assert "devicemgmt SetSystemDateAndTime" in str(setting.call) and '"DateTimeType": "NTP"' in str(
        setting.call
    )
    assert planned(healthy(clock=device_clock(offset_s=-690.0))).settings == ()  # NTP is on already


@pytest.mark.parametrize(
    ("device", "action", "row"),
    [
        ({"anonymous": AnonymousAccess(("GetUsers",), ("GetUsers",))}, Action.RECONFIGURE, "SEC-ANON-ONVIF"),
        ({"ports": PortFacts((23,), (21, 2323, 5555, 9527), ())}, Action.RECONFIGURE, "SEC-PORTS"),
        ({"login": Login("wsse-device-time", ())}, Action.INVESTIGATE, "SEC-DIGEST"),
        ({"tls": tls_facts(version="TLSv1")}, Action.UPDATE_FIRMWARE, "SEC-TLS"),
    ],
)
def test_security_faults_are_mended_in_the_menus_or_by_firmware(
    device: dict[str, Any], action: Action, row: str
) -> None:
    plan = planned(healthy(**device))
    assert (plan.action, plan.rules, plan.certain) == (action, (row,), action is Action.RECONFIGURE)
    assert steps(plan)


def test_an_open_stream_is_closed_in_the_menus() -> None:
    plan = planned(streaming(access=stream_access(anonymous=True)))
    assert (plan.action, [text.key for text in plan.steps]) == (
        Action.RECONFIGURE,
        ["findings.authentication_remedy"],
    )


@pytest.mark.parametrize(("listed", "action"), [(False, Action.RECONFIGURE), (None, Action.INVESTIGATE)])
def test_https_is_switched_on_where_it_can_be(listed: bool | None, action: Action) -> None:
    rows = (NetworkProtocol("HTTP", True, (80,)),) + (
        () if listed is None else (NetworkProtocol("https", listed, (443,)),)
    )
    network = replace(device_facts().network, protocols=rows)  # type: ignore[arg-type]
    plan = planned(healthy(tls=None, network=network))
    assert plan.action is action
    if action is Action.RECONFIGURE:
        (setting,) = plan.settings
        assert (setting.name, setting.now, setting.then) == ("protocols", "HTTPS off", "HTTPS on")
        assert "devicemgmt SetNetworkProtocols" in str(setting.call) and '"Enabled": true' in str(
            setting.call
        )
        assert steps(plan) == ["switch_https_on"]
    else:
        assert steps(plan) == ["https_unread"]


def test_a_refused_firmware_is_updated() -> None:
    subject = healthy()
    findings = assess(PROFILE, subject, site_facts(firmware=(("*", "*", "*", "deny"),)))
    plan = plan_upgrade(subject, findings, None)
    assert (plan.action, steps(plan), plan.certain) == (Action.UPDATE_FIRMWARE, ["firmware_supported"], False)


@pytest.mark.parametrize(
    ("listed", "newer"),
    [
        (("Acme", "AC-2143", "V5.7.9*", "allow"), True),
        (("*", "AC-2143", "V5.7.9*", "allow"), True),
        (("Acme", "AC-2143", "V5.7.3*", "allow"), False),  # it has it
        (("Acme", "AC-2143", "*", "allow"), False),  # "any" names none
        (("Acme", "*", "V5.7.9*", "allow"), False),  # of which model?
        (("Acme", "AC-9", "V5.7.9*", "allow"), False),
        (("Other", "AC-2143", "V5.7.9*", "allow"), False),
        (("Acme", "AC-2143", "V5.7.9*", "deny"), False),
    ],
)
def test_firmware_advice_is_certain_only_where_the_list_names_the_newer_one(listed: Any, newer: bool) -> None:
    firmware = (("Acme", "AC-2143", "V5.7.3*", "deny"), listed)
    plan = planned(healthy(), firmware=firmware)
    assert plan.action is Action.UPDATE_FIRMWARE and plan.certain is newer
    assert ("firmware_named" in steps(plan)) is newer
    old = planned(healthy(tls=tls_facts(version="TLSv1")), firmware=(listed,))
    assert old.action is not Action.UPDATE_FIRMWARE or old.certain is newer


def test_too_little_pixel_density_narrows_the_scene() -> None:
    low = finding(check="pixel_density", outcome=Outcome.FAIL, severity=Severity.MAJOR)
    plan = plan_upgrade(healthy(), (low,), None)
    assert (plan.action, steps(plan)) == (Action.FIX_PICTURE, ["narrow_scene"])


def test_a_check_that_nobody_planned_for_is_looked_into_with_its_own_words() -> None:
    odd = finding(check="brand_new", outcome=Outcome.FAIL)
    plan = plan_upgrade(healthy(), (odd,), None)
    assert (plan.action, plan.steps) == (Action.INVESTIGATE, (message("plan.look_into", what=odd.message),))
    advised = replace(odd, remedy=replace(odd.message, key="findings.loss_remedy"))
    assert plan_upgrade(healthy(), (advised,), None).steps == (advised.remedy,)


@pytest.mark.parametrize("check", sorted(REMEDIES))
def test_every_remedy_has_a_step_and_never_breaks_on_bare_facts(check: str) -> None:
    bare = camera_facts(device=None, streams=(), video_source=None, declaration=Declaration())
    for subject in (bare, healthy(), camera_facts(device=fault())):
        failed = finding(
            check=check, outcome=Outcome.FAIL, severity=Severity.BLOCKER, observed=None, required=None
        )
        plan = plan_upgrade(subject, (failed,), None)
        assert plan.action is not Action.NONE and steps(plan)
        assert plan.rules == (failed.rule,)


def test_a_zone_of_half_hours_is_left_to_a_person() -> None:
    odd = finding(check="time_zone", outcome=Outcome.FAIL, required=19_800.0)
    assert plan_upgrade(healthy(), (odd,), None).settings == ()
    west = finding(check="time_zone", outcome=Outcome.FAIL, required=-18_000.0)
    assert plan_upgrade(healthy(), (west,), None).settings[0].then == "<-05>+5"


# ---------- too little is known ----------


def test_an_undetermined_camera_is_looked_into_for_every_reason_once() -> None:
    subject = camera_facts(
        device=device_facts(ports=fault(FaultCode.TIMEOUT)),
        streams=(stream_facts(measured=measured_stream(limits=("loop_lag",))),),
    )
    plan = planned(subject)
    assert (plan.action, plan.certain) == (Action.INVESTIGATE, False)
    assert [text.key for text in plan.steps] == ["plan.check_again"]
    assert plan.rules == ("IMG-FPS", "CON-LOSS", "SEC-PORTS")
    assert plan.bitrate_before_bps == 2_900_000.0


def test_a_line_that_is_too_slow_is_mended_before_the_camera_is_judged() -> None:
    subject = camera_facts(streams=(stream_facts(measured=measured_stream(limits=("network_slow",))),))
    plan = planned(subject)
    assert (plan.action, plan.certain) == (Action.FIX_NETWORK, False)
    assert [text.key for text in plan.steps][:1] == ["plan.fix_network"]


def test_behind_a_line_that_is_too_slow_other_faults_wait() -> None:
    small = measured_stream(limits=("network_slow",), width_px=640, height_px=360)
    plan = planned(camera_facts(device=None, streams=(stream_facts(measured=small),)))
    assert (plan.action, plan.certain) == (Action.FIX_NETWORK, False)
    assert "plan.fix_network" in {text.key for text in plan.steps}


@pytest.mark.parametrize("code", [FaultCode.AUTH_REQUIRED, FaultCode.AUTH_REJECTED])
def test_a_missing_password_is_asked_for(code: FaultCode) -> None:
    plan = planned(camera_facts(device=fault(code), streams=()))
    assert plan.action is Action.INVESTIGATE
    assert steps(plan)[0] == "give_login"
    assert steps(plan).count("give_login") == 1


OPEN = sorted(
    key for key, text in catalogue("vi").items() if key.startswith("findings.") and "Chưa đánh giá" in text
)


@pytest.mark.parametrize("key", OPEN)
def test_what_is_not_assessed_is_never_a_step(key: str) -> None:
    row = finding(check="odd", outcome=Outcome.NOT_ASSESSED, severity=Severity.MAJOR, message=Message(key))
    plan = plan_upgrade(healthy(), (row,), None)
    assert plan.steps and key not in {text.key for text in plan.steps}
    assert not [text for text in plan.steps if "Chưa đánh giá" in both(text).vi]


def test_no_finding_at_all_is_looked_into() -> None:
    plan = plan_upgrade(healthy(), (), None)
    assert (plan.action, steps(plan), plan.rules) == (Action.INVESTIGATE, ["nothing_known"], ())


def test_a_person_who_says_no_does_not_start_a_plan_of_the_machines() -> None:
    by_hand = finding(check="camera_answer", outcome=Outcome.FAIL, severity=Severity.BLOCKER, manual=True)
    failing = finding(rule="X", check="packet_loss", outcome=Outcome.FAIL)
    plan = plan_upgrade(healthy(), (by_hand, failing), None)
    assert plan.rules == ("X",)


def test_only_what_rests_on_advertised_settings_is_uncertain() -> None:
    assert planned(healthy(clock=device_clock(source="Manual"))).certain
    assert planned(streaming(image=image_facts(conditions=("black",)))).certain
    both_kinds = camera(**SMALL)  # type: ignore[arg-type]
    both_kinds = replace(both_kinds, device=replace(both_kinds.device, clock=device_clock(source="Manual")))  # type: ignore[type-var]
    assert not planned(both_kinds).certain
    rows = (NetworkProtocol("HTTPS", False, (443,)),)
    off = replace(device_facts().network, protocols=rows)  # type: ignore[arg-type]
    assert not planned(healthy(tls=None, network=off)).certain


def test_the_list_of_steps_is_short_enough_to_be_read() -> None:
    many = tuple(
        finding(
            rule=f"R{n}",
            check="odd",
            outcome=Outcome.FAIL,
            message=replace(finding().message, key=f"findings.x{n}"),
        )
        for n in range(20)
    )
    assert len(plan_upgrade(healthy(), many, None).steps) == MAX_STEPS


def test_a_firmware_and_a_menu_fault_are_both_told_and_the_dearer_names_the_plan() -> None:
    plan = planned(healthy(tls=tls_facts(version="TLSv1"), clock=device_clock(source="Manual")))
    assert plan.action is Action.UPDATE_FIRMWARE
    assert [text.key for text in plan.steps] == ["findings.time_remedy", "plan.firmware_for_https"]


def test_settings_of_one_encoder_are_told_once() -> None:
    subject = camera((encoder_options(),), codec="mjpeg", **SMALL)  # type: ignore[arg-type]
    assert len(planned(subject).settings) == 2
    assert isinstance(encoder_settings().codec, str)


def applied(subject: CameraFacts, plan: Upgrade) -> CameraFacts:
    """The camera as it would be if its encoder did all that the settings say."""
    then = {setting.name: setting.then for setting in plan.settings}
    now = subject.streams[0].configured
    assert now is not None
    size: Any = then.get("resolution", (now.width_px, now.height_px))
    rate = then.get("frame_rate", now.frame_rate_hz)
    return camera(
        codec=then.get("codec", now.codec),
        width_px=size[0],
        height_px=size[1],
        frame_rate_hz=rate,
        bitrate_bps=then.get("bitrate", now.bitrate_bps),
        gop_length_frames=then.get("gop", now.gop_length_frames),
        gop_length_s=2.0,
    )


@pytest.mark.parametrize("codec", ["h264", "h265", "mjpeg", "mpeg4"])
@pytest.mark.parametrize("size", [(640, 360), (1280, 720), (1920, 1080)])
@pytest.mark.parametrize("rate", [5.0, 15.0, 20.0])
def test_a_camera_that_does_what_its_options_promise_is_ready_after_the_settings(
    codec: str, size: tuple[int, int], rate: float
) -> None:
    subject = camera(
        (encoder_options(), h264()), codec=codec, width_px=size[0], height_px=size[1], frame_rate_hz=rate
    )
    plan = planned(subject)
    if plan.action is Action.NONE:
        assert codec in ("h264", "h265") and size == (1920, 1080) and rate == 20.0
    else:
        assert plan.action is Action.RECONFIGURE
        assert planned(applied(subject, plan)).action is Action.NONE
