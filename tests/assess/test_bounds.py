"""Every rule at, just below and just above each of its bounds."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest

from camagent.assess.rules.image import picture
from camagent.model.device import (
    AnonymousAccess,
    DefaultLoginTrial,
    DeviceUser,
    EncoderSettings,
    Login,
    MediaFacts,
    NetworkFacts,
    NetworkProtocol,
    PortFacts,
    Service,
    SnapshotAccess,
)
from camagent.model.fault import Fault, FaultCode, Stage
from camagent.model.finding import Outcome
from camagent.model.onvif import CAPABILITY_NAMESPACES
from camagent.model.recordings import RecordingFacts
from camagent.model.scan_result import CameraFacts, Declaration, History, ManualAnswer
from tests.assess.failing import DENIED
from tests.assess.judging import judged, with_device, with_main
from tests.builders import (
    NOW,
    camera_facts,
    configured_stream,
    declared_stream,
    device_clock,
    device_facts,
    device_information,
    encoder_settings,
    fault,
    image_facts,
    measured_stream,
    media_profile,
    site_facts,
    stream_access,
    stream_facts,
    sub_profile,
    tls_facts,
    watched,
)

PASS, WARN, FAIL, OPEN = Outcome.PASS, Outcome.WARN, Outcome.FAIL, Outcome.NOT_ASSESSED

at_20 = partial(judged, minimum_hz=20.0)
"""The rule's own behaviour, with a minimum that no profile has to share."""


def measuring(**changes: Any) -> CameraFacts:
    return with_main(measured=measured_stream(**changes))


def key(finding: Any) -> str:
    return str(finding.message.key).removeprefix("findings.")


# ---------- picture ----------


@pytest.mark.parametrize(
    ("size", "outcome", "message_key"),
    [
        ((2560, 1440), PASS, "size_good"),
        ((2592, 1944), PASS, "size_good"),
        ((2534, 1440), WARN, "size_enough"),  # 1.02 % short of 2560: beyond the tolerance
        ((2535, 1426), PASS, "size_good"),  # 0.98 % short: within it
        ((1920, 1080), WARN, "size_enough"),
        ((1920, 1072), WARN, "size_enough"),  # rounded down to whole macroblocks
        ((1080, 1920), WARN, "size_enough"),  # hung upright
        ((1920, 1068), FAIL, "size_usable"),
        ((1900, 1080), FAIL, "size_usable"),
        ((1280, 960), FAIL, "size_usable"),
        ((1280, 720), FAIL, "size_usable"),
        ((1280, 712), FAIL, "size_low"),
        ((640, 360), FAIL, "size_low"),
    ],
)
def test_resolution(size: tuple[int, int], outcome: Outcome, message_key: str) -> None:
    finding = judged("resolution", sized(size, size, size))
    assert (finding.outcome, key(finding), finding.observed, finding.unit) == (
        outcome,
        message_key,
        size,
        "px",
    )
    assert finding.configured == finding.declared == finding.measured == size


def sized(measured: Any, configured: Any, declared: Any) -> CameraFacts:
    return with_main(
        measured=measured_stream(width_px=measured[0], height_px=measured[1]),
        configured=configured_stream(width_px=configured[0], height_px=configured[1]),
        declared=declared_stream(width_px=declared[0], height_px=declared[1]),
    )


NOTHING = (None, None)


@pytest.mark.parametrize(
    ("measured", "configured", "declared", "outcome", "message_key"),
    [
        ((2560, 1440), (2560, 1440), (1920, 1080), WARN, "size_contradicted"),
        ((2560, 1440), (3840, 2160), (2560, 1440), WARN, "size_contradicted"),
        ((2560, 1440), (1440, 2560), (2560, 1440), PASS, "size_good"),  # hung upright
        ((2560, 1440), (2534, 1440), (2560, 1440), WARN, "size_contradicted"),  # 1.02 % off
        ((2560, 1440), (2560, 1454), (2560, 1440), PASS, "size_good"),  # 0.96 %: rounded to whole macroblocks
        ((2560, 1440), NOTHING, NOTHING, PASS, "size_good"),
        ((2560, 1440), (None, 1080), NOTHING, PASS, "size_good"),
        ((1280, 720), (2560, 1440), (1280, 720), FAIL, "size_usable"),  # the failure is the news
    ],
)
def test_a_size_that_the_camera_misstates(
    measured: Any, configured: Any, declared: Any, outcome: Any, message_key: str
) -> None:
    finding = judged("resolution", sized(measured, configured, declared))
    assert (finding.outcome, key(finding), finding.observed) == (outcome, message_key, measured)


def test_a_size_that_the_other_media_service_misstates() -> None:
    camera = sized((2560, 1440), (2560, 1440), (2560, 1440))
    for elsewhere, message_key in (((2560, 1440), "size_good"), ((640, 480), "size_contradicted")):
        stated = configured_stream(width_px=2560, height_px=1440, elsewhere_px=elsewhere)
        streams = (replace(camera.streams[0], configured=stated), *camera.streams[1:])
        assert key(judged("resolution", replace(camera, streams=streams))) == message_key


def test_without_tolerance_the_minimum_itself_suffices() -> None:
    assert judged("resolution", measuring(width_px=1920, height_px=1080), tolerance_ratio=0.0).outcome is WARN


@pytest.mark.parametrize(
    ("changes", "message_key"),
    [
        ({"width_px": None}, "size_unknown"),
        ({"height_px": None}, "size_unknown"),
        ({"width_px": 0}, "size_unknown"),
        ({"parameter_set_changes": 1}, "size_changed"),
    ],
)
def test_a_size_that_is_not_certain_is_not_assessed(changes: dict[str, Any], message_key: str) -> None:
    finding = judged("resolution", measuring(**changes))
    assert (finding.outcome, key(finding)) == (OPEN, message_key)


@pytest.mark.parametrize(
    ("codec", "outcome", "message_key"),
    [
        ("h265", PASS, "codec_good"),
        ("h264", WARN, "codec_allowed"),
        ("mjpeg", FAIL, "codec_rejected"),
        ("mpeg4", FAIL, "codec_rejected"),
        ("av1", OPEN, "codec_unlisted"),
    ],
)
def test_codec(codec: str, outcome: Outcome, message_key: str) -> None:
    finding = judged("codec", coded(codec, codec, codec))
    assert (finding.outcome, key(finding), finding.observed) == (outcome, message_key, codec)


def coded(measured: str, configured: str | None, declared: str | None) -> CameraFacts:
    return with_main(
        measured=measured_stream(codec=measured),
        configured=configured_stream(codec=configured),
        declared=declared_stream(codec=declared),
    )


def test_the_stream_decides_about_the_codec_whatever_onvif_says() -> None:
    # quatanium/python-onvif#96: Media1 says H264 while the stream is H265
    finding = judged("codec", coded("h265", "h264", "h265"))
    assert (finding.outcome, finding.observed, finding.configured) == (WARN, "h265", "h264")
    assert key(finding) == "codec_contradicted" and dict(finding.message.args)["claimed"] == "H.264"
    assert key(judged("codec", coded("h264", "h264", "h265"))) == "codec_contradicted"
    assert key(judged("codec", coded("mjpeg", "h264", "h264"))) == "codec_rejected"
    assert judged("codec", coded("h265", None, None)).outcome is PASS


def test_sdp_tells_the_codec_where_the_stream_could_not_be_measured() -> None:
    camera = with_main(measured=fault(FaultCode.CODEC_UNSUPPORTED), declared=declared_stream(codec="mpeg4"))
    finding = judged("codec", camera)
    assert (finding.outcome, finding.declared, finding.measured) == (FAIL, "mpeg4", None)


def test_what_onvif_is_set_to_is_no_codec_on_the_wire() -> None:
    camera = with_main(measured=fault(FaultCode.STALLED), declared=None)
    finding = judged("codec", camera)
    assert (finding.outcome, key(finding)) == (OPEN, "fault_stalled")
    assert (
        key(judged("codec", with_main(measured=fault(), declared=declared_stream(codec=None))))
        == "fault_timeout"
    )


def third(token: str = "E3", **changes: Any) -> Any:
    small = {"codec": "h264", "width_px": 640, "height_px": 360, "bitrate_bps": 512_000}
    return sub_profile(token="P3", encoder=encoder_settings(token=token, **{**small, **changes}))


LIKE_MAIN = {"codec": "h265", "width_px": 2560, "height_px": 1440}


@pytest.mark.parametrize(
    ("profiles", "outcome", "count"),
    [
        ((media_profile(),), FAIL, 0),
        ((media_profile(encoder=encoder_settings(bitrate_bps=None)),), FAIL, 0),  # alone, whatever its limit
        ((media_profile(), sub_profile()), WARN, 1),
        ((media_profile(), third(bitrate_bps=None)), WARN, 1),
        ((media_profile(), sub_profile(), third()), PASS, 2),
        ((media_profile(), sub_profile(), third("E2")), WARN, 1),  # the same encoder under another token
        ((media_profile(), sub_profile(video_source="VS2")), FAIL, 0),  # another camera of the same recorder
        ((media_profile(), third(**LIKE_MAIN, bitrate_bps=3_000_000)), FAIL, 0),  # type: ignore[arg-type]  # a second main stream
        ((media_profile(), third(**LIKE_MAIN, bitrate_bps=2_999_999)), WARN, 1),  # type: ignore[arg-type]
        ((media_profile(), third(**LIKE_MAIN, bitrate_bps=3_000_001)), WARN, 1),  # type: ignore[arg-type]
        ((media_profile(), third(width_px=2560, height_px=1439, bitrate_bps=9_000_000)), WARN, 1),
        ((), FAIL, 0),
    ],
)
def test_sub_streams(profiles: tuple[Any, ...], outcome: Outcome, count: int) -> None:
    finding = judged("sub_streams", with_device(media=MediaFacts("media2", profiles)))
    assert (finding.outcome, finding.observed) == (outcome, count)


