"""Files as recorders and tools write them: empty chunks, cuts, program streams, DAV, a JPEG, no time
stamps."""

from __future__ import annotations

import struct
import subprocess
from itertools import chain
from pathlib import Path

import pytest

from camagent.model.fault import Fault, FaultCode
from camagent.model.stream import FileTarget, MeasuredStream, StreamFacts
from camagent.observe.codec.access_unit import split_annex_b
from camagent.observe.codec.table import CODECS
from camagent.observe.media_files import FileOptions, watch_file
from tests.observe.media.looking import look

X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-threads", "1")


def ffmpeg(*arguments: str | Path) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-y", *map(str, arguments)], check=True, timeout=60)


def made(path: Path, *options: str | Path, frames: int = 75) -> Path:
    source = ("-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25")
    ffmpeg(*source, "-frames:v", str(frames), "-pix_fmt", "yuv420p", *options, path)
    return path


def watched(path: Path) -> StreamFacts:
    return watch_file(FileTarget(path), FileOptions(), look)


def figures(path: Path) -> MeasuredStream:
    facts = watched(path)
    assert isinstance(facts.measured, MeasuredStream), facts
    assert (facts.measured.width_px, facts.measured.height_px) == (320, 240)
    assert facts.measured.keyframes_decoded and not facts.measured.decode_errors
    return facts.measured


def test_an_avi_with_empty_chunks_is_whole(tmp_path: Path) -> None:
    source = made(tmp_path / "b.mp4", *X264, "-bf", "2")
    ffmpeg("-i", source, "-c", "copy", tmp_path / "b.avi")
    numbers = figures(tmp_path / "b.avi")
    assert numbers.frames == 75 and numbers.frame_rate_hz == pytest.approx(25.0, rel=0.01)


def _with_empty_chunks(avi: bytes, count: int) -> bytes:
    """So many at the end of its pictures, in its index and in its lengths."""
    data = bytearray(avi)
    index = data.rindex(b"idx1")
    movi = data.rindex(b"LIST", 0, data.index(b"movi", data.index(b"strh")))
    data += struct.pack("<4sIII", b"00dc", 0, index - movi - 8, 0) * count
    data[index:index] = b"00dc\0\0\0\0" * count
    index += 8 * count
    places = {4: 24, movi + 4: 8, index + 4: 16, data.index(b"avih") + 24: 1, data.index(b"strh") + 40: 1}
    for place, each in places.items():
        (size,) = struct.unpack_from("<I", data, place)
        struct.pack_into("<I", data, place, size + count * each)
    return bytes(data)


def test_an_avi_whose_last_chunks_are_empty_is_whole_until_it_is_cut(tmp_path: Path) -> None:
    """A recorder that lost its camera goes on to write empty chunks."""
    whole = _with_empty_chunks(made(tmp_path / "a.avi", *X264, "-bf", "0").read_bytes(), 30)
    (tmp_path / "whole.avi").write_bytes(whole)
    numbers = figures(tmp_path / "whole.avi")
    assert numbers.frames == 75 and numbers.frame_rate_hz == pytest.approx(25.0, rel=0.01)
    (tmp_path / "cut.avi").write_bytes(whole[:-100])
    assert isinstance(watched(tmp_path / "cut.avi").measured, Fault)


