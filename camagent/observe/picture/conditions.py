"""What is wrong with a picture, told from its numbers. Pure arithmetic; no decoder, no cv2.

The limits are those of image science, not requirements. Each condition has two: beyond the first it is stated, between
both it is `unsure`. The distance between them is the margin that synthetic scenes, coded and spoilt in known ways,
left between sound and spoilt pictures; real cameras sharpen and compress, so the margins are wide on purpose.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

BLACK_MEAN, BLACK_STD = (8.0, 14.0), (3.0, 6.0)  # 8-bit steps; a lit room seen at night without lamps stays above
UNDEREXPOSED_MEAN = (16.0, 28.0)  # night scenes under infrared lamps have means of 30 and more
OVEREXPOSED_RATIO = (0.6, 0.35)  # of the picture at the top of the scale; a white wall or sky alone stays below
LOW_CONTRAST_STD = (6.0, 12.0)  # fog or a fouled dome; an evenly lit corridor has 20 and more
COVERED_FLAT_RATIO = (0.97, 0.85)  # blocks that show nothing at all
CAST_STEPS = (20.0, 11.0)  # mean chroma off neutral; lawns and brick walls reach about 14
CAST_MIN_LUMA = 30.0  # below it colour is amplified noise (OpenIPC/majestic-webui#492)
NOISE_SIGMA = (12.0, 6.0)  # foliage and gravel reach about 5
BLUR_SHARPNESS = (0.27, 0.42)  # sharp scenes 0.64 and more, a blur of one pixel 0.44, of two 0.32
COARSE_BLUR_SHARPNESS = 0.42  # on the sample, where the tiles have no edge left: a blur of many pixels
BLUR_MIN_STD = 15.0  # below it there may be nothing in view to be sharp
STRIPE_RATIO = (100.0, 25.0)  # fences and blinds reach about 20
STRIPE_MIN_STEP = 4.0  # 8-bit steps from line to line
NO_SIGNAL_CAST = 50.0  # the even blue of a recorder's or encoder's empty input
FROZEN_CHANGE = 0.0  # a live sensor never repeats a picture bit for bit, however still the scene
UNSURE_FROZEN_CHANGE = 1.0  # coded anew, a repeated picture changes by up to 1.0; a still scene by 1.2 and more

ORDER = (
    "black",
    "frozen",
    "blurred",
    "covered",
    "overexposed",
    "underexposed",
    "low_contrast",
    "cast",
    "noisy",
    "striped",
    "no_signal",
)
"""Every condition that there is."""


class Numbers(Protocol):
    """The measures that conditions are told from (`measure.PictureMeasures`)."""

    @property
    def luma_mean(self) -> float: ...
    @property
    def luma_std(self) -> float: ...
    @property
    def sharpness(self) -> float | None: ...
    @property
    def coarse_sharpness(self) -> float | None: ...
    @property
    def noise(self) -> float: ...
    @property
    def cast_u(self) -> float: ...
    @property
    def cast_v(self) -> float: ...
    @property
    def flat_blocks_ratio(self) -> float: ...
    @property
    def stripe_ratio(self) -> float: ...
    @property
    def stripe_step(self) -> float: ...
    @property
    def bright_ratio(self) -> float: ...


def conditions(pictures: Sequence[Numbers], change: float | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The conditions of a stream, and those that the numbers cannot tell.

    Stated only where every picture shows it: the first picture of a session is often a mosaic
    (BigTonyTones/Tonys-Onvf-RTSP-Server#42).
    """
    told = [_told(picture) for picture in pictures]
    stated = {name for name in ORDER if all(name in certain for certain, _ in told)}
    doubtful = {name for certain, unsure in told for name in certain | unsure}
    if change is not None and not stated & {"black", "no_signal", "covered", "overexposed"}:
        if change <= FROZEN_CHANGE:
            stated.add("frozen")
        elif change <= UNSURE_FROZEN_CHANGE:
            doubtful.add("frozen")
    return tuple(n for n in ORDER if n in stated), tuple(n for n in ORDER if n in doubtful - stated)


def _told(picture: Numbers) -> tuple[set[str], set[str]]:
    """Certain and unsure conditions of one picture; one that explains others silences them."""
    levels = _exposure_levels(picture) | _texture_levels(picture)
    certain = {name for name, level in levels.items() if level == 2}
    unsure = {name for name, level in levels.items() if level == 1}
    for cause in ("black", "no_signal", "overexposed", "covered"):
        if cause in certain:
            return {cause}, set()
    if "low_contrast" in certain | unsure:
        unsure -= {"underexposed"}
    return certain, unsure


def _exposure_levels(p: Numbers) -> dict[str, int]:
    black = min(_below(p.luma_mean, BLACK_MEAN), _below(p.luma_std, BLACK_STD))
    cast = max(abs(p.cast_u), abs(p.cast_v))
    flat = _above(p.flat_blocks_ratio, COVERED_FLAT_RATIO)
    return {
        "black": black,
        "underexposed": 0 if black == 2 else _below(p.luma_mean, UNDEREXPOSED_MEAN),
        "overexposed": _above(p.bright_ratio, OVEREXPOSED_RATIO),
        "low_contrast": _below(p.luma_std, LOW_CONTRAST_STD),
        "covered": flat if p.luma_std < BLUR_MIN_STD else min(flat, 1),
        "cast": _above(cast, CAST_STEPS) if p.luma_mean >= CAST_MIN_LUMA else 0,
        "no_signal": flat if cast >= NO_SIGNAL_CAST else 0,
    }


def _texture_levels(p: Numbers) -> dict[str, int]:
    striped = _above(p.stripe_ratio, STRIPE_RATIO) if p.stripe_step >= STRIPE_MIN_STEP else 0
    return {"noisy": _above(p.noise, NOISE_SIGMA), "striped": striped, "blurred": _blur_level(p)}


def _blur_level(p: Numbers) -> int:
    if p.noise > NOISE_SIGMA[1]:
        return 0  # noise is sharp: it says nothing about the lens
    if p.sharpness is not None:
        return _below(p.sharpness, BLUR_SHARPNESS)
    if p.luma_std < BLUR_MIN_STD:
        return 1
    if p.coarse_sharpness is not None:
        return 2 if p.coarse_sharpness < COARSE_BLUR_SHARPNESS else 0
    return 1


def _below(value: float, limits: tuple[float, float]) -> int:
    certain, unsure = limits
    return 2 if value < certain else 1 if value < unsure else 0


def _above(value: float, limits: tuple[float, float]) -> int:
    certain, unsure = limits
    return 2 if value > certain else 1 if value > unsure else 0
