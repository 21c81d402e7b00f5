"""Numbers about one decoded picture, taken from its planes in place. The only importer of cv2; keeps no picture.

Exposure and colour come from a strided sample of the whole picture; sharpness and noise from five tiles at full
resolution, because scaling down erases both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

cv2.setNumThreads(1)  # one picture a thread already: OpenCV's own pool would only fight with it

Plane = NDArray[Any]
"""Rows by columns, uint8 or uint16; a view that may be read-only and strided."""

SAMPLE_WIDTH_PX = 480  # wide enough for exposure and blocks, 1/16 of 1080p
TILE_PX = 256
BLOCK_PX = 8  # of the sample: a region that is flat at this size shows nothing
FLAT_BLOCK_STD = 2.0  # 8-bit steps: sensor noise that survives coding stays below, the weakest texture above
DARK_LUMA = 20  # full range; below it nothing is told apart on a monitor
BRIGHT_LUMA = 245
EDGE_WINDOW_PX = 9  # sees the whole flank of an edge up to a blur of sigma 2
EDGE_CONTRAST = 25  # 8-bit steps over the window: less is texture and noise, not an edge
EDGE_PERCENTILE = 75  # the sharper edges of a picture tell of the lens; the softer ones are out of focus by right
MIN_EDGE_RATIO = 0.002  # fewer places than this are a few stray pixels, not edges
_MEDIAN_TO_SIGMA = 0.6745 * 6.0  # of |noise| to sigma, and the gain of the kernel below (Immerkaer 1996)
_NOISE_KERNEL = np.array(((1, -2, 1), (-2, 4, -2), (1, -2, 1)), np.float32)
_WINDOW = np.ones((EDGE_WINDOW_PX, EDGE_WINDOW_PX), np.uint8)
_LIMITED_SCALE = 255 / 219
_TILE_CENTRES = ((0.5, 0.5), (0.2, 0.2), (0.8, 0.2), (0.2, 0.8), (0.8, 0.8))  # across, down


@dataclass(frozen=True, slots=True)
class Planes:
    """One decoded picture as the decoder left it."""

    luma: Plane
    chroma: tuple[Plane, Plane] | None
    """Cb and Cr; None for a monochrome picture."""
    bit_depth: int
    full_range: bool


@dataclass(frozen=True, slots=True)
class PictureMeasures:
    """What one picture shows, in 8-bit steps of full range."""

    luma_mean: float
    luma_std: float
    sharpness: float | None
    """Steepest step over local contrast at edges, upper quartile; 1 = one pixel wide; None: no edge in the tiles."""
    coarse_sharpness: float | None
    """The same on the strided sample, where the tiles have no edge: large blur leaves edges only there."""
    noise: float
    """Standard deviation of what is finer than any structure, in the quietest half of the tiles."""
    cast_u: float
    cast_v: float
    flat_blocks_ratio: float
    stripe_ratio: float
    """Energy of row-to-row jumps against that of column-to-column jumps, the larger over the smaller."""
    stripe_step: float
    """Those jumps themselves."""
    dark_ratio: float
    bright_ratio: float
    sample: Plane
    """The strided luma, for comparison with the next picture only."""


def measure(planes: Planes) -> PictureMeasures:
    """Measure one picture."""
    step = max(1, round(planes.luma.shape[1] / SAMPLE_WIDTH_PX))
    sample = _eight_bit(planes.luma[::step, ::step], planes)
    tiles = [_eight_bit(tile, planes) for tile in _tiles(planes.luma)]
    histogram = np.bincount(sample.ravel(), minlength=256)
    mean = int(histogram @ _LEVELS) / sample.size  # of whole numbers: never a hair above 255
    sharpness = [value for value in (_edges(tile) for tile in tiles) if value is not None]
    cast_u, cast_v = _cast(planes)
    stripe_ratio, stripe_step = _stripes(planes, step)
    return PictureMeasures(
        luma_mean=mean,
        luma_std=float(sample.std()),
        sharpness=float(np.median(sharpness)) if sharpness else None,
        coarse_sharpness=None if sharpness else _edges(sample),
        noise=sorted(_noise(tile) for tile in tiles)[len(tiles) // 2],
        cast_u=cast_u,
        cast_v=cast_v,
        flat_blocks_ratio=_flat_blocks_ratio(sample),
        stripe_ratio=stripe_ratio,
        stripe_step=stripe_step,
        dark_ratio=float(histogram[: DARK_LUMA + 1].sum() / sample.size),
        bright_ratio=float(histogram[BRIGHT_LUMA:].sum() / sample.size),
        sample=sample,
    )


def mean_difference(first: PictureMeasures, second: PictureMeasures) -> float | None:
    """Mean absolute luma difference of two pictures; None where their sizes differ."""
    if first.sample.shape != second.sample.shape:
        return None
    return float(cv2.mean(cv2.absdiff(first.sample, second.sample))[0])


def _eight_bit(plane: Plane, planes: Planes) -> Plane:
    """A contiguous copy in 8-bit full range."""
    if planes.bit_depth > 8:
        plane = plane >> (planes.bit_depth - 8)
    narrow = np.ascontiguousarray(plane, dtype=np.uint8)
    return narrow if planes.full_range else cv2.LUT(narrow, _FULL_RANGE)


_LEVELS = np.arange(256)
_FULL_RANGE = np.clip((_LEVELS - 16) * _LIMITED_SCALE + 0.5, 0, 255).astype(np.uint8)


def _tiles(luma: Plane) -> list[Plane]:
    height, width = luma.shape
    tall, wide = min(TILE_PX, height), min(TILE_PX, width)
    tiles = []
    for across, down in _TILE_CENTRES:
        top = min(max(0, int(height * down) - tall // 2), height - tall)
        left = min(max(0, int(width * across) - wide // 2), width - wide)
        tiles.append(luma[top : top + tall, left : left + wide])
    return tiles


def _edges(picture: Plane) -> float | None:
    if min(picture.shape) <= EDGE_WINDOW_PX:
        return None
    high, low = cv2.dilate(picture, _WINDOW), cv2.erode(picture, _WINDOW)
    contrast = cv2.subtract(high, low)[::2, ::2]
    across = cv2.absdiff(picture[:, 1:], picture[:, :-1])
    down = cv2.absdiff(picture[1:], picture[:-1])
    steepest = cv2.dilate(cv2.max(across[:-1], down[:, :-1]), _WINDOW)[::2, ::2]
    contrast = contrast[: steepest.shape[0], : steepest.shape[1]]
    edges = contrast > EDGE_CONTRAST
    if np.count_nonzero(edges) < MIN_EDGE_RATIO * edges.size:
        return None
    ratios = steepest[edges].astype(np.float32) / contrast[edges]
    return float(np.percentile(ratios, EDGE_PERCENTILE))


def _noise(tile: Plane) -> float:
    """Immerkaer's estimate with a median, so that edges do not count."""
    if min(tile.shape) < 3:
        return 0.0
    fine = np.abs(cv2.filter2D(tile, cv2.CV_16S, _NOISE_KERNEL)[1:-1:4, 1:-1:2])  # 8000 values: one percent exact
    return float(np.median(fine)) / _MEDIAN_TO_SIGMA


