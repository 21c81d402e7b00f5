"""Which stream is the main one: by words before, by what was measured after; nobody takes the place of
another."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from camagent.app.requirements import load_profile
from camagent.assess.engine import assess
from camagent.model.device import DeviceTarget, MediaFacts, MediaProfile
from camagent.model.fault import FaultCode, Stage
from camagent.model.finding import Outcome, Verdict
from camagent.model.scan_result import verdict_of
from camagent.model.stream import ProfileTarget, StreamFacts, StreamRole, StreamTarget
from camagent.model.uri import StreamUri
from camagent.run.main_stream import MAX_OTHERS, MAX_WATCHED, main_first, plan_source, video_sources
from camagent.run.visit import DeviceCheck, check_device
from tests.builders import (
    ADDRESS,
    camera_facts,
    configured_stream,
    device_facts,
    encoder_settings,
    fault,
    measured_stream,
    media_profile,
    site_facts,
    stream_facts,
    stream_uri,
)
from tests.fakes import FakeWorld

PROFILE = load_profile("ubnd-3288")
SIZES: Mapping[str, tuple[int, int]] = {"main": (2560, 1440), "sub": (640, 360), "mid": (1280, 720)}


def profile(token: str, size: tuple[int, int] | None = None, **changes: Any) -> MediaProfile:
    """A profile whose stream is at /token; without a size its encoder says nothing of one."""
    width, height = size or (None, None)
    encoder = encoder_settings(
        token=f"E_{token}", width_px=width, height_px=height, codec=changes.pop("codec", "h264")
    )
    return media_profile(
        **{"token": token, "encoder": encoder, "stream_uri": stream_uri(path=f"/{token}"), **changes}
    )


def untold(code: FaultCode = FaultCode.TIMEOUT) -> Any:
    return fault(code, stage=Stage.INTERROGATE, doing="GetStreamUri")


def sends(token: str, width: int, height: int, **changes: Any) -> StreamFacts:
    target = StreamTarget(stream_uri(path=f"/{token}"), StreamRole.MAIN, token)
    return stream_facts(target=target, measured=measured_stream(width_px=width, height_px=height, **changes))


def check(profiles: tuple[MediaProfile, ...], streams: dict[str, StreamFacts] | None = None) -> DeviceCheck:
    world = FakeWorld({ADDRESS: device_facts(media=MediaFacts("media2", profiles))}, streams)
    return asyncio.run(check_device(DeviceTarget(ADDRESS), None, world.doors()))


def watched(
    profiles: tuple[MediaProfile, ...], streams: dict[str, StreamFacts], *, glances: bool
) -> tuple[DeviceCheck, list[tuple[str, StreamRole]]]:
    """The check, and which stream was watched in which role, in order."""
    world = FakeWorld({ADDRESS: device_facts(media=MediaFacts("media2", profiles))}, streams)
    doors = world.doors()
    looks: list[tuple[str, StreamRole]] = []

    async def watch(target: StreamTarget, credential: Any) -> StreamFacts:
        looks.append((target.uri.path, target.role))
        return replace(await doors.watch(target, credential), target=target)

    glancing = replace(doors, watch=watch, glances_at_subs=glances)
    return asyncio.run(check_device(DeviceTarget(ADDRESS), None, glancing)), looks


def roles(checked: DeviceCheck, source: int = 0) -> list[tuple[str, str | None]]:
    return [(s.role.value, s.target.token) for s in checked.sources[source].streams]  # type: ignore[union-attr]


def order(*profiles: MediaProfile) -> list[str]:
    return [candidate.profile.token for candidate in plan_source(profiles).candidates]


def test_the_largest_picture_is_the_main_stream_whatever_the_order() -> None:
    assert order(profile("sub", (640, 360)), profile("main", (2560, 1440))) == ["main", "sub"]


@pytest.mark.parametrize("codec", ["h264", "h265", "av1", "mpeg4", "vendor"])
def test_single_pictures_come_after_every_video_codec_however_large(codec: str) -> None:
    """Axis P3818-PVE: H.264 1920×960 beside a JPEG profile of the whole sensor."""
    jpeg = profile("jpeg", (5120, 2560), codec="mjpeg")
    assert order(jpeg, profile("video", (1920, 960), codec=codec)) == ["video", "jpeg"]
    assert order(jpeg, profile("video", codec=codec)) == [
        "video",
        "jpeg",
    ]  # also where nobody states its size
    assert order(jpeg, profile("video", (1920, 960), codec=codec, stream_uri=untold())) == ["video", "jpeg"]
    assert order(jpeg) == ["jpeg"]


def test_a_profile_whose_size_nobody_states_may_be_the_main_stream() -> None:
    assert order(profile("sub", (640, 360)), profile("silent")) == ["silent", "sub"]
    bare = media_profile(token="bare", encoder=None, stream_uri=stream_uri(path="/bare"))
    assert order(profile("sub", (640, 360)), bare) == ["bare", "sub"]
    broken = media_profile(token="broken", encoder=fault(), stream_uri=stream_uri(path="/broken"))
    assert order(profile("sub", (640, 360)), broken) == ["broken", "sub"]


@pytest.mark.parametrize(
    "code",
    [
        FaultCode.TIMEOUT,
        FaultCode.SOAP_FAULT,
        FaultCode.UNSUPPORTED,
        FaultCode.BUSY,
        FaultCode.UNREACHABLE,
        FaultCode.MALFORMED_REPLY,
        FaultCode.AUTH_REQUIRED,
        FaultCode.AUTH_REJECTED,
        FaultCode.REFUSED_BY_POLICY,
        FaultCode.BUDGET_SPENT,
        FaultCode.LOCKED_OUT,
    ],
)
def test_nobody_takes_the_place_of_a_main_stream_without_an_address(code: FaultCode) -> None:
    main = profile("main", (2560, 1440), stream_uri=untold(code))
    checked = check((main, profile("sub", (640, 360))), {"/sub": sends("sub", 640, 360)})
    assert roles(checked) == [("main", "main"), ("sub", "sub")]
    stream = checked.sources[0].streams[0]
    assert isinstance(stream.target, ProfileTarget) and stream.fault is not None and stream.fault.code is code
    assert stream.configured is not None and stream.configured.width_px == 2560
    findings = assess(PROFILE, camera_facts(streams=checked.sources[0].streams), site_facts())
    picture = {
        f.check: f.outcome
        for f in findings
        if f.check in ("resolution", "frame_rate", "codec", "stream_plays")
    }
    assert picture["resolution"] is picture["frame_rate"] is picture["stream_plays"] is Outcome.NOT_ASSESSED
    assert picture["codec"] is not Outcome.FAIL
    assert verdict_of(findings) is not Verdict.NOT_READY


def test_a_device_that_tells_no_address_at_all_shows_what_it_is_set_to() -> None:
    profiles = (
        profile("main", (1920, 1080), stream_uri=untold()),
        profile("sub", (640, 360), stream_uri=None),
    )
    streams = check(profiles).sources[0].streams
    assert [s.configured.width_px for s in streams if s.configured] == [1920, 640]
    assert [s.fault.code for s in streams if s.fault] == [FaultCode.TIMEOUT, FaultCode.UNSUPPORTED]


def test_what_was_measured_decides_between_two_that_claim_the_same() -> None:
    profiles = (profile("a", (1920, 1080)), profile("b", (1920, 1080)))
    checked = check(profiles, {"/a": sends("a", 640, 360), "/b": sends("b", 2560, 1440)})
    assert roles(checked) == [("main", "b"), ("sub", "a")]
    findings = assess(PROFILE, camera_facts(streams=checked.sources[0].streams), site_facts())
    (size,) = [f for f in findings if f.check == "resolution"]
    assert (size.outcome, size.message.key) == (Outcome.WARN, "findings.size_contradicted")


def test_what_was_measured_decides_where_the_sub_stream_claims_more() -> None:
    profiles = (profile("a", (640, 360)), profile("b", (1920, 1080)))
    checked = check(profiles, {"/a": sends("a", 2560, 1440), "/b": sends("b", 640, 360)})
    assert roles(checked) == [("main", "a"), ("sub", "b")]


def test_a_stream_that_turns_out_to_be_single_pictures_steps_back() -> None:
    profiles = (profile("a", (1920, 1080)), profile("b", (1280, 720)))
    checked = check(profiles, {"/a": sends("a", 1920, 1080, codec="mjpeg"), "/b": sends("b", 1280, 720)})
    assert roles(checked) == [("main", "b"), ("sub", "a")]


def test_a_third_stream_is_measured_where_the_first_sends_less_than_it_claims() -> None:
    profiles = tuple(profile(t, (1920, 1080)) for t in ("a", "b", "c", "d", "e"))
    small = {f"/{t}": sends(t, 640, 360) for t in ("a", "b", "d", "e")}
    checked = check(profiles, {**small, "/c": sends("c", 2560, 1440)})
    assert roles(checked)[0] == ("main", "c") and len(checked.sources[0].streams) == MAX_WATCHED
    assert [other.token for other in checked.sources[0].others] == ["e"]
    honest = check(profiles, {f"/{t}": sends(t, 1920, 1080) for t in ("a", "b", "c", "d", "e")})
    assert [token for _, token in roles(honest)] == ["a", "b"]


def test_every_stream_of_unknown_size_is_measured_as_far_as_there_is_time() -> None:
    profiles = (profile("a"), profile("b"), profile("c"), profile("sub", (640, 360)))
    streams = {"/a": sends("a", 320, 180), "/b": sends("b", 640, 360), "/c": sends("c", 2560, 1440)}
    assert roles(check(profiles, streams))[0] == ("main", "c")


def test_a_main_stream_that_does_not_play_keeps_its_place() -> None:
    profiles = (profile("main", (1920, 1080)), profile("sub", (640, 360)), profile("mid", (1280, 720)))
    dead = stream_facts(
        target=StreamTarget(stream_uri(path="/main"), token="main"), measured=fault(FaultCode.STALLED)
    )
    checked = check(profiles, {"/main": dead, "/mid": sends("mid", 1280, 720)})
    assert roles(checked) == [("main", "main"), ("sub", "mid")]


def test_a_stream_without_size_or_main_gives_no_order() -> None:
    nameless = stream_facts(measured=measured_stream(width_px=None, height_px=None))
    assert main_first(()) == () and main_first((nameless, sends("b", 640, 360)))[0] == nameless


def test_a_profile_that_plays_no_video_and_has_no_encoder_is_not_the_main_stream() -> None:
    audio = media_profile(token="audio", encoder=None, stream_uri=stream_uri(path="/audio"))
    dumb = stream_facts(
        target=StreamTarget(stream_uri(path="/audio"), token="audio"), measured=fault(FaultCode.NO_VIDEO)
    )
    profiles = (audio, profile("main", (1920, 1080)), profile("sub", (640, 360)))
    checked = check(
        profiles, {"/audio": dumb, "/main": sends("main", 1920, 1080), "/sub": sends("sub", 640, 360)}
    )
    assert roles(checked) == [("main", "main"), ("sub", "audio"), ("sub", "sub")]


def sources(*profiles: MediaProfile) -> list[list[str]]:
    facts = device_facts(media=MediaFacts("media2", profiles))
    return [[p.token for p in group] for group in video_sources(facts)]


@pytest.mark.parametrize("uri", [None, untold(), untold(FaultCode.SOAP_FAULT), stream_uri(path="/sound")])
def test_sound_and_metadata_are_no_camera(uri: Any) -> None:
    """Bosch panoramic 5100i; ZoneMinder#2825: neither source nor encoder, whatever becomes of the address."""
    sound = media_profile(token="sound", encoder=None, video_source=None, stream_uri=uri)
    assert sources(profile("main", (1920, 1080)), sound) == [["main"]]
    assert sources(sound, profile("main", (1920, 1080), video_source="VS2")) == [["main"]]
    assert sources(sound) == ([["sound"]] if isinstance(uri, StreamUri) else [])


