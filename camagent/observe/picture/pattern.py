"""Conditions that no lens makes: slates, blocks, lines and bars. Pure functions of one picture."""

from __future__ import annotations

from itertools import combinations, pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from camagent.observe.picture.condition import BENCH, Condition
from camagent.observe.picture.light import GREY, colour_of
from camagent.observe.picture.view import PictureView, Plane, raw_eight_bit

RUN_PX = 8
CLIPPED_RAW = 230  # in either range: what the sensor clipped is even too
ROWS_APART = 32
UNDECODED = 8  # all three planes below it: deep green, which no encoder makes of a scene
BLOCK_PX = 16
BLOCK_STEP = 14  # 8-bit steps at the border of a block that does not belong there
BLOCK_RATIO = 2.5  # to the steps inside
STRIPS = 4


def even_runs(view: PictureView) -> float:
    """Share of runs of 8 pixels that are equal to the last bit, clipped ones left out: no sensor does
    that."""
    luma = view.planes.luma[ROWS_APART // 2 :: ROWS_APART]
    width = luma.shape[1] // RUN_PX * RUN_PX
    if not luma.size or not width:
        return 0.0
    runs = raw_eight_bit(luma[:, :width], view.planes).reshape(luma.shape[0], -1, RUN_PX)
    low, high = runs.min(axis=2), runs.max(axis=2)
    return float(np.mean((low == high) & (high < CLIPPED_RAW)))


def levels_used(view: PictureView) -> int:
    """How many levels of luma make nine tenths of the picture."""
    counts = np.sort(view.histogram)[::-1]
    return int(np.searchsorted(np.cumsum(counts), 0.9 * counts.sum())) + 1


def undecoded(view: PictureView) -> float:
    """Share of the picture in which no plane holds anything."""
    if view.planes.chroma is None:
        return 0.0
    u, v = view.planes.chroma
    down = max(1, u.shape[0] // 135)
    luma_down = max(1, view.planes.luma.shape[0] // max(1, u.shape[0])) * down
    luma = view.planes.luma[::luma_down, ::luma_down]
    rows, columns = min(luma.shape[0], u[::down].shape[0]), min(luma.shape[1], u[:, ::down].shape[1])
    limit = UNDECODED << (view.planes.bit_depth - 8)
    nothing = luma[:rows, :columns] < limit
    for plane in (u, v):
        nothing = nothing & (plane[::down, ::down][:rows, :columns] < limit)
    return float(nothing.mean()) if nothing.size else 0.0


def blocky(view: PictureView) -> float:
    """Share of block borders with a step that the insides do not have, on the grid of macroblocks minus off
    it."""
    luma = view.planes.luma
    if min(luma.shape) < 4 * BLOCK_PX:
        return 0.0
    across = _steps(luma, 0, view) - _steps(luma, BLOCK_PX // 2, view)
    down = _steps(luma.T, 0, view) - _steps(luma.T, BLOCK_PX // 2, view)
    return max(0.0, min(across, down))


def _steps(luma: Plane, shift: int, view: PictureView) -> float:
    columns = np.arange(BLOCK_PX + shift, luma.shape[1] - 2, BLOCK_PX)
    height = luma.shape[0] // BLOCK_PX * BLOCK_PX
    before2, before, after, after2 = (
        raw_eight_bit(luma[2:height:4, columns[0] + move : columns[-1] + move + 1 : BLOCK_PX], view.planes)
        for move in (-2, -1, 0, 1)
    )

    def segments(first: Plane, second: Plane) -> NDArray[np.uint16]:
        apart = cv2.absdiff(first, second)
        return np.asarray(apart.reshape(-1, BLOCK_PX // 4, apart.shape[1]).sum(axis=1, dtype=np.uint16))

    border = segments(before, after)
    inside = np.maximum(segments(before2, before), segments(after, after2))
    return float(np.mean((border > BLOCK_STEP * BLOCK_PX // 4) & (border > BLOCK_RATIO * inside)))


def lines(view: PictureView) -> tuple[float, float]:
    """Strength of even lines across and down the whole picture, 8-bit steps: the period that strips share.

    Lines of electric origin are aligned to the rows or columns from edge to edge, in step and of one period;
    a fence or a blind is tilted by a degree, or seen in perspective, and out of step in the next strip.
    """
    luma, steps = view.planes.luma, 1 << (view.planes.bit_depth - 8)
    return _common_lines(luma, 1) / steps, _common_lines(luma, 0) / steps


def _common_lines(luma: Plane, axis: int) -> float:
    cut = np.linspace(0, luma.shape[axis], STRIPS + 1).astype(int)
    if min(luma.shape) < 16 * STRIPS:
        return 0.0
    spectra = []
    for first, last in pairwise(cut):
        strip = luma[:, first:last] if axis else luma[first:last]
        mean = cv2.reduce(strip, axis, cv2.REDUCE_AVG, dtype=cv2.CV_32F).ravel()
        spectra.append(np.fft.rfft((mean - mean.mean()) * np.hanning(len(mean))))
    length = luma.shape[1 - axis]
    together = np.abs(np.sum(spectra, axis=0)) / STRIPS  # what is out of step cancels
    least = np.min(np.abs(spectra), axis=0)
    power = np.minimum(together, least)[length // LONGEST_PERIOD_PX :]
    around = float(np.median(power)) * LINE_OVER_SCENE
    return float(max(0.0, power.max() - around) * 4 / length)


def common(series: list[NDArray[np.float32]]) -> float:
    """Root of the mean product of any two series: what they share, noise and scene averaged away."""
    products = [float(np.mean(a * b)) for a, b in combinations(series, 2)]
    return float(np.sqrt(max(0.0, min(products))))


def bars(view: PictureView) -> float:
    """The smaller of two opposite black bars with a straight inner edge, as a share of the picture; 0:
    none."""
    return max(_opposite(view.sample), _opposite(view.sample.T))


def _opposite(picture: Plane) -> float:
    first = _bar(picture)
    return min(first, _bar(picture[::-1])) / len(picture) if first else 0.0


def _bar(picture: Plane) -> int:
    """Lines of one black level but for text, where the picture begins within three lines."""
    level = float(np.median(picture[0]))
    if level > DARK:
        return 0
    other = np.mean(np.abs(picture.astype(np.int16) - int(level)) > BAR_STEP, axis=1)
    begins = np.flatnonzero(other > BAR_TEXT)
    length = int(begins[0]) if len(begins) else 0
    inside = other[length + 1 : length + 4]
    return length if length and len(inside) and float(inside.max()) > other[:length].mean() + BAR_JUMP else 0


DARK = 22  # full range; levels of black that makers use
BAR_STEP = 4  # 8-bit steps: coding leaves a drawn level as it is
BAR_TEXT = 0.4  # of a line: text may stand in the bar
BAR_JUMP = 0.4


def slate(view: PictureView) -> float:
    """Share of even runs, where few levels make the whole picture: a sign that a machine drew.

    A black picture is a slate only where something is written in it or it has a colour.
    """
    if view.percentile(99.7) < NOTHING_WRITTEN and colour_of(view) < GREY:
        return 0.0
    used, apart = levels_used(view), view.percentile(99.7) - view.percentile(0.3)
    drawn = used <= ONE_LEVEL or used <= SLATE_LEVELS and apart > LEVELS_APART * used
    return even_runs(view) if drawn else 0.0


def striped(view: PictureView) -> float:
    """The stronger of lines across and lines down, 8-bit steps."""
    return max(view.once("lines", lambda: lines(view)))


SLATE_LEVELS = 24
ONE_LEVEL = 3  # an even colour, and what coding makes of it
LEVELS_APART = 4.0  # 8-bit steps; a hazy or covered picture at a low bit rate uses every level that it has
NOTHING_WRITTEN = 40  # full range
LONGEST_PERIOD_PX = 20
LINE_OVER_SCENE = 6.0  # how far one period may stand out of its neighbours in a scene

CONDITIONS = (
    Condition(
        "corrupt", undecoded, 0.005, 0.005, (0, 1), "YCbCr 0,0,0 is no colour that an encoder makes", "high"
    ),
    Condition("no_signal", slate, 0.65, 0.65, (0, 1), BENCH, "high"),
    Condition("mosaic", blocky, 0.03, 0.03, (0, 1), BENCH, "high"),
    Condition("striped", striped, 2.5, 2.5, (0, 255), BENCH, "high"),
    Condition("letterbox", bars, 0.02, 0.02, (0, 0.5), BENCH, "high"),
)