def test_a_profile_list_that_was_not_read_to_its_end_does_not_fail() -> None:
    for media in (
        MediaFacts("media2", (media_profile(), third(width_px=None, height_px=None))),
        MediaFacts("media2", (media_profile(), third(width_px=None))),
        MediaFacts("media2", (media_profile(), third(height_px=None))),
        MediaFacts("media2", (media_profile(), third(**LIKE_MAIN, bitrate_bps=None))),  # type: ignore[arg-type]
        MediaFacts("media2", (media_profile(),), truncated=3),
        MediaFacts("media2", (media_profile(), sub_profile(encoder=fault()))),
        MediaFacts("media2", (media_profile(), sub_profile(encoder=None))),
    ):
        finding = judged("sub_streams", with_device(media=media))
        assert (finding.outcome, key(finding)) == (OPEN, "sub_streams_unclear")
    assert judged("sub_streams", camera_facts(video_source=None)).observed == 1
    assert isinstance(media_profile().encoder, EncoderSettings)


@pytest.mark.parametrize(
    ("decoded", "errors", "outcome"),
    [
        (2, 0, PASS),
        (1, 0, PASS),
        (0, 0, OPEN),
        (0, 1, FAIL),
        (999, 1, PASS),  # 0.001
        (998, 1, WARN),  # just above the recommended 0.001
        (99, 1, WARN),  # 0.01
        (98, 1, FAIL),  # just above 0.01
    ],
)
def test_decode_errors(decoded: int, errors: int, outcome: Outcome) -> None:
    finding = judged("decode_errors", measuring(keyframes_decoded=decoded, decode_errors=errors))
    assert finding.outcome is outcome
    if outcome is not OPEN:
        assert finding.observed == pytest.approx(errors / (decoded + errors))
        assert dict(finding.message.args) == {"errors": errors, "pictures": decoded + errors, "limit": 1.0}


def test_fewer_pictures_than_asked_are_not_assessed() -> None:
    assert judged("decode_errors", measuring(keyframes_decoded=2), minimum_pictures=3).outcome is OPEN
    assert judged("decode_errors", measuring(keyframes_decoded=3), minimum_pictures=3).outcome is PASS


def test_as_many_broken_pictures_as_are_allowed_are_allowed_on_a_lossy_network_too() -> None:
    camera = measuring(keyframes_decoded=99, decode_errors=1, rtp_lost_packets=5)
    assert judged("decode_errors", camera).outcome is WARN


def test_broken_pictures_of_a_lossy_network_are_not_laid_on_the_camera() -> None:
    finding = judged("decode_errors", measuring(keyframes_decoded=1, decode_errors=1, rtp_lost_packets=5))
    assert (finding.outcome, key(finding)) == (OPEN, "decode_errors_by_loss")
    assert judged("decode_errors", measuring(keyframes_decoded=2, rtp_lost_packets=5)).outcome is PASS


@pytest.mark.parametrize(
    ("conditions", "unsure", "outcome", "message_key"),
    [
        ((), (), PASS, "picture_good"),
        (("black",), (), FAIL, "picture.black.say"),
        (("covered",), (), FAIL, "picture.covered.say"),
        (("blurred",), (), FAIL, "picture.blurred.say"),
        (("no_signal",), (), FAIL, "picture.no_signal.say"),
        (("frozen",), (), FAIL, "picture.frozen.say"),
        (("noisy", "black"), (), FAIL, "picture.black.say"),
        (("cast",), (), WARN, "picture.cast.say"),
        (("overexposed",), (), WARN, "picture.overexposed.say"),
        (("underexposed", "noisy"), (), WARN, "picture.underexposed.say"),
        (("low_contrast",), (), WARN, "picture.low_contrast.say"),
        (("striped",), (), WARN, "picture.striped.say"),
        ((), ("frozen",), OPEN, "picture.frozen.unsure"),
        (("noisy",), ("cast", "covered", "frozen"), OPEN, "picture.covered.unsure"),
        (("upside_down",), (), FAIL, "picture.upside_down.say"),
        (("moved", "motion_blur"), (), WARN, "picture.motion_blur.say"),
        ((), ("cast",), PASS, "picture_good"),
        (("black",), ("frozen",), FAIL, "picture.black.say"),
    ],
)
def test_picture(
    conditions: tuple[str, ...], unsure: tuple[str, ...], outcome: Outcome, message_key: str
) -> None:
    finding = judged("picture", with_main(image=image_facts(conditions=conditions, unsure=unsure)))
    assert (finding.outcome, key(finding)) == (outcome, message_key)


@pytest.mark.parametrize(("window_s", "outcome"), [(4.9, OPEN), (5.0, FAIL), (5.1, FAIL)])
def test_a_picture_is_frozen_only_after_the_time_asked(window_s: float, outcome: Outcome) -> None:
    camera = with_main(image=image_facts(conditions=("frozen",)), measured=measured_stream(window_s=window_s))
    assert judged("picture", camera).outcome is outcome


def test_a_profile_that_names_conditions_to_warn_of_warns_of_no_other() -> None:
    facts = image_facts(conditions=("cast", "striped"))
    asked: dict[str, Any] = {"failing": ("cast",), "warning": ("noisy",), "frozen_after_s": 5.0}
    assert picture(facts, None, **asked).measured == ("cast",)
    asked["failing"] = ()
    assert picture(facts, None, **asked).outcome is PASS
    asked["warning"] = ("others",)
    assert picture(facts, None, **asked).measured == ("cast", "striped")


def test_a_short_window_does_not_hide_a_black_picture() -> None:
    camera = with_main(
        image=image_facts(conditions=("frozen", "black")), measured=measured_stream(window_s=1.0)
    )
    finding = judged("picture", camera)
    assert (finding.outcome, finding.observed) == (FAIL, ("black",))


@pytest.mark.parametrize(
    ("task", "width_m", "outcome", "required"),
    [
        ("gate", 5.12, PASS, 500.0),  # 2560 px over 5.12 m are 500 px/m
        ("gate", 5.13, FAIL, 500.0),
        ("gate", 5.11, PASS, 500.0),
        ("corridor", 10.24, PASS, 250.0),
        ("corridor", 10.25, FAIL, 250.0),
        ("yard", 32.0, PASS, 80.0),
        ("yard", 32.1, FAIL, 80.0),
        ("inspect", 2.56, PASS, 1000.0),
        ("scrutinise", 2.0, FAIL, 1500.0),
    ],
)
def test_pixel_density(task: str, width_m: float, outcome: Outcome, required: float) -> None:
    finding = judged("pixel_density", camera_facts(declaration=Declaration(task=task, scene_width_m=width_m)))
    assert (finding.outcome, finding.required, finding.unit) == (outcome, required, "px/m")
    assert finding.observed == pytest.approx(2560 / width_m)
    assert dict(finding.message.args)["widest"] == pytest.approx(2560 / required)


@pytest.mark.parametrize(
    ("declaration", "message_key"),
    [
        (None, "absent_declaration"),
        (Declaration(task="gate"), "density_undeclared"),
        (Declaration(scene_width_m=3.0), "density_undeclared"),
        (Declaration(task="gate", scene_width_m=0.0), "density_undeclared"),
        (Declaration(task="roof", scene_width_m=3.0), "density_task_unknown"),
    ],
)
def test_density_needs_a_declared_task_and_width(declaration: Declaration | None, message_key: str) -> None:
    finding = judged("pixel_density", camera_facts(declaration=declaration))
    assert (finding.outcome, key(finding)) == (OPEN, message_key)


def test_density_needs_a_known_width() -> None:
    camera = camera_facts(
        declaration=Declaration(task="gate", scene_width_m=3.0),
        streams=(stream_facts(measured=measured_stream(width_px=None)),),
    )
    assert judged("pixel_density", camera).outcome is OPEN


# ---------- rates ----------


def sending(rate: float, uncertainty: float = 0.0, **changes: Any) -> CameraFacts:
    changes = {"arrival_frame_rate_hz": rate, **changes}
    return measuring(frame_rate_hz=rate, frame_rate_uncertainty_hz=uncertainty, **changes)


