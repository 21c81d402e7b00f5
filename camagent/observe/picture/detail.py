"""Conditions of what is fine in a picture: blur, noise, nothing to see. Pure functions of one picture."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import product

import cv2
import numpy as np
from numpy.typing import NDArray

from camagent.observe.picture.condition import BENCH, Condition
from camagent.observe.picture.light import colour_of, dim
from camagent.observe.picture.surface import LIT_BY_DAY, LIT_BY_LAMP, PLANE, in_focus, share_empty, unevenness
from camagent.observe.picture.view import PictureView, Plane, raw_eight_bit, without_text

# along the direction; sees the whole flank of an edge up to a blur of sigma 4 at full size
EDGE_WINDOW_PX = 9
EDGE_CONTRAST = 14  # 8-bit steps over the window: less is texture and noise, not an edge
TILES = (6, 8)  # rows by columns
# of the tiles that have edges: text fills fewer of them, and cloud or water may fill three of four
SHARPER_PERCENTILE = 80
MIN_TILE_EDGES = 0.01  # of a tile's places: fewer are a few stray pixels
LINES_APART = 4
BINS = 64
NOISE_TILE_PX = 96
_MEDIAN_TO_SIGMA = 0.6745 * 6.0  # of |noise| to sigma, and the gain of the kernel below (Immerkaer 1996)


def edge_widths(picture: Plane, across: bool, scale: float) -> NDArray[np.float64]:
    """Upper quartile of steepest step over contrast in each tile, in one direction; nan: no edge in the tile.

    1 is an edge one pixel wide; `scale`: steps of full range for one of the picture's. Each direction for
    itself, because shaking blurs one of them only.
    """
    picture = picture[::LINES_APART] if across else np.ascontiguousarray(picture[:, ::LINES_APART])
    if min(picture.shape) < 2:
        return np.full(TILES[0] * TILES[1], np.nan)
    window = np.ones((1, EDGE_WINDOW_PX) if across else (EDGE_WINDOW_PX, 1), np.uint8)
    contrast = cv2.subtract(cv2.dilate(picture, window), cv2.erode(picture, window))
    step = cv2.absdiff(picture[:, 1:], picture[:, :-1]) if across else cv2.absdiff(picture[1:], picture[:-1])
    steepest = cv2.dilate(step, window)
    thin = (slice(None), slice(None, None, 4)) if across else (slice(None, None, 4), slice(None))
    contrast, steepest = contrast[thin], steepest[thin]
    rows, columns = min(contrast.shape[0], steepest.shape[0]), min(contrast.shape[1], steepest.shape[1])
    pairs = cv2.merge((steepest[:rows, :columns], contrast[:rows, :columns])).view("<u2")[..., 0]
    counts = np.bincount(
        (_tile_numbers(rows, columns) + np.take(_bin_of_pair(scale), pairs)).ravel(), minlength=_ALL_BINS
    )
    counts = counts.reshape(-1, BINS + 1)[:, :BINS]
    total = counts.sum(axis=1)
    quartile = (np.cumsum(counts, axis=1) < 0.75 * total[:, None]).sum(axis=1) / BINS
    return np.where(total >= MIN_TILE_EDGES * rows * columns / (TILES[0] * TILES[1]), quartile, np.nan)


@lru_cache(maxsize=2)
def _bin_of_pair(scale: float) -> NDArray[np.uint8]:
    """Which bin steepest step over contrast falls into, for 256 times contrast plus step; the last bin of
    a tile takes what is no edge."""
    contrast, step = np.divmod(np.arange(1 << 16), 256)
    bins = np.minimum(step * BINS // np.maximum(contrast, 1), BINS - 1)
    return np.where(contrast * scale > EDGE_CONTRAST, bins, BINS).astype(np.uint8)


_ALL_BINS = TILES[0] * TILES[1] * (BINS + 1)


@lru_cache(maxsize=8)
def _tile_numbers(rows: int, columns: int) -> NDArray[np.uint16]:
    """The first bin of the tile that each place belongs to."""
    down, across = (
        np.arange(rows) * TILES[0] // max(rows, 1),
        np.arange(columns) * TILES[1] // max(columns, 1),
    )
    return np.asarray((down[:, None] * TILES[1] + across) * (BINS + 1), np.uint16)


def sharpness(widths: NDArray[np.float64]) -> float | None:
    """Of the sharper fifth of the tiles that have edges; None where fewer than a sixth have."""
    with_edges = sorted(width for width in widths.tolist() if width == width)
    return _percentile(with_edges, SHARPER_PERCENTILE) if len(with_edges) >= len(widths) / 6 else None


def fifth_sharpest(widths: NDArray[np.float64]) -> float:
    """Of the tiles that have edges; 0 where there are fewer."""
    with_edges = sorted(width for width in widths.tolist() if width == width)
    return with_edges[-5] if len(with_edges) >= 5 else 0.0


def _percentile(ascending: Sequence[float], percent: float) -> float:
    """Of few numbers, in a line between two of them: numpy's takes a quarter of a millisecond to begin."""
    place = (len(ascending) - 1) * percent / 100
    low = int(place)
    high = min(low + 1, len(ascending) - 1)
    return ascending[low] + (ascending[high] - ascending[low]) * (place - low)


