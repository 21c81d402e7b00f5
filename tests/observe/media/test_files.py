"""Media files as streams: what is measured, and what the world's broken files become."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime
from fractions import Fraction
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from camagent.model.fault import Fault, FaultCode
from camagent.model.stream import FileTarget, ImageFacts, MeasuredStream, StreamFacts
from camagent.observe.media_files import FileOptions, watch_file
from tests.floor import judged, not_vacuous
from tests.observe.media.encoded_clips import Recipe, encode, filtered, write
from tests.observe.media.looking import look

H264 = Recipe(frames=50, params="keyint=20:min-keyint=20:scenecut=0:bframes=2")
H265 = Recipe(
    "libx265", frames=50, rate=Fraction(12), params="keyint=20:min-keyint=20:scenecut=0:bframes=3:open-gop=1"
)
MJPEG = Recipe("mjpeg", frames=20, rate=Fraction(10), pix_fmt="yuvj420p")


def watched(path: Path, **options: object) -> StreamFacts:
    return watch_file(FileTarget(path), FileOptions(**options), look)  # type: ignore[arg-type]


def measured(facts: StreamFacts) -> MeasuredStream:
    assert isinstance(facts.measured, MeasuredStream), facts.measured
    return facts.measured


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts", "avi"])
@pytest.mark.parametrize("recipe", [H264, H265, MJPEG], ids=lambda r: r.codec)
def test_containers_tell_the_whole_truth(tmp_path: Path, recipe: Recipe, suffix: str) -> None:
    if suffix == "ts" and recipe is MJPEG:
        pytest.skip("MPEG-TS has no MJPEG")
    if suffix == "avi" and recipe is H265:
        pytest.skip("AVI has no presentation order for H.265")
    facts = watched(write(recipe, tmp_path / f"clip.{suffix}"))
    figures = measured(facts)
    assert (figures.codec, figures.width_px, figures.height_px) == (recipe.codec, 320, 240)
    assert figures.frames == recipe.frames and figures.transport == "file"
    assert figures.frame_rate_hz is not None and figures.frame_rate_uncertainty_hz is not None
    assert abs(figures.frame_rate_hz - recipe.rate) <= figures.frame_rate_uncertainty_hz + 1e-9
    assert figures.gop_length_frames == (1 if recipe is MJPEG else 20)
    assert figures.gop_length_s == pytest.approx(figures.gop_length_frames / recipe.rate, rel=0.01)
    assert figures.window_s == pytest.approx(recipe.frames / recipe.rate, rel=0.02)
    assert (figures.keyframes_decoded, figures.decode_errors) == (2, 0)
    assert isinstance(facts.image, ImageFacts) and facts.image.conditions == ()
    assert figures.rtp_jitter_s is None and figures.rtp_packets == 0 and figures.connect_s is None
    assert facts.declared is not None and facts.declared.codec_profile == figures.codec_profile
    assert facts.faults == () and facts.access is None and facts.configured is None


@pytest.mark.parametrize("recipe", [H264, H265, MJPEG], ids=lambda r: r.codec)
def test_bare_access_units_have_no_time_and_get_none_invented(tmp_path: Path, recipe: Recipe) -> None:
    figures = measured(watched(write(recipe, tmp_path / f"clip.{recipe.codec}")))
    assert figures.frames == recipe.frames and figures.keyframes >= 3
    assert figures.frame_rate_hz is None and figures.bitrate_bps is None and figures.gop_length_s is None
    assert figures.window_s == 0.0 and figures.gop_at_least_s is None
    assert (figures.width_px, figures.height_px, figures.keyframes_decoded) == (320, 240, 2)


def test_mpeg4_part_2_is_recognised_and_not_decoded(tmp_path: Path) -> None:
    facts = watched(write(Recipe("mpeg4", frames=24), tmp_path / "clip.mp4"))
    assert (measured(facts).codec, measured(facts).width_px) == ("mpeg4", 320)
    assert isinstance(facts.image, Fault) and facts.image.code is FaultCode.CODEC_UNSUPPORTED


def test_a_codec_that_no_camera_sends_is_a_fault(tmp_path: Path) -> None:
    facts = watched(write(Recipe("ffv1", frames=3), tmp_path / "clip.mkv"))
    assert isinstance(facts.measured, Fault) and facts.measured.code is FaultCode.CODEC_UNSUPPORTED


def _broken(folder: Path) -> dict[str, tuple[Path, FaultCode]]:
    whole = write(H264, folder / "whole.mp4").read_bytes()
    cases: dict[str, tuple[bytes, FaultCode]] = {
        "empty.mp4": (b"", FaultCode.MALFORMED_REPLY),
        "garbage.mp4": (os.urandom(50_000), FaultCode.MALFORMED_REPLY),
        "no_index.mp4": (whole[: len(whole) // 2], FaultCode.MALFORMED_REPLY),
        "text.txt": (b"not a video at all\n" * 100, FaultCode.MALFORMED_REPLY),
        "playlist.m3u8": (
            b"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nwhole.mp4\n",
            FaultCode.MALFORMED_REPLY,
        ),
        "list.ffconcat": (b"ffconcat version 1.0\nfile whole.mp4\n", FaultCode.MALFORMED_REPLY),
        "session.sdp": (b"v=0\nm=video 9 RTP/AVP 96\nc=IN IP4 127.0.0.1\n", FaultCode.MALFORMED_REPLY),
    }
    for name, (content, _) in cases.items():
        (folder / name).write_bytes(content)
    files = {name: (folder / name, code) for name, (_, code) in cases.items()}
    os.mkfifo(folder / "pipe.mp4")
    places = {
        "missing": folder / "missing.mp4",
        "folder": folder,
        "pipe": folder / "pipe.mp4",
        "endless": Path("/dev/zero"),
    }
    return files | {name: (path, FaultCode.NOT_FOUND) for name, path in places.items()}


def test_broken_files_become_the_right_fault(tmp_path: Path) -> None:
    """A playlist is broken on purpose: FFmpeg must open nothing but the file itself."""
    for name, (path, code) in _broken(tmp_path).items():
        facts = watched(path)
        assert isinstance(facts.measured, Fault), name
        assert facts.measured.code is code, name
        assert facts.declared is None and facts.image is None and facts.faults == (facts.measured,)


def test_a_file_cut_short_is_not_a_measurement(tmp_path: Path) -> None:
    whole = write(H264, tmp_path / "whole.mp4")
    fast = filtered(whole, tmp_path / "fast.mp4", "null")  # index behind the media
    front = tmp_path / "front.mp4"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-i", fast, "-c", "copy", "-movflags", "faststart", front], check=True
    )
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(front.read_bytes()[: front.stat().st_size // 2])
    facts = watched(cut)
    assert isinstance(facts.measured, Fault) and facts.measured.code is FaultCode.STALLED
    assert facts.declared is not None and facts.declared.width_px == 320  # what was seen is still told


def test_audio_alone_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "sound.mp4"
    subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "sine=d=1", path], check=True)
    facts = watched(path)
    assert isinstance(facts.measured, Fault) and facts.measured.code is FaultCode.NO_VIDEO


def test_a_long_file_is_watched_for_the_window_only(tmp_path: Path) -> None:
    figures = measured(watched(write(H264, tmp_path / "clip.mp4"), window_s=1.0))
    assert 25 <= figures.frames <= 30 and figures.frame_rate_hz == 25.0


def test_pictures_are_spread_over_the_file_and_kept_only_where_asked(tmp_path: Path) -> None:
    path = write(Recipe(frames=300, params="keyint=5:min-keyint=5:scenecut=0"), tmp_path / "clip.mp4")
    assert measured(watched(path, pictures=3)).keyframes_decoded == 3
    assert measured(watched(path, pictures=0)).keyframes_decoded == 0
    (tmp_path / "kept").mkdir()
    watched(path, keep_images=tmp_path / "kept")
    assert sorted(p.name for p in (tmp_path / "kept").iterdir()) == ["clip-1.png", "clip-2.png", "clip.jpg"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["clip.mp4", "kept"]


def test_a_size_that_changes_is_counted_and_the_last_one_told(tmp_path: Path) -> None:
    small, large = Recipe(frames=20), Recipe(frames=20, width=640, height=480)
    path = tmp_path / "clip.h264"
    path.write_bytes(
        b"".join(unit.data for unit in chain.from_iterable(encode(recipe) for recipe in (small, large)))
    )
    figures = measured(watched(path))
    assert (figures.width_px, figures.height_px, figures.parameter_set_changes) == (640, 480, 1)


def test_a_still_picture_is_frozen_and_a_loop_is_not(tmp_path: Path) -> None:
    still = watched(write(Recipe(frames=40, still=True, params="keyint=20:qp=26"), tmp_path / "still.mp4"))
    assert isinstance(still.image, ImageFacts) and still.image.conditions == ("frozen",)
    unit = b"".join(unit.data for unit in encode(Recipe(frames=20, params="bframes=0")))
    looped = tmp_path / "loop.h264"
    looped.write_bytes(unit * 3)
    image = watched(looped).image
    assert isinstance(image, ImageFacts) and image.conditions == () and "frozen" in image.unsure


def test_the_clock_is_the_callers(tmp_path: Path) -> None:
    class Stopped:
        def now(self) -> datetime:
            return datetime(2026, 1, 2, tzinfo=UTC)

        def monotonic_s(self) -> float:
            return 0.0

        async def sleep(self, seconds: float) -> None:
            raise AssertionError(seconds)

    assert watch_file(FileTarget(tmp_path), FileOptions(), look, Stopped()).started_at == datetime(
        2026, 1, 2, tzinfo=UTC
    )


def test_a_codec_that_nobody_knows_is_a_fault(tmp_path: Path) -> None:
    """The demuxer has no codec context for it at all."""
    path = write(H264, tmp_path / "sound.mkv")
    content = path.read_bytes()
    assert content.count(b"V_MPEG4/ISO/AVC") == 1
    path.write_bytes(content.replace(b"V_MPEG4/ISO/AVC", b"V_MPEG4/ISO/XXX"))
    facts = watched(path)
    assert isinstance(facts.measured, Fault) and facts.measured.code is FaultCode.CODEC_UNSUPPORTED


@pytest.mark.parametrize("suffix", ["mkv", "mp4"])
def test_tags_in_another_encoding_cost_nothing(suffix: str, tmp_path: Path) -> None:
    path = write(H264, tmp_path / f"sound.{suffix}")
    content = path.read_bytes()
    assert b"Lavf" in content
    path.write_bytes(content.replace(b"Lavf", b"\x80\xffvf").replace(b"ENCODER", b"\x80NCODER"))
    facts = watched(path)
    assert not isinstance(facts.measured, Fault) and facts.measured.frame_rate_hz is not None


@not_vacuous(0.03)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.sampled_from(["mp4", "mkv", "ts", "h264"]), st.data())
def test_any_damage_gives_facts(tmp_path: Path, suffix: str, data: st.DataObject) -> None:
    source = tmp_path / f"sound.{suffix}"
    if not source.exists():
        write(H264, source)
    content = bytearray(source.read_bytes())
    for _ in range(data.draw(st.integers(0, 20))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    damaged = tmp_path / f"damaged.{suffix}"
    damaged.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    facts = watched(damaged, pictures=1)
    judged(isinstance(facts.measured, MeasuredStream))
    assert isinstance(facts.measured, MeasuredStream | Fault)