@pytest.mark.parametrize(
    ("rate", "uncertainty", "outcome", "message_key"),
    [
        (25.0, 0.0, PASS, "rate_good"),
        (24.98, 0.05, PASS, "rate_good"),  # NTSC-like: within the tolerance of 1 %
        (24.76, 0.0, PASS, "rate_good"),
        (24.74, 0.0, WARN, "rate_enough"),
        (24.80, 0.1, WARN, "rate_enough"),  # 24.70 is possible: the recommended value is not proven
        (20.0, 0.0, WARN, "rate_enough"),
        (19.81, 0.0, WARN, "rate_enough"),
        (19.79, 0.0, FAIL, "rate_usable"),
        (19.9, 0.2, OPEN, "rate_unclear"),  # 19.7 to 20.1 around 19.8
        (19.5, 0.2, FAIL, "rate_usable"),  # 19.7 at best
        (19.5, 0.31, OPEN, "rate_unclear"),
        (12.0, 0.05, FAIL, "rate_usable"),
        (11.9, 0.0, FAIL, "rate_usable"),
        (11.8, 0.0, FAIL, "rate_low"),
        (1.0, 0.0, FAIL, "rate_low"),
        (180000.0, 0.0, PASS, "rate_good"),
    ],
)
def test_frame_rate(rate: float, uncertainty: float, outcome: Outcome, message_key: str) -> None:
    finding = at_20("frame_rate", sending(rate, uncertainty))
    assert (finding.outcome, key(finding), finding.observed, finding.uncertainty) == (
        outcome,
        message_key,
        rate,
        uncertainty,
    )
    assert finding.unit == "Hz"


@pytest.mark.parametrize(
    ("stamped", "arrived", "outcome"),
    [
        (25.0, 22.5, PASS),  # 10 % apart: the jitter of a short window
        (25.0, 22.4, WARN),  # differ, and both suffice
        (25.0, 12.0, OPEN),  # 25 fps on paper, 12 arrive: one of the two lies
        (12.0, 25.0, OPEN),
        (15.0, 12.0, FAIL),  # differ, and both are short
        (180000.0, 25.0, PASS),  # roflcoopter/viseron#7: both more than enough
        (180000.0, 12.0, OPEN),
        (25.0, None, PASS),
    ],
)
def test_time_stamps_are_believed_as_far_as_arrivals_confirm_them(
    stamped: float, arrived: float | None, outcome: Outcome
) -> None:
    assert at_20("frame_rate", sending(stamped, arrival_frame_rate_hz=arrived)).outcome is outcome


def test_arrivals_are_no_more_certain_than_time_stamps() -> None:
    assert at_20("frame_rate", sending(25.0, 0.3, arrival_frame_rate_hz=19.9)).outcome is OPEN
    assert at_20("frame_rate", sending(25.0, 0.0, arrival_frame_rate_hz=19.9)).outcome is WARN


@pytest.mark.parametrize(
    ("lost", "frames", "outcome", "message_key"),
    [
        (0, 120, FAIL, "rate_usable"),
        (27, 300, FAIL, "rate_usable"),  # 0.99 %: below what counts as lossy, whatever it could have been
        (120, 120, OPEN, "rate_by_loss"),  # 4.3 %, and 240 frames would have sufficed
        (78, 120, OPEN, "rate_by_loss"),  # (120 + 78) / 10 s = 19.8
        (77, 120, FAIL, "rate_usable"),  # even as whole frames the lost packets would not have sufficed
    ],
)
def test_a_shortfall_that_loss_explains_is_the_networks(
    lost: int, frames: int, outcome: Outcome, message_key: str
) -> None:
    camera = sending(12.0, rtp_lost_packets=lost, frames=frames, rtp_packets=2700)
    finding = at_20("frame_rate", camera)
    assert (finding.outcome, key(finding)) == (outcome, message_key)


def test_loss_counts_from_its_bound_on() -> None:
    lossy = {"rtp_packets": 9_900, "rtp_lost_packets": 100, "frames": 120}  # just 1 %
    assert key(at_20("frame_rate", sending(12.0, **lossy))) == "rate_by_loss"
    assert key(at_20("frame_rate", sending(12.0, **{**lossy, "window_s": 0.5}))) == "rate_by_loss"
    assert key(at_20("frame_rate", sending(12.0, **{**lossy, "window_s": 0.0}))) == "rate_usable"


def test_a_rate_that_could_not_be_measured_is_told_with_all_that_it_may_have_been() -> None:
    hardly = measuring(frame_rate_hz=None, arrival_frame_rate_hz=None, frames=1, window_s=10.0)
    finding = at_20("frame_rate", hardly)
    assert (finding.observed, finding.uncertainty) == (0.1, 0.1)
    lossy = measuring(
        frame_rate_hz=None, arrival_frame_rate_hz=None, frames=1, window_s=10.0, rtp_lost_packets=2
    )
    finding = at_20("frame_rate", lossy)
    assert (finding.observed, finding.uncertainty) == (0.2, 0.2)
    short = measuring(frame_rate_hz=None, arrival_frame_rate_hz=None, frames=1, window_s=0.5)
    assert at_20("frame_rate", short).outcome is FAIL


def test_the_floor_itself_is_usable() -> None:
    assert key(at_20("frame_rate", sending(12.0), tolerance_ratio=0.0)) == "rate_usable"


def test_the_share_of_lost_packets_is_told_to_a_hundredth() -> None:
    finding = at_20("frame_rate", sending(12.0, rtp_lost_packets=121, frames=120, rtp_packets=2700))
    assert dict(finding.message.args) == {"rate": 12.0, "lost": 4.29}


def test_where_no_packet_was_counted_none_was_lost() -> None:
    assert at_20("frame_rate", sending(12.0, rtp_packets=0, frames=300)).outcome is FAIL


def test_loss_takes_nothing_from_a_rate_that_suffices() -> None:
    assert at_20("frame_rate", sending(25.0, rtp_lost_packets=500)).outcome is PASS


@pytest.mark.parametrize(
    ("frames", "window_s", "lost", "outcome"),
    [
        (1, 10.0, 0, FAIL),  # at most two frames in ten seconds
        (0, 10.0, 0, FAIL),
        (1, 0.1, 0, OPEN),  # 20 fps would have been possible
        (1, 10.0, 400, OPEN),
        (1, 0.0, 0, OPEN),
    ],
)
def test_a_rate_that_cannot_be_measured_fails_only_where_the_window_excludes_enough(
    frames: int, window_s: float, lost: int, outcome: Outcome
) -> None:
    camera = measuring(
        frame_rate_hz=None,
        arrival_frame_rate_hz=None,
        frames=frames,
        window_s=window_s,
        rtp_lost_packets=lost,
    )
    assert at_20("frame_rate", camera).outcome is outcome


@pytest.mark.parametrize(
    ("rate", "uncertainty", "outcome"),
    [
        (25.0, 0.0, PASS),
        (24.5, 0.0, PASS),  # 0.98
        (24.4, 0.0, WARN),
        (22.5, 0.0, WARN),  # 0.90
        (22.4, 0.0, FAIL),
        (22.6, 0.2, OPEN),
        (22.2, 0.2, FAIL),
        (30.0, 0.0, PASS),
    ],
)
def test_the_configured_rate_is_kept(rate: float, uncertainty: float, outcome: Outcome) -> None:
    finding = judged("frame_rate_kept", sending(rate, uncertainty))
    assert (finding.outcome, finding.observed, finding.configured) == (
        outcome,
        pytest.approx(rate / 25),
        25.0,
    )  # type: ignore[comparison-overlap]


def test_without_a_configured_rate_nothing_can_be_kept() -> None:
    assert judged("frame_rate_kept", with_main(configured=None)).outcome is OPEN
    for rate in (None, 0.0):
        camera = with_main(configured=configured_stream(frame_rate_hz=rate))
        assert key(judged("frame_rate_kept", camera)) == "rate_not_configured"
    camera = measuring(frame_rate_hz=None, window_s=0.0, frames=1)
    finding = judged("frame_rate_kept", camera)
    assert key(finding) == "too_few_frames" and dict(finding.message.args) == {"frames": 1}
    finding = judged("frame_rate_kept", sending(12.0, rtp_lost_packets=121, frames=120, rtp_packets=2700))
    assert key(finding) == "rate_by_loss" and dict(finding.message.args) == {"rate": 12.0, "lost": 4.29}
    lossy = sending(12.0, rtp_lost_packets=50, frames=120)  # 17 fps at best: not what is set
    assert judged("frame_rate_kept", lossy).outcome is FAIL


@pytest.mark.parametrize(
    ("codec", "rate_bps", "outcome", "message_key"),
    [
        ("h265", 999_999.0, WARN, "bitrate_low"),
        ("h265", 1_000_000.0, WARN, "bitrate_beside"),
        ("h265", 1_499_999.0, WARN, "bitrate_beside"),
        ("h265", 1_500_000.0, PASS, "bitrate_good"),
        ("h265", 4_000_000.0, PASS, "bitrate_good"),
        ("h265", 4_000_001.0, WARN, "bitrate_beside"),
        ("h264", 4_000_001.0, PASS, "bitrate_good"),
        ("h264", 2_999_999.0, WARN, "bitrate_beside"),
        ("h264", 8_000_000.0, WARN, "bitrate_beside"),
        ("h264", 8_000_001.0, WARN, "bitrate_high"),
        ("mjpeg", 8_000_000.0, PASS, "bitrate_good"),  # no recommendation for it: only the outer window
    ],
)
def test_bitrate(codec: str, rate_bps: float, outcome: Outcome, message_key: str) -> None:
    finding = judged("bitrate", measuring(codec=codec, bitrate_bps=rate_bps))
    assert (finding.outcome, key(finding), finding.observed, finding.unit) == (
        outcome,
        message_key,
        rate_bps,
        "bit/s",
    )
    assert finding.required == (1_000_000.0, 8_000_000.0)
    assert dict(finding.message.args) == {"rate": round(rate_bps / 1e6, 2), "below": 1.0, "above": 8.0}


