"""Agreement with decoders that we did not write: ffprobe's full decode, and the encoder where ffprobe is
wrong."""

from __future__ import annotations

import itertools
from fractions import Fraction
from itertools import product
from pathlib import Path

import av
import numpy as np
import pytest

from camagent.model.stream import FileTarget, MeasuredStream
from camagent.observe.codec import h264 as h264_payload
from camagent.observe.codec import h264_headers as h264
from camagent.observe.codec import h265 as h265_payload
from camagent.observe.codec import h265_headers as h265
from camagent.observe.codec import jpeg_headers as jpeg
from camagent.observe.codec.access_unit import annex_b, split_annex_b
from camagent.observe.codec.mjpeg import jpeg_picture
from camagent.observe.codec.nal_sequence import NalSequence
from camagent.observe.codec.payload_flags import is_keyframe
from camagent.observe.decode_worker import Decoder
from camagent.observe.media_files import FileOptions, watch_file
from camagent.simulator.packetize import packetize
from tests.observe.media import fields
from tests.observe.media.encoded_clips import Recipe, Truth, encode, filtered, probe, write
from tests.observe.media.looking import look

QUICK = (
    Recipe(frames=60, params="keyint=20:min-keyint=20:scenecut=0"),
    Recipe(
        width=322, height=182, rate=Fraction(30000, 1001), frames=40, params="keyint=15:bframes=0:slices=3"
    ),
    Recipe(frames=60, params="keyint=20:min-keyint=20:scenecut=0:open-gop=1:bframes=3:b-pyramid=normal"),
    Recipe(width=720, height=576, frames=20, params="tff=1:keyint=10:scenecut=0"),
    Recipe(frames=30, pix_fmt="yuv420p10le", params="keyint=10:scenecut=0"),
    Recipe(frames=30, options=(("profile", "baseline"),), params="keyint=10:scenecut=0"),
    Recipe("libx265", frames=60, params="keyint=20:min-keyint=20:scenecut=0:bframes=0"),
    Recipe("libx265", frames=60, params="keyint=20:min-keyint=20:scenecut=0:open-gop=1:bframes=4"),
    Recipe(
        "libx265",
        width=326,
        height=250,
        rate=Fraction(15),
        frames=40,
        params="keyint=15:min-keyint=15:scenecut=0",
    ),
    Recipe("libx265", frames=30, pix_fmt="yuv420p10le", params="keyint=10:min-keyint=10:scenecut=0"),
    Recipe("mjpeg", frames=12, rate=Fraction(10), pix_fmt="yuvj420p", options=(("huffman", "default"),)),
)


def check_file(path: Path, recipe: Recipe, truth: Truth) -> None:
    """Everything that ffprobe can say of the file."""
    facts = watch_file(FileTarget(path), FileOptions(pictures=1), look)
    figures = facts.measured
    assert isinstance(figures, MeasuredStream)
    assert (figures.width_px, figures.height_px) == (truth.width, truth.height)
    assert figures.codec_profile == truth.codec_profile
    assert _level(figures) == truth.level
    assert figures.frames == truth.frames
    assert figures.keyframes == len(truth.keyframes)
    assert figures.gop_length_frames == _gop(truth.keyframes)
    assert (figures.keyframes_decoded, figures.decode_errors) == (1, 0)
    if path.suffix in (".mp4", ".mkv", ".ts"):
        assert figures.frame_rate_hz is not None and figures.frame_rate_uncertainty_hz is not None
        assert abs(figures.frame_rate_hz - recipe.rate) <= figures.frame_rate_uncertainty_hz + 1e-6
        assert (
            figures.gop_length_s is None
            or figures.gop_length_frames is None
            or (figures.gop_length_s == pytest.approx(figures.gop_length_frames / recipe.rate, rel=0.005))
        )


def _level(figures: MeasuredStream) -> int:
    """As ffprobe writes it: level_idc, which H.265 counts in thirtieths."""
    if figures.codec_level is None:
        return -99
    if figures.codec_level == "1b":
        return 9
    tenths = round(float(figures.codec_level) * 10)
    return tenths if figures.codec == "h264" else tenths * 3


def _gop(keyframes: list[int]) -> float | None:
    if len(keyframes) < 2:
        return None
    return (keyframes[-1] - keyframes[0]) / (len(keyframes) - 1)


