"""Large and deep pictures over the wire, from encoders that we did not write: judged like any other, and
decoded."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import pytest

from camagent.model.stream import ImageFacts, StreamFacts
from camagent.observe.decode import PicturePool
from camagent.observe.rtsp.client import StepLimits
from camagent.simulator.packetize import packetize
from tests.observe.media.encoded_clips import Recipe, encode
from tests.observe.wire.camera import Camera, on_channel, rtp, running
from tests.observe.wire.watching import doors, measured, watch

NAMES = {"h264": "H264", "h265": "H265", "mjpeg": "JPEG"}
FAST = (("preset", "ultrafast"),)
GOP = "keyint=5:min-keyint=5:scenecut=0:bframes=0"


@dataclass
class Encoder(Camera):
    """Sends what an encoder made, over and over; MJPEG beyond 2040 px tells its size in the description."""

    recipe: Recipe = Recipe()

    def __post_init__(self) -> None:
        self.fps = int(self.recipe.rate)
        name = NAMES[self.recipe.codec]
        self.sdp = self.sdp.replace("H264", name)
        if name == "JPEG":
            self.sdp += f"a=x-dimensions:{self.recipe.width},{self.recipe.height}\r\n"

    def payloads(self, unit: bytes) -> list[bytes]:
        if self.recipe.codec != "mjpeg":
            return packetize(self.recipe.codec, unit)
        # height and width: more than a byte of eights holds, so that byte is 0
        at = unit.index(b"\xff\xc0") + 5
        small = packetize("mjpeg", unit[:at] + b"\x00\x10\x00\x10" + unit[at + 4 :])
        return [payload[:6] + b"\x00\x00" + payload[8:] for payload in small]

    def frame(self, number: int) -> Iterator[bytes]:
        units = encode(self.recipe)
        payloads = self.payloads(units[number % len(units)].data)
        stamp = self.first_timestamp + number * 90_000 // self.fps
        data = b"".join(
            on_channel(rtp(self.next_sequence(), stamp, payload, marker=at == len(payloads) - 1))
            for at, payload in enumerate(payloads)
        )
        yield data


def seen_of(camera: Camera) -> StreamFacts:
    async def look() -> StreamFacts:
        pool = PicturePool()
        try:
            async with running(camera) as uri:
                limits = StepLimits()
                return await watch(uri, door=doors(pictures=pool), window_s=2.5, budget_s=60.0, limits=limits)
        finally:
            await pool.close()

    return asyncio.run(look())


@pytest.mark.first_case
@pytest.mark.parametrize(
    ("recipe", "codec_profile", "depth"),
    [
        (Recipe("libx264", width=640, height=360, pix_fmt="yuv420p10le", params=GOP), "High 10", 10),
        (Recipe(width=3840, height=2160, params=f"{GOP}:8x8dct=1:cabac=1"), "High", 8),
        (Recipe("libx265", width=3840, height=2160, params=GOP), "Main", 8),
        (Recipe("libx265", width=3840, height=2160, pix_fmt="yuv420p10le", params=GOP), "Main 10", 10),
        (Recipe("mjpeg", width=3840, height=2160, pix_fmt="yuvj420p"), "Baseline", None),
    ],
    ids=["h264-10bit", "h264-4k", "h265-4k", "h265-4k-10bit", "mjpeg-4k"],
)
def test_large_and_deep_streams_are_judged_right(
    recipe: Recipe, codec_profile: str, depth: int | None
) -> None:
    options = (("huffman", "default"),) if recipe.codec == "mjpeg" else FAST
    recipe = Recipe(
        recipe.encoder, recipe.width, recipe.height, Fraction(10), 10, recipe.pix_fmt, recipe.params, options
    )
    encode(recipe)  # before the clock runs
    facts = seen_of(Encoder(recipe=recipe))
    figures = measured(facts)
    assert (figures.width_px, figures.height_px, figures.codec_profile) == (
        recipe.width,
        recipe.height,
        codec_profile,
    )
    assert figures.frame_rate_hz == pytest.approx(10.0, rel=0.01) and figures.rtp_lost_packets == 0
    assert figures.gop_length_frames == (1 if recipe.codec == "mjpeg" else 5)
    assert facts.declared is not None and facts.declared.bit_depth == depth
    assert isinstance(facts.image, ImageFacts) and (figures.keyframes_decoded, figures.decode_errors) == (
        2,
        0,
    )