def noise_levels(view: PictureView) -> list[float]:
    """Immerkaer's estimate in twelve tiles with a median, so that edges do not count; clipped tiles left
    out."""
    luma = view.planes.luma
    height, width = luma.shape
    size = min(NOISE_TILE_PX, height, width)
    if size < 3:
        return []
    corners = [
        (int((height - size) * (0.15 + 0.35 * row)), int((width - size) * (0.05 + 0.3 * column)))
        for row, column in product(range(3), range(4))
    ]
    tiles = cv2.vconcat([luma[top : top + size, left : left + size] for top, left in corners])
    levels = raw_eight_bit(tiles, view.planes).reshape(-1, size, size).astype(np.int16)
    means = (levels[:, ::4, ::4].mean(axis=(1, 2)) - view.black) * view.scale
    down = levels[:, 0:-2:4] + levels[:, 2::4] - 2 * levels[:, 1:-1:4]
    fine = np.abs(down[:, :, 0:-2:2] + down[:, :, 2::2] - 2 * down[:, :, 1:-1:2]).reshape(len(levels), -1)
    middle = fine.shape[1] // 2
    medians = np.partition(fine, middle, axis=1)[:, middle] * (view.scale / _MEDIAN_TO_SIGMA)
    return [float(value) for value in medians[(means > 25) & (means < 232)]]


def _widths_of(view: PictureView) -> list[NDArray[np.float64]]:
    """Of both directions, without the rows of the text."""

    def both() -> list[NDArray[np.float64]]:
        middle = without_text(view.small)
        return [edge_widths(middle, across, view.scale) for across in (True, False)]

    return view.once("widths", both)


def sharpness_of(view: PictureView) -> tuple[float | None, float | None]:
    """Of the sharper and of the softer direction, without the rows of the text; None: no edge to judge by."""

    def both() -> tuple[float | None, float | None]:
        values = [value for value in map(sharpness, _widths_of(view)) if value is not None]
        if not values:
            return None, None
        return max(values), min(values) if len(values) == 2 else None

    return view.once("sharpness", both)


def noise_of(view: PictureView) -> float:
    """Of the quieter third of the tiles: noise is everywhere, foliage and gravel are not."""
    levels = view.once("noise", lambda: noise_levels(view))
    return _percentile(sorted(levels), 35) if len(levels) >= 4 else 0.0


def soft(view: PictureView) -> float:
    """1 less the sharpness of the sharper direction: the lens is out of focus, fogged or greasy.

    Where light and dark parts have no edge between them at all, the blur is as wide as can be. Noise makes
    the steepest step of a soft flank steeper than the flank, and what it adds is taken off. A lens that shows
    five places of the picture sharp is in focus: people stand before a soft background, roofs before clouds.
    """
    better, _ = sharpness_of(view)
    if better is None:
        is_soft = _shaded(view) and share_empty(view) > UNSURE_EMPTY and not lit_as_a_plane(view)
        return 1.0 if is_soft else 0.0
    noise = noise_of(view)
    if noise > NOISY:
        return 0.0
    better = max(better, max(map(fifth_sharpest, _widths_of(view))) - IN_FOCUS_MARGIN)
    return 1 - max(0.0, better - NOISE_IN_SHARPNESS * noise)