def check_stream(recipe: Recipe, truth: Truth) -> None:
    """The same through RTP payloads: headers, keyframes, and every frame bit for bit what was sent."""
    sequence, keys, count = NalSequence(recipe.codec), 0, 0
    for unit in encode(recipe):
        payloads = packetize(recipe.codec, unit.data, 1000)
        count += 1
        if recipe.codec == "mjpeg":
            picture = jpeg_picture(payloads)
            assert picture is not None
            header = jpeg.parse_header(picture)
            assert header is not None and (header.width_px, header.height_px) == (truth.width, truth.height)
            keys += 1
            continue
        access_unit, peek = _payload_format(recipe.codec)
        whole = access_unit(payloads)
        assert whole.complete and annex_b(whole.nals) == annex_b(split_annex_b(unit.data))
        flags = 0
        for payload in payloads:
            flags |= peek(payload)
        keys += is_keyframe(flags)
        sequence.add(whole.nals)
    assert (count, keys) == (truth.frames, len(truth.keyframes))
    if recipe.codec != "mjpeg":
        parse = h264.parse_sps if recipe.codec == "h264" else h265.parse_sps
        sets = [sps for _, nal in sequence.changes if (sps := parse(nal)) is not None]
        assert {(s.width_px, s.height_px, s.codec_profile) for s in sets} == {
            (truth.width, truth.height, truth.codec_profile)
        }


def _payload_format(codec: str):  # type: ignore[no-untyped-def]
    module = h264_payload if codec == "h264" else h265_payload
    return module.access_unit, module.peek


@pytest.mark.parametrize("recipe", QUICK, ids=str)
def test_files_and_streams_agree_with_a_full_decode(tmp_path: Path, recipe: Recipe) -> None:
    path = write(recipe, tmp_path / "clip.mp4")
    truth = probe(path)
    assert truth.frames == recipe.frames
    check_file(path, recipe, truth)
    check_stream(recipe, truth)


@pytest.mark.parametrize(
    "recipe", [r for r in QUICK if "open-gop=1" not in r.params or r.codec == "h265"], ids=str
)
def test_pictures_from_payloads_are_those_of_the_files_own_decode(tmp_path: Path, recipe: Recipe) -> None:
    """Every keyframe through RTP payloads and our decoder, bit for bit the frame that a full decode shows."""
    bare = tmp_path / f"clip.{recipe.codec}"
    bare.write_bytes(b"".join(unit.data for unit in encode(recipe)))
    with av.open(str(bare)) as container:
        shown = [frame.to_ndarray() for frame in container.decode(video=0) if frame.key_frame]
    decoder, sequence, pictures = Decoder(), NalSequence(recipe.codec), []
    for unit in encode(recipe):
        payloads = packetize(recipe.codec, unit.data, 900)
        if recipe.codec == "mjpeg":
            picture = jpeg_picture(payloads)
        else:
            nals = _payload_format(recipe.codec)[0](payloads).nals
            picture = sequence.picture(nals) if is_keyframe(sequence.add(nals)) else None
        if picture is not None:
            pictures.append(decoder.decode(recipe.codec, picture).to_ndarray())  # type: ignore[union-attr]
    assert len(pictures) == len(shown) >= 2
    assert all(np.array_equal(ours, theirs) for ours, theirs in zip(pictures, shown, strict=True))


