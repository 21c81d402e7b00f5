"""Clips made and coded: two keyframes as x264 or x265 leaves them, decoded again by the product's own
decoder."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import av
import cv2
import numpy as np

from bench.picture import scenes, spoil
from bench.picture.photographs import Photograph
from bench.picture.scenes import Clip, Picture

ENCODER = {"h264": "libx264", "h265": "libx265"}


def pictures(clip: Clip, photograph: Photograph) -> list[np.ndarray]:
    """The two pictures of a clip as I420 planes, before coding."""
    base = scenes.view(photograph.picture, clip.seed)
    if clip.light != "rain":
        base = scenes.lit(base, clip.light, np.random.default_rng(clip.seed + 1))
    return [_one(base, clip, moment) for moment in (0, 1)]


def _one(p: Picture, clip: Clip, moment: int) -> np.ndarray:
    own = np.random.default_rng(clip.seed * 2 + moment)
    rng = np.random.default_rng(clip.seed)
    if clip.light == "rain":
        p = scenes.lit(p, clip.light, own)
    if clip.walker:
        p = scenes.walker(p, clip.seed, moment)
    softness_px = float(np.random.default_rng(clip.seed + 2).uniform(0.4, 0.8))
    if clip.condition in spoil.OPTICAL:
        p = spoil.OPTICAL[clip.condition](p, clip, moment, rng)
    p = cv2.GaussianBlur(_levels(p), (0, 0), softness_px)
    p = cv2.add(p, scenes.grain(own, clip.noise), dtype=cv2.CV_8U)
    p = scenes.sharpened(p, float(np.random.default_rng(clip.seed + 3).uniform(0.3, 1.0)))
    for kinds in (spoil.ELECTRIC, spoil.DIGITAL):
        if clip.condition in kinds:
            p = _levels(kinds[clip.condition](p.astype(np.float32), clip, moment, rng))
    if clip.osd:
        p = scenes.text(p, clip.seed, moment)
    if clip.condition in spoil.LATE:
        p = _levels(spoil.LATE[clip.condition](p.astype(np.float32), clip, moment, rng))
    return cv2.cvtColor(p, cv2.COLOR_BGR2YUV_I420)


def _levels(picture: Picture) -> np.ndarray:
    """8-bit levels, clipped as a sensor clips."""
    return (
        picture if picture.dtype == np.uint8 else cv2.addWeighted(picture, 1, picture, 0, 0, dtype=cv2.CV_8U)
    )


def keyframes(clip: Clip, planes: list[np.ndarray]) -> list[bytes]:
    """Each picture as one keyframe with its parameter sets, near the asked size."""
    coded = [_coded(clip.codec, plane, clip.keyframe_bytes) for plane in planes]
    if clip.condition == "corrupt":
        flips = (1, 4, 10, 40, 100)[clip.strength - 1]
        coded = [_flipped(unit, flips, clip.seed + place) for place, unit in enumerate(coded)]
    return coded


def _coded(codec: str, plane: np.ndarray, size_bytes: int) -> bytes:
    encoder: Any = av.CodecContext.create(ENCODER[codec], "w")
    encoder.width, encoder.height, encoder.pix_fmt = scenes.WIDTH_PX, scenes.HEIGHT_PX, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, 25), Fraction(25)
    encoder.bit_rate = size_bytes * 8 * 25
    encoder.thread_count = 1
    kbps, kbit = size_bytes * 200 // 1000, size_bytes * 8 // 1000
    rate = f"bitrate={kbps}:vbv-maxrate={kbps}:vbv-bufsize={kbit}"
    quiet = ":log-level=error:pools=none:frame-threads=1:repeat-headers=1" if codec == "h265" else ""
    encoder.options = {
        "preset": "ultrafast" if codec == "h265" else "superfast",
        f"x{codec[1:]}-params": f"keyint=1:{rate}{quiet}",
    }
    frame = av.VideoFrame.from_ndarray(plane, format="yuv420p")
    frame.pts = 0
    return b"".join(bytes(packet) for packet in [*encoder.encode(frame), *encoder.encode(None)])


def _flipped(unit: bytes, flips: int, seed: int) -> bytes:
    rng = np.random.default_rng(seed)
    content = bytearray(unit)
    for place in rng.integers(min(len(content) - 2, 400), len(content) - 1, flips):
        content[place] ^= 1 << int(rng.integers(0, 8))
    return bytes(content)