def test_an_avi_that_was_cut_off_is_told(tmp_path: Path) -> None:
    whole = made(tmp_path / "a.avi", *X264, "-bf", "2").read_bytes()
    cut = tmp_path / "cut.avi"
    cut.write_bytes(whole[: len(whole) // 2])
    facts = watched(cut)
    assert isinstance(facts.measured, Fault) and facts.measured.code is FaultCode.STALLED


@pytest.mark.parametrize(
    ("encoder", "suffix"),
    [("libx264", "mp4"), ("libx264", "mkv"), ("libx264", "mov"), ("libx265", "mp4"), ("libx265", "mkv")],
)
def test_a_cut_at_a_keyframe_that_is_no_idr_has_the_sets_of_its_container(
    tmp_path: Path, encoder: str, suffix: str
) -> None:
    name = f"{encoder.removeprefix('lib')}-params"
    params = "open-gop=1:keyint=25:min-keyint=25:bframes=2:scenecut=0:log-level=none"
    whole = made(
        tmp_path / f"whole.{suffix}", "-c:v", encoder, "-preset", "ultrafast", f"-{name}", params, frames=100
    )
    ffmpeg("-ss", "1.5", "-i", whole, "-c", "copy", tmp_path / f"cut.{suffix}")
    assert figures(tmp_path / f"cut.{suffix}").keyframes >= 2


def test_what_an_edit_list_hides_is_measured_too(tmp_path: Path) -> None:
    source = made(tmp_path / "whole.mkv", *X264, "-bf", "2")
    # FFmpeg copies from a keyframe on, and an edit list hides all of the GOP in front of the next one
    ffmpeg("-ss", "1.0", "-i", source, "-c", "copy", tmp_path / "cut.mp4")
    numbers = figures(tmp_path / "cut.mp4")
    assert (numbers.frames, numbers.gop_length_frames, numbers.frame_rate_hz) == (75, 25, 25.0)


@pytest.mark.slow
def test_the_cover_of_a_recording_of_sound_is_no_video(tmp_path: Path) -> None:
    cover, sound = made(tmp_path / "cover.jpg", frames=1), tmp_path / "sound.mp4"
    ffmpeg("-f", "lavfi", "-i", "sine=duration=1", "-c:a", "aac", sound)
    both = ("-i", sound, "-i", cover, "-map", "0", "-map", "1", "-c", "copy")
    ffmpeg(*both, "-disposition:v", "attached_pic", tmp_path / "song.mp4")
    fault = watched(tmp_path / "song.mp4").fault
    assert fault is not None and fault.code is FaultCode.NO_VIDEO


@pytest.mark.parametrize("mapped", [False, True])
@pytest.mark.parametrize("form", ["mpeg", "vob"])
def test_program_streams_with_and_without_a_stream_map(tmp_path: Path, form: str, mapped: bool) -> None:
    path = made(tmp_path / "a.mpg", *X264, "-bf", "0", "-f", form)
    if mapped:
        path.write_bytes(with_stream_map(path.read_bytes()))
    numbers = figures(path)
    assert numbers.frames == 75 and numbers.gop_length_frames == 25
    assert numbers.frame_rate_hz == pytest.approx(25.0, rel=0.01)


def with_stream_map(stream: bytes) -> bytes:
    """A program stream map (ISO 13818-1 2.5.4) behind the first pack header: stream 0xE0 is H.264 (0x1B)."""
    content = (
        bytes((0xE1, 0xFF))
        + struct.pack("!H", 0)
        + struct.pack("!H", 4)
        + bytes((0x1B, 0xE0, 0, 0))
        + bytes(4)
    )
    packet = b"\x00\x00\x01\xbc" + struct.pack("!H", len(content)) + content
    at = stream.index(b"\x00\x00\x01", 4)
    return stream[:at] + packet + stream[at:]


def dav(units: list[bytes], codec: int = 2) -> bytes:
    """Dahua's DHAV: a header and a tail around each access unit."""
    out = b""
    for number, unit in enumerate(units):
        extra = bytes((0x81, 0, codec, 25)) + bytes((0x82, 0, 0, 0)) + struct.pack("<HH", 320, 240)
        kind = 0xFD if number % 25 == 0 else 0xFC
        length = 24 + len(extra) + len(unit) + 8
        date = (2026 - 2000) << 26 | 11 << 22 | 28 << 17 | 12 << 12 | (number // 25) % 60
        head = b"DHAV" + bytes((kind, 1, 0, 0)) + struct.pack("<III", number, length, date)
        head += struct.pack("<HBB", number * 40 % 65536, len(extra), 0)
        out += head + extra + unit + b"dhav" + struct.pack("<I", length)
    return out


def test_dahuas_own_files_are_read(tmp_path: Path) -> None:
    stream = made(
        tmp_path / "a.h264", *X264, "-bf", "0", "-x264-params", "sliced-threads=0:aud=1"
    ).read_bytes()
    start = b"\x00\x00\x00\x01\x09"
    units = [start + part for part in stream.split(start)[1:]]
    assert len(units) == 75
    (tmp_path / "a.dav").write_bytes(dav(units))
    numbers = figures(tmp_path / "a.dav")
    assert numbers.frames == 75 and numbers.keyframes == 3 and numbers.codec == "h264"
    assert numbers.frame_rate_hz == pytest.approx(25.0, rel=0.05)


@pytest.mark.parametrize("name", ["a.jpg", "a.jpeg", "frame-001.jpg", "noname"])
def test_one_jpeg_is_one_picture(tmp_path: Path, name: str) -> None:
    made(tmp_path / "source.jpg", frames=1)
    (tmp_path / "source.jpg").rename(tmp_path / name)
    numbers = figures(tmp_path / name)
    assert (numbers.codec, numbers.frames, numbers.frame_rate_hz, numbers.bitrate_bps) == (
        "mjpeg",
        1,
        None,
        None,
    )


@pytest.mark.slow
def test_bytes_of_a_maker_in_front_of_a_jpeg_cost_nothing(tmp_path: Path) -> None:
    picture = made(tmp_path / "a.jpg", frames=1).read_bytes()
    (tmp_path / "led.jpg").write_bytes(b"\0\0\0" + picture)
    assert figures(tmp_path / "led.jpg").frames == 1


def test_a_file_that_stamps_nothing_has_no_rate(tmp_path: Path) -> None:
    source = made(tmp_path / "a.mkv", *X264, "-bf", "0")
    ffmpeg("-i", source, "-c", "copy", "-bsf:v", "setts=pts=0:dts=0", tmp_path / "none.mkv")
    numbers = figures(tmp_path / "none.mkv")
    assert numbers.frames == 75 and numbers.gop_length_frames == 25
    assert numbers.frame_rate_hz is None and numbers.gop_length_s is None


@pytest.mark.slow
def test_the_default_duration_of_a_file_that_stamps_nothing_is_its_claim(tmp_path: Path) -> None:
    source = made(tmp_path / "a.mkv", "-pix_fmt", "yuvj420p", "-c:v", "mjpeg")
    ffmpeg("-i", source, "-c", "copy", "-bsf:v", "setts=pts=0:dts=0", tmp_path / "claims.mkv")
    content = (tmp_path / "claims.mkv").read_bytes()
    default = content.index(b"\x23\xe3\x83\x84")  # DefaultDuration, four bytes long
    void = b"\xec\x86" + bytes(6)
    (tmp_path / "silent.mkv").write_bytes(content[:default] + void + content[default + 8 :])
    for name, claim_hz in (("claims", 25.0), ("silent", None)):
        facts = watched(tmp_path / f"{name}.mkv")
        assert figures(tmp_path / f"{name}.mkv").frame_rate_hz is None
        assert facts.declared is not None and facts.declared.frame_rate_hz == claim_hz


@pytest.mark.slow
def test_a_cover_that_is_a_track_like_any_other_is_not_the_video(tmp_path: Path) -> None:
    video, picture = made(tmp_path / "a.mp4", *X264, "-bf", "2"), made(tmp_path / "a.jpg", frames=1)
    for order in ((picture, video), (video, picture), (picture, picture, video)):
        inputs = chain.from_iterable(("-i", str(path)) for path in order)
        maps = chain.from_iterable(("-map", str(number)) for number in range(len(order)))
        both = (*inputs, *maps)
        for form in ("mkv", "mov"):
            ffmpeg(*both, "-c", "copy", tmp_path / f"both.{form}")
            numbers = figures(tmp_path / f"both.{form}")
            assert (numbers.codec, numbers.frames, numbers.frame_rate_hz) == ("h264", 75, 25.0), order
    ffmpeg("-i", picture, "-i", picture, "-map", "0", "-map", "1", "-c", "copy", tmp_path / "two.mkv")
    assert figures(tmp_path / "two.mkv").frames == 1


def test_the_sets_of_a_container_are_read_and_damage_is_borne() -> None:
    sps, pps = b"\x67\x42\x00\x1e\xab", b"\x68\xce\x38\x80"
    avcc = b"\x01\x42\x00\x1e\xff\xe1" + struct.pack("!H", 5) + sps + b"\x01" + struct.pack("!H", 4) + pps
    assert CODECS["h264"].file_sets(avcc) == (sps, pps)
    hvcc = bytes((1,)) + bytes(21) + b"\x02" + b"\xa1\x00\x01\x00\x05" + sps + b"\xa2\x00\x01\x00\x04" + pps
    assert CODECS["h265"].file_sets(hvcc) == (sps, pps)
    stream = b"\x00\x00\x00\x01" + sps + b"\x00\x00\x01" + pps
    assert CODECS["h264"].file_sets(stream) == tuple(split_annex_b(stream))
    for at in range(len(avcc)):
        CODECS["h264"].file_sets(avcc[:at])
        CODECS["h265"].file_sets(hvcc[:at])
    CODECS["h265"].file_sets(b"\x01" * 23 + b"\xff" * 40)
