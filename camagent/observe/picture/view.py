"""One decoded picture, and the smaller pictures that every score is taken from. Keeps nothing.

Makers draw a clock and a name over the picture, white with a black rim, mostly along the upper and lower
edge. Scores look at the rows between, and where text may stand anywhere they look at tiles and let the
majority decide.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
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
CHROMA_WIDTH_PX = 160  # at least; colour has no fine detail that matters here
BANDS, BAND_PX = 8, 32  # spread over the width
BLOCK_PX = 16  # of every codec that cameras have
STRIPS = 4  # of a picture, side by side: what lies in all of them is not the scene's
NEUTRAL = 128
TEXT_ROWS = 0.12  # of the height, above and below: where makers draw their text
LIMITED_SCALE = 255 / 219


@dataclass(frozen=True, slots=True)
class Planes:
    """One decoded picture as the decoder left it."""

    luma: Plane
    chroma: tuple[Plane, Plane] | None
    """Cb and Cr; None for a monochrome picture."""
    bit_depth: int
    full_range: bool


def full_range(plane: Plane, planes: Planes) -> Plane:
    """8-bit levels in full range: 16 to 235 spread over 0 to 255, where they were coded so."""
    if planes.full_range:
        return plane
    return np.asarray(cv2.addWeighted(plane, LIMITED_SCALE, plane, 0, -16 * LIMITED_SCALE))


def raw_eight_bit(plane: Plane, planes: Planes) -> Plane:
    """A contiguous copy in 8 bits, in the range that it was coded in."""
    if planes.bit_depth > 8:
        plane = plane >> (planes.bit_depth - 8)
    return np.ascontiguousarray(plane, dtype=np.uint8)


def without_text(picture: Plane) -> Plane:
    """The rows between those where text is drawn; all of them where the picture is too low for that."""
    rows = int(picture.shape[0] * TEXT_ROWS)
    return picture[rows : picture.shape[0] - rows]


def strips(length: int) -> Iterator[tuple[int, int]]:
    """Where each of the STRIPS of so many lines begins and ends."""
    return pairwise(length * place // STRIPS for place in range(STRIPS + 1))


def histogram(plane: Plane) -> NDArray[np.int64]:
    """How many values of each 8-bit level."""
    return np.asarray(cv2.calcHist([plane], [0], None, [256], [0, 256]).ravel(), np.int64)


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
        value: Made = self._made[name]
        return value

    @cached_property
    def step(self) -> int:
        """Distance of the sample's pixels."""
        width_px: int = self.planes.luma.shape[1]
        return max(1, round(width_px / SAMPLE_WIDTH_PX))

    @cached_property
    def sample(self) -> Plane:
        """Every so many pixels of the luma: as noisy as the picture itself."""
        return full_range(self.coded_sample, self.planes)

    @cached_property
    def coded_sample(self) -> Plane:
        """The sample in the range that it was coded in."""
        height, width = self.planes.luma.shape
        size = (-(-width // self.step), -(-height // self.step))
        picked = cv2.resize(self.planes.luma, size, interpolation=cv2.INTER_NEAREST)
        return raw_eight_bit(picked, self.planes)

    @cached_property
    def rows(self) -> Plane:
        """Whole rows of the luma, every fourth of 1080, as they were coded; at most about 300."""
        apart = max(1, round(self.planes.luma.shape[0] / 270))
        return raw_eight_bit(self.planes.luma[apart // 2 :: apart], self.planes)

    @cached_property
    def bands(self) -> Plane:
        """Every row in eight bands of columns, as they were coded: rows by bands by columns."""
        height, width = self.planes.luma.shape
        wide = min(BAND_PX, width // BANDS)
        lefts = [(width * (2 * place + 1) // BANDS - wide) // 2 & -BLOCK_PX for place in range(BANDS)]
        bands = cv2.hconcat([self.planes.luma[:, left : left + wide] for left in lefts])
        return raw_eight_bit(bands.reshape(height, BANDS, wide), self.planes)

    @cached_property
    def scale(self) -> float:
        """8-bit steps of full range for one step as it was coded."""
        return 1.0 if self.planes.full_range else LIMITED_SCALE

    @cached_property
    def black(self) -> int:
        """The level of black as it was coded."""
        return 0 if self.planes.full_range else 16

    @cached_property
    def middle(self) -> Plane:
        """The sample without the rows of the text."""
        return without_text(self.sample)

    @cached_property
    def histogram(self) -> NDArray[np.int64]:
        """Of the middle, 256 levels."""
        return histogram(self.middle)

    @cached_property
    def _darker(self) -> list[int]:
        numbers: list[int] = self.darker.tolist()
        return numbers

    @cached_property
    def darker(self) -> NDArray[np.int64]:
        """How many values of the middle have each level or a lower one."""
        return np.cumsum(self.histogram)

    def percentile(self, percent: float) -> float:
        """Luma below which so many percent of the middle lie."""
        return float(bisect_left(self._darker, self._darker[-1] * percent / 100))

    @cached_property
    def structure(self) -> NDArray[np.float32]:
        """The thumb without its wide shading, 8-bit steps."""
        return structure(self.thumb)

    @cached_property
    def structure_std(self) -> float:
        """Spread of the luma without its wide shading, 8-bit steps."""
        return float(self.structure.std())

    @cached_property
    def small(self) -> Plane:
        """The whole luma averaged down to about SMALL_WIDTH_PX, in the range that it was coded in."""
        luma = self.planes.luma
        factor = max(1, round(luma.shape[1] / SMALL_WIDTH_PX))
        if factor == 1:
            return raw_eight_bit(luma, self.planes)
        size = (max(1, luma.shape[1] // factor), max(1, luma.shape[0] // factor))
        return raw_eight_bit(cv2.resize(luma, size, interpolation=cv2.INTER_AREA), self.planes)

    @cached_property
    def tiny(self) -> Plane:
        """The small picture averaged once more by two, in full range."""
        rows, columns = self.small.shape
        size = (max(1, columns // 2), max(1, rows // 2))
        return full_range(cv2.resize(self.small, size, interpolation=cv2.INTER_AREA), self.planes)

    @cached_property
    def thumb(self) -> Plane:
        """28 rows of 64 values of luma, the rows of the text left out."""
        rows, columns = THUMB_SIZE
        cut = round(rows * TEXT_ROWS)
        return np.asarray(
            cv2.resize(self.tiny, (columns, rows), interpolation=cv2.INTER_AREA)[cut : rows - cut]
        )

    @cached_property
    def coded_chroma(self) -> tuple[Plane, Plane] | None:
        """Every so many values of Cb and Cr in 8 bits, as they were coded; None for a monochrome picture."""
        if self.planes.chroma is None:
            return None
        apart = max(1, self.planes.chroma[0].shape[1] // CHROMA_WIDTH_PX)
        u, v = (raw_eight_bit(plane[::apart, ::apart], self.planes) for plane in self.planes.chroma)
        return u, v

    @cached_property
    def chroma(self) -> tuple[NDArray[np.int16], NDArray[np.int16]] | None:
        """The same without the rows of the text, steps off neutral."""
        if self.coded_chroma is None:
            return None
        u, v = (without_text(plane).astype(np.int16) - NEUTRAL for plane in self.coded_chroma)
        return u, v

    @cached_property
    def middle_colour(self) -> tuple[float, float]:
        """Medians of Cb and Cr, steps off neutral; 0 for a monochrome picture."""
        if self.coded_chroma is None:
            return 0.0, 0.0
        u, v = (_median(histogram(without_text(plane))) - NEUTRAL for plane in self.coded_chroma)
        return u, v

    @cached_property
    def colour_squared(self) -> NDArray[np.int32]:
        """Squared distance from grey of each place of `chroma`."""
        if self.chroma is None:
            return np.zeros((0, 0), np.int32)
        u, v = (plane.astype(np.int32) for plane in self.chroma)
        return np.asarray(u * u + v * v, np.int32)


def _median(counts: NDArray[np.int64]) -> float:
    """Of values of which there are so many at each level; between two levels where half lie below."""
    darker = np.cumsum(counts)
    low, high = np.searchsorted(darker, [(darker[-1] - 1) // 2 + 1, darker[-1] // 2 + 1])
    return float(low + high) / 2