def _cast(planes: Planes) -> tuple[float, float]:
    if planes.chroma is None:
        return 0.0, 0.0
    neutral, steps = 1 << (planes.bit_depth - 1), 1 << (planes.bit_depth - 8)
    u, v = ((float(plane[::4, ::4].mean()) - neutral) / steps for plane in planes.chroma)
    return u, v


def _flat_blocks_ratio(sample: Plane) -> float:
    rows, columns = sample.shape[0] // BLOCK_PX, sample.shape[1] // BLOCK_PX
    if not rows or not columns:
        return 0.0
    exact = sample[: rows * BLOCK_PX, : columns * BLOCK_PX].astype(np.float32)
    size = (columns, rows)
    mean = cv2.resize(exact, size, interpolation=cv2.INTER_AREA)
    square = cv2.resize(exact * exact, size, interpolation=cv2.INTER_AREA)
    return float(np.mean(square - mean * mean < FLAT_BLOCK_STD**2))


def _stripes(planes: Planes, step: int) -> tuple[float, float]:
    """Jumps between neighbouring rows (at full height) and between neighbouring columns (at full width)."""
    scale = (1.0 if planes.full_range else _LIMITED_SCALE) / (1 << (planes.bit_depth - 8))
    across = _jump(planes.luma[:, :: 2 * step].mean(axis=1)) * scale
    down = _jump(planes.luma[:: 2 * step].mean(axis=0)) * scale
    high, low = max(across, down), min(across, down)
    return (high / max(low, STRIPE_FLOOR)) ** 2, high


STRIPE_FLOOR = 0.25  # 8-bit steps: means of hundreds of pixels are no more exact than this after coding


def _jump(means: NDArray[np.float64]) -> float:
    """Root mean square distance of a line from the mean of its neighbours."""
    if len(means) < 3:
        return 0.0
    return float(np.sqrt(np.mean((means[1:-1] - (means[:-2] + means[2:]) / 2) ** 2)))