def test_an_unknown_bitrate_is_not_assessed() -> None:
    assert judged("bitrate", measuring(bitrate_bps=None)).outcome is OPEN
    assert judged("bitrate", with_main(configured=None)).configured is None


@pytest.mark.parametrize(
    ("gop_s", "outcome"),
    [
        (2.0, PASS),
        (2.04, PASS),
        (2.05, WARN),
        (4.0, WARN),
        (4.08, WARN),
        (4.09, FAIL),
        (0.04, PASS),
        (180.0, FAIL),
    ],
)
def test_keyframe_interval(gop_s: float, outcome: Outcome) -> None:
    finding = judged("keyframe_interval", measuring(gop_length_s=gop_s))
    assert (finding.outcome, finding.observed, finding.configured, finding.unit) == (outcome, gop_s, 2.0, "s")


@pytest.mark.parametrize(
    ("at_least_s", "recovery_points", "outcome", "message_key"),
    [
        (4.09, 0, FAIL, "gop_at_least"),
        (4.08, 0, OPEN, "gop_unseen"),
        (60.0, 0, FAIL, "gop_at_least"),
        (None, 0, OPEN, "gop_unseen"),
        (60.0, 1, OPEN, "gop_intra_refresh"),
    ],
)
def test_a_gop_longer_than_the_window_is_a_finding_of_its_own(
    at_least_s: float | None, recovery_points: int, outcome: Outcome, message_key: str
) -> None:
    camera = measuring(
        gop_length_s=None, gop_at_least_s=at_least_s, recovery_points=recovery_points, keyframes=1
    )
    finding = judged("keyframe_interval", camera)
    assert (finding.outcome, key(finding)) == (outcome, message_key)
    assert judged("stream_plays", camera).outcome is PASS  # never "offline"


@pytest.mark.parametrize(
    "configured",
    [None, configured_stream(gop_length_frames=None), configured_stream(frame_rate_hz=None)],
)
def test_a_configured_gop_is_shown_where_it_is_known(configured: Any) -> None:
    finding = judged("keyframe_interval", with_main(configured=configured))
    assert (finding.outcome, finding.configured) == (PASS, None)


# ---------- connection ----------


@pytest.mark.parametrize(
    ("connect_s", "packet_s", "keyframe_s", "outcome", "message_key"),
    [
        (0.0, 0.1, 3.0, PASS, "stream_plays"),
        (0.0, 0.1, 3.01, WARN, "stream_slow"),
        (1.0, 0.1, 2.0, PASS, "stream_plays"),
        (1.0, 0.1, 2.01, WARN, "stream_slow"),
        (None, 0.1, 3.0, PASS, "stream_plays"),
        (0.0, 10.0, 10.0, WARN, "stream_slow"),
        (0.0, 10.01, 10.01, FAIL, "stream_late"),
        (5.0, 5.01, 5.01, FAIL, "stream_late"),
        (
            0.0,
            0.1,
            60.0,
            WARN,
            "stream_slow",
        ),  # badbread/crumbvms#114: a smart codec's GOP, not a dead camera
        (0.0, 0.1, None, WARN, "stream_no_keyframe"),
        (0.0, None, None, OPEN, "stream_start_unknown"),
    ],
)
def test_stream_plays(
    connect_s: float | None,
    packet_s: float | None,
    keyframe_s: float | None,
    outcome: Outcome,
    message_key: str,
) -> None:
    camera = measuring(
        connect_s=connect_s, time_to_first_packet_s=packet_s, time_to_first_keyframe_s=keyframe_s
    )
    finding = judged("stream_plays", camera)
    assert (finding.outcome, key(finding)) == (outcome, message_key)
    if outcome is not OPEN:
        shown = packet_s if keyframe_s is None else keyframe_s
        assert shown is not None and finding.observed == pytest.approx((connect_s or 0.0) + shown)


def test_a_camera_that_refuses_tcp_fails_and_one_that_was_not_asked_is_open() -> None:
    refused = Fault(FaultCode.RTSP_ERROR, Stage.OBSERVE, "SETUP", 0.1, status=461)
    other = Fault(FaultCode.RTSP_ERROR, Stage.OBSERVE, "SETUP", 0.1, status=454)
    udp = measured_stream(transport="udp")
    assert judged("stream_plays", with_main(measured=udp, faults=(other, refused))).outcome is FAIL
    assert judged("stream_plays", with_main(measured=udp, faults=(other,))).outcome is OPEN
    assert (
        judged("stream_plays", with_main(measured=udp, faults=(refused,)), tcp_required=False).outcome is PASS
    )
    assert judged("stream_plays", with_main(faults=(refused,))).outcome is PASS


@pytest.mark.parametrize(
    ("received", "lost", "outcome"),
    [
        (10_000, 0, PASS),
        (9_990, 10, PASS),  # 0.001
        (9_989, 11, WARN),
        (9_900, 100, WARN),  # 0.01
        (9_899, 101, FAIL),
        (99, 0, OPEN),
        (100, 0, PASS),
        (98, 2, FAIL),
        (0, 0, OPEN),
    ],
)
def test_packet_loss(received: int, lost: int, outcome: Outcome) -> None:
    finding = judged("packet_loss", measuring(rtp_packets=received, rtp_lost_packets=lost))
    assert finding.outcome is outcome
    if outcome is not OPEN:
        assert finding.observed == pytest.approx(lost / (received + lost))
    assert (finding.remedy is not None) == (outcome is FAIL)


SCOPE = "onvif://www.onvif.org/Profile/"
ALL_SERVICES = tuple(
    Service(namespace, "http://192.0.2.11/onvif/x", None) for namespace in CAPABILITY_NAMESPACES.values()
)


@pytest.mark.parametrize(
    ("scopes", "outcome", "claimed"),
    [
        (("Streaming", "T", "G"), PASS, ("S", "T", "G")),
        (("T",), PASS, ("T",)),
        (("Streaming",), WARN, ("S",)),
        (("streaming/",), WARN, ("S",)),
        (("G",), FAIL, ("G",)),
        ((), FAIL, ()),
        (("T", "T"), PASS, ("T",)),
    ],
)
def test_onvif_conformance(scopes: tuple[str, ...], outcome: Outcome, claimed: tuple[str, ...]) -> None:
    device = with_device(scopes=tuple(SCOPE + scope for scope in scopes), services=ALL_SERVICES)
    finding = judged("onvif_conformance", device)
    assert (finding.outcome, finding.observed) == (outcome, claimed)
    with_extra = "G" in claimed
    if outcome is PASS:
        assert key(finding) == ("conformance_good" if with_extra else "conformance_no_extra")


def test_a_claim_of_t_without_media2_does_not_count() -> None:
    old = (Service("http://www.onvif.org/ver10/media/wsdl", "http://192.0.2.11/onvif/media", None),)
    both = (SCOPE + "Streaming", SCOPE + "T")
    assert judged("onvif_conformance", with_device(scopes=both, services=old)).outcome is WARN
    assert judged("onvif_conformance", with_device(scopes=both[1:], services=old)).outcome is FAIL
    unread = judged("onvif_conformance", with_device(scopes=both, services=fault()))
    assert (unread.outcome, key(unread)) == (OPEN, "fault_timeout")
    other = with_device(scopes=("onvif://www.onvif.org/Profile/Streaming", "odm:name:x"), services=old)
    assert judged("onvif_conformance", other).observed == ("S",)


@pytest.mark.parametrize(
    ("profile", "service", "outcome"),
    [("Streaming", "media", FAIL), ("T", "media2", FAIL), ("G", "search", FAIL), ("G", "replay", FAIL)],
)
def test_a_claim_needs_the_services_of_its_profile(profile: str, service: str, outcome: Outcome) -> None:
    rest = tuple(s for s in ALL_SERVICES if s.namespace != CAPABILITY_NAMESPACES[service])
    device = with_device(scopes=(SCOPE + profile,), services=rest)
    finding = judged("onvif_conformance", device, minimum=("S", "G"))
    assert (finding.outcome, key(finding)) == (outcome, "conformance_unproven")
    assert dict(finding.message.args)["missing"] == service


def test_a_claim_of_s_is_not_missed_where_t_stands() -> None:
    rest = tuple(s for s in ALL_SERVICES if s.namespace != CAPABILITY_NAMESPACES["media"])
    device = with_device(scopes=(SCOPE + "Streaming", SCOPE + "T"), services=rest)
    finding = judged("onvif_conformance", device)
    assert (finding.outcome, key(finding)) == (PASS, "conformance_no_extra")


def test_a_call_that_every_profile_asks_for_and_the_device_does_not_know_is_named() -> None:
    refusal = Fault(FaultCode.UNSUPPORTED, Stage.INTERROGATE, "GetNetworkProtocols", 0.1)
    device = with_device(
        scopes=(SCOPE + "T",), services=ALL_SERVICES, network=NetworkFacts(), faults=(refusal,)
    )
    finding = judged("onvif_conformance", device)
    assert (finding.outcome, key(finding)) == (WARN, "conformance_calls")
    assert dict(finding.message.args)["calls"] == "GetNetworkProtocols"
    made_good = with_device(scopes=(SCOPE + "T",), services=ALL_SERVICES, faults=(refusal,))
    assert judged("onvif_conformance", made_good).outcome is PASS


