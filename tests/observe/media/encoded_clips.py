"""Small clips made by encoders that we did not write, and what ffprobe says of them after decoding every
frame."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

import av
import numpy as np

X264_QUIET = "log=-1"
X265_QUIET = "log-level=none:pools=none:frame-threads=1"


@dataclass(frozen=True)
class Recipe:
    """How to encode a moving pattern."""

    encoder: str = "libx264"
    width: int = 320
    height: int = 240
    rate: Fraction = Fraction(25)
    frames: int = 30
    pix_fmt: str = "yuv420p"
    params: str = ""
    """x264-params or x265-params."""
    options: tuple[tuple[str, str], ...] = ()
    still: bool = False

    @property
    def codec(self) -> str:
        return {"libx264": "h264", "libx265": "h265", "mjpeg": "mjpeg"}[self.encoder]


@dataclass(frozen=True)
class Unit:
    """One encoded access unit in order of decoding."""

    data: bytes
    pts: int
    keyframe: bool


@dataclass
class Truth:
    """ffprobe -count_frames."""

    width: int
    height: int
    codec_profile: str
    level: int
    frames: int
    keyframes: list[int] = field(default_factory=list)
    """Places of the keyframes in order of presentation."""


@cache
def texture(width: int, height: int) -> np.ndarray:
    """Overlapping discs of all sizes: edges, flat regions and detail, like a natural scene."""
    if width > 1280:  # a small one enlarged: drawing millions of pixels takes longer than the test
        small = texture(-(-width // 4), -(-height // 4))
        return np.ascontiguousarray(small.repeat(4, axis=0).repeat(4, axis=1)[:height, :width])
    rng = np.random.default_rng(7)
    picture = np.full((height, width), 120, np.uint8)
    rows, columns = np.mgrid[:height, :width]
    for _ in range(220):
        radius = min(width, height) / 3 / rng.uniform(1, 12)
        y, x, grey = rng.uniform(0, height), rng.uniform(0, width), rng.integers(30, 226)
        picture[(rows - y) ** 2 + (columns - x) ** 2 < radius**2] = grey
    return picture


def picture(recipe: Recipe, number: int) -> av.VideoFrame:
    """Frame `number` of the moving pattern."""
    grey = texture(recipe.width, recipe.height)
    if not recipe.still:
        grey = np.roll(grey, 3 * number, axis=1)
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(grey), format="gray")
    frame = frame.reformat(format=recipe.pix_fmt)
    frame.pts = number
    return frame


def _configure(context: Any, recipe: Recipe) -> None:
    context.width, context.height, context.pix_fmt = recipe.width, recipe.height, recipe.pix_fmt
    context.framerate, context.time_base, context.thread_count = recipe.rate, 1 / recipe.rate, 1
    options = dict(recipe.options)
    quiet = {"libx264": ("x264-params", X264_QUIET), "libx265": ("x265-params", X265_QUIET)}.get(
        recipe.encoder
    )
    if quiet:
        options[quiet[0]] = ":".join(filter(None, (quiet[1], recipe.params)))
    context.options = options


@cache
def encode(recipe: Recipe) -> tuple[Unit, ...]:
    """The access units as the encoder makes them: Annex B with parameter sets in band, or JPEG files."""
    context = av.CodecContext.create(recipe.encoder, "w")
    _configure(context, recipe)
    packets = list(
        chain.from_iterable(context.encode(picture(recipe, number)) for number in range(recipe.frames))
    )
    packets += context.encode(None)
    return tuple(Unit(bytes(p), p.pts, p.is_keyframe) for p in packets)


def write(recipe: Recipe, path: Path) -> Path:
    """Encode into a file of the kind that the name says."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(recipe.encoder, rate=recipe.rate)
        _configure(stream.codec_context, recipe)
        for number in range(recipe.frames):
            container.mux(stream.encode(picture(recipe, number)))
        container.mux(stream.encode(None))
    return path


def filtered(source: Path, target: Path, bitstream_filter: str) -> Path:
    """The same stream with its headers rewritten by one of FFmpeg's filters."""
    command = ["ffmpeg", "-v", "error", "-y", "-i", str(source), "-c", "copy"]
    command += ["-bsf:v", bitstream_filter, str(target)]
    subprocess.run(command, check=True, timeout=60)
    return target


def probe(path: Path) -> Truth:
    """What ffprobe says after a full decode."""
    entries = "stream=width,height,profile,level,nb_read_frames:frame=key_frame"
    command = ["ffprobe", "-v", "error", "-count_frames", "-select_streams", "v:0", "-show_frames"]
    done = subprocess.run(
        [*command, "-show_entries", entries, "-of", "json", path],
        check=True,
        capture_output=True,
        timeout=120,
    )
    document = json.loads(done.stdout)
    stream = document["streams"][0]
    keys = [place for place, frame in enumerate(document["frames"]) if frame["key_frame"]]
    return Truth(
        stream["width"],
        stream["height"],
        stream.get("profile", ""),
        stream.get("level", -99),
        int(stream["nb_read_frames"]),
        keys,
    )
