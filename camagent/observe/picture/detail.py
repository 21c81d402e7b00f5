"""Conditions of what is fine in a picture: blur, noise, nothing to see. Pure functions of one picture."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from camagent.observe.picture.condition import BENCH, Condition
from camagent.observe.picture.light import colour_of, dim
from camagent.observe.picture.view import PictureView, Plane, eight_bit, structure, without_text

EDGE_WINDOW_PX = (
    9  # along the direction; sees the whole flank of an edge up to a blur of sigma 4 at full size
)
EDGE_CONTRAST = 14  # 8-bit steps over the window: less is texture and noise, not an edge
TILES = (6, 8)  # rows by columns: text fills fewer of them than a quarter
MIN_TILE_EDGES = 0.01  # of a tile's places: fewer are a few stray pixels
BINS = 64
NOISE_TILE_PX = 128
_MEDIAN_TO_SIGMA = 0.6745 * 6.0  # of |noise| to sigma, and the gain of the kernel below (Immerkaer 1996)
_NOISE_KERNEL = np.array(((1, -2, 1), (-2, 4, -2), (1, -2, 1)), np.float32)
DETAIL_GRID = (9, 16)  # rows by columns


def edge_widths(picture: Plane, across: bool) -> NDArray[np.float64]:
    """Upper quartile of steepest step over contrast in each tile, in one direction; nan: no edge in the tile.

    1 is an edge one pixel wide. Each direction for itself, because shaking blurs one of them only.
    """
    picture = picture[::3] if across else picture[:, ::3]
    if min(picture.shape) < 2:
        return np.full(TILES[0] * TILES[1], np.nan)
    window = np.ones((1, EDGE_WINDOW_PX) if across else (EDGE_WINDOW_PX, 1), np.uint8)
    contrast = cv2.subtract(cv2.dilate(picture, window), cv2.erode(picture, window))
    step = cv2.absdiff(picture[:, 1:], picture[:, :-1]) if across else cv2.absdiff(picture[1:], picture[:-1])
    steepest = cv2.dilate(step, window)
    thin = (slice(None), slice(None, None, 4)) if across else (slice(None, None, 4), slice(None))
    contrast, steepest = contrast[thin], steepest[thin]
    rows, columns = min(contrast.shape[0], steepest.shape[0]), min(contrast.shape[1], steepest.shape[1])
    places = np.flatnonzero(contrast[:rows, :columns] > EDGE_CONTRAST)
    steps = steepest[:rows, :columns].ravel()[places].astype(np.int32)
    bins = np.minimum(steps * BINS // contrast[:rows, :columns].ravel()[places], BINS - 1)
    tile = _tile_numbers(rows, columns).ravel()[places]
    counts = np.bincount(tile * BINS + bins, minlength=TILES[0] * TILES[1] * BINS).reshape(-1, BINS)
    total = counts.sum(axis=1)
    quartile = (np.cumsum(counts, axis=1) < 0.75 * total[:, None]).sum(axis=1) / BINS
    return np.where(total >= MIN_TILE_EDGES * rows * columns / (TILES[0] * TILES[1]), quartile, np.nan)


@lru_cache(maxsize=8)
def _tile_numbers(rows: int, columns: int) -> NDArray[np.int32]:
    """Which of the tiles each place belongs to."""
    down, across = (
        np.arange(rows) * TILES[0] // max(rows, 1),
        np.arange(columns) * TILES[1] // max(columns, 1),
    )
    return np.asarray(down[:, None] * TILES[1] + across, np.int32)


def sharpness(widths: NDArray[np.float64]) -> float | None:
    """Of the sharper quarter of the tiles that have edges; None where fewer than a sixth have."""
    known = widths[~np.isnan(widths)]
    return float(np.percentile(known, 75)) if len(known) >= len(widths) / 6 else None


def noise_levels(view: PictureView) -> list[float]:
    """Immerkaer's estimate in twelve tiles with a median, so that edges do not count; clipped tiles left
    out."""
    luma = view.planes.luma
    height, width = luma.shape
    size = min(NOISE_TILE_PX, height, width)
    if size < 3:
        return []
    levels = []
    for row in range(3):
        for column in range(4):
            top = int((height - size) * (0.15 + 0.35 * row))
            left = int((width - size) * (0.05 + 0.3 * column))
            tile = eight_bit(luma[top : top + size, left : left + size], view.planes)
            if 25 < float(cv2.mean(tile)[0]) < 232:
                fine = np.abs(cv2.filter2D(tile, cv2.CV_16S, _NOISE_KERNEL)[1:-1:2, 1:-1:2])
                levels.append(float(np.median(fine)) / _MEDIAN_TO_SIGMA)
    return levels


def detail_map(view: PictureView) -> NDArray[np.float32]:
    """What a picture has of detail in 9 by 16 tiles: mean distance from the surroundings, 8-bit steps."""
    tiny = view.tiny
    rest = cv2.absdiff(tiny, cv2.blur(tiny, (5, 5)))
    rows, columns = DETAIL_GRID
    return np.asarray(cv2.resize(rest.astype(np.float32), (columns, rows), interpolation=cv2.INTER_AREA))


def sharpness_of(view: PictureView) -> tuple[float | None, float | None]:
    """Of the sharper and of the softer direction, without the rows of the text; None: no edge to judge by."""

    def both() -> tuple[float | None, float | None]:
        middle = without_text(view.small)
        each = [sharpness(edge_widths(middle, across)) for across in (True, False)]
        values = [value for value in each if value is not None]
        if not values:
            return None, None
        return max(values), min(values) if len(values) == 2 else None

    return view.once("sharpness", both)


def noise_of(view: PictureView) -> float:
    """Of the quieter third of the tiles: noise is everywhere, foliage and gravel are not."""
    levels = view.once("noise", lambda: noise_levels(view))
    return float(np.percentile(levels, 35)) if len(levels) >= 4 else 0.0


def soft(view: PictureView) -> float:
    """1 less the sharpness of the sharper direction: the lens is out of focus, fogged or greasy.

    Where light and dark parts have no edge between them at all, the blur is as wide as can be.
    """
    better, _ = sharpness_of(view)
    if better is None:
        return 1.0 if _shaded(view) and _share_empty(view) > UNSURE_EMPTY else 0.0
    return 0.0 if noise_of(view) > NOISY else 1 - better


def smeared(view: PictureView) -> float:
    """1 less the sharpness of the softer direction, where the other one is sharper: the camera shakes."""
    better, worse = sharpness_of(view)
    if better is None or worse is None or noise_of(view) > NOISY or better < SMEARED_RATIO * worse:
        return 0.0
    return 1 - worse


def greasy(view: PictureView) -> float:
    """The same as `soft`, where a veil also lifts the dark and dims the bright parts."""
    return soft(view) if view.percentile(2) > VEIL[0] and view.percentile(98) < VEIL[1] else 0.0


def empty(view: PictureView) -> float:
    """Share of tiles without any detail, rows of text left out: something hangs in front of the lens.

    What is that near is out of focus by more than a sixtieth of the width: nothing of that size is left
    either, while a scene, however blurred by its lens, keeps it. In the dark nothing is told. A light grey
    picture that is lit as evenly as a wall may be one: its score stays below what is stated.
    """
    share = _share_empty(view)
    if share <= UNSURE_EMPTY or dim(view) > TOO_DARK:
        return min(share, UNSURE_EMPTY)
    if coarse_detail(view) > OUT_OF_FOCUS:
        return UNSURE_EMPTY
    is_grey = view.percentile(50) > WALL_LUMA and colour_of(view) < WALL_COLOUR
    return min(share, EMPTY) if is_grey and unevenness(view) < WALL_UNEVENNESS else share


def coarse_detail(view: PictureView) -> float:
    """What is left of things a sixtieth of the width in size: mean distance from neighbours, 8-bit steps."""
    thumb = view.thumb.astype(np.float32)
    return float(np.abs(thumb - cv2.blur(thumb, (3, 3)))[1:-1, 1:-1].mean())


def unevenness(view: PictureView) -> float:
    """How far the light departs from that on a plane, which is a quadratic surface; share of the mean."""
    thumb = view.thumb.astype(np.float64)
    surface = _surface(*thumb.shape)
    left = thumb.ravel() - surface @ (surface.T @ thumb.ravel())
    return float(left.std() / max(thumb.mean(), 1.0))


@lru_cache(maxsize=4)
def _surface(rows: int, columns: int) -> NDArray[np.float64]:
    """An orthonormal base of the quadratic surfaces over so many places."""
    down, across = (place / rows for place in np.mgrid[:rows, :columns])
    terms = (np.ones_like(down), down, across, down * down, across * across, down * across)
    return np.asarray(np.linalg.qr(np.stack([term.ravel() for term in terms], axis=1))[0])


def _share_empty(view: PictureView) -> float:
    return float(np.mean(detail_of(view)[1:-1] < NO_DETAIL))


def _shaded(view: PictureView) -> bool:
    """Light and dark lie as far apart as in a scene."""
    wide = view.percentile(97) - view.percentile(3) > SCENE_SPREAD
    return wide or float(structure(view.thumb).std()) > SCENE_STRUCTURE


def detail_of(view: PictureView) -> NDArray[np.float32]:
    """`detail_map`, made once."""
    return view.once("detail", lambda: detail_map(view))


NOISY = 6.0
SCENE_STRUCTURE = 10.0  # 8-bit steps
SCENE_SPREAD = 70  # 8-bit steps; a hand or a bag at the lens is shaded by less
SMEARED_RATIO = 1.08
VEIL = (35, 220)
NO_DETAIL = 1.2  # 8-bit steps; coded noise of a sensor stays below
EMPTY, UNSURE_EMPTY = 0.97, 0.94
WALL_LUMA, WALL_COLOUR, WALL_UNEVENNESS = 75, 10.0, 0.02
OUT_OF_FOCUS = 0.75  # 8-bit steps; covers leave 0.45 at most, the flattest sound scene (a room in fog) 1.1
TOO_DARK = 235.0  # of `light.dim`

CONDITIONS = (
    Condition("sprayed", greasy, 0.45, 0.45, (0, 1), BENCH, "medium"),
    Condition("motion_blur", smeared, 0.51, 0.51, (0, 1), BENCH, "medium"),
    Condition("blurred", soft, 0.5, 0.5, (0, 1), BENCH, "high"),
    Condition("covered", empty, EMPTY, UNSURE_EMPTY, (0, 1), BENCH, "medium"),
    Condition("noisy", noise_of, NOISY, NOISY, (0, 200), BENCH, "high"),
)
