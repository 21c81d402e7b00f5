"""Menu values: only what the options advertise, the smallest change that suffices, and unknown is not
"no"."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from camagent.assess.engine import assess
from camagent.model.device import Range
from camagent.model.finding import Action, Outcome, Setting
from camagent.plan.bounds import bounds_of
from camagent.plan.encoder import Ability, Choice, choose_encoder, measured_bitrate_bps
from camagent.plan.main_encoder import main_profile
from camagent.text import both
from tests.builders import (
    camera_facts,
    device_facts,
    encoder_options,
    fault,
    finding,
    site_facts,
    stream_facts,
)
from tests.floor import judged, not_vacuous
from tests.plan.planning import PROFILE, camera, h264, planned

NOTHING_TO_CHANGE = Choice(Ability.YES, (), 3_000_000)
SMALL = {"width_px": 1280, "height_px": 720}
QUIET = {**SMALL, "bitrate_bps": None}  # no limit is known, so none comes along
CONFIGURATION = (
    ("token", "E1"),
    ("Name", "1"),
    ("UseCount", "2"),
    ("Encoding", "H265"),
    ("Resolution/Width", "1280"),
    ("Resolution/Height", "720"),
    ("Quality", "4.0"),
    ("RateControl/FrameRateLimit", "25"),
    ("RateControl/BitrateLimit", "3000"),
    ("GovLength", "50"),
    ("Profile", "Main"),
)


def called(setting: Setting) -> tuple[list[str], Any]:
    """The words of a call, and its JSON."""
    words = shlex.split(setting.call or "")
    assert words[:2] == ["camagent", "onvif"] and words[-1] == "--write"
    return words[2:5], json.loads(words[5])


def choice(subject: Any) -> Choice:
    return choose_encoder(subject, assess(PROFILE, subject, site_facts()))


def changes(proposal: Choice) -> dict[str, tuple[Any, Any]]:
    return {setting.name: (setting.now, setting.then) for setting in proposal.settings}


def test_nothing_changes_where_everything_suffices() -> None:
    assert choice(camera()) == NOTHING_TO_CHANGE


def test_the_smallest_sufficient_size_is_chosen() -> None:
    proposal = choice(camera(**QUIET))  # type: ignore[arg-type]
    assert proposal.ability is Ability.YES
    assert changes(proposal) == {"resolution": ((1280, 720), (1920, 1080))}
    (setting,) = proposal.settings
    assert setting == Setting("resolution", (1280, 720), (1920, 1080), "px", None, "main")


def test_the_call_has_the_whole_configuration_with_only_the_advice_changed() -> None:
    proposal = choice(camera(stated=CONFIGURATION, **SMALL))  # type: ignore[arg-type]
    words, arguments = called(proposal.settings[0])
    assert words == ["192.0.2.11:80", "media2", "SetVideoEncoderConfiguration"]
    assert arguments == {
        "Configuration": {
            "token": "E1",
            "Name": "1",
            "UseCount": 2,
            "Encoding": "H265",
            "Resolution": {"Width": 1920, "Height": 1080},
            "Quality": 4.0,
            "RateControl": {"FrameRateLimit": 25, "BitrateLimit": 6750},
            "GovLength": 50,
            "Profile": "Main",
        }
    }
    assert {setting.call for setting in proposal.settings} == {proposal.settings[0].call}


@pytest.mark.parametrize(
    ("sizes", "ability", "then"),
    [
        (((1920, 1080),), Ability.YES, (1920, 1080)),
        (((3840, 2160), (2560, 1440)), Ability.YES, (2560, 1440)),
        (((1080, 1920),), Ability.YES, (1080, 1920)),
        (((1920, 1079), (1280, 720)), Ability.NO, None),
        (((1919, 1080), (1280, 720)), Ability.NO, None),
        (((1280, 720), (640, 360)), Ability.NO, None),
        (((1280, 720),), Ability.UNKNOWN, None),  # it repeats today's setting
        (((1280, 720), (1280, 720)), Ability.UNKNOWN, None),
        (((640, 360), (320, 180)), Ability.UNKNOWN, None),  # today's size is not in it: not believed
        (((640, 360),), Ability.UNKNOWN, None),
        (((0, 0), (1280, 720)), Ability.UNKNOWN, None),
        (((1280, 720), (99999, 99999)), Ability.UNKNOWN, None),
        ((), Ability.UNKNOWN, None),
        (((2560, 1440), (2048, 1536)), Ability.YES, (2048, 1536)),  # fewer pixels, though more lines
        (((2304, 1296), (2048, 1536)), Ability.YES, (2304, 1296)),  # fewer pixels, though more columns
    ],
)
def test_sizes(sizes: Any, ability: Ability, then: Any) -> None:
    proposal = choice(camera((encoder_options(resolutions=sizes),), **QUIET))  # type: ignore[arg-type]
    assert proposal.ability is ability
    assert changes(proposal) == ({} if then is None else {"resolution": ((1280, 720), then)})


@pytest.mark.parametrize(
    ("rates", "span", "ability", "then"),
    [
        ((25.0, 20.0, 15.0), None, Ability.YES, 20.0),
        ((30.0,), None, Ability.YES, 30.0),
        ((19.99, 15.0, 12.0), None, Ability.NO, None),
        ((12.0,), None, Ability.UNKNOWN, None),
        ((15.0, 10.0), None, Ability.UNKNOWN, None),  # today's 12 is not in it
        ((0.0, 12.0), None, Ability.UNKNOWN, None),
        ((20.0,), Range(1, 15), Ability.YES, 20.0),  # the list says it, whatever the range
        ((), Range(1, 30), Ability.YES, 20.0),
        ((), Range(1, 20), Ability.YES, 20.0),
        ((), Range(22, 30), Ability.YES, 22.0),
        ((), Range(1, 19.9), Ability.NO, None),
        ((), Range(1, 12), Ability.NO, None),
        ((), Range(0, 0), Ability.UNKNOWN, None),  # "not stated"
        ((), Range(12, 12), Ability.UNKNOWN, None),  # a mirror
        ((), Range(15, 18), Ability.UNKNOWN, None),  # today's 12 is not in it
        ((), Range(1, 11), Ability.UNKNOWN, None),
        ((), Range(25, 1701606738), Ability.UNKNOWN, None),  # a real dual-lens camera says so
        ((), Range(-1, 15), Ability.UNKNOWN, None),
        ((), None, Ability.UNKNOWN, None),
    ],
)
def test_rates(rates: Any, span: Any, ability: Ability, then: Any) -> None:
    option = encoder_options(frame_rates_hz=rates, frame_rate_range_hz=span)
    proposal = choice(camera((option,), frame_rate_hz=12.0, bitrate_bps=None))
    assert proposal.ability is ability
    assert changes(proposal) == ({} if then is None else {"frame_rate": (12.0, then)})


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
    differences = changes(choice(camera((option,), frame_rate_hz=now, **SMALL)))  # type: ignore[arg-type]
    assert differences.get("frame_rate") == (None if then is None else (now, then))


def test_todays_codec_is_kept_where_it_is_allowed() -> None:
    proposal = choice(camera((encoder_options(), h264()), codec="h264", **QUIET))  # type: ignore[arg-type]
    assert changes(proposal) == {"resolution": ((1280, 720), (1920, 1080))}


def test_a_rejected_codec_becomes_the_recommended_one() -> None:
    proposal = choice(camera((h264(), encoder_options(), encoder_options(codec="mjpeg")), codec="mjpeg"))
    assert changes(proposal) == {"codec": ("mjpeg", "h265")}
    assert proposal.settings[0].unit is None


def test_the_next_codec_is_taken_where_the_first_offers_too_little() -> None:
    small = encoder_options(resolutions=((1280, 720), (640, 360)))
    proposal = choice(camera((small, h264()), codec="h265", **SMALL))  # type: ignore[arg-type]
    assert changes(proposal) == {"codec": ("h265", "h264"), "resolution": ((1280, 720), (1920, 1080))}


def test_one_codec_with_unknown_options_keeps_replacement_away() -> None:
    small = encoder_options(resolutions=((1280, 720), (640, 360)))
    assert choice(camera((small, h264(resolutions=())), codec="h265", **SMALL)).ability is Ability.UNKNOWN  # type: ignore[arg-type]
    one, two = h264(resolutions=((640, 360),)), h264(resolutions=((640, 360), (320, 180)))
    assert (
        choice(camera((small, one), codec="h265", **SMALL)).ability is Ability.UNKNOWN  # type: ignore[arg-type]
    )  # one row is no choice
    assert choice(camera((small, two), codec="h265", **SMALL)).ability is Ability.NO  # type: ignore[arg-type]


@pytest.mark.parametrize("sent", ["h264", "h265"])
def test_a_menu_without_the_codec_that_is_sent_is_not_complete(sent: str) -> None:
    """Media1 cannot list H.265: no reason to go back to H.264, and none to replace."""
    other = "h264" if sent == "h265" else "h265"
    proposal = choice(camera((encoder_options(codec=other),), codec=sent, **SMALL))  # type: ignore[arg-type]
    assert (proposal.ability, proposal.doubt, proposal.settings) == (
        Ability.UNKNOWN,
        "options_without_codec",
        (),
    )
    plan = planned(camera((encoder_options(codec=other),), codec=sent, **SMALL))  # type: ignore[arg-type]
    assert plan.action is Action.INVESTIGATE and plan.steps[0].key == "plan.options_without_codec"
    assert both(plan.steps[0]).en.count("H.26" + sent[-1]) == 2


def test_a_single_picture_camera_is_replaced_only_by_a_menu_that_offers_a_choice() -> None:
    one = encoder_options(codec="mjpeg", resolutions=((2560, 1440),))
    assert choice(camera((one,), codec="mjpeg")).ability is Ability.UNKNOWN


def test_a_camera_without_an_allowed_codec_cannot() -> None:
    assert choice(camera((encoder_options(codec="mjpeg"),), codec="mjpeg")).ability is Ability.NO


@pytest.mark.parametrize("options", [None, (), fault()])
def test_options_that_were_not_read_are_unknown_and_not_a_no(options: Any) -> None:
    subject = camera(() if options is None else options, **SMALL)  # type: ignore[arg-type]
    assert choice(subject).ability is Ability.UNKNOWN
    plan = planned(subject)
    assert plan.action is Action.INVESTIGATE and [s.key for s in plan.steps] == ["plan.options_unread"]


@pytest.mark.parametrize("missing", ["width_px", "height_px"])
def test_a_size_that_is_only_half_known_is_shown_as_unknown(missing: str) -> None:
    subject = camera(measured={"width_px": 640, "height_px": 360}, **{**SMALL, missing: None})  # type: ignore[arg-type]
    assert changes(choice(subject))["resolution"] == (None, (1920, 1080))


def test_without_onvif_nothing_is_known_of_the_encoder() -> None:
    for subject in (
        camera_facts(device=None),
        camera_facts(device=fault()),
        camera_facts(device=device_facts(media=fault())),
        camera_facts(streams=()),
    ):
        assert main_profile(subject) is None
        assert choose_encoder(subject, ()).ability is Ability.UNKNOWN
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
    proposal = choice(subject)
    assert changes(proposal) == {"gop": (400, then)}
    assert proposal.settings[0].unit == "frames"


@pytest.mark.parametrize(
    ("span", "ability"),
    [
        (Range(101, 250), Ability.NO),
        (None, Ability.UNKNOWN),
        (Range(0, 0), Ability.UNKNOWN),
        (Range(400, 400), Ability.UNKNOWN),
        (Range(101, 1701606738), Ability.UNKNOWN),
    ],
)
def test_a_gop_that_cannot_be_set(span: Range | None, ability: Ability) -> None:
    subject = camera((encoder_options(gop_range_frames=span),), gop_length_frames=400, gop_length_s=16.0)
    assert choice(subject).ability is ability


def test_a_gop_setting_that_is_already_right_is_not_told() -> None:
    subject = camera(gop_length_frames=100, gop_length_s=16.0)
    assert choice(subject) == NOTHING_TO_CHANGE


def test_a_gop_without_a_bound_is_left_as_it_is() -> None:
    only = [finding(check="keyframe_interval", required=None, outcome=Outcome.FAIL)]
    assert choose_encoder(camera(gop_length_frames=400), only) == NOTHING_TO_CHANGE


def test_a_gop_that_was_not_at_fault_is_left_alone() -> None:
    assert choice(camera((encoder_options(gop_range_frames=None),))).ability is Ability.YES


@pytest.mark.parametrize(
    ("now", "span", "then"),
    [
        (12_000_000, Range(256_000, 16_000_000), 8_000_000),  # under what the profile warns of
        (12_000_000, Range(256_000, 6_000_000), 6_000_000),
        (12_000_000, None, 8_000_000),
        (3_000_000, Range(256_000, 16_000_000), 6_750_000),  # 2.25 times the pixels
        (3_000_000, Range(256_000, 4_000_000), 4_000_000),
        (512_000, Range(256_000, 16_000_000), 1_152_000),
        (256_000, Range(128_000, 16_000_000), 1_000_000),  # up to where the profile begins
        (8_000_000, Range(256_000, 16_000_000), None),
        (3_000_000, Range(0, 0), 6_750_000),
        (3_000_000, Range(64_000, 3.4e12), 6_750_000),
        (None, Range(256_000, 16_000_000), None),
    ],
)
def test_the_bit_rate_limit_grows_with_the_picture_inside_the_profiles_window(
    now: Any, span: Any, then: Any
) -> None:
    option = encoder_options(bitrate_range_bps=span)
    proposal = choice(camera((option,), bitrate_bps=now, measured={"bitrate_bps": 3e6}, **SMALL))  # type: ignore[arg-type]
    assert changes(proposal).get("bitrate") == (None if then is None else (now, then))


def test_720p15_at_512_kbit_gets_the_bits_that_1080p20_needs() -> None:
    subject = camera(frame_rate_hz=15.0, bitrate_bps=512_000, **SMALL)  # type: ignore[arg-type]
    assert changes(choice(subject))["bitrate"] == (512_000, 1_536_000)  # 3 times the pixels a second


def media1(**changes: Any) -> tuple[tuple[str, str], ...]:
    whole = {
        "token": "E1",
        "Name": "VideoEncoder_1",
        "UseCount": "1",
        "Encoding": "JPEG",
        "Resolution/Width": "1280",
        "Resolution/Height": "720",
        "Quality": "60",
        "RateControl/FrameRateLimit": "5",
        "RateControl/EncodingInterval": "1",
        "RateControl/BitrateLimit": "9000",
        "Multicast/Address/Type": "IPv4",
        "Multicast/Address/IPv4Address": "239.0.1.0",
        "Multicast/Port": "32002",
        "Multicast/TTL": "2",
        "Multicast/AutoStart": "false",
        "SessionTimeout": "PT60S",
    }
    return tuple((whole | changes).items())


def test_the_call_names_everything_that_changes_in_one_go() -> None:
    option = h264(frame_rates_hz=(), frame_rate_range_hz=Range(22.0, 30.0))
    now = {
        "codec": "mjpeg",
        "frame_rate_hz": 5.0,
        "bitrate_bps": 9_000_000,
        "gop_length_frames": 400,
        **SMALL,
    }
    proposal = choice(camera((option,), "media1", stated=media1(), **now))
    assert [setting.unit for setting in proposal.settings] == [None, "px", "Hz", "frames", "bit/s"]
    words, arguments = called(proposal.settings[0])
    assert words[1:] == ["media", "SetVideoEncoderConfiguration"] and arguments["ForcePersistence"] is True
    whole = arguments["Configuration"]
    assert whole["Encoding"] == "H264" and whole["H264"] == {"GovLength": 88, "H264Profile": "Main"}
    assert whole["Resolution"] == {"Width": 1920, "Height": 1080}
    assert whole["RateControl"] == {"FrameRateLimit": 22, "EncodingInterval": 1, "BitrateLimit": 8000}
    address = {"Type": "IPv4", "IPv4Address": "239.0.1.0"}
    assert whole["Multicast"] == {"Address": address, "Port": 32002, "TTL": 2, "AutoStart": False}
    assert whole["SessionTimeout"] == "PT60S"


@pytest.mark.parametrize("operation", ["media"])
def test_the_printed_call_is_one_that_the_wsdl_takes(operation: str) -> None:
    """Made by the library that `camagent onvif` sends it with; nothing is sent."""
    import onvif
    import zeep

    option = h264(frame_rates_hz=(), frame_rate_range_hz=Range(22.0, 30.0))
    now = {"codec": "mjpeg", "frame_rate_hz": 5.0, "gop_length_frames": 400, **SMALL}
    proposal = choice(camera((option,), "media1", stated=media1(), **now))
    words, arguments = called(proposal.settings[0])
    folder = Path(onvif.__file__).parent
    wsdl = next(iter([*folder.rglob("media.wsdl"), *folder.parent.rglob("media.wsdl")]))
    client = zeep.Client(str(wsdl))
    service = client.create_service(
        "{http://www.onvif.org/ver10/media/wsdl}MediaBinding", "http://192.0.2.11/"
    )
    sent = client.create_message(service, words[2], **arguments)
    assert sent.xpath("//*[local-name()='GovLength']/text()") == ["88"]
    assert sent.xpath("//*[local-name()='SessionTimeout']/text()") == ["PT1M"]


def test_a_configuration_that_was_not_read_whole_makes_no_call() -> None:
    partly = tuple(pair for pair in CONFIGURATION if not pair[0].startswith("RateControl"))
    for stated in ((), partly):
        assert choice(camera(stated=stated, **SMALL)).settings[0].call is None  # type: ignore[arg-type]
    unnamed = camera((h264(codec_profiles=()),), "media1", stated=media1(), codec="mjpeg", **SMALL)
    assert choice(unnamed).settings[0].call is None  # H.264 without its profile cannot be set


def test_bounds_are_read_from_findings_whatever_their_outcome() -> None:
    bounds = bounds_of(assess(PROFILE, camera(), site_facts()))
    assert (bounds.minimum_px, bounds.minimum_hz, bounds.maximum_gop_s) == ((1920, 1080), 20.0, 4.0)
    assert (bounds.codecs, bounds.preferred_codecs, bounds.maximum_bps) == (
        ("h264", "h265"),
        ("h265",),
        8_000_000.0,
    )


def test_a_profile_that_asks_nothing_of_the_encoder_sets_no_bounds() -> None:
    bounds = bounds_of(())
    assert (bounds.minimum_px, bounds.codecs, bounds.preferred_codecs) == (None, None, ())
    assert (bounds.minimum_hz, bounds.maximum_gop_s, bounds.maximum_bps) == (None, None, None)
    assert (
        choose_encoder(camera((encoder_options(resolutions=(), frame_rates_hz=()),)), ()) == NOTHING_TO_CHANGE
    )


def test_a_codec_change_alone_keeps_size_and_rate_that_nobody_asked_to_change() -> None:
    only = [finding(check="codec", required=("h264",), outcome=Outcome.FAIL)]
    proposal = choose_encoder(camera((h264(),), codec="mjpeg", frame_rate_hz=7.0, **SMALL), only)  # type: ignore[arg-type]
    assert changes(proposal) == {"codec": ("mjpeg", "h264")}


def test_the_bit_rate_of_today_is_the_main_streams() -> None:
    assert measured_bitrate_bps(camera(bitrate_bps=2_000_000)) == 2_000_000
    assert measured_bitrate_bps(camera_facts(streams=())) is None
    assert measured_bitrate_bps(camera_facts(streams=(stream_facts(measured=fault()),))) is None


sizes = st.lists(
    st.sampled_from([(640, 360), (1280, 720), (1920, 1080), (2560, 1440), (3840, 2160)]), max_size=4
)
rates = st.lists(st.sampled_from([5.0, 12.0, 15.0, 20.0, 25.0, 30.0]), max_size=4)


@not_vacuous(0.05)
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
    proposal = choice(subject)
    then = {setting.name: setting.then for setting in proposal.settings}
    if judged(proposal.ability is Ability.YES):
        chosen = [o for o in options if o.codec == then.get("codec", codec)]
        assert any(
            then.get("resolution", (width, height)) in o.resolutions
            and then.get("frame_rate", rate) in o.frame_rates_hz
            for o in chosen
        )
        assert then.get("codec", codec) != "mjpeg"
        assert then.get("frame_rate", rate) >= 20.0  # type: ignore[operator]
    elif proposal.ability is Ability.NO:
        for option in options:
            enough = any(size >= (1920, 1080) for size in option.resolutions)
            fast = any(speed >= 20.0 for speed in option.frame_rates_hz)
            assert option.codec == "mjpeg" or not (enough and fast)