def test_other_onvif_profiles_need_no_proof_and_lists_are_written_in_full() -> None:
    unread = with_device(scopes=(SCOPE + "G",), services=fault())
    assert judged("onvif_conformance", unread, recommended=("G",)).outcome is PASS
    assert key(judged("onvif_conformance", unread, recommended=("G",), extra=("G",))) == "conformance_good"
    # T is not what is claimed
    assert judged("onvif_conformance", unread, recommended=("G", "T")).outcome is PASS
    arguments = dict(
        judged("onvif_conformance", unread, recommended=("T", "M"), extra=("G", "A")).message.args
    )
    assert (arguments["recommended"], arguments["extra"]) == ("T, M", "G, A")
    assert judged("onvif_conformance", with_device(scopes=(SCOPE + "X",))).observed == ("X",)


@pytest.mark.parametrize(
    ("probes", "answered", "outcome"),
    [
        (100, 99, PASS),
        (30_000, 29_123, WARN),
        (1000, 989, WARN),
        (100, 95, WARN),
        (1000, 949, FAIL),
        (99, 99, OPEN),
        (100, 0, FAIL),
    ],
)
def test_availability(probes: int, answered: int, outcome: Outcome) -> None:
    finding = judged(
        "availability", camera_facts(history=History(probes, answered, NOW - timedelta(days=30)))
    )
    assert finding.outcome is outcome
    if outcome is not OPEN:
        assert finding.observed == pytest.approx(answered / probes)
        assert dict(finding.message.args)["percent"] == round(100 * answered / probes, 2)


@pytest.mark.parametrize(
    ("days", "checked", "outcome"),
    [
        (30, 30, PASS),
        (30, 29, WARN),
        (20, 19, WARN),
        (30, 28, FAIL),
        (7, 7, PASS),
        (6, 6, OPEN),
        (6, 1, OPEN),
    ],
)
def test_checked_daily(days: int, checked: int, outcome: Outcome) -> None:
    finding = judged("checked_daily", camera_facts(history=watched(days, checked)))
    assert finding.outcome is outcome
    if outcome is not OPEN:
        assert finding.observed == pytest.approx(checked / days)


@pytest.mark.parametrize(
    ("days", "dark_h", "outcome"),
    [
        (30, None, PASS),
        (30, 0.0, PASS),
        (30, 4.0, PASS),
        (30, 4.1, WARN),
        (30, 24.0, WARN),
        (30, 24.1, FAIL),
        (2, 24.1, FAIL),  # proven, however short the record is
        (6, 24.0, OPEN),
        (6, None, OPEN),
    ],
)
def test_repaired(days: int, dark_h: float | None, outcome: Outcome) -> None:
    finding = judged("repaired", camera_facts(history=watched(days, days, dark_h)))
    assert finding.outcome is outcome
    if outcome is not OPEN:
        assert finding.observed == pytest.approx((dark_h or 0.0) * 3600)


def test_an_outage_that_goes_on_is_told_as_one() -> None:
    late = judged("repaired", camera_facts(history=watched(30, 30, 30.0)))
    still = judged("repaired", camera_facts(history=watched(30, 30, 30.0, ended=False)))
    assert (key(late), key(still)) == ("repaired_late", "repaired_never")


def test_a_device_that_refuses_the_time_but_tells_its_name_answers() -> None:
    # the clock is asked without a log-in; some devices want one (YoshieraHuang/node-onvif-ts PR #12)
    assert judged("device_answers", with_device(clock=fault(FaultCode.AUTH_REQUIRED))).outcome is PASS
    mute = {name: fault(FaultCode.TIMEOUT) for name in ("clock", "information", "services", "media")}
    finding = judged("device_answers", with_device(**mute))
    assert (finding.outcome, finding.required, finding.observed) == (FAIL, True, False)
    for name in ("information", "services", "media"):
        section = getattr(device_facts(), name)
        assert judged("device_answers", with_device(**{**mute, name: section})).outcome is PASS
    locked = judged("device_answers", with_device(**{**mute, "media": fault(FaultCode.AUTH_REJECTED)}))
    assert (locked.outcome, key(locked)) == (OPEN, "fault_auth_rejected")


# ---------- site ----------


@pytest.mark.parametrize(
    ("uplink_bps", "outcome"),
    [
        (5_800_000.0, PASS),
        (5_799_999.0, WARN),
        (3_625_001.0, WARN),
        (3_625_000.0, WARN),
        (3_624_999.0, FAIL),
        (None, OPEN),
    ],
)
def test_uplink_at_its_bound(uplink_bps: float | None, outcome: Outcome) -> None:
    # one shared stream of 2.9 Mbit/s with a factor of 1.25, better 2
    finding = judged("uplink", site=site_facts(uplink_bps=uplink_bps))
    assert (finding.outcome, finding.required, finding.unit) == (outcome, 3_625_000.0, "bit/s")
    arguments = dict(finding.message.args)
    assert (arguments["needed"], arguments["storage"], arguments["factor"]) == (3.7, 31.3, 1.25)
    assert (arguments["better"], arguments["better_factor"], "unread" in arguments) == (5.8, 2.0, False)
    assert arguments.get("line") == (None if uplink_bps is None else uplink_bps / 1e6)


def test_uplink_counts_shared_cameras_and_never_passes_with_one_unread() -> None:
    private = camera_facts(declaration=Declaration(shared=False))
    silent = camera_facts(streams=())
    limited = measuring(limits=("loop_lag",))
    site = site_facts(uplink_bps=7_250_000.0)
    assert judged("uplink", site=site, cameras=(camera_facts(), camera_facts())).outcome is WARN
    assert judged("uplink", site=site, cameras=(camera_facts(),) * 3).outcome is FAIL
    assert judged("uplink", site=site, cameras=(camera_facts(), camera_facts(), private)).outcome is WARN
    assert judged("uplink", site=site, cameras=(camera_facts(), silent)).outcome is OPEN
    assert judged("uplink", site=site, cameras=(camera_facts(), limited)).outcome is OPEN
    assert judged("uplink", site=site, cameras=(camera_facts(),) * 3 + (silent,)).outcome is FAIL
    for none_shared in ((), (private,)):
        nothing = judged("uplink", site=site, cameras=none_shared)
        assert (nothing.outcome, nothing.message.args) == (Outcome.NOT_APPLICABLE, ())


@pytest.mark.parametrize("uplink_bps", [None, 100e6])
@pytest.mark.parametrize(
    ("measured", "unread", "has_figure"), [(2, 1, True), (1, 2, False), (20, 2, True), (0, 3, False)]
)
def test_uplink_names_no_sum_where_more_than_a_third_was_not_measured(
    uplink_bps: float | None, measured: int, unread: int, has_figure: bool
) -> None:
    cameras = (camera_facts(),) * measured + (camera_facts(streams=()),) * unread
    finding = judged("uplink", site=site_facts(uplink_bps=uplink_bps), cameras=cameras)
    arguments = dict(finding.message.args)
    assert (
        finding.outcome is OPEN
        and arguments["unread"] == unread
        and arguments["cameras"] == measured + unread
    )
    assert ("needed" in arguments, "storage" in arguments) == (has_figure, has_figure)
    assert has_figure or finding.required is None


# ---------- time ----------


OUTSIDE = {"subnets": ("192.0.2.0/24",), "ntp_servers": ("203.0.113.5",)}
NAMED = {"ntp_servers": ("vn.pool.ntp.org", "asia.pool.ntp.org")}


@pytest.mark.parametrize(
    ("source", "network", "outcome", "message_key"),
    [
        ("NTP", {}, PASS, "time_server"),
        ("ntp", {"ntp_servers": ("pool.ntp.org",), "ntp_from_dhcp": None}, PASS, "time_server"),
        ("NTP", {"ntp_servers": ("192.0.2.1",), "ntp_from_dhcp": True}, PASS, "time_server"),
        ("NTP", {"ntp_servers": (), "ntp_from_dhcp": True}, OPEN, "time_server_by_dhcp"),
        ("NTP", {"ntp_servers": None, "ntp_from_dhcp": True}, OPEN, "time_server_by_dhcp"),
        ("NTP", {"ntp_servers": ("0.0.0.0", " ", "::"), "ntp_from_dhcp": False}, FAIL, "time_server_none"),
        ("NTP", {"ntp_servers": ("0.0.0.0", "192.0.2.1"), "ntp_from_dhcp": False}, PASS, "time_server"),
        ("NTP", {"ntp_servers": ("0.0.0.0",), "ntp_from_dhcp": True}, OPEN, "time_server_by_dhcp"),
        ("NTP", {"ntp_servers": (), "ntp_from_dhcp": False}, FAIL, "time_server_none"),
        ("NTP", {**OUTSIDE, "gateways": ()}, WARN, "time_server_no_gateway"),
        ("NTP", {**OUTSIDE, "gateways": ("192.0.2.1",)}, PASS, "time_server"),
        ("NTP", {**OUTSIDE, "gateways": None}, PASS, "time_server"),
        ("NTP", {**OUTSIDE, "gateways": (), "subnets": ()}, PASS, "time_server"),
        ("NTP", {**OUTSIDE, "gateways": (), "ntp_servers": ("192.0.2.9",)}, PASS, "time_server"),
        (
            "NTP",
            {**OUTSIDE, "gateways": (), "ntp_servers": ("203.0.113.5", "192.0.2.9")},
            PASS,
            "time_server",
        ),
        ("NTP", {**OUTSIDE, "gateways": (), "ntp_servers": ("2001:db8::1",)}, PASS, "time_server"),
        ("NTP", {**NAMED, "dns_servers": (), "dns_from_dhcp": False}, WARN, "time_server_no_dns"),
        ("NTP", {**NAMED, "dns_servers": (), "dns_from_dhcp": True}, PASS, "time_server"),
        ("NTP", {**NAMED, "dns_servers": None, "dns_from_dhcp": None}, PASS, "time_server"),
        ("NTP", {**NAMED, "dns_servers": ("192.0.2.1",), "dns_from_dhcp": False}, PASS, "time_server"),
        ("NTP", {"ntp_servers": None, "ntp_from_dhcp": None}, OPEN, "time_server_unread"),
        ("Manual", {}, FAIL, "time_manual"),
        (None, {}, OPEN, "time_source_unknown"),
    ],
)
def test_time_server(source: str | None, network: dict[str, Any], outcome: Outcome, message_key: str) -> None:
    from dataclasses import replace

    facts = replace(device_facts().network, **network)
    finding = judged("time_server", with_device(clock=device_clock(source=source), network=facts))
    assert (finding.outcome, key(finding)) == (outcome, message_key)


