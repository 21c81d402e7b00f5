"""Conditions of light and colour: too dark, too bright, no contrast, tinted. Pure functions of one
picture."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from camagent.observe.picture.condition import BENCH, Condition
from camagent.observe.picture.surface import BARE_WALL, LIT_BY_DAY, WALL, detail_of, in_focus, unevenness
from camagent.observe.picture.view import PictureView

MID_TONES = (
    40,
    225,
)  # luma in which colour can be told: darker it is amplified noise, brighter it is clipped
CLIPPED = 248  # full range; coding leaves some of what the sensor clipped a few steps below 255
HALO = 195  # what a light source leaves around itself; a white wall ends at an edge
PLAIN = 1.0  # 8-bit steps of structure
VEILED = 200.0  # hazy clips of strength 4 and 5 leave 218 and more
MIDDLE_ROWS, CLEAR = (
    slice(3, 6),
    6.0,
)  # of the map of detail; a dense veil leaves 4.8 at most, a white board 7 to 12
INFRARED_GREY = 18.5  # of `grey`, 20 at most: no colour left but what coding leaves
LIFTED = 0.4  # of the bright: haze leaves 0.6 and more; by dusk and lamps the dark stays below
GREY = 12.0  # 8-bit steps of chroma; more is a colour that somebody sends
HALO_PX = 9  # of the sample
SKY_WIDTH, SKY_HEIGHT = 0.6, 0.55  # of the picture; a lamp or the sun dazzles in a round, not in a band


def colour_of(view: PictureView) -> float:
    """Distance of the middle colour from grey, 8-bit steps."""
    return float(np.hypot(*view.middle_colour))


def dark(view: PictureView) -> float:
    """How far the brightest twentieth of the picture is below white; text and small lamps do not count."""
    if colour_of(view) > GREY:
        return 0.0
    return 255 - view.percentile(95)


def dim(view: PictureView) -> float:
    """How far the mean is below white, the brightest fiftieth left out."""
    kept = np.minimum(view.darker, view.darker[-1] * 0.98)
    return min(255.0, float(kept[:-1].sum() / max(kept[-1], 1.0)))


def washed_out(view: PictureView) -> float:
    """Share of the picture at the top of the scale."""
    return float(view.histogram[CLIPPED - 6 :].sum() / view.middle.size)


def veiled(view: PictureView) -> float:
    """How much of the scale is not used between the 2nd and the 98th percentile, where a veil lifts the dark.

    0 where the dark is dark: a scene at dusk uses little of the scale too. And 0 for a wall, which is lit
    evenly, with nothing or something sharp before it, and where an edge is sharper than any behind a veil.
    What is drawn on the picture fills less than a fiftieth of it.
    """
    low, high = view.percentile(2), view.percentile(98)
    left = 255 - (high - low)
    if view.structure_std < PLAIN or low < LIFTED * high:
        return 0.0
    return 0.0 if left > VEILED and _is_clear(view) else left


def _is_clear(view: PictureView) -> bool:
    """A wall, or a thing in the middle third of the rows that no veil dims."""
    if float(detail_of(view)[MIDDLE_ROWS].max()) > CLEAR:
        return True
    return unevenness(view, LIT_BY_DAY) < (WALL if in_focus(view) else BARE_WALL)


def glaring(view: PictureView) -> float:
    """Share of the picture in the largest clipped spot that fades into its surroundings.

    What lies along the upper edge and ends at the horizon is the sky.
    """
    middle = view.middle
    if view.histogram[CLIPPED:].sum() < 0.01 * middle.size:
        return 0.0
    spots = (middle >= CLIPPED).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(spots, connectivity=4)
    if count < 2:
        return 0.0
    largest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    spot = (labels == largest).astype(np.uint8)
    is_low = stats[largest, cv2.CC_STAT_HEIGHT] <= SKY_HEIGHT * middle.shape[0]
    if is_low and float(spot[0].mean()) >= SKY_WIDTH:
        return 0.0
    ring = cv2.dilate(spot, np.ones((HALO_PX, HALO_PX), np.uint8)) - spot
    around = middle[ring == 1]
    if not around.size or float(around.mean()) < HALO:
        return 0.0
    return float(stats[largest, cv2.CC_STAT_AREA] / middle.size)


def tinted(view: PictureView) -> float:
    """Distance from grey that 95 of 100 mid-tones exceed: a scene of one colour still has greys, a cast has
    none."""
    if view.chroma is None:
        return 0.0
    apart = view.colour_squared
    luma = cv2.resize(view.middle, apart.shape[::-1], interpolation=cv2.INTER_NEAREST)
    tones = cv2.inRange(luma, MID_TONES[0] + 1, MID_TONES[1] - 1) > 0
    coloured = apart[tones]
    return _root_of_percentile(coloured, 5) if coloured.size >= 0.1 * tones.size else 0.0


def grey(view: PictureView) -> float:
    """How little colour there is: 0 where the most coloured hundredth is 20 steps off grey or more."""
    if view.chroma is None:
        return 20.0
    return max(0.0, 20.0 - _root_of_percentile(view.colour_squared.ravel(), 99))


def _root_of_percentile(squares: NDArray[np.int32], percent: float) -> float:
    """Root of the smallest whole number that so many percent of the numbers do not exceed."""
    if not squares.size:
        return 0.0
    counts = np.cumsum(np.bincount(squares))
    return float(np.sqrt(np.searchsorted(counts, (squares.size - 1) * percent / 100 + 1)))


CONDITIONS = (
    Condition("black", dark, 232.0, 232.0, (0, 255), BENCH, "high"),
    Condition("underexposed", dim, 223.5, 223.5, (0, 255), BENCH, "high"),
    Condition("overexposed", washed_out, 0.32, 0.32, (0, 1), BENCH, "medium"),
    Condition("low_contrast", veiled, VEILED, VEILED, (0, 255), BENCH, "medium"),
    Condition("glare", glaring, 0.15, 0.15, (0, 1), BENCH, "medium"),
    Condition("cast", tinted, 32.0, 32.0, (0, 182), BENCH, "low"),
)
