"""The heavy clips that `bench.stream` measures with, encoded afresh at its start. Knows encoders; serves nothing.

A moving test picture under fresh noise in every frame, so that no encoder can make it light: 25 fps, a keyframe every
two seconds, a loop of four. Beside each file lies the index that `camagent simulate --load N --clip FILE` reads.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.filter import Graph

FRAME_RATE_HZ = 25
GOP_LENGTH_FRAMES = 50
FRAMES = 100
NOISE = 12  # of FFmpeg's noise filter: a keyframe weighs several times what a drawn scene's does
ENCODERS = {"h264": "libx264", "h265": "libx265", "mjpeg": "mjpeg"}


@dataclass(frozen=True)
class Recipe:
    """One clip to be encoded."""

    name: str
    codec: str
    width_px: int
    height_px: int
    bitrate_bps: int


RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe("h264_1080p", "h264", 1920, 1080, 4_000_000),
        Recipe("h265_1080p", "h265", 1920, 1080, 4_000_000),
        Recipe("mjpeg_1080p", "mjpeg", 1920, 1080, 15_000_000),
        Recipe("h264_2160p", "h264", 3840, 2160, 12_000_000),
        Recipe("h265_2160p", "h265", 3840, 2160, 8_000_000),
    )
}


@dataclass(frozen=True)
class MadeClip:
    """A clip as it came out of the encoder, which need not be what was asked for."""

    file: Path
    bitrate_bps: float
    largest_keyframe_bytes: int


def make_clip(recipe: Recipe, folder: Path) -> MadeClip:
    """Encode one clip and its index into the folder."""
    encoder = _encoder(recipe)
    packets = [packet for frame in _pictures(recipe, encoder.pix_fmt) for packet in encoder.encode(frame)]
    packets += encoder.encode(None)
    sizes = [packet.size for packet in packets]
    keyframes = [number for number, packet in enumerate(packets) if packet.is_keyframe]
    file = folder / f"{recipe.name}.{recipe.codec}"
    file.write_bytes(b"".join(bytes(packet) for packet in packets))
    index = {
        "codec": recipe.codec,
        "width_px": recipe.width_px,
        "height_px": recipe.height_px,
        "frame_rate_hz": FRAME_RATE_HZ,
        "gop_length_frames": 1 if recipe.codec == "mjpeg" else GOP_LENGTH_FRAMES,
        "keyframes": keyframes,
        "frame_sizes_bytes": sizes,
    }
    file.with_name(f"{file.name}.json").write_text(json.dumps(index))
    bitrate_bps = sum(sizes) * 8 * FRAME_RATE_HZ / len(sizes)
    return MadeClip(file, bitrate_bps, max(sizes[number] for number in keyframes))


def _pictures(recipe: Recipe, pixel_format: str) -> Iterator[av.VideoFrame]:
    graph = Graph()
    size = f"{recipe.width_px}x{recipe.height_px}"
    nodes = [
        graph.add("testsrc2", f"size={size}:rate={FRAME_RATE_HZ}"),
        graph.add("noise", f"alls={NOISE}:allf=t"),
        graph.add("format", f"pix_fmts={pixel_format}"),
        graph.add("buffersink"),
    ]
    graph.link_nodes(*nodes).configure()
    for number in range(FRAMES):
        frame = graph.vpull()
        frame.pts, frame.time_base = number, Fraction(1, FRAME_RATE_HZ)
        yield frame


def _encoder(recipe: Recipe) -> Any:
    encoder: Any = av.CodecContext.create(ENCODERS[recipe.codec], "w")
    encoder.width, encoder.height = recipe.width_px, recipe.height_px
    encoder.pix_fmt = "yuvj420p" if recipe.codec == "mjpeg" else "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, FRAME_RATE_HZ), Fraction(FRAME_RATE_HZ)
    encoder.bit_rate = recipe.bitrate_bps
    encoder.gop_size = GOP_LENGTH_FRAMES
    rate_kbps = recipe.bitrate_bps // 1000
    gop = f"keyint={GOP_LENGTH_FRAMES}:min-keyint={GOP_LENGTH_FRAMES}:scenecut=0:bframes=0"
    rate = f"bitrate={rate_kbps}:vbv-maxrate={rate_kbps}:vbv-bufsize={rate_kbps * 2}"
    if recipe.codec == "h264":
        encoder.options = {"preset": "veryfast", "profile": "high", "x264-params": f"{gop}:{rate}"}
    elif recipe.codec == "h265":
        quiet = "log-level=error:info=0:repeat-headers=1:open-gop=0"
        encoder.options = {"preset": "ultrafast", "x265-params": f"{gop}:{rate}:{quiet}"}
    else:  # RFC 2435 carries no Huffman tables and our packets no restart intervals: standard tables, one thread
        encoder.thread_count = 1
        encoder.options = {"huffman": "default"}
    return encoder