def smeared(view: PictureView) -> float:
    """1 less the sharpness of the softer direction, where the other one is sharper: the camera shakes.

    What noise adds to it is taken off, a third of it: where one direction is sharp, so are most flanks.
    """
    better, worse = sharpness_of(view)
    noise = noise_of(view)
    if better is None or worse is None or noise > NOISY or better < SMEARED_RATIO * worse:
        return 0.0
    return 1 - max(0.0, worse - NOISE_IN_SHARPNESS * noise / 3)


def greasy(view: PictureView) -> float:
    """The same as `soft`, where a veil also lifts the dark and dims the bright parts."""
    return soft(view) if view.percentile(2) > VEIL[0] and view.percentile(98) < VEIL[1] else 0.0


def empty(view: PictureView) -> float:
    """Share of tiles without any detail, rows of text left out: something hangs in front of the lens.

    What is that near is out of focus by more than a sixtieth of the width: nothing of that size is left
    either, while a scene, however blurred by its lens, keeps it. In the dark nothing is told. What is lit as
    evenly as a wall is one where something in front of it is sharp, and may be one where nothing is.
    """
    share = share_empty(view)
    if share <= UNSURE_EMPTY or dim(view) > TOO_DARK:
        return min(share, UNSURE_EMPTY)
    if coarse_detail(view) - SHADING * (view.percentile(98) - view.percentile(2)) > OUT_OF_FOCUS:
        return UNSURE_EMPTY
    is_grey = view.percentile(50) > HAZE_LUMA and colour_of(view) < HAZE_COLOUR
    if is_grey and unevenness(view, LIT_BY_DAY) < HAZE_UNEVENNESS and not in_focus(view):
        return min(share, EMPTY)
    if not lit_as_a_plane(view):
        return share
    return UNSURE_EMPTY if in_focus(view) else min(share, EMPTY)


def lit_as_a_plane(view: PictureView) -> bool:
    """As daylight, or the camera's own lamp, lights a wall."""
    return unevenness(view, LIT_BY_LAMP) < PLANE


def coarse_detail(view: PictureView) -> float:
    """What is left of things a sixtieth of the width in size: mean distance from neighbours, 8-bit steps."""
    thumb = view.thumb.astype(np.float32)
    return float(np.abs(thumb - cv2.blur(thumb, (3, 3)))[1:-1, 1:-1].mean())


def _shaded(view: PictureView) -> bool:
    """Light and dark lie as far apart as in a scene."""
    wide = view.percentile(97) - view.percentile(3) > SCENE_SPREAD
    return wide or view.structure_std > SCENE_STRUCTURE


NOISY = 5.4  # coded sound clips of the choosing half reach 4.6; a sensor of 4.5 steps, not coded, 5.24
# of a step of noise: averaged by two it is half, the steepest of nine steps is about 2.4 of that, and a soft
# flank has some 40 steps of contrast
NOISE_IN_SHARPNESS = 0.03
# the fifth sharpest place of pictures out of focus has 0.53 at most, of most sound ones 0.55 and more
IN_FOCUS_MARGIN = 0.05
SCENE_STRUCTURE = 10.0  # 8-bit steps
SCENE_SPREAD = 70  # 8-bit steps; a hand or a bag at the lens is shaded by less
SMEARED_RATIO = 1.08
VEIL = (35, 220)
EMPTY, UNSURE_EMPTY = 0.97, 0.94
HAZE_LUMA, HAZE_COLOUR, HAZE_UNEVENNESS = 75, 10.0, 0.0155  # dense haze leaves as little; covers 0.0172
SHADING = 0.003  # of the spread of luma: what the shade of a cover alone leaves of coarse detail
# 8-bit steps; covers leave 0.23 (0.29 at 640 by 360 in 7 kB), white paper under infrared 0.24, haze 0.34
OUT_OF_FOCUS = 0.32
TOO_DARK = 235.0  # of `light.dim`

CONDITIONS = (
    Condition("sprayed", greasy, 0.5, 0.5, (0, 1), BENCH, "medium"),
    Condition("motion_blur", smeared, 0.51, 0.51, (0, 1), BENCH, "medium"),
    Condition("blurred", soft, 0.505, 0.505, (0, 1), BENCH, "high"),
    Condition("covered", empty, EMPTY, UNSURE_EMPTY, (0, 1), BENCH, "medium"),
    Condition("noisy", noise_of, NOISY, NOISY, (0, 200), BENCH, "high"),
)