def test_every_time_server_is_named() -> None:
    from dataclasses import replace

    facts = replace(device_facts().network, ntp_servers=("a", "b"))  # type: ignore[arg-type]
    assert dict(judged("time_server", with_device(network=facts)).message.args) == {"servers": "a, b"}


def test_ntp_with_unread_servers_is_not_assessed_with_the_reason() -> None:
    finding = judged("time_server", with_device(network=fault(FaultCode.AUTH_REQUIRED)))
    assert (finding.outcome, key(finding)) == (OPEN, "fault_auth_required")


@pytest.mark.parametrize(
    ("offset_s", "outcome", "message_key"),
    [
        # whole seconds and half of a 10 ms round trip: ± 1.005 s
        (0.0, PASS, "offset_good"),
        (1.0, PASS, "offset_good"),
        (-1.0, PASS, "offset_good"),
        (1.01, WARN, "offset_small"),
        (3.99, WARN, "offset_small"),
        (-3.99, WARN, "offset_small"),
        (4.0, OPEN, "offset_unclear"),
        (5.0, OPEN, "offset_unclear"),
        (6.0, OPEN, "offset_unclear"),
        (6.01, FAIL, "offset_large"),
        (-6.01, FAIL, "offset_large"),
        (119.9, FAIL, "offset_large"),
        (120.0, FAIL, "offset_minutes"),
        (-690.0, FAIL, "offset_minutes"),
        (3600.0, FAIL, "offset_zone"),
        (-25200.0, FAIL, "offset_zone"),  # local time sent as UTC, the wrong way round
        (25200.0 + 61.0, FAIL, "offset_zone"),
        (25200.0 + 61.1, FAIL, "offset_minutes"),
        (19800.0, FAIL, "offset_zone"),  # five and a half hours
        (1800.0, FAIL, "offset_zone"),
        (900.0, FAIL, "offset_minutes"),
        (50.0, FAIL, "offset_large"),
        (86399.0, FAIL, "offset_zone"),
        (86400.0, FAIL, "offset_reset"),
        (-1.5e9, FAIL, "offset_reset"),  # home-assistant/core#121952: the epoch after a reboot
        (None, OPEN, "offset_unknown"),
    ],
)
def test_clock_offset(offset_s: float | None, outcome: Outcome, message_key: str) -> None:
    finding = judged("clock_offset", with_device(clock=device_clock(offset_s=offset_s, round_trip_s=0.01)))
    assert (finding.outcome, key(finding)) == (outcome, message_key)
    if offset_s is not None:
        assert finding.observed == offset_s and finding.uncertainty == pytest.approx(1.005)
    assert (finding.remedy is not None) == (outcome is FAIL)
    if message_key == "offset_zone":
        assert finding.remedy is not None and finding.remedy.key == "findings.offset_zone_remedy"


def test_a_slow_answer_widens_what_the_offset_may_be() -> None:
    assert (
        judged("clock_offset", with_device(clock=device_clock(offset_s=7.0, round_trip_s=0.01))).outcome
        is FAIL
    )
    assert (
        judged("clock_offset", with_device(clock=device_clock(offset_s=7.0, round_trip_s=2.0))).outcome
        is OPEN
    )


@pytest.mark.parametrize(
    ("shown_s", "zone", "outcome", "message_key"),
    [
        (25200, "CST-7", PASS, "zone_good"),
        (25200, None, PASS, "zone_good"),
        (25200, "GMT+07:00", PASS, "zone_good"),  # the wrong sign on paper, the right time on the wall
        (25199, "CST-7", FAIL, "zone_wrong"),
        (25201, "CST-7", FAIL, "zone_wrong"),
        (0, "UTC0", FAIL, "zone_wrong"),
        (28800, "CST-8", FAIL, "zone_wrong"),
        (None, "CST-7", PASS, "zone_good"),
        (None, "ICT-07:00:00", PASS, "zone_good"),
        (None, "<+07>-7", PASS, "zone_good"),
        (None, "CST-8", FAIL, "zone_wrong"),
        (None, "EST5EDT,M3.2.0,M11.1.0", FAIL, "zone_wrong"),
        (None, "IST-5:30", FAIL, "zone_wrong"),
        (None, "GMT+07:00", OPEN, "zone_sign"),
        (None, "Asia/Ho_Chi_Minh", OPEN, "zone_unknown"),
        (None, "", OPEN, "zone_unknown"),
        (None, None, OPEN, "zone_unknown"),
    ],
)
def test_time_zone(shown_s: int | None, zone: str | None, outcome: Outcome, message_key: str) -> None:
    finding = judged("time_zone", with_device(clock=device_clock(utc_offset_s=shown_s, time_zone=zone)))
    assert (finding.outcome, key(finding)) == (outcome, message_key)


def test_daylight_saving_in_the_right_zone_is_a_warning() -> None:
    assert judged("time_zone", with_device(clock=device_clock(daylight_savings=True))).outcome is WARN


def test_half_hours_of_a_zone_are_read() -> None:
    camera = with_device(clock=device_clock(utc_offset_s=None, time_zone="IST-5:30"))
    assert judged("time_zone", camera, utc_offset_s=19_800.0).outcome is PASS
    assert judged("time_zone", camera).observed == 19_800


# ---------- recording and answers ----------


@pytest.mark.parametrize(
    "recording",
    [None, fault(FaultCode.UNSUPPORTED), RecordingFacts(None, None, 0), RecordingFacts(NOW, NOW, 1)],
)
def test_a_single_cameras_memory_card_leaves_retention_to_a_person(recording: Any) -> None:
    finding = judged("retention", with_device(recording=recording))
    assert (finding.outcome, finding.manual, key(finding)) == (OPEN, True, "manual_open")


def answer(met: bool = True, on: date = date(2026, 11, 1), expires: date | None = None) -> ManualAnswer:
    return ManualAnswer("REC-MAX", met, "Cô Hạnh", on, expires)


@pytest.mark.parametrize(
    ("manual_answer", "outcome", "message_key"),
    [
        (answer(), PASS, "manual_met"),
        (answer(met=False), FAIL, "manual_not_met"),
        (answer(on=date(2026, 11, 23)), PASS, "manual_met"),  # today on the wall in Vietnam
        (answer(on=date(2026, 11, 24)), OPEN, "manual_future"),
        (answer(expires=date(2026, 11, 23)), PASS, "manual_met"),
        (answer(expires=date(2026, 11, 22)), OPEN, "manual_expired"),
        (answer(met=False, expires=date(2026, 11, 22)), OPEN, "manual_expired"),
        (answer(on=date(2025, 11, 23)), PASS, "manual_met"),  # 365 days
        (answer(on=date(2025, 11, 22)), OPEN, "manual_expired"),
        (None, OPEN, "manual_open"),
    ],
)
def test_answers_hold_until_they_expire(
    manual_answer: ManualAnswer | None, outcome: Outcome, message_key: str
) -> None:
    finding = judged(
        "site_answer", site=site_facts(answers=(manual_answer,) if manual_answer else ()), valid_days=365
    )
    assert finding.rule == "REC-MAX"
    assert (finding.outcome, key(finding), finding.manual) == (outcome, message_key, True)


@pytest.mark.parametrize("rule", ["retention", "default_login", "accounts", "firmware"])
@pytest.mark.parametrize(
    ("met", "on", "outcome"),
    [(True, date(2026, 11, 1), PASS), (False, date(2026, 11, 1), FAIL), (True, date(2020, 1, 1), OPEN)],
)
def test_a_person_answers_where_the_network_could_not(
    rule: str, met: bool, on: date, outcome: Outcome
) -> None:
    from tests.assess.judging import row_of

    declared_site = site_facts(answers=(ManualAnswer(row_of(rule).id, met, "Cô Hạnh", on, None),))
    finding = judged(rule, camera_facts(), declared_site)
    assert (finding.outcome, finding.manual) == (outcome, True)
    if rule == "retention":
        short = with_device(recording=RecordingFacts(NOW - timedelta(days=3), NOW, 1))
        assert judged(rule, short, declared_site).outcome is outcome


