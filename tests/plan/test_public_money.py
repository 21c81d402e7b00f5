"""No money and no menu for a reason that would not hold: options that lie, and changes that mend nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from camagent.assess.engine import assess
from camagent.model.device import Login, MediaFacts, NetworkFacts, NetworkProtocol, ServiceCapabilities
from camagent.model.fault import FaultCode
from camagent.model.finding import Action, Outcome, Severity, Upgrade
from camagent.model.scan_result import CameraFacts, Declaration
from camagent.plan.bounds import bounds_of, outcomes_of
from camagent.plan.encoder import Ability, choose_encoder
from camagent.plan.upgrade import plan_upgrade
from camagent.text import both
from tests.builders import (
    camera_facts,
    device_facts,
    encoder_options,
    encoder_settings,
    fault,
    finding,
    media_profile,
    site_facts,
    stream_access,
    stream_facts,
    sub_profile,
    tls_facts,
)
from tests.plan.planning import PORTS, PROFILE, camera, h264, healthy, planned

LONG_GOP = {"gop_length_frames": 400, "gop_length_s": 16.0}


def keys(plan: Upgrade) -> list[str]:
    assert all(both(text).vi and both(text).en for text in plan.steps)
    return [text.key.rpartition(".")[2] for text in plan.steps]


def chosen(subject: CameraFacts, *also: Any) -> Any:
    return choose_encoder(subject, (*assess(PROFILE, subject, site_facts()), *also))


def test_1072_lines_that_were_let_pass_are_enough_for_the_plan_too() -> None:
    only = (encoder_options(resolutions=((1920, 1072), (1280, 720))),)
    subject = camera(only, width_px=1920, height_px=1072, **LONG_GOP)  # type: ignore[arg-type]
    proposal = chosen(subject)
    assert (proposal.ability, [s.name for s in proposal.settings]) == (Ability.YES, ["gop"])
    upright = camera(
        (encoder_options(resolutions=((1072, 1920), (720, 1280))),),
        width_px=1072,
        height_px=1920,
        **LONG_GOP,  # type: ignore[arg-type]
    )
    assert chosen(upright).ability is Ability.YES
    bad = camera(only, width_px=1280, height_px=720)
    assert (chosen(bad).ability, planned(bad).action) == (Ability.NO, Action.REPLACE)


def test_a_rate_that_was_let_pass_is_enough_for_the_plan_too() -> None:
    ntsc = (encoder_options(frame_rates_hz=(19.98, 15.0)),)
    subject = camera(
        ntsc,
        frame_rate_hz=19.98,
        measured={"frame_rate_hz": 19.99, "arrival_frame_rate_hz": 19.99},
        **LONG_GOP,  # type: ignore[arg-type]
    )
    proposal = chosen(subject)
    assert (proposal.ability, [s.name for s in proposal.settings]) == (Ability.YES, ["gop"])
    failing = camera(ntsc, frame_rate_hz=15.0)
    assert (chosen(failing).ability, planned(failing).action) == (Ability.NO, Action.REPLACE)


def test_what_was_measured_never_raises_a_bound() -> None:
    bounds = bounds_of(assess(PROFILE, camera(), site_facts()))
    assert (bounds.minimum_px, bounds.minimum_hz) == ((1920, 1080), 20.0)
    low = camera(width_px=1280, height_px=720, frame_rate_hz=12.0)
    bounds = bounds_of(assess(PROFILE, low, site_facts()))
    assert (bounds.minimum_px, bounds.minimum_hz) == ((1920, 1080), 20.0)
    met = finding(check="frame_rate", outcome=Outcome.WARN, required=20.0, observed=19.9, uncertainty=None)
    assert bounds_of((met,)).minimum_hz == 19.9
    assert bounds_of((replace(met, uncertainty=0.05),)).minimum_hz == pytest.approx(19.85)
    assert bounds_of((replace(met, observed="?"),)).minimum_hz == 20.0
    size = finding(check="resolution", outcome=Outcome.PASS, required=(1920, 1080), observed=(1900, 1200))
    assert bounds_of((size,)).minimum_px == (1900, 1080)
    assert bounds_of((replace(size, observed=None),)).minimum_px == (1920, 1080)
    assert bounds_of((replace(size, observed=(1, 2, 3)),)).minimum_px == (1920, 1080)


@pytest.mark.parametrize(
    ("options", "ability"),
    [
        ({"resolutions": ((1280, 720),)}, Ability.UNKNOWN),
        ({"frame_rates_hz": (15.0,)}, Ability.UNKNOWN),
        ({"frame_rates_hz": (15.0,), "resolutions": ((1280, 720),)}, Ability.UNKNOWN),
    ],
)
def test_options_that_deny_what_the_camera_is_seen_to_send_buy_nothing(
    options: Any, ability: Ability
) -> None:
    subject = camera((encoder_options(**options),), **LONG_GOP)  # type: ignore[arg-type]
    assert chosen(subject).ability is ability
    too_long = finding(check="keyframe_interval", outcome=Outcome.FAIL, severity=Severity.MAJOR, required=4.0)
    passing = [
        f for f in assess(PROFILE, subject, site_facts()) if f.check in ("resolution", "frame_rate", "codec")
    ]
    plan = plan_upgrade(subject, (*passing, too_long), None)
    assert (plan.action, keys(plan)) == (Action.INVESTIGATE, ["options_unread"])


def test_options_that_deny_what_is_asked_and_never_was_sent_are_believed() -> None:
    subject = camera(
        (encoder_options(resolutions=((1280, 720), (640, 360)), frame_rates_hz=(15.0, 25.0)),),
        width_px=1280,
        height_px=720,
    )
    assert (chosen(subject).ability, planned(subject).action) == (Ability.NO, Action.REPLACE)
    other = camera((h264(resolutions=((1280, 720), (640, 360))),), codec="mjpeg")
    assert chosen(other).ability is Ability.NO  # what MJPEG was seen to send says nothing about H.264


def test_a_recorders_options_do_not_condemn_the_camera_behind_it() -> None:
    subject = camera((encoder_options(resolutions=((1280, 720), (640, 360))),), width_px=1280, height_px=720)
    alone = planned(subject)
    assert alone.action is Action.REPLACE and alone.tender is not None
    device: Any = subject.device
    other = sub_profile(video_source="VS2")
    channels = replace(device, media=MediaFacts("media2", (*device.media.profiles, other)))
    plan = planned(replace(subject, device=channels, video_source="VS1"))
    assert (plan.action, keys(plan), plan.tender) == (Action.INVESTIGATE, ["recorder_options"], None)


def test_a_change_that_does_not_touch_the_fault_mends_nothing() -> None:
    """The size is set right but another one is sent: lowering the bit-rate limit would not help."""
    subject = camera(bitrate_bps=12_000_000, measured={"width_px": 640, "height_px": 360, "bitrate_bps": 3e6})
    assert [s.name for s in chosen(subject).settings] == ["bitrate"]
    plan = planned(subject)
    assert (plan.action, keys(plan), plan.settings) == (Action.INVESTIGATE, ["encoder_ignores_settings"], ())


@pytest.mark.parametrize(
    ("now", "settings"),
    [
        (None, ["codec", "gop"]),
        (101, ["codec", "gop"]),
        (100, ["codec"]),
        (50, ["codec"]),
    ],
)
def test_another_codec_does_not_bring_a_long_gop_along(now: int | None, settings: list[str]) -> None:
    subject = camera((h264(),), codec="mjpeg", gop_length_frames=now)
    assert [s.name for s in chosen(subject).settings] == settings
    assert [s.then for s in chosen(subject).settings if s.name == "gop"] == [100] * ("gop" in settings)
    same = camera((h264(),), codec="h264", gop_length_frames=now, width_px=1280, height_px=720)
    assert [s.name for s in chosen(same).settings] == [
        "resolution",
        "bitrate",
    ]  # today's GOP was seen to be short enough
    unknown = camera((h264(gop_range_frames=None),), codec="mjpeg", gop_length_frames=now)
    assert [s.name for s in chosen(unknown).settings] == ["codec"]  # cannot be named, and keeps nothing back


def test_another_codec_needs_no_more_bits_than_the_old_one() -> None:
    for now in (512_000, 2_000_000, 8_000_000, 20_000_000):
        subject = camera(
            (h264(bitrate_range_bps=None),),
            codec="mjpeg",
            width_px=640,
            height_px=360,
            frame_rate_hz=5.0,
            bitrate_bps=now,
        )
        proposal = chosen(subject)
        assert (
            proposal.ability is Ability.YES
            and proposal.limit_bps is not None
            and proposal.limit_bps <= min(now, 8_000_000)
        )


@pytest.mark.parametrize(("interval", "steps"), [(None, []), (1, []), (2, ["encoding_interval"])])
def test_a_camera_that_skips_frames_by_its_own_setting_is_told_so(
    interval: int | None, steps: list[str]
) -> None:
    slow = {"frame_rate_hz": 12.5, "arrival_frame_rate_hz": 12.5, "frames": 125}
    subject = camera(measured=slow, encoding_interval=interval)
    plan = planned(subject)
    assert (plan.action, keys(plan)) == (Action.INVESTIGATE, [*steps, "rate_not_kept"])
    assert not steps or dict(plan.steps[0].args) == {"interval": 2}


@pytest.mark.parametrize(
    ("network", "action", "steps"),
    [
        (fault(FaultCode.AUTH_REQUIRED), Action.INVESTIGATE, "https_unread"),
        ({"protocols": None}, Action.INVESTIGATE, "https_unread"),
        ({"protocols": (NetworkProtocol("HTTPS", True, (443,)),)}, Action.INVESTIGATE, "https_dead_remedy"),
        ({"protocols": (NetworkProtocol("HTTPS", False, (443,)),)}, Action.RECONFIGURE, "switch_https_on"),
        ({"protocols": (NetworkProtocol("HTTP", True, (80,)),)}, Action.INVESTIGATE, "https_unread"),
    ],
)
def test_https_that_may_only_be_off_does_not_ask_for_firmware(
    network: Any, action: Action, steps: str
) -> None:
    facts = network if not isinstance(network, dict) else replace(device_facts().network, **network)
    plan = planned(healthy(tls=fault(FaultCode.REFUSED), network=facts))
    assert plan.action is action and steps in keys(plan)


def test_an_old_tls_version_asks_for_firmware_whatever_is_listed() -> None:
    for protocols in (None, (NetworkProtocol("HTTPS", True, (443,)),)):
        network = NetworkFacts(protocols=protocols, ntp_from_dhcp=False, ntp_servers=("192.0.2.1",))
        plan = planned(healthy(tls=tls_facts(version="TLSv1"), network=network))
        assert (plan.action, keys(plan)) == (Action.UPDATE_FIRMWARE, ["firmware_for_https"])


def test_basic_alone_is_a_menus_choice_and_usernametoken_alone_is_not() -> None:
    basic = camera_facts(
        device=device_facts(ports=PORTS), streams=(stream_facts(access=stream_access(offered=("basic",))),)
    )
    plan = planned(basic)
    assert (plan.action, keys(plan)) == (Action.RECONFIGURE, ["set_digest"])
    plan = planned(healthy(login=Login("wsse-device-time", ())))
    assert (plan.action, keys(plan)) == (Action.INVESTIGATE, ["digest_unread"])  # it may be a setting
    without = ServiceCapabilities(http_digest=False)
    plan = planned(healthy(login=Login("wsse-device-time", ()), capabilities=without))
    assert (plan.action, keys(plan), plan.certain) == (Action.UPDATE_FIRMWARE, ["firmware_for_digest"], False)
    stated = ServiceCapabilities(http_digest=True, digest_hashes=("MD5", "SHA-256"))
    assert planned(healthy(login=Login("wsse-device-time", ()), capabilities=stated)).action is Action.NONE
    device = device_facts(ports=PORTS, capabilities=stated)
    basic = camera_facts(device=device, streams=(stream_facts(access=stream_access(offered=("basic",))),))
    assert planned(basic).action is Action.RECONFIGURE


@pytest.mark.parametrize(
    ("versions", "protocols", "action", "steps"),
    [
        (("TLSv1.2",), None, Action.RECONFIGURE, "switch_https_on"),
        ((), (), Action.UPDATE_FIRMWARE, "firmware_for_https"),
        ((), None, Action.UPDATE_FIRMWARE, "firmware_for_https"),
        (None, (), Action.INVESTIGATE, "https_unread"),
        ((), (NetworkProtocol("HTTPS", False, (8443,)),), Action.RECONFIGURE, "switch_https_on"),
    ],
)
def test_firmware_is_asked_for_only_where_the_device_says_that_no_setting_can_do_it(
    versions: Any, protocols: Any, action: Action, steps: str
) -> None:
    network = replace(device_facts().network, protocols=protocols)
    claims = ServiceCapabilities(tls_versions=versions)
    plan = planned(healthy(tls=fault(FaultCode.REFUSED), network=network, capabilities=claims))
    assert (plan.action, plan.certain) == (action, False) and steps in keys(plan)
    if protocols:
        assert '"Port": [8443]' in str(plan.settings[0].call)


def test_an_old_tls_version_is_a_setting_where_the_device_states_a_newer_one() -> None:
    claims = ServiceCapabilities(tls_versions=("TLSv1", "TLSv1.2"))
    plan = planned(healthy(tls=tls_facts(version="TLSv1"), capabilities=claims))
    assert (plan.action, keys(plan)) == (Action.RECONFIGURE, ["set_tls"])


def test_the_main_profile_of_a_recorders_channel_is_the_one_that_was_watched() -> None:
    small = media_profile(
        token="P1", options=(encoder_options(),), encoder=encoder_settings(width_px=1280, height_px=720)
    )
    other = media_profile(token="P9", video_source="VS2", encoder=encoder_settings(token="E9"))
    sent = camera(width_px=1280, height_px=720).streams
    device = device_facts(ports=PORTS, media=MediaFacts("media2", (other, small)))
    plan = planned(camera_facts(device=device, streams=sent, video_source="VS1"))
    assert plan.action is Action.RECONFIGURE
    assert [setting.then for setting in plan.settings][0] == (1920, 1080)


def watched(width_m: float, task: str = "gate", **now: Any) -> CameraFacts:
    return replace(camera(**now), declaration=Declaration(task=task, scene_width_m=width_m))


def dense(subject: CameraFacts, severity: Severity = Severity.MAJOR) -> Upgrade:
    findings = assess(PROFILE, subject, site_facts())
    return plan_upgrade(
        subject,
        tuple(replace(f, severity=severity) if f.check == "pixel_density" else f for f in findings),
        None,
    )


@pytest.mark.parametrize(
    ("width_m", "action", "then"),
    [
        (
            5.12,
            Action.RECONFIGURE,
            (2560, 1440),
        ),  # 500 px/m over 5.12 m: just the largest size that is offered
        (5.13, Action.FIX_PICTURE, None),  # no size suffices: the scene has to become narrower
        (3.84, Action.NONE, None),
    ],
)
def test_more_pixels_are_set_before_a_lens_is_touched(width_m: float, action: Action, then: Any) -> None:
    plan = dense(watched(width_m, width_px=1920, height_px=1080))
    assert plan.action is action
    assert [s.then for s in plan.settings if s.name == "resolution"] == ([then] if then else [])
    assert not plan.certain  # one look is not enough
    steps = {
        Action.FIX_PICTURE: ["narrow_scene"],
        Action.RECONFIGURE: ["reconfigure_encoder"],
        Action.NONE: [],
    }
    assert keys(plan) == steps[action]


def test_a_density_that_no_size_reaches_never_replaces_a_camera() -> None:
    for width_m in (5.13, 50.0):
        assert dense(watched(width_m)).action is Action.FIX_PICTURE
    small = watched(50.0, width_px=1280, height_px=720)
    assert [s.then for s in dense(small).settings][0] == (1920, 1080)  # what the resolution row asks, no more
    assert dense(small).action is Action.FIX_PICTURE


def test_size_and_density_are_met_by_one_size() -> None:
    plan = dense(watched(5.0, width_px=1280, height_px=720))
    assert (plan.action, [s.then for s in plan.settings]) == (
        Action.RECONFIGURE,
        [(2560, 1440), 8_000_000],
    )


def test_a_minor_density_is_mended_along_while_somebody_is_in_the_menus() -> None:
    alone = dense(watched(5.0, width_px=1920, height_px=1080), Severity.MINOR)
    assert alone.action is Action.NONE
    along = dense(watched(5.0, width_px=1920, height_px=1080, frame_rate_hz=12.0), Severity.MINOR)
    assert {s.name: s.then for s in along.settings} == {
        "resolution": (2560, 1440),
        "frame_rate": 20.0,
        "bitrate": 8_000_000,
    }
    assert "IMG-PXD" in along.rules


def test_a_profile_that_only_asks_density_sets_the_size_or_leaves_it() -> None:
    subject = watched(5.0, width_px=1920, height_px=1080)
    low = finding(check="pixel_density", outcome=Outcome.FAIL, required=500.0)
    assert [s.then for s in choose_encoder(subject, (low,)).settings if s.name != "bitrate"] == [(2560, 1440)]
    assert choose_encoder(subject, (replace(low, required=501.0 * 1.024),)).settings == ()
    assert choose_encoder(subject, (replace(low, required=None),)).settings == ()
    assert choose_encoder(replace(subject, declaration=None), (low,)).settings == ()
    blind = watched(5.0, options=(encoder_options(resolutions=()),), width_px=1920, height_px=1080)
    assert (
        choose_encoder(blind, (low,)).ability is Ability.YES and choose_encoder(blind, (low,)).settings == ()
    )


def test_an_upright_picture_counts_its_short_side() -> None:
    upright = {"width_px": 1080, "height_px": 1920}
    subject = watched(2.88, width_px=1920, height_px=1080, measured=upright)
    # 1440 px over 2.88 m are 500 px/m
    assert [s.then for s in dense(subject).settings if s.name != "bitrate"] == [(2560, 1440)]
    wider = watched(2.89, width_px=1920, height_px=1080, measured=upright)
    assert dense(wider).action is Action.FIX_PICTURE
    upright_set = watched(
        2.88,
        options=(encoder_options(resolutions=((1440, 2560), (1080, 1920))),),
        **upright,  # type: ignore[arg-type]
    )
    assert [s.then for s in dense(upright_set).settings if s.name != "bitrate"] == [(1440, 2560)]


@pytest.mark.parametrize(
    ("sent", "now", "then"),
    [
        ((1080, 1920), (1920, 1080), None),  # turned: 1440 px would be across, too few
        ((1080, 1080), (1920, 1080), (2560, 1440)),  # a square hangs no way round
        ((1920, 1080), (1920, 1080), (2560, 1440)),
        ((None, 1920), (1920, 1080), (2560, 1440)),  # not known: as the options write it
        ((1080, None), (1920, 1080), (2560, 1440)),
        ((1080, 1920), (None, 1080), (2560, 1440)),
        ((1080, 1920), (1920, None), (2560, 1440)),
        ((1080, 1920), (1080, 1080), None),
    ],
)
def test_a_picture_is_turned_only_where_both_sizes_say_so(sent: Any, now: Any, then: Any) -> None:
    measured = {"width_px": sent[0], "height_px": sent[1]}
    subject = watched(5.0, width_px=now[0], height_px=now[1], measured=measured)
    low = finding(check="pixel_density", outcome=Outcome.FAIL, required=400.0)  # 2000 px across
    assert [s.then for s in choose_encoder(subject, (low,)).settings if s.name != "bitrate"] == (
        [then] if then else []
    )


def test_of_several_rows_with_one_check_the_strictest_counts() -> None:
    def row(check: str, required: Any, **more: Any) -> Any:
        return finding(check=check, required=required, outcome=Outcome.FAIL, recommended=None, **more)

    rows = (
        row("resolution", (1920, 1080)),
        row("resolution", (1280, 1200)),
        row("codec", ("h264", "h265", "av1")),
        row("codec", ("h265", "h264")),
        row("frame_rate", 25.0),
        row("frame_rate", 20.0),
        row("keyframe_interval", 2.0),
        row("keyframe_interval", 4.0),
        row("bitrate", (1e6, 6e6)),
        row("bitrate", (1e6, 8e6)),
        row("pixel_density", 500.0),
        row("pixel_density", 250.0),
    )
    for order in (rows, rows[::-1]):
        bounds = bounds_of(order, Declaration(scene_width_m=2.0))
        assert (bounds.minimum_px, bounds.minimum_hz, bounds.maximum_gop_s) == ((1920, 1200), 25.0, 2.0)
        assert (set(bounds.codecs or ()), bounds.maximum_bps, bounds.across_px) == (
            {"h264", "h265"},
            6e6,
            1000.0,
        )
    met = finding(check="pixel_density", required=500.0, outcome=Outcome.PASS)
    assert bounds_of((met,), Declaration(scene_width_m=2.0)).across_px is None
    assert bounds_of(rows, Declaration()).across_px is None and bounds_of(rows).across_px is None


@pytest.mark.parametrize(
    ("several", "one"),
    [
        ((Outcome.PASS, Outcome.FAIL), Outcome.FAIL),
        ((Outcome.FAIL, Outcome.PASS), Outcome.FAIL),
        ((Outcome.NOT_ASSESSED, Outcome.FAIL), Outcome.FAIL),
        ((Outcome.FAIL, Outcome.NOT_ASSESSED), Outcome.FAIL),
        ((Outcome.WARN, Outcome.NOT_ASSESSED), Outcome.NOT_ASSESSED),
        ((Outcome.NOT_ASSESSED, Outcome.PASS), Outcome.NOT_ASSESSED),
        ((Outcome.PASS, Outcome.WARN), Outcome.WARN),
    ],
)
def test_of_several_outcomes_the_worst_counts(several: tuple[Outcome, ...], one: Outcome) -> None:
    assert outcomes_of([finding(check="codec", outcome=outcome) for outcome in several]) == {"codec": one}


def test_an_encoder_that_is_only_set_to_single_pictures_is_set_before_anything_is_bought() -> None:
    """The main stream is the video one, though small; the larger MJPEG profile's encoder offers what is
    asked."""
    tiny = (h264(resolutions=((640, 360), (320, 180))),)
    subject = camera(tiny, codec="h264", width_px=640, height_px=360)
    device: Any = subject.device

    def beside(options: Any) -> CameraFacts:
        encoder = encoder_settings(token="E7", codec="mjpeg", width_px=1280, height_px=720)
        jpeg = media_profile(token="P7", encoder=encoder, options=options)
        profiles = (*device.media.profiles, jpeg)
        return replace(subject, device=replace(device, media=replace(device.media, profiles=profiles)))

    plan = planned(beside((h264(), encoder_options(codec="mjpeg"))))
    assert plan.action is Action.RECONFIGURE and not plan.certain
    assert [(s.name, s.then, s.stream) for s in plan.settings][:2] == [
        ("codec", "h264", "sub"),
        ("resolution", (1920, 1080), "sub"),
    ]
    assert [text.key for text in plan.steps] == ["plan.reconfigure_single_pictures"]
    for unread in (fault(), (h264(resolutions=((1280, 720), (640, 360))),)):
        assert planned(beside(unread)).action is Action.INVESTIGATE
    # it can do nothing else
    assert planned(beside((encoder_options(codec="mjpeg"),))).action is Action.REPLACE
    assert planned(subject).action is Action.REPLACE


def test_an_encoder_of_another_stream_that_only_needs_its_codec_is_set_too() -> None:
    """1080p MJPEG beside a small video stream: the codec alone mends size and rate of what is judged."""
    subject = camera((h264(resolutions=((640, 360), (320, 180))),), codec="h264", width_px=640, height_px=360)
    device: Any = subject.device
    encoder = encoder_settings(token="E7", codec="mjpeg", width_px=1920, height_px=1080)
    jpeg = media_profile(token="P7", encoder=encoder, options=(h264(), encoder_options(codec="mjpeg")))
    media = replace(device.media, profiles=(*device.media.profiles, jpeg))
    plan = planned(replace(subject, device=replace(device, media=media)))
    assert (plan.action, [s.name for s in plan.settings]) == (Action.RECONFIGURE, ["codec"])


def test_a_single_picture_menu_without_todays_size_is_not_believed() -> None:
    foreign = (encoder_options(codec="mjpeg", resolutions=((352, 288), (176, 144))),)
    assert planned(camera(foreign, codec="mjpeg", width_px=1280, height_px=720)).action is Action.INVESTIGATE
