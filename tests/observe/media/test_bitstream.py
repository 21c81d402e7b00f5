"""Parameter sets, slice headers and SEI of H.264 and H.265: real cameras' bytes, encoders' bytes, any
bytes."""

from __future__ import annotations

import base64
import time
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camagent.observe.codec import h264_headers as h264
from camagent.observe.codec import h265_headers as h265
from camagent.observe.codec import jpeg_headers as jpeg
from camagent.observe.codec.access_unit import split_annex_b
from camagent.observe.codec.bits import BitReader, BitstreamError, unescape
from tests.floor import judged, not_vacuous
from tests.observe.media.encoded_clips import Recipe, encode, filtered, probe, write


def sps_of(stream: bytes, codec: str = "h264") -> h264.H264Sps | h265.H265Sps:
    parse = h264.parse_sps if codec == "h264" else h265.parse_sps
    return next(sps for nal in split_annex_b(stream) if (sps := parse(nal)) is not None)


def test_sps_of_a_reolink_doorbell_with_a_stray_last_byte() -> None:
    """scottlamb/retina#102."""
    sps = h264.parse_sps(bytes.fromhex("67640033ac1514a0a03da1000004f6000063380404"))
    assert sps is not None
    assert (sps.codec_profile, sps.codec_level, sps.width_px, sps.height_px) == ("High", "5.1", 640, 480)
    assert sps.frame_rate_hz == 10.0


def test_sps_of_a_v380_with_trailing_bytes() -> None:
    """scottlamb/retina#68."""
    sps = h264.parse_sps(base64.b64decode("J00AH+dAKALdgKUFBQXwAAADABAAAAMCiwEAAtxoAAIlUX//AoA="))
    assert sps is not None
    assert (sps.codec_profile, sps.codec_level, sps.width_px, sps.height_px) == ("Main", "3.1", 1280, 720)


def test_sps_of_a_reolink_4k_whose_pps_trips_parsers() -> None:
    """scottlamb/retina#116: the PPS carries scaling lists; the SPS has to be read without it."""
    sps = h265.parse_sps(base64.b64decode("QgEBAWAAAAMAAAMAAAMAAAMAlqAB4CACHH+KrTuiS7I="))
    assert sps is not None
    assert (sps.codec_profile, sps.codec_level, sps.width_px, sps.height_px) == ("Main", "5.0", 3840, 2160)
    vps = h265.parse_vps(base64.b64decode("QAEMAf//AWAAAAMAAAMAAAMAAAMAlqwJ"))
    assert vps is not None and vps.frame_rate_hz is None


@pytest.mark.parametrize(
    ("crop", "size"),
    [
        ("crop_left=26:crop_right=4", (290, 240)),
        ("crop_top=10:crop_bottom=2", (320, 228)),
        ("crop_left=2:crop_top=2:crop_right=2:crop_bottom=2", (316, 236)),
    ],
)
@pytest.mark.parametrize("encoder", ["libx264", "libx265"])
def test_crops_on_every_side_are_taken_off(
    tmp_path: Path, encoder: str, crop: str, size: tuple[int, int]
) -> None:
    """A crop on the left gives FFmpeg's decoder a wrong width by default."""
    recipe = Recipe(encoder, frames=2)
    plain = write(recipe, tmp_path / f"plain.{recipe.codec}")
    name = "h264_metadata" if encoder == "libx264" else "hevc_metadata"
    cropped = filtered(plain, tmp_path / f"cropped.{recipe.codec}", f"{name}={crop}")
    sps = sps_of(cropped.read_bytes(), recipe.codec)
    assert (sps.width_px, sps.height_px) == size
    assert (sps.coded_width_px, sps.coded_height_px) == (320, 240)


@pytest.mark.parametrize("level", ["1b", "1.1", "2.2", "3.1", "4", "4.2", "5.1", "6.2"])
def test_every_level_is_named_as_written(tmp_path: Path, level: str) -> None:
    plain = write(Recipe(frames=1, params="profile=main"), tmp_path / "a.h264")
    changed = filtered(plain, tmp_path / "b.h264", f"h264_metadata=level={level}")
    assert sps_of(changed.read_bytes()).codec_level == (
        level if "b" in level or "." in level else f"{level}.0"
    )


