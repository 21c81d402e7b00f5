"""What an advice may rest on: every doubt keeps a camera from being replaced, and says what to look at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from camagent.assess.engine import assess
from camagent.model.device import DeviceFacts, MediaFacts, Range, Service
from camagent.model.fault import FaultCode, Stage
from camagent.model.finding import Action, Outcome
from camagent.model.scan_result import CameraFacts
from camagent.model.stream import OtherStream, ProfileTarget, StreamRole
from camagent.model.text import message
from camagent.plan.grounds import TROUBLE, Ground, Look, doubts
from camagent.plan.upgrade import plan_upgrade
from camagent.text import both
from tests.builders import (
    configured_stream,
    encoder_options,
    encoder_settings,
    fault,
    finding,
    measured_stream,
    media_profile,
    site_facts,
    stream_uri,
    sub_stream,
)
from tests.plan.planning import PROFILE, camera, planned

MENU = (encoder_options(resolutions=((1280, 720), (640, 360))),)
SMALL = {"width_px": 1280, "height_px": 720}


def poor() -> CameraFacts:
    """A camera of 1280×720 at most, known beyond doubt."""
    return camera(MENU, **SMALL)  # type: ignore[arg-type]


def device(**changes: Any) -> Callable[[CameraFacts], CameraFacts]:
    return lambda subject: replace(subject, device=replace(subject.device, **changes))  # type: ignore[type-var]


def stream(**changes: Any) -> Callable[[CameraFacts], CameraFacts]:
    return lambda subject: replace(
        subject, streams=(replace(subject.streams[0], **changes), *subject.streams[1:])
    )


def beside(**changes: Any) -> Callable[[CameraFacts], CameraFacts]:
    return lambda subject: replace(subject, streams=(*subject.streams, sub_stream(**changes)))


def listed(other: OtherStream) -> Callable[[CameraFacts], CameraFacts]:
    return lambda subject: replace(subject, others=(other,))


def asked(code: FaultCode, doing: str) -> Any:
    return fault(code, stage=Stage.INTERROGATE, doing=doing)


def media(**changes: Any) -> Callable[[CameraFacts], CameraFacts]:
    def changed(subject: CameraFacts) -> CameraFacts:
        assert isinstance(subject.device, DeviceFacts) and isinstance(subject.device.media, MediaFacts)
        facts = replace(subject.device.media, **changes)
        return replace(subject, device=replace(subject.device, media=facts))

    return changed


BIG = configured_stream(codec="h264", width_px=3840, height_px=2160)
SMALL_SET = configured_stream(**SMALL)
TINY = configured_stream(codec="h264", width_px=320, height_px=180)
DOUBTS: list[tuple[str, Callable[[CameraFacts], CameraFacts]]] = [
    ("main_trouble", stream(faults=(fault(),))),
    ("main_trouble", stream(measured=measured_stream(**SMALL, limits=("loop_lag",)))),
    ("main_trouble", stream(measured=measured_stream(**SMALL, parameter_set_changes=1))),
    ("main_contradicted", stream(measured=measured_stream(width_px=640, height_px=360))),
    ("main_contradicted", stream(configured=configured_stream(codec="h264", **SMALL))),
    ("main_contradicted", stream(configured=None)),
    ("main_contradicted", stream(configured=replace(SMALL_SET, elsewhere_px=(1920, 1080)))),
    ("main_unmeasured", stream(measured=fault(), image=None)),
    ("main_unmeasured", stream(target=ProfileTarget(StreamRole.MAIN, "P1"), measured=fault(), image=None)),
    ("other_stream", beside(configured=BIG, measured=fault(), image=None)),
    ("other_stream", beside(configured=None, measured=fault(), image=None)),
    ("other_stream", listed(OtherStream("P9", None, stream_uri(path="/9"), BIG, "not_watched"))),
    ("other_stream", listed(OtherStream("P9", None, None, None, "no_address"))),
    ("other_stream", listed(OtherStream("P9", None, stream_uri(path="/9"), TINY, "view"))),
    ("other_stream", listed(OtherStream("P9", None, stream_uri(), TINY, "same_address"))),
    ("login", device(faults=(asked(FaultCode.AUTH_REQUIRED, "GetUsers"),))),
    ("login", device(faults=(asked(FaultCode.AUTH_REJECTED, "GetProfiles"),))),
    ("login", device(faults=(asked(FaultCode.LOCKED_OUT, "GetProfiles"),))),
    ("menu_trouble", device(recovered=("GetVideoEncoderConfigurationOptions",))),
    *(
        ("menu_trouble", device(faults=(asked(code, "GetVideoEncoderConfigurationOptions"),)))
        for code in (FaultCode.SOAP_FAULT, FaultCode.UNSUPPORTED, FaultCode.TIMEOUT)
    ),
    ("menu_trouble", device(recovered=("GetServices",))),
    ("menu_trouble", device(recovered=("GetCapabilities",))),
    ("menu_trouble", device(faults=(asked(FaultCode.TIMEOUT, "GetServices"),))),
    ("menu_trouble", media(truncated=1)),
    ("media2_unread", media(service="media1")),
    ("media2_unread", device(services=asked(FaultCode.TIMEOUT, "GetServices"))),
    *(("menu_trouble", device(faults=(asked(code, "GetStreamUri"),))) for code in sorted(TROUBLE)),
]


@pytest.mark.parametrize(("doubt", "change"), DOUBTS)
def test_every_doubt_keeps_a_camera_from_being_replaced(
    doubt: str, change: Callable[[CameraFacts], CameraFacts]
) -> None:
    assert planned(poor()).action is Action.REPLACE
    subject = change(poor())
    assert f"plan.doubt_{doubt}" in [text.key for text in doubts(subject)]
    plan = planned(subject)
    assert (
        plan.action is Action.INVESTIGATE and not plan.certain and plan.tender is None and not plan.look_again
    )
    assert all(both(text).vi and both(text).en for text in (*plan.steps, *plan.rests_on))


def test_what_is_no_doubt_does_not_stand_in_the_way() -> None:
    fine = (
        listed(OtherStream("P9", None, stream_uri(path="/9"), TINY, "not_watched")),
        listed(OtherStream("P9", None, stream_uri(path="/9"), replace(BIG, codec="mjpeg"), "not_watched")),
        beside(),
        beside(configured=TINY, measured=fault(), image=None),
        device(faults=(asked(FaultCode.SOAP_FAULT, "GetStreamUri"),)),  # made good by another way of asking
        device(faults=(asked(FaultCode.TIMEOUT, "GetNTP"),)),
    )
    assert [planned(change(poor())).action for change in fine] == [Action.REPLACE] * len(fine)
    media1 = (Service("http://www.onvif.org/ver10/media/wsdl", "http://192.0.2.11/onvif/media", "2.6"),)
    old = device(services=media1)(media(service="media1")(poor()))
    assert planned(old).action is Action.REPLACE


def test_a_jpeg_of_the_whole_sensor_is_no_rival_of_a_video_stream_but_one_of_another() -> None:
    jpeg = OtherStream(
        "P9", None, stream_uri(path="/9"), configured_stream(codec="mjpeg", width_px=1280), "view"
    )
    assert planned(listed(jpeg)(poor())).action is Action.REPLACE
    menu = (encoder_options(codec="mjpeg", resolutions=((1280, 720), (640, 360))),)
    pictures = camera(menu, codec="mjpeg", **SMALL)  # type: ignore[arg-type]
    assert planned(pictures).action is Action.REPLACE
    assert planned(listed(jpeg)(pictures)).action is Action.INVESTIGATE


@pytest.mark.parametrize(
    ("look", "step", "again"), [(Look.NOT_TAKEN, "look_again", True), (Look.DIFFERS, "looks_differ", False)]
)
def test_one_look_buys_nothing(look: Look, step: str, again: bool) -> None:
    plan = planned(poor(), look=look)
    assert (plan.action, plan.certain, plan.look_again) == (Action.INVESTIGATE, False, again)
    assert plan.steps[0].key == f"plan.{step}" and plan.rules == ("IMG-RES",)


def test_the_facts_are_named_in_words() -> None:
    plan = planned(poor())
    words = [both(text).en for text in plan.rests_on]
    assert "main stream P1: H.265 1280×720 at 25 fps, measured over 10 s" in words
    assert "menu of encoder E1: H.265 ≤ 1280×720, ≤ 25 Hz" in words
    assert "login accepted (http-digest-sha-256)" in words
    assert "a second look in the same run saw the same" in words


@pytest.mark.parametrize(
    "menu",
    [
        encoder_options(resolutions=((1280, 720),), frame_rates_hz=(25.0,)),
        encoder_options(resolutions=((1280, 720),), frame_rates_hz=(), frame_rate_range_hz=Range(0, 0)),
        encoder_options(
            resolutions=((1280, 720),), frame_rates_hz=(), frame_rate_range_hz=Range(25, 1701606738)
        ),
        encoder_options(resolutions=(), frame_rates_hz=()),
    ],
)
def test_a_menu_without_a_choice_is_a_doubt(menu: Any) -> None:
    subject = camera((menu,), **SMALL)  # type: ignore[arg-type]
    assert "plan.doubt_menu_no_choice" in [text.key for text in doubts(subject)]
    assert planned(subject).action is Action.INVESTIGATE


def test_behind_a_line_that_is_too_slow_nothing_is_bought() -> None:
    subject = poor()
    findings = assess(PROFILE, subject, site_facts())
    slow = finding(rule="IMG-FPS", outcome=Outcome.NOT_ASSESSED, message=message("findings.network_slow"))
    plan = plan_upgrade(subject, (*findings, slow), None, Ground(Look.AGREES))
    assert (plan.action, plan.certain, plan.look_again) == (Action.INVESTIGATE, False, False)
    assert plan_upgrade(subject, findings, None, Ground(Look.AGREES)).action is Action.REPLACE


def test_a_menu_that_was_not_read_is_a_doubt() -> None:
    profile = media_profile(encoder=encoder_settings(**SMALL), options=fault())
    subject = media(profiles=(profile,))(poor())
    assert "plan.doubt_menu_unread" in [text.key for text in doubts(subject)]
