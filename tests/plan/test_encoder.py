"""Menu values: only what the options advertise, the smallest change that suffices, and unknown is not "no"."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from camagent.assess.engine import assess
from camagent.model.device import Range
from camagent.model.finding import Action, Outcome, Setting
from camagent.plan.bounds import bounds_of
from camagent.plan.encoder import Ability, Choice, choose, main_profile, measured_bitrate_bps
from tests.builders import camera_facts, device_facts, encoder_options, fault, finding, site_facts, stream_facts
from tests.plan.planning import PROFILE, camera, h264, planned

NOTHING_TO_CHANGE = Choice(Ability.YES, (), 3_000_000)
SMALL = {"width_px": 1280, "height_px": 720}


def choice(subject: Any) -> Choice:
    return choose(subject, assess(PROFILE, subject, site_facts()))


def changes(found: Choice) -> dict[str, tuple[Any, Any]]:
    return {setting.name: (setting.now, setting.then) for setting in found.settings}


def test_nothing_changes_where_everything_suffices() -> None:
    assert choice(camera()) == NOTHING_TO_CHANGE


def test_the_smallest_sufficient_size_is_chosen() -> None:
    found = choice(camera(**SMALL))
    assert found.ability is Ability.YES
    assert changes(found) == {"resolution": ((1280, 720), (1920, 1080))}
    (setting,) = found.settings
    assert setting == Setting(
        "resolution",
        (1280, 720),
        (1920, 1080),
        "px",
        "media2:SetVideoEncoderConfiguration token=E1 Resolution=1920x1080",
        "main",
    )


@pytest.mark.parametrize(
    ("sizes", "ability", "then"),
    [
        (((1920, 1080),), Ability.YES, (1920, 1080)),
        (((3840, 2160), (2560, 1440)), Ability.YES, (2560, 1440)),
        (((1080, 1920),), Ability.YES, (1080, 1920)),
        (((1920, 1079),), Ability.NO, None),
        (((1919, 1080),), Ability.NO, None),
        (((1280, 720),), Ability.NO, None),
        ((), Ability.UNKNOWN, None),
        (((2560, 1440), (2048, 1536)), Ability.YES, (2048, 1536)),  # fewer pixels, though more lines
        (((2304, 1296), (2048, 1536)), Ability.YES, (2304, 1296)),  # fewer pixels, though more columns
    ],
)
def test_sizes(sizes: Any, ability: Ability, then: Any) -> None:
    found = choice(camera((encoder_options(resolutions=sizes),), **SMALL))
    assert found.ability is ability
    assert changes(found) == ({} if then is None else {"resolution": ((1280, 720), then)})


@pytest.mark.parametrize(
    ("rates", "span", "ability", "then"),
    [
        ((25.0, 20.0, 15.0), None, Ability.YES, 20.0),
        ((30.0,), None, Ability.YES, 30.0),
        ((19.99, 15.0), None, Ability.NO, None),
        ((20.0,), Range(1, 15), Ability.YES, 20.0),  # the list says it, whatever the range
        ((), Range(1, 30), Ability.YES, 20.0),
        ((), Range(1, 20), Ability.YES, 20.0),
        ((), Range(22, 30), Ability.YES, 22.0),
        ((), Range(1, 19.9), Ability.NO, None),
        ((), None, Ability.UNKNOWN, None),
    ],
)
def test_rates(rates: Any, span: Any, ability: Ability, then: Any) -> None:
    option = encoder_options(frame_rates_hz=rates, frame_rate_range_hz=span)
    found = choice(camera((option,), frame_rate_hz=12.0))
    assert found.ability is ability
    assert changes(found) == ({} if then is None else {"frame_rate": (12.0, then)})


@pytest.mark.parametrize(
    ("now", "option", "then"),
    [
        (25.0, encoder_options(), None),
        (25.0, encoder_options(frame_rates_hz=(20.0,)), 20.0),  # today's is not offered beside another size
        (22.0, encoder_options(frame_rates_hz=(), frame_rate_range_hz=Range(1, 30)), None),
        (25.0, encoder_options(frame_rates_hz=(), frame_rate_range_hz=Range(1, 20)), 20.0),
        (20.0, encoder_options(frame_rates_hz=(), frame_rate_range_hz=Range(1, 20)), None),
        (25.0, encoder_options(frame_rates_hz=(), frame_rate_range_hz=Range(1, 25)), None),
        (None, encoder_options(frame_rates_hz=(), frame_rate_range_hz=Range(1, 20)), 20.0),
    ],
)
def test_a_rate_that_suffices_and_is_offered_is_kept(now: Any, option: Any, then: Any) -> None:
    found = changes(choice(camera((option,), frame_rate_hz=now, **SMALL)))
    assert found.get("frame_rate") == (None if then is None else (now, then))


def test_todays_codec_is_kept_where_it_is_allowed() -> None:
    found = choice(camera((encoder_options(), h264()), codec="h264", **SMALL))
    assert changes(found) == {"resolution": ((1280, 720), (1920, 1080))}


def test_a_rejected_codec_becomes_the_recommended_one() -> None:
    found = choice(camera((h264(), encoder_options(), encoder_options(codec="mjpeg")), codec="mjpeg"))
    assert changes(found) == {"codec": ("mjpeg", "h265")}
    assert found.settings[0].call == "media2:SetVideoEncoderConfiguration token=E1 Encoding=H265"
    assert found.settings[0].unit is None


def test_the_next_codec_is_taken_where_the_first_offers_too_little() -> None:
    small = encoder_options(resolutions=((1280, 720),))
    found = choice(camera((small, h264()), codec="h265", **SMALL))
    assert changes(found) == {"codec": ("h265", "h264"), "resolution": ((1280, 720), (1920, 1080))}


def test_one_codec_with_unknown_options_keeps_replacement_away() -> None:
    small = encoder_options(resolutions=((1280, 720),))
    assert choice(camera((small, h264(resolutions=())), codec="h265", **SMALL)).ability is Ability.UNKNOWN
    assert choice(camera((small, h264(resolutions=((640, 360),))), codec="h265", **SMALL)).ability is Ability.NO


def test_a_camera_without_an_allowed_codec_cannot() -> None:
    assert choice(camera((encoder_options(codec="mjpeg"),), codec="mjpeg")).ability is Ability.NO


@pytest.mark.parametrize("options", [None, (), fault()])
def test_options_that_were_not_read_are_unknown_and_not_a_no(options: Any) -> None:
    subject = camera(() if options is None else options, **SMALL)
    assert choice(subject).ability is Ability.UNKNOWN
    plan = planned(subject)
    assert plan.action is Action.INVESTIGATE and [s.key for s in plan.steps] == ["plan.options_unread"]


@pytest.mark.parametrize("missing", ["width_px", "height_px"])
def test_a_size_that_is_only_half_known_is_shown_as_unknown(missing: str) -> None:
    subject = camera(measured={"width_px": 640, "height_px": 360}, **{**SMALL, missing: None})
    assert changes(choice(subject)) == {"resolution": (None, (1920, 1080))}


def test_without_onvif_nothing_is_known_of_the_encoder() -> None:
    for subject in (
        camera_facts(device=None),
        camera_facts(device=fault()),
        camera_facts(device=device_facts(media=fault())),
        camera_facts(streams=()),
    ):
        assert main_profile(subject) is None
        assert choose(subject, ()).ability is Ability.UNKNOWN
    other = camera_facts(streams=(stream_facts(),))
    assert main_profile(other) is not None and main_profile(other).token == "P1"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("rate", "span", "then"),
    [
        (25.0, Range(1, 250), 100),  # 4 s at 25 fps
        (20.0, Range(1, 250), 80),
        (25.0, Range(1, 60), 60),
        (25.0, Range(100, 250), 100),
    ],
)
def test_the_gop_is_set_in_frames_of_the_rate_to_come(rate: float, span: Range, then: int) -> None:
    option = encoder_options(gop_range_frames=span)
    subject = camera((option,), frame_rate_hz=rate, gop_length_frames=400, gop_length_s=400 / rate)
    found = choice(subject)
    assert changes(found) == {"gop": (400, then)}
    assert found.settings[0].unit == "frames"
    assert found.settings[0].call == f"media2:SetVideoEncoderConfiguration token=E1 GovLength={then}"


@pytest.mark.parametrize(("span", "ability"), [(Range(101, 250), Ability.NO), (None, Ability.UNKNOWN)])
def test_a_gop_that_cannot_be_set(span: Range | None, ability: Ability) -> None:
    subject = camera((encoder_options(gop_range_frames=span),), gop_length_frames=400, gop_length_s=16.0)
    assert choice(subject).ability is ability


def test_a_gop_setting_that_is_already_right_is_not_told() -> None:
    subject = camera(gop_length_frames=100, gop_length_s=16.0)
    assert choice(subject) == NOTHING_TO_CHANGE


def test_a_gop_without_a_bound_is_left_as_it_is() -> None:
    only = [finding(check="keyframe_interval", required=None, outcome=Outcome.FAIL)]
    assert choose(camera(gop_length_frames=400), only) == NOTHING_TO_CHANGE


def test_a_gop_that_was_not_at_fault_is_left_alone() -> None:
    assert choice(camera((encoder_options(gop_range_frames=None),))).ability is Ability.YES


@pytest.mark.parametrize(
    ("now", "span", "then"),
    [
        (12_000_000, Range(256_000, 16_000_000), 8_000_000),  # under what the profile warns of
        (12_000_000, Range(256_000, 6_000_000), 6_000_000),
        (12_000_000, None, 8_000_000),
        (3_000_000, Range(4_000_000, 6_000_000), 4_000_000),
        (8_000_000, Range(256_000, 16_000_000), None),
        (None, Range(256_000, 16_000_000), None),
    ],
)
def test_the_bit_rate_limit_comes_along(now: Any, span: Any, then: Any) -> None:
    subject = camera(
        (encoder_options(bitrate_range_bps=span),), bitrate_bps=now, measured={"bitrate_bps": 3e6}, **SMALL
    )
    found = choice(subject)
    assert changes(found).get("bitrate") == (None if then is None else (now, then))
    limit = f" RateControl.BitrateLimit={then // 1000}" if then else ""
    assert found.settings[0].call == f"media2:SetVideoEncoderConfiguration token=E1 Resolution=1920x1080{limit}"


def test_the_call_names_everything_that_changes_in_one_go() -> None:
    option = h264(frame_rates_hz=(), frame_rate_range_hz=Range(22.5, 30.0))
    subject = camera((option,), "media1", codec="mjpeg", frame_rate_hz=5.0, bitrate_bps=9_000_000, **SMALL)
    call = (
        "media1:SetVideoEncoderConfiguration token=E1 Encoding=H264 Resolution=1920x1080 "
        "RateControl.FrameRateLimit=22.5 RateControl.BitrateLimit=8000"
    )
    assert [setting.call for setting in choice(subject).settings] == [call] * 4
    assert [setting.unit for setting in choice(subject).settings] == [None, "px", "Hz", "bit/s"]
    back = camera((encoder_options(codec="mjpeg"),), codec="h261")
    bounds = [finding(check="codec", required=("mjpeg",), outcome=Outcome.FAIL)]
    assert "Encoding=JPEG" in str(choose(back, bounds).settings[0].call)


def test_bounds_are_read_from_findings_whatever_their_outcome() -> None:
    bounds = bounds_of(assess(PROFILE, camera(), site_facts()))
    assert (bounds.minimum_px, bounds.minimum_hz, bounds.maximum_gop_s) == ((1920, 1080), 20.0, 4.0)
    assert (bounds.codecs, bounds.preferred_codecs, bounds.maximum_bps) == (("h264", "h265"), ("h265",), 8_000_000.0)


def test_a_profile_that_asks_nothing_of_the_encoder_sets_no_bounds() -> None:
    bounds = bounds_of(())
    assert (bounds.minimum_px, bounds.codecs, bounds.preferred_codecs) == (None, None, ())
    assert (bounds.minimum_hz, bounds.maximum_gop_s, bounds.maximum_bps) == (None, None, None)
    assert choose(camera((encoder_options(resolutions=(), frame_rates_hz=()),)), ()) == NOTHING_TO_CHANGE


def test_a_codec_change_alone_keeps_size_and_rate_that_nobody_asked_to_change() -> None:
    only = [finding(check="codec", required=("h264",), outcome=Outcome.FAIL)]
    found = choose(camera((h264(),), codec="mjpeg", frame_rate_hz=7.0, **SMALL), only)
    assert changes(found) == {"codec": ("mjpeg", "h264")}


def test_the_bit_rate_of_today_is_the_main_streams() -> None:
    assert measured_bitrate_bps(camera(bitrate_bps=2_000_000)) == 2_000_000
    assert measured_bitrate_bps(camera_facts(streams=())) is None
    assert measured_bitrate_bps(camera_facts(streams=(stream_facts(measured=fault()),))) is None


sizes = st.lists(st.sampled_from([(640, 360), (1280, 720), (1920, 1080), (2560, 1440), (3840, 2160)]), max_size=4)
rates = st.lists(st.sampled_from([5.0, 12.0, 15.0, 20.0, 25.0, 30.0]), max_size=4)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no failure
@given(
    offers=st.lists(st.tuples(st.sampled_from(["h264", "h265", "mjpeg"]), sizes, rates), max_size=3),
    now=st.tuples(st.sampled_from(["h264", "h265", "mjpeg"]), st.sampled_from([(640, 360), (1920, 1080)])),
    rate=st.sampled_from([5.0, 15.0, 25.0]),
)
def test_nothing_is_ever_proposed_that_is_not_advertised(offers: Any, now: Any, rate: float) -> None:
    options = tuple(
        encoder_options(codec=codec, resolutions=tuple(offered), frame_rates_hz=tuple(speeds))
        for codec, offered, speeds in offers
    )
    codec, (width, height) = now
    subject = camera(options, codec=codec, width_px=width, height_px=height, frame_rate_hz=rate)
    found = choice(subject)
    then = {setting.name: setting.then for setting in found.settings}
    if found.ability is Ability.YES:
        chosen = [o for o in options if o.codec == then.get("codec", codec)]
        assert any(
            then.get("resolution", (width, height)) in o.resolutions
            and then.get("frame_rate", rate) in o.frame_rates_hz
            for o in chosen
        )
        assert then.get("codec", codec) != "mjpeg"
        assert then.get("frame_rate", rate) >= 20.0
    elif found.ability is Ability.NO:
        for option in options:
            enough = any(size >= (1920, 1080) for size in option.resolutions)
            fast = any(speed >= 20.0 for speed in option.frame_rates_hz)
            assert option.codec == "mjpeg" or not (enough and fast)