@pytest.mark.parametrize(
    ("recipe", "profile", "chroma", "depth"),
    [
        (Recipe(options=(("profile", "baseline"),)), "Constrained Baseline", "4:2:0", 8),
        (Recipe(options=(("profile", "main"),)), "Main", "4:2:0", 8),
        (Recipe(), "High", "4:2:0", 8),
        (Recipe(pix_fmt="yuv420p10le"), "High 10", "4:2:0", 10),
        (Recipe(pix_fmt="yuv420p10le", params="keyint=1"), "High 10 Intra", "4:2:0", 10),
        (Recipe(pix_fmt="yuv422p"), "High 4:2:2", "4:2:2", 8),
        (Recipe(pix_fmt="yuv444p"), "High 4:4:4 Predictive", "4:4:4", 8),
        (Recipe(pix_fmt="gray"), "High", "4:0:0", 8),
        (Recipe("libx265"), "Main", "4:2:0", 8),
        (Recipe("libx265", pix_fmt="yuv420p10le"), "Main 10", "4:2:0", 10),
        (Recipe("libx265", pix_fmt="yuv422p"), "Rext", "4:2:2", 8),
        (Recipe("libx265", pix_fmt="yuv444p10le"), "Rext", "4:4:4", 10),
    ],
    ids=str,
)
def test_profiles_have_ffmpeg_names(
    tmp_path: Path, recipe: Recipe, profile: str, chroma: str, depth: int
) -> None:
    recipe = Recipe(**{**vars(recipe), "frames": 2})
    sps = sps_of(encode(recipe)[0].data, recipe.codec)
    truth = probe(write(recipe, tmp_path / f"a.{recipe.codec}"))
    assert (sps.codec_profile, sps.chroma, sps.bit_depth) == (profile, chroma, depth)
    assert profile == truth.codec_profile
    assert (sps.width_px, sps.height_px) == (truth.width, truth.height)


@pytest.mark.parametrize("rate", [1, 5, 12, 25, 30, 60])
@pytest.mark.parametrize("encoder", ["libx264", "libx265"])
def test_vui_timing_is_frames_not_fields(encoder: str, rate: int) -> None:
    from fractions import Fraction

    recipe = Recipe(encoder, frames=1, rate=Fraction(rate))
    assert sps_of(encode(recipe)[0].data, recipe.codec).frame_rate_hz == rate


def test_absurd_vui_timing_is_no_claim(tmp_path: Path) -> None:
    """roflcoopter/viseron#7: 180000 fps."""
    plain = write(Recipe(frames=1), tmp_path / "a.h264")
    absurd = filtered(plain, tmp_path / "b.h264", "h264_metadata=tick_rate=360000")
    assert sps_of(absurd.read_bytes()).frame_rate_hz is None


def test_full_range_and_interlace_are_read() -> None:
    sps = sps_of(encode(Recipe(frames=1, params="fullrange=on:tff=1"))[0].data)
    assert isinstance(sps, h264.H264Sps) and sps.full_range and sps.interlaced
    sps = sps_of(encode(Recipe(frames=1))[0].data)
    assert isinstance(sps, h264.H264Sps) and not sps.interlaced
    sps = sps_of(encode(Recipe("libx265", frames=2, params="interlace=tff"))[0].data, "h265")
    assert sps.interlaced and sps.frame_rate_hz == 12.5


def test_h265_behind_scaling_lists_reference_sets_and_hrd_is_still_read() -> None:
    """What stands between size and VUI trips parsers (scottlamb/retina#112)."""
    params = (
        "scaling-list=default:bframes=4:ref=5:vbv-maxrate=2000:vbv-bufsize=2000:hrd=1:amp=1:rect=1"
        ":temporal-layers=3"
    )
    sps = sps_of(encode(Recipe("libx265", frames=12, params=params))[0].data, "h265")
    assert (sps.width_px, sps.height_px, sps.frame_rate_hz) == (320, 240, 25.0)


def test_h264_behind_scaling_lists_and_hrd_is_still_read() -> None:
    recipe = Recipe(
        frames=8, params="cqm=jvt:nal-hrd=cbr:vbv-maxrate=800:vbv-bufsize=800:bitrate=800:bframes=3"
    )
    sps = sps_of(encode(recipe)[0].data)
    assert isinstance(sps, h264.H264Sps)
    assert (sps.width_px, sps.height_px, sps.frame_rate_hz, sps.max_num_reorder) == (320, 240, 25.0, 2)


def test_reorder_limit_tells_of_b_frames() -> None:
    with_b = sps_of(encode(Recipe("libx265", frames=8, params="bframes=3"))[0].data, "h265")
    without = sps_of(encode(Recipe("libx265", frames=8, params="bframes=0"))[0].data, "h265")
    assert with_b.max_num_reorder and without.max_num_reorder == 0


def test_slice_types_are_those_of_the_encoder() -> None:
    units = encode(Recipe(frames=12, params="bframes=2:b-adapt=0:scenecut=0:keyint=100"))
    types = []
    for unit in units:
        headers = [h264.parse_slice_header(nal) for nal in split_annex_b(unit.data)]
        types.append({header.slice_type for header in headers if header is not None})
    assert types[0] == {"I"} and {"P"} in types and {"B"} in types
    assert sum(kind == {"B"} for kind in types) > sum(kind == {"P"} for kind in types)