SIZES = ((320, 240), (322, 182), (1280, 720), (1920, 1080), (2560, 1440), (64, 48))
RATES = (Fraction(25), Fraction(12), Fraction(30000, 1001), Fraction(1))
X264 = (
    "keyint=1",
    "keyint=20:min-keyint=20:scenecut=0:bframes=0",
    "keyint=20:min-keyint=20:scenecut=0:bframes=3:b-pyramid=strict",
    "keyint=12:scenecut=0:open-gop=1:bframes=2",
    "keyint=20:scenecut=0:slices=4",
    "keyint=20:scenecut=0:tff=1",
    "keyint=20:intra-refresh=1:bframes=0",
    "keyint=500:scenecut=0",
)
X265 = (
    "keyint=1",
    "keyint=20:min-keyint=20:scenecut=0:bframes=0",
    "keyint=20:min-keyint=20:scenecut=0:bframes=4:open-gop=0",
    "keyint=12:min-keyint=12:scenecut=0:bframes=4:open-gop=1",
    "keyint=20:min-keyint=20:scenecut=0:slices=3:pools=2:wpp=1",
    "keyint=500:scenecut=0:temporal-layers=2",
)
SIZES_AND_RATES = [*((SIZES[0], rate) for rate in RATES), (SIZES[1], RATES[0])]
MATRIX = [
    *(
        Recipe("libx264", *size, rate=rate, frames=50, params=params)
        for (size, rate), params in itertools.product([*SIZES_AND_RATES, (SIZES[2], RATES[0])], X264)
        if not ("tff" in params and size[1] % 4)  # x264 refuses interlace at such heights
    ),
    *(Recipe("libx264", *size, frames=24, params=X264[1]) for size in SIZES),
    *(
        Recipe("libx265", *size, rate=rate, frames=50, params=params)
        for (size, rate), params in itertools.product(SIZES_AND_RATES, X265)
    ),
    *(Recipe("libx265", *size, frames=12, params=X265[1]) for size in SIZES),
    *(
        Recipe("mjpeg", *size, frames=6, pix_fmt=f)  # type: ignore[misc]
        for size, f in product(SIZES[2:4], ("yuvj420p", "yuvj422p"))
    ),
]


@pytest.mark.slow
@pytest.mark.parametrize("recipe", MATRIX, ids=str)
def test_the_whole_matrix_agrees(tmp_path: Path, recipe: Recipe) -> None:
    for suffix in ("mp4", "mkv", *(() if recipe.codec == "mjpeg" else ("ts",)), recipe.codec):
        path = write(recipe, tmp_path / f"clip.{suffix}")
        check_file(path, recipe, probe(path))
    if recipe.pix_fmt != "yuvj422p":  # FFmpeg writes 4:2:2 in a form that RFC 2435 cannot carry
        check_stream(recipe, probe(tmp_path / "clip.mp4"))


@pytest.mark.parametrize("encoder", ["libx264", "libx265"])
@pytest.mark.parametrize("crop", ["crop_left=26:crop_right=4", "crop_left=8:crop_top=2"])
def test_left_crops_have_the_encoders_truth(tmp_path: Path, encoder: str, crop: str) -> None:
    recipe = Recipe(encoder, frames=10)
    plain = write(recipe, tmp_path / f"plain.{recipe.codec}")
    name = "h264_metadata" if recipe.codec == "h264" else "hevc_metadata"
    path = filtered(plain, tmp_path / f"cropped.{recipe.codec}", f"{name}={crop}")
    facts = watch_file(FileTarget(path), FileOptions(pictures=1), look)
    assert isinstance(facts.measured, MeasuredStream)
    sides = {part.split("=")[0]: int(part.split("=")[1]) for part in crop.split(":")}
    width = 320 - sides.get("crop_left", 0) - sides.get("crop_right", 0)
    assert (facts.measured.width_px, facts.measured.height_px) == (width, 240 - sides.get("crop_top", 0))
    assert facts.measured.keyframes_decoded == 1


@pytest.mark.parametrize("coding", ["frames", "fields", "mixed"])
@pytest.mark.parametrize("suffix", ["h264", "mp4", "ts", "mkv"])
def test_two_fields_are_one_frame(tmp_path: Path, coding: str, suffix: str) -> None:
    """PAFF: demuxers hand out fields, viewers see frames."""
    stream = b""
    for number in range(20):
        idr = number % 10 == 0
        as_fields = coding == "fields" or (coding == "mixed" and number % 2 == 1)
        stream += fields.parameter_sets() if idr else b""
        stream += fields.picture(number % 10, fields=as_fields, idr=idr)
    bare = tmp_path / "bare.h264"
    bare.write_bytes(stream)
    path = bare if suffix == "h264" else filtered(bare, tmp_path / f"clip.{suffix}", "null")
    check_file(path, Recipe(rate=Fraction(25)), probe(path))
    figures = watch_file(FileTarget(path), FileOptions(), look).measured
    assert isinstance(figures, MeasuredStream) and (figures.frames, figures.gop_length_frames) == (20, 10)