def test_an_encoder_without_a_source_belongs_to_the_only_source() -> None:
    lost = profile("lost", (1280, 720), video_source=None)
    assert sources(profile("main", (1920, 1080)), lost) == [["main", "lost"]]
    two = (profile("a", (1920, 1080)), profile("b", (1920, 1080), video_source="VS2"), lost)
    assert sources(*two) == [["a"], ["b"], ["lost"]]


def test_a_source_with_nothing_to_stream_is_no_camera_beside_others() -> None:
    empty = media_profile(
        token="x", encoder=None, video_source="VS9", stream_uri=untold(FaultCode.SOAP_FAULT)
    )
    assert sources(profile("main", (1920, 1080)), empty) == [["main"]]
    unasked = media_profile(token="x", encoder=None, video_source="VS9", stream_uri=untold(FaultCode.TIMEOUT))
    assert sources(profile("main", (1920, 1080)), unasked) == [["main"], ["x"]]
    assert sources(empty) == [["x"]]  # the only one: shown with its fault


def others(*profiles: MediaProfile) -> list[tuple[str, str]]:
    checked = check(profiles)
    return [(other.token, other.not_judged) for other in checked.sources[0].others]


def test_further_views_of_a_source_are_listed() -> None:
    main = profile("main", (3072, 1728))
    fisheye = profile("fisheye", (2112, 2112))
    lens = profile("lens", (2560, 1440), view=(0, 1728, 2560, 1440))
    whole = profile("main", (3072, 1728), view=(0, 0, 3072, 1728))
    assert others(main, fisheye, profile("sub", (640, 480))) == [("fisheye", "view")]
    assert others(whole, lens, profile("sub", (640, 360), view=(0, 0, 3072, 1728))) == [("lens", "view")]
    alike = tuple(profile(token, (2560, 1440)) for token in ("one", "two", "three"))
    assert others(*alike) == [("three", "view")]  # the second lens of a dual camera looks like this