def test_field_flags_need_the_sps() -> None:
    unit = encode(Recipe(frames=1, params="tff=1"))[0].data
    sps = sps_of(unit)
    assert isinstance(sps, h264.H264Sps)
    headers = [h264.parse_slice_header(nal, sps) for nal in split_annex_b(unit)]
    assert {(h.frame_num, h.field) for h in headers if h} == {(0, False)}  # x264 interlaces by macroblock


def test_recovery_points_of_intra_refresh_are_found() -> None:
    units = encode(Recipe(frames=60, params="intra-refresh=1:keyint=20:bframes=0"))
    counts = [
        h264.recovery_frame_count(nal)
        for nal in chain.from_iterable(split_annex_b(unit.data) for unit in units)
    ]
    numbers = [count for count in counts if count is not None]
    assert len(numbers) >= 2 and all(count > 0 for count in numbers)


def test_jpeg_headers_are_read() -> None:
    header = jpeg.parse_header(encode(Recipe("mjpeg", frames=1, pix_fmt="yuvj420p"))[0].data)
    assert header == jpeg.JpegHeader("Baseline", 320, 240, 8, "4:2:0")


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_give_a_value_or_none(data: bytes) -> None:
    for head in (
        b"",
        b"\x67",
        b"\x68",
        b"\x65",
        b"\x41",
        b"\x06",
        b"\x42\x01",
        b"\x40\x01",
        b"\x4e\x01",
        b"\xff\xd8",
    ):
        nal = head + data
        for parse in (
            h264.parse_sps,
            h265.parse_sps,
            h265.parse_vps,
            h264.parse_slice_header,
            jpeg.parse_header,
        ):
            parse(nal)
        h264.recovery_frame_count(nal)
        h265.recovery_poc_count(nal)


@not_vacuous(0.05)
@settings(deadline=None)
@given(st.data())
def test_damaged_parameter_sets_give_a_value_or_none(data: st.DataObject) -> None:
    for encoder, parse in (
        ("libx264", h264.parse_sps),
        ("libx265", h265.parse_sps),
        ("libx265", h265.parse_vps),
    ):
        nals = split_annex_b(encode(Recipe(encoder, frames=2))[0].data)
        nal = bytearray(next(n for n in nals if parse(n) is not None))
        for _ in range(data.draw(st.integers(1, 4))):
            nal[data.draw(st.integers(0, len(nal) - 1))] ^= 1 << data.draw(st.integers(0, 7))
        parameters = parse(bytes(nal[: data.draw(st.integers(0, len(nal)))]))
        if judged(isinstance(parameters, h264.H264Sps | h265.H265Sps)):
            assert isinstance(parameters, h264.H264Sps | h265.H265Sps)
            assert 0 < parameters.width_px <= parameters.coded_width_px <= 16_384
            assert parameters.frame_rate_hz is None or 0.01 <= parameters.frame_rate_hz <= 1000


@pytest.mark.parametrize("filler", [b"\x00", b"\xff", b"\x80", b"\x55", b"\x01"])
def test_megabytes_of_filler_cost_nothing(filler: bytes) -> None:
    started = time.process_time()
    for head in (b"\x67\x64\x00\x28", b"\x06\x05", b"\x42\x01\x01", b"\x40\x01", b"\x4e\x01"):
        nal = head + filler * 4_000_000
        h264.parse_sps(nal)
        h265.parse_sps(nal)
        h265.parse_vps(nal)
        h264.recovery_frame_count(nal)
        h265.recovery_poc_count(nal)
    assert time.process_time() - started < 2.0  # 25 parses; unbounded ones take minutes


@not_vacuous(0.08)
@settings(deadline=None)
@given(st.binary(max_size=60), st.lists(st.integers(1, 33), max_size=20))
def test_bits_are_read_as_written(data: bytes, widths: list[int]) -> None:
    text = "".join(f"{byte:08b}" for byte in data)
    bits, at = BitReader(data), 0
    judged(bool(widths) and widths[0] <= len(text))
    for width in widths:
        if at + width > len(text):
            with pytest.raises(BitstreamError):
                bits.u(width)
            return
        assert bits.u(width) == int(text[at : at + width], 2)
        at += width


@settings(deadline=None)
@given(st.integers(0, 2**32 - 2))
def test_exp_golomb_codes_come_back(value: int) -> None:
    code = f"{value + 1:b}"
    text = "0" * (len(code) - 1) + code
    data = int(text.ljust(-(-len(text) // 8) * 8, "0"), 2).to_bytes(-(-len(text) // 8), "big")
    assert BitReader(data).ue() == value
    assert BitReader(data).se() == ((value + 1) // 2 if value % 2 else -(value // 2))


def test_emulation_prevention_goes() -> None:
    assert unescape(b"\x00\x00\x03\x00\x00\x03\x01\x03") == b"\x00\x00\x00\x00\x01\x03"
