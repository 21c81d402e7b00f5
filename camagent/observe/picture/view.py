"""One decoded picture, and the smaller pictures that every score is taken from. Keeps nothing.

Makers draw a clock and a name over the picture, white with a black rim, mostly along the upper and lower
edge. Scores look at the rows between, and where text may stand anywhere they look at tiles and let the
majority decide.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from camagent.observe.picture import shading

cv2.setNumThreads(1)  # one picture a thread already: OpenCV's own pool would only fight with it

Made = TypeVar("Made")
Plane = NDArray[Any]
"""Rows by columns, uint8 or uint16; a view that may be read-only and strided."""

SAMPLE_WIDTH_PX = 480  # wide enough for exposure, 1/16 of 1080p
SMALL_WIDTH_PX = 960  # edges and blur: half of 1080p, where coding and sensor noise are averaged away
THUMB_SIZE = (36, 64)  # rows by columns
TEXT_ROWS = 0.12  # of the height, above and below: where makers draw their text
_LIMITED_SCALE = 255 / 219
_LEVELS = np.arange(256)
_FULL_RANGE = np.clip((_LEVELS - 16) * _LIMITED_SCALE + 0.5, 0, 255).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class Planes:
    """One decoded picture as the decoder left it."""

    luma: Plane
    chroma: tuple[Plane, Plane] | None
    """Cb and Cr; None for a monochrome picture."""
    bit_depth: int
    full_range: bool


def eight_bit(plane: Plane, planes: Planes) -> Plane:
    """A contiguous copy in 8-bit full range."""
    narrow = raw_eight_bit(plane, planes)
    return narrow if planes.full_range else cv2.LUT(narrow, _FULL_RANGE)


def raw_eight_bit(plane: Plane, planes: Planes) -> Plane:
    """A contiguous copy in 8 bits, in the range that it was coded in."""
    if planes.bit_depth > 8:
        plane = plane >> (planes.bit_depth - 8)
    return np.ascontiguousarray(plane, dtype=np.uint8)


def without_text(picture: Plane) -> Plane:
    """The rows between those where text is drawn; all of them where the picture is too low for that."""
    rows = int(picture.shape[0] * TEXT_ROWS)
    return picture[rows : picture.shape[0] - rows]


def structure(thumb: Plane) -> NDArray[np.float32]:
    """Luma without its wide shading."""
    luma = thumb.astype(np.float32)
    return np.asarray(luma - cv2.GaussianBlur(luma, (0, 0), shading.SIGMA), np.float32)


class PictureView:
    """The smaller pictures of one picture, each made when first asked for. Valid as long as the decoder's
    frame."""

    def __init__(self, planes: Planes) -> None:
        self.planes = planes
        self._made: dict[str, Any] = {}

    def once(self, name: str, make: Callable[[], Made]) -> Made:
        """What several scores need of this picture, made for the first of them."""
        if name not in self._made:
            self._made[name] = make()
        found: Made = self._made[name]
        return found

    @cached_property
    def step(self) -> int:
        """Distance of the sample's pixels."""
        width_px: int = self.planes.luma.shape[1]
        return max(1, round(width_px / SAMPLE_WIDTH_PX))

    @cached_property
    def sample(self) -> Plane:
        """Every so many pixels of the luma: as noisy as the picture itself."""
        return eight_bit(self.planes.luma[:: self.step, :: self.step], self.planes)

    @cached_property
    def middle(self) -> Plane:
        """The sample without the rows of the text."""
        return without_text(self.sample)

    @cached_property
    def histogram(self) -> NDArray[np.int64]:
        """Of the middle, 256 levels."""
        return np.bincount(self.middle.ravel(), minlength=256)

    def percentile(self, percent: float) -> float:
        """Luma below which so many percent of the middle lie."""
        counts = np.cumsum(self.histogram)
        return float(np.searchsorted(counts, counts[-1] * percent / 100))

    @cached_property
    def small(self) -> Plane:
        """The whole luma averaged down to about SMALL_WIDTH_PX."""
        luma = self.planes.luma
        factor = max(1, round(luma.shape[1] / SMALL_WIDTH_PX))
        if factor == 1:
            return eight_bit(luma, self.planes)
        size = (max(1, luma.shape[1] // factor), max(1, luma.shape[0] // factor))
        return eight_bit(cv2.resize(luma, size, interpolation=cv2.INTER_AREA), self.planes)

    @cached_property
    def tiny(self) -> Plane:
        """The small picture averaged once more by two."""
        rows, columns = self.small.shape
        size = (max(1, columns // 2), max(1, rows // 2))
        return np.asarray(cv2.resize(self.small, size, interpolation=cv2.INTER_AREA))

    @cached_property
    def thumb(self) -> Plane:
        """28 rows of 64 values of luma, the rows of the text left out."""
        rows, columns = THUMB_SIZE
        cut = round(rows * TEXT_ROWS)
        return np.asarray(
            cv2.resize(self.tiny, (columns, rows), interpolation=cv2.INTER_AREA)[cut : rows - cut]
        )

    @cached_property
    def chroma(self) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
        """Every eighth chroma value, 8-bit steps off neutral; None for a monochrome picture."""
        if self.planes.chroma is None:
            return None
        neutral, steps = 1 << (self.planes.bit_depth - 1), 1 << (self.planes.bit_depth - 8)
        apart = max(1, self.planes.chroma[0].shape[1] // 240)
        u, v = (without_text(plane[::apart, ::apart]).astype(np.float32) for plane in self.planes.chroma)
        return (u - np.float32(neutral)) / np.float32(steps), (v - np.float32(neutral)) / np.float32(steps)