def test_nothing_that_the_device_named_goes_missing() -> None:
    main = profile("main", (1920, 1080))
    twin = profile("twin", (1280, 720), stream_uri=stream_uri(path="/main"))
    bare = media_profile(token="bare", encoder=None, stream_uri=untold(FaultCode.SOAP_FAULT))
    listed = others(main, profile("sub", (640, 360)), profile("third", (320, 180)), twin, bare)
    assert listed == [("third", "not_watched"), ("twin", "same_address"), ("bare", "no_address")]
    many = tuple(profile(f"p{n}", (64, 64)) for n in range(60))
    assert len(others(main, *many)) == MAX_OTHERS


def test_what_is_listed_shows_what_is_configured() -> None:
    (other,) = (
        check((profile("m", (1920, 1080)), profile("s", (640, 360)), profile("t", (320, 240))))
        .sources[0]
        .others
    )
    assert other.configured == configured_stream(codec="h264", width_px=320, height_px=240)
    assert other.uri == stream_uri(path="/t")


MAIN, SUB = StreamRole.MAIN, StreamRole.SUB


@pytest.mark.parametrize("glances", [False, True])
def test_a_lighter_stream_that_was_only_glanced_at_is_watched_where_it_proves_to_be_the_main_one(
    glances: bool,
) -> None:
    profiles = (profile("sub", (1920, 1080)), profile("main", (1920, 1080)))
    streams = {"/sub": sends("sub", 640, 360), "/main": sends("main", 1920, 1080)}
    checked, looks = watched(profiles, streams, glances=glances)
    assert roles(checked) == [("main", "main"), ("sub", "sub")]
    assert looks == [("/sub", MAIN), ("/main", SUB), *([("/main", MAIN)] if glances else [])]


def test_a_lighter_stream_that_is_one_is_not_watched_twice() -> None:
    profiles = (profile("main", (2560, 1440)), profile("sub", (640, 360)))
    streams = {"/main": sends("main", 2560, 1440), "/sub": sends("sub", 640, 360)}
    _, looks = watched(profiles, streams, glances=True)
    assert looks == [("/main", MAIN), ("/sub", SUB)]