def test_the_day_of_an_answer_is_that_of_vietnam() -> None:
    late = NOW.replace(hour=17, minute=30)  # half past midnight of the 24th in Vietnam
    finding = judged("site_answer", site=site_facts(now=late, answers=(answer(on=date(2026, 11, 24)),)))
    assert finding.outcome is PASS


@pytest.mark.parametrize(
    ("outdoor", "outdoor_only", "outcome"),
    [
        (False, True, Outcome.NOT_APPLICABLE),
        (False, False, OPEN),
        (True, True, OPEN),
        (None, True, OPEN),
    ],
)
def test_what_is_asked_outdoors_does_not_apply_indoors(
    outdoor: bool | None, outdoor_only: bool, outcome: Outcome
) -> None:
    camera = camera_facts(declaration=Declaration(outdoor=outdoor))
    assert judged("camera_answer", camera, outdoor_only=outdoor_only).outcome is outcome
    assert judged("camera_answer", camera_facts(), outdoor_only=outdoor_only).outcome is OPEN
    # asked of every camera unless the row says otherwise
    assert judged("camera_answer", camera).outcome is OPEN


def test_only_the_row_about_outdoor_housings_asks_it_outdoors_only() -> None:
    from tests.assess.judging import shipped

    assert [row.id for row in shipped().rows if dict(row.parameters).get("outdoor_only")] == ["PHY-IP"]


def test_the_newest_answer_counts_and_the_cameras_own_before_the_schools() -> None:
    row = "IMG-LUX"
    old = ManualAnswer(row, True, "A", date(2026, 1, 1), None)
    new = ManualAnswer(row, False, "B", date(2026, 6, 1), None)
    other = ManualAnswer("IMG-WDR", True, "C", date(2026, 7, 1), None)
    own = Declaration(answers=(old, new, other))
    assert judged("camera_answer", camera_facts(declaration=own)).outcome is FAIL
    school = site_facts(answers=(ManualAnswer(row, False, "D", date(2026, 11, 1), None),))
    assert (
        judged("camera_answer", camera_facts(declaration=Declaration(answers=(old,))), school).outcome is PASS
    )
    assert judged("camera_answer", camera_facts(), school).outcome is FAIL
    assert judged("camera_answer", camera_facts(declaration=Declaration(answers=(other,)))).outcome is OPEN


# ---------- security ----------


@pytest.mark.parametrize(
    ("trial", "outcome", "manual"),
    [
        (None, OPEN, True),
        (DefaultLoginTrial(0, None), OPEN, True),
        (DefaultLoginTrial(0, None, fault(FaultCode.LOCKED_OUT)), OPEN, True),
        (DefaultLoginTrial(1, "admin"), FAIL, False),
        (DefaultLoginTrial(2, None), PASS, False),
        (DefaultLoginTrial(1, None, fault(FaultCode.LOCKED_OUT)), OPEN, False),
    ],
)
def test_default_login(trial: DefaultLoginTrial | None, outcome: Outcome, manual: bool) -> None:
    finding = judged("default_login", with_device(default_login=trial))
    assert (finding.outcome, finding.manual, finding.required) == (outcome, manual, True)


@pytest.mark.parametrize(
    ("asked", "answered", "outcome"),
    [
        (("GetProfiles",), (), PASS),
        (("GetProfiles",), ("GetProfiles",), FAIL),
        (("GetProfiles",), ("GetServices", "GetSystemDateAndTime"), PASS),  # allowed before authentication
        (("GetServices",), (), OPEN),  # nothing that needs a log-in was tried
        ((), (), OPEN),
        ((), ("GetUsers",), FAIL),
    ],
)
def test_anonymous_onvif(asked: tuple[str, ...], answered: tuple[str, ...], outcome: Outcome) -> None:
    assert (
        judged("anonymous_onvif", with_device(anonymous=AnonymousAccess(asked, answered))).outcome is outcome
    )


@pytest.mark.parametrize(
    ("answered", "outcome", "key"),
    [
        ((), WARN, "password_in_address"),
        (("GetDeviceInformation",), FAIL, "password_in_address"),
        (("GetProfiles", "GetStreamUri"), FAIL, "password_for_all"),
    ],
)
def test_a_password_in_the_stream_address_is_told(
    answered: tuple[str, ...], outcome: Outcome, key: str
) -> None:
    """yi-hack-MStar#56: anonymous ONVIF returned an RTSP address with the log-in inside."""
    media = MediaFacts("media2", (media_profile(uri_had_credentials=True),))
    asked = ("GetProfiles", "GetStreamUri", "GetDeviceInformation")
    finding = judged("anonymous_onvif", with_device(media=media, anonymous=AnonymousAccess(asked, answered)))
    assert (finding.outcome, finding.message.key) == (outcome, f"findings.{key}")


def test_every_open_operation_is_named() -> None:
    both = ("GetProfiles", "GetUsers")
    finding = judged("anonymous_onvif", with_device(anonymous=AnonymousAccess(both, both)))
    assert dict(finding.message.args) == {"operations": "GetProfiles, GetUsers"} and finding.observed == both


def test_one_open_stream_is_one_too_many_and_the_main_stream_must_be_tried() -> None:
    from tests.builders import sub_stream

    shut, ajar, untold = (stream_access(anonymous=value) for value in (False, True, None))

    def outcome(main: Any, sub: Any) -> Outcome:
        camera = camera_facts(streams=(stream_facts(access=main), sub_stream(access=sub)))
        return judged("anonymous_stream", camera).outcome

    assert outcome(shut, shut) is WARN  # the snapshot was not tried
    assert outcome(shut, None) is WARN
    assert outcome(shut, ajar) is FAIL
    assert outcome(ajar, shut) is FAIL
    assert outcome(None, shut) is OPEN
    assert outcome(untold, shut) is OPEN
    assert judged("anonymous_stream", camera_facts(streams=())).outcome is OPEN


@pytest.mark.parametrize(
    ("snapshot", "anonymous", "outcome", "message_key"),
    [
        (None, False, WARN, "stream_closed_snapshot_untried"),
        (SnapshotAccess(False, 401), False, PASS, "stream_closed"),
        (fault(FaultCode.NOT_FOUND), False, WARN, "stream_closed_snapshot_untold"),
        (SnapshotAccess(True, 200), False, FAIL, "snapshot_open"),
        (SnapshotAccess(True, 200), None, FAIL, "snapshot_open"),
        (SnapshotAccess(False, 401), None, OPEN, "absent_access"),
        (SnapshotAccess(False, 401), True, FAIL, "stream_open"),
    ],
)
def test_a_snapshot_that_anybody_can_take_fails(
    snapshot: Any, anonymous: Any, outcome: Any, message_key: str
) -> None:
    access = stream_access(anonymous=anonymous) if anonymous is not None else None
    camera = camera_facts(device=device_facts(snapshot=snapshot), streams=(stream_facts(access=access),))
    finding = judged("anonymous_stream", camera)
    assert (finding.outcome, finding.message.key) == (outcome, f"findings.{message_key}")


@pytest.mark.parametrize(
    ("ports", "outcome", "message_key"),
    [
        (PortFacts((554,), DENIED, ()), PASS, "ports_closed"),
        (PortFacts((554, 80), DENIED, ()), WARN, "ports_doubtful"),
        (PortFacts((22,), DENIED, ()), WARN, "ports_doubtful"),
        (PortFacts((23,), DENIED[2:], (21,)), FAIL, "ports_open"),
        (PortFacts((80,), DENIED[1:], (21,)), OPEN, "ports_silent"),
        (PortFacts((), DENIED[1:], ()), OPEN, "ports_silent"),  # 21 was not tried
        (PortFacts((), (), ()), OPEN, "ports_silent"),
    ],
)
def test_open_ports(ports: PortFacts, outcome: Outcome, message_key: str) -> None:
    finding = judged("open_ports", with_device(ports=ports))
    assert (finding.outcome, key(finding)) == (outcome, message_key)


LIST = (("acme", "AC-*", "V5.7.*", "allow"), ("Acme", "*", "*", "deny"))


@pytest.mark.parametrize(
    ("version", "model", "outcome", "manual"),
    [
        ("V5.7.3 build 220112", "AC-2143", PASS, False),
        ("V5.6.0", "AC-2143", FAIL, False),
        ("V5.7.3", "ZZ", FAIL, False),
        (None, "AC-2143", OPEN, False),
        ("", "AC-2143", OPEN, False),
    ],
)
def test_firmware_by_the_list(version: str | None, model: str, outcome: Outcome, manual: bool) -> None:
    camera = with_device(information=device_information(firmware=version, model=model))
    finding = judged("firmware", camera, site_facts(firmware=LIST))
    assert (finding.outcome, finding.manual) == (outcome, manual)


def test_a_maker_that_says_nothing_fits_only_a_pattern_that_takes_all() -> None:
    nameless = with_device(information=device_information(manufacturer=None))
    assert judged("firmware", nameless, site_facts(firmware=(("*", "*", "*", "allow"),))).outcome is PASS
    assert judged("firmware", nameless, site_facts(firmware=(("?*", "*", "*", "allow"),))).outcome is OPEN


