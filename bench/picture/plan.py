"""Which clips there are: every choice by a seed, so that two runs make the same set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from bench.picture import spoil
from bench.picture.photographs import Photograph
from bench.picture.scenes import LIGHTS, Clip

CONDITIONS = (
    *[name for name in spoil.OPTICAL if name != "sound"],
    *spoil.ELECTRIC,
    *spoil.DIGITAL,
    *spoil.LATE,
    "corrupt",
)
OSD_SHARE, WALKER_SHARE, H265_SHARE = 0.8, 0.5, 0.07


def sound_clips(photographs: Sequence[Photograph], clips: tuple[int, int]) -> Iterator[Clip]:
    """So many clips of each half (0: limits are chosen, 1: figures): every photograph and light in turn."""
    for half in (0, 1):
        own = [photograph for photograph in photographs if photograph.half == half]
        for number in range(clips[half]):
            view, place = divmod(number, len(own) * len(LIGHTS))
            photograph, light = own[place // len(LIGHTS)], LIGHTS[place % len(LIGHTS)]
            yield _clip(photograph, light, "sound", 0, 1_000_000 * half + 100_000 * view + place)


def spoilt_clips(photographs: Sequence[Photograph], obvious: tuple[int, int]) -> Iterator[Clip]:
    """So many clips of each condition and obvious strength of each half, one of each weak strength.

    Photographs at random, half of them by day.
    """
    for half in (0, 1):
        own = [photograph for photograph in photographs if photograph.half == half]
        for kind, condition in enumerate(CONDITIONS):
            for strength in range(1, 6):
                for number in range(1 if strength < 3 else obvious[half]):
                    seed = 2_000_000 + 1_000_000 * half + 10_000 * kind + 1000 * strength + number
                    rng = np.random.default_rng(seed)
                    photograph = own[int(rng.integers(0, len(own)))]
                    by_day = rng.random() < 0.5 or condition == "monochrome"
                    yield _clip(
                        photograph, "day" if by_day else str(rng.choice(LIGHTS)), condition, strength, seed
                    )


def _clip(photograph: Photograph, light: str, condition: str, strength: int, seed: int) -> Clip:
    rng = np.random.default_rng(seed + 11)
    h265_share = 0.5 if condition == "corrupt" else H265_SHARE
    codec = "h265" if rng.random() < h265_share else "h264"
    return Clip(
        photograph=photograph.name,
        light=light,
        condition=condition,
        strength=strength,
        seed=seed,
        osd=bool(rng.random() < OSD_SHARE),
        walker=bool(rng.random() < WALKER_SHARE),
        codec=codec,
        keyframe_bytes=int(rng.choice((35_000, 60_000, 90_000, 140_000, 220_000))),
        noise=float(
            rng.uniform(0.7, 3.0) if light in ("day", "rain", "web", "fog") else rng.uniform(1.5, 4.5)
        ),
    )