def test_firmware_beside_the_list_is_for_a_person() -> None:
    other = with_device(information=device_information(manufacturer=None))
    finding = judged("firmware", other, site_facts(firmware=LIST))
    assert (finding.outcome, finding.manual, finding.observed) == (OPEN, True, "V5.7.3 build 220112")
    for met, outcome in ((True, PASS), (False, FAIL)):
        answered = site_facts(answers=(ManualAnswer("SEC-FW", met, "A", date(2026, 11, 1), None),))
        assert judged("firmware", other, answered).outcome is outcome


@pytest.mark.parametrize(
    ("levels", "outcome", "manual"),
    [
        (None, OPEN, True),
        (("Administrator",), FAIL, False),
        (("Administrator", "User"), PASS, False),
        (("Operator",), PASS, False),
        (("Administrator", "Administrator"), FAIL, False),
        (
            ("Administrator", "Extended", "Anonymous"),
            OPEN,
            True,
        ),  # a level of the maker's own may be a low one
        ((), OPEN, True),  # an empty list is no list: somebody must have let us in
    ],
)
def test_accounts(levels: tuple[str, ...] | None, outcome: Outcome, manual: bool) -> None:
    users = None if levels is None else tuple(DeviceUser(f"u{n}", level) for n, level in enumerate(levels))
    finding = judged("accounts", with_device(users=users))
    assert (finding.outcome, finding.manual) == (outcome, manual)
    assert "u0" not in str(finding)  # names of accounts are never published


STRONG = ("digest-sha-256", "digest-md5")


@pytest.mark.parametrize(
    ("onvif", "rtsp", "outcome"),
    [
        (STRONG, STRONG, PASS),
        (("digest-sha-512-256",), STRONG, PASS),
        (("digest-md5",), STRONG, WARN),
        (STRONG, ("digest-md5",), WARN),
        (STRONG, ("basic",), FAIL),
        (("basic",), STRONG, FAIL),
        (STRONG, ("basic", "digest-md5"), WARN),
        ((), STRONG, OPEN),  # never challenged: not known
        ((), ("basic",), FAIL),
        (STRONG, (), OPEN),  # refused without a challenge: what RTSP takes was not seen
    ],
)
def test_login_scheme(onvif: tuple[str, ...], rtsp: tuple[str, ...], outcome: Outcome) -> None:
    camera = camera_facts(
        device=device_facts(login=Login("http-digest-md5", onvif)),
        streams=(stream_facts(access=stream_access(offered=rtsp)),),
    )
    assert judged("login_scheme", camera).outcome is outcome


def test_a_device_that_only_knows_usernametoken_fails_and_an_unasked_one_is_open() -> None:
    token = Login("wsse-own-time", ())
    asked = AnonymousAccess(("GetProfiles",), ())
    finding = judged("login_scheme", with_device(login=token, anonymous=asked))
    assert (finding.outcome, dict(finding.message.args)["doors"]) == (FAIL, "ONVIF")
    assert judged("login_scheme", with_device(login=token, anonymous=None)).outcome is OPEN
    assert judged("login_scheme", with_device(login=token, anonymous=AnonymousAccess((), ()))).outcome is OPEN


def test_every_weak_door_is_named_with_what_it_offers() -> None:
    camera = camera_facts(
        device=device_facts(login=Login("wsse-own-time", ())),
        streams=(stream_facts(access=stream_access(offered=("basic",))),),
    )
    finding = judged("login_scheme", camera)
    assert dict(finding.message.args) == {"doors": "ONVIF, RTSP", "offered": "basic, ws-usernametoken"}


def test_a_door_that_lets_everybody_in_is_not_judged_by_what_it_would_offer() -> None:
    camera = with_main(access=stream_access(anonymous=True, offered=("basic",)))
    assert judged("login_scheme", camera).outcome is PASS


def test_doors_without_a_lock_are_another_rows_matter() -> None:
    everyone = AnonymousAccess(("GetProfiles",), ("GetProfiles",))
    open_device = device_facts(login=Login(None, ()), anonymous=everyone)
    streams = (stream_facts(access=stream_access(anonymous=True, offered=())),)
    assert judged("login_scheme", camera_facts(device=open_device)).outcome is PASS  # RTSP has its lock
    assert judged("login_scheme", camera_facts(device=open_device, streams=streams)).outcome is OPEN
    assert judged("login_scheme", camera_facts(streams=streams)).outcome is PASS
    assert judged("login_scheme", with_main(access=None)).outcome is OPEN


@pytest.mark.parametrize(
    ("version", "legacy", "outcome", "message_key"),
    [
        ("TLSv1.3", False, PASS, "tls_good"),
        ("TLSv1.3", True, WARN, "tls_legacy"),
        ("TLSv1.2", False, WARN, "tls_enough"),
        ("TLSv1.2", True, WARN, "tls_legacy"),
        ("TLSv1.1", False, FAIL, "tls_old"),
        ("TLSv1", False, FAIL, "tls_old"),
        ("SSLv3", False, FAIL, "tls_old"),
        ("?", False, FAIL, "tls_old"),
    ],
)
def test_https(version: str, legacy: bool, outcome: Outcome, message_key: str) -> None:
    finding = judged("https", with_device(tls=tls_facts(version=version, legacy=legacy)))
    assert (finding.outcome, key(finding), finding.observed) == (outcome, message_key, version)


def test_ssl_is_older_than_any_tls_that_a_profile_may_accept() -> None:
    old = with_device(tls=tls_facts(version="SSLv3"))
    assert judged("https", old, minimum_tls="1.0", recommended_tls="1.0").outcome is FAIL
    for version in ("TLSv1", "TLSv1.1"):
        later = with_device(tls=tls_facts(version=version))
        assert judged("https", later, minimum_tls="1.0", recommended_tls="1.0").outcome is PASS
    first = with_device(tls=tls_facts(version="TLSv1"))
    assert judged("https", first, minimum_tls="1.1").outcome is FAIL


def protocols(https: bool | None) -> Any:
    from dataclasses import replace

    rows = () if https is None else (NetworkProtocol("https", https, (443,)),)
    return replace(device_facts().network, protocols=(NetworkProtocol("HTTP", True, (80,)), *rows))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("tls", "network", "outcome", "message_key"),
    [
        (None, protocols(None), FAIL, "https_none"),
        (None, protocols(False), FAIL, "https_off"),
        (None, protocols(True), OPEN, "absent_tls"),
        (None, fault(), OPEN, "fault_timeout"),
        (fault(FaultCode.REFUSED), protocols(None), FAIL, "https_none"),
        (fault(FaultCode.UNSUPPORTED), fault(), FAIL, "https_none"),
        (fault(FaultCode.TLS_FAILED), protocols(True), OPEN, "fault_tls_failed"),
        (fault(FaultCode.TIMEOUT), protocols(None), OPEN, "fault_timeout"),
    ],
)
def test_https_that_is_not_there(tls: Any, network: Any, outcome: Outcome, message_key: str) -> None:
    finding = judged("https", with_device(tls=tls, network=network))
    assert (finding.outcome, key(finding)) == (outcome, message_key)


def test_a_dead_device_says_nothing_about_https() -> None:
    finding = judged("https", camera_facts(device=fault(FaultCode.REFUSED)))
    assert (finding.outcome, key(finding)) == (OPEN, "fault_refused")


@pytest.mark.parametrize(
    ("changes", "outcome", "message_key"),
    [
        ({"key_bits": 3072}, PASS, "certificate_good"),
        ({"key_bits": 3071}, WARN, "certificate_enough"),
        ({"key_bits": 2048}, WARN, "certificate_enough"),
        ({"key_bits": 2047}, FAIL, "certificate_short_key"),
        ({"key_kind": "ec", "key_bits": 256}, PASS, "certificate_good"),
        ({"key_kind": "ec", "key_bits": 255}, FAIL, "certificate_short_key"),
        ({"not_after": NOW}, PASS, "certificate_good"),
        ({"not_after": NOW - timedelta(seconds=1)}, FAIL, "certificate_expired"),
        ({"not_before": NOW}, PASS, "certificate_good"),
        ({"not_before": NOW + timedelta(seconds=1)}, FAIL, "certificate_early"),
        ({"signature_hash": "sha1"}, FAIL, "certificate_weak_hash"),
        ({"signature_hash": "md5"}, FAIL, "certificate_weak_hash"),
        ({"signature_hash": None}, PASS, "certificate_good"),
        ({"pinned_fingerprint": "cd" * 32}, WARN, "certificate_changed"),
        ({"pinned_fingerprint": "ab" * 32}, PASS, "certificate_good"),
        ({"pinned_fingerprint": "cd" * 32, "key_bits": 1024}, FAIL, "certificate_short_key"),
    ],
)
def test_certificate(changes: dict[str, Any], outcome: Outcome, message_key: str) -> None:
    finding = judged("certificate", with_device(tls=tls_facts(**changes)))
    assert (finding.outcome, key(finding), finding.unit) == (outcome, message_key, "bit")


def test_a_key_that_other_devices_have_too_fails() -> None:
    finding = judged("certificate", camera_facts(shared_fingerprints=1))
    assert (finding.outcome, key(finding)) == (FAIL, "certificate_shared")
