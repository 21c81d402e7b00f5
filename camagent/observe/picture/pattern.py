"""Conditions that no lens makes: slates, blocks, lines and bars. Pure functions of one picture."""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations, pairwise, product

import cv2
import numpy as np
from numpy.typing import NDArray

from camagent.observe.picture.condition import BENCH, Condition
from camagent.observe.picture.light import GREY, colour_of
from camagent.observe.picture.view import BLOCK_PX, STRIPS, PictureView, Plane, raw_eight_bit, strips

RUN_PX = 8
CLIPPED_RAW = 230  # in either range: what the sensor clipped is even too
ROWS_APART = 32
UNDECODED = 8  # all three planes below it: deep green, which no encoder makes of a scene
HALF_PX = BLOCK_PX // 2
SEGMENT_ROWS = 4
BLOCK_STEP = 14  # 8-bit steps at the border of a block that does not belong there
BLOCK_RATIO = (5, 2)  # to the steps inside


def even_runs(view: PictureView) -> float:
    """Share of runs of 8 pixels that are equal to the last bit, clipped ones left out: no sensor does that.

    Each run lies over the border of two blocks: coded coarsely, a plain wall is even inside its blocks.
    """
    luma = view.planes.luma[ROWS_APART // 2 :: ROWS_APART, RUN_PX // 2 :]
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
    if view.coded_chroma is None:
        return 0.0
    nothing = cv2.max(*view.coded_chroma) < UNDECODED
    if not nothing.any():
        return 0.0
    luma = cv2.resize(view.coded_sample, nothing.shape[::-1], interpolation=cv2.INTER_NEAREST)
    return float(np.mean(nothing & (luma < UNDECODED)))


def blocky(view: PictureView) -> float:
    """Share of block borders with a step that the insides do not have, on the grid of macroblocks minus off
    it."""
    if min(view.planes.luma.shape) < 4 * BLOCK_PX or view.bands.shape[2] < BLOCK_PX:
        return 0.0
    across = _surplus(_columns_standing_out(view.rows))
    if across <= 0.0:
        return 0.0
    return float(max(0.0, min(across, _surplus(_rows_standing_out(view.bands).T))))


def _columns_standing_out(rows: Plane) -> NDArray[np.bool_]:
    """Which of the segments, down, have a step at which of the columns that borders of blocks may be at.

    A segment is a few of the rows that are kept.
    """
    count, segments = rows.shape[1] // HALF_PX - 1, len(rows) // SEGMENT_ROWS
    rows = rows[: segments * SEGMENT_ROWS]
    columns = [np.ascontiguousarray(rows[:, HALF_PX + move :: HALF_PX][:, :count]) for move in (-2, -1, 0, 1)]
    before, border, after = (
        cv2.absdiff(a, b).reshape(segments, SEGMENT_ROWS, count).sum(axis=1, dtype=np.uint16)
        for a, b in pairwise(columns)
    )
    return _standing_out(before, border, after, SEGMENT_ROWS)


def _rows_standing_out(bands: Plane) -> NDArray[np.bool_]:
    """Which of the rows that borders of blocks may be at, down, have a step in which of the segments."""
    count, wide = bands.shape[0] // HALF_PX - 1, bands.shape[2] // BLOCK_PX * BLOCK_PX
    rows = [
        bands[HALF_PX + move :: HALF_PX, :, :wide][:count].reshape(-1, BLOCK_PX) for move in (-2, -1, 0, 1)
    ]
    before, border, after = (
        cv2.reduce(cv2.absdiff(a, b), 1, cv2.REDUCE_SUM, dtype=cv2.CV_32S).reshape(count, -1)
        for a, b in pairwise(rows)
    )
    return _standing_out(before, border, after, BLOCK_PX)


def _standing_out(before: Plane, border: Plane, after: Plane, values: int) -> NDArray[np.bool_]:
    """Where the step at the border is one, and the steps beside it are none; sums over so many values."""
    inside = np.maximum(before, after)
    return np.asarray((border > BLOCK_STEP * values) & (BLOCK_RATIO[1] * border > BLOCK_RATIO[0] * inside))


def _surplus(standing_out: NDArray[np.bool_]) -> float:
    """Share on the grid of the blocks minus that halfway between; borders across, from the first half on."""
    on, off = standing_out[:, 1::2], standing_out[:, 2::2]
    return np.count_nonzero(on) / max(on.size, 1) - np.count_nonzero(off) / max(off.size, 1)


def lines(view: PictureView) -> tuple[float, float]:
    """Strength of even lines across and down the whole picture, 8-bit steps: the period that strips share.

    Lines of electric origin are aligned to the rows or columns from edge to edge, in step and of one period;
    a fence or a blind is tilted by a degree, or seen in perspective, and out of step in the next strip.
    Arches, windows and bricks are never as even: their period reaches into its neighbours.
    """
    if min(view.planes.luma.shape) < BESIDE * LONGEST_PERIOD_PX:
        return 0.0, 0.0
    luma, rows = view.planes.luma, view.rows
    across = [_means(luma[:, a:b], 1) for a, b in strips(luma.shape[1])]
    down = [_means(rows[a:b], 0) for a, b in strips(len(rows))]
    steps = 1 << (view.planes.bit_depth - 8)
    return _common_lines(cv2.vconcat([line.T for line in across])) / steps, _common_lines(cv2.vconcat(down))


def _means(picture: Plane, axis: int) -> NDArray[np.float32]:
    return np.asarray(cv2.reduce(picture, axis, cv2.REDUCE_AVG, dtype=cv2.CV_32F))


def oblique_lines(view: PictureView) -> float:
    """Strength of even lines, level or at a slant, 8-bit steps: one wave that squares of the picture share.

    Of twelve squares all but one must have it, sharp against the waves beside it; 0 where two squares already
    have none of `WEAKEST_WAVE`. A wave along rows or columns that repeats with the blocks is drawn by coding,
    and one that stands out as much as `FENCE` is a fence, seen straight on.
    """
    luma = view.planes.luma
    room_down, room_across = luma.shape[0] - SQUARE_PX, luma.shape[1] - SQUARE_PX
    if min(room_down, room_across) < 2 * SQUARE_PX:
        return 0.0
    window, (is_sought, is_oblique) = _square_window(), _sought_waves()
    weakest = next_weakest = np.full(window.shape, np.finfo(np.float32).max, np.float32)
    steps = (SQUARE_PX**2 / 8) * (1 << (view.planes.bit_depth - 8))
    for down, across in SQUARES:
        top, left = int(room_down * down), int(room_across * across)
        square = luma[top : top + SQUARE_PX, left : left + SQUARE_PX].astype(np.float32)
        waves = cv2.dft((square - cv2.mean(square)[0]) * window, flags=cv2.DFT_COMPLEX_OUTPUT)
        power = cv2.magnitude(waves[..., 0], waves[..., 1])
        next_weakest = cv2.min(next_weakest, cv2.max(weakest, power))
        weakest = cv2.min(weakest, power)
        if float((next_weakest * is_sought).max()) <= WEAKEST_WAVE * steps:
            return 0.0
    if float(next_weakest.max()) > FENCE * steps:
        is_sought = is_oblique
    highest = next_weakest >= cv2.dilate(next_weakest, np.ones((3, 3), np.uint8))  # no flank of a level wave
    sharp = next_weakest - WAVE_OVER_SCENE * _beside(next_weakest)
    return float((highest * is_sought * sharp).max()) / steps


def _beside(power: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean of the waves three and four steps away, past the ends too; a wave itself reaches two."""
    wide, near = 9, 5
    edge = wide // 2
    around = cv2.copyMakeBorder(power, edge, edge, edge, edge, cv2.BORDER_WRAP)
    rings = cv2.boxFilter(around, -1, (wide, wide), normalize=False)
    rings -= cv2.boxFilter(around, -1, (near, near), normalize=False)
    return np.asarray(rings[edge:-edge, edge:-edge] / (wide**2 - near**2), np.float32)


@lru_cache(maxsize=1)
def _square_window() -> NDArray[np.float32]:
    """Hann's in both directions."""
    return np.outer(np.hanning(SQUARE_PX), np.hanning(SQUARE_PX)).astype(np.float32)


@lru_cache(maxsize=1)
def _sought_waves() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """1 for waves of at most LONGEST_PERIOD_PX that coding does not draw, and 1 for the slanted ones of them.

    Coding draws waves along the rows or columns that repeat with its blocks of 8.
    """
    waves = SQUARE_PX // 2 - np.abs(np.arange(SQUARE_PX) - SQUARE_PX // 2)  # in the square, whichever way
    short = np.hypot(waves[:, None], waves) * LONGEST_PERIOD_PX >= SQUARE_PX
    of_blocks, level = waves % (SQUARE_PX // 8) == 0, waves <= 1
    drawn = (of_blocks[:, None] & level) | (level[:, None] & of_blocks)
    oblique = short & ~level[:, None] & ~level
    return np.asarray(short & ~drawn, np.float32), np.asarray(oblique, np.float32)


def _common_lines(series: NDArray[np.float32]) -> float:
    length = series.shape[1]
    level = (series - series.mean(axis=1, keepdims=True)) * _window(length)
    spectra = cv2.dft(level, flags=cv2.DFT_ROWS | cv2.DFT_COMPLEX_OUTPUT)
    longest = length // LONGEST_PERIOD_PX
    spectra = spectra[:, longest - BESIDE : length // 2 + 1]
    together = np.hypot(*spectra.sum(axis=0).T) / STRIPS  # what is out of step cancels
    each = np.hypot(spectra[..., 0], spectra[..., 1])
    power = np.minimum(together, each.min(axis=0))
    beside = cv2.dilate(power[None], NEIGHBOURS, borderType=cv2.BORDER_CONSTANT, borderValue=0)[0]
    in_step = together > IN_STEP * each.mean(axis=0)
    stands_out = (power - LINE_OVER_SCENE * beside) * in_step
    return max(0.0, float(stands_out[BESIDE:].max() * 4 / length))


@lru_cache(maxsize=8)
def _window(length: int) -> NDArray[np.float32]:
    """Hann's, so that the edges of the picture are no lines."""
    return np.hanning(length).astype(np.float32)


def common(series: list[NDArray[np.float32]]) -> float:
    """Root of the mean product of any two series: what they share, noise and scene averaged away."""
    products = [float(np.mean(a * b)) for a, b in combinations(series, 2)]
    return float(np.sqrt(max(0.0, min(products))))


def bars(view: PictureView) -> float:
    """The smaller of two opposite black bars with a straight inner edge, as a share of the picture; 0:
    none."""
    return max(_opposite(view.sample), _opposite(view.sample.T))


def _opposite(picture: Plane) -> float:
    ends = picture, picture[::-1]
    levels = [middle_of(end[0]) for end in ends]
    if max(levels) > DARK and abs(levels[0] - levels[1]) > ONE_STEP:
        return 0.0
    return min(_bar(end, level) for end, level in zip(ends, levels, strict=True)) / len(picture)


def middle_of(line: Plane) -> float:
    """The median; numpy's takes ten times as long to begin."""
    ascending, half = np.sort(line), len(line) // 2
    return float(ascending[half] + float(ascending[half - 1 + len(line) % 2])) / 2


def _bar(picture: Plane, level: float) -> int:
    """Lines of one level but for text, where the picture begins within three lines.

    What is not black must be drawn: a wall or a white sky is not the same to a step all over the bar.
    """
    apart = cv2.absdiff(picture, np.full_like(picture, level))
    other = np.mean(apart > BAR_STEP, axis=1)
    begins = np.flatnonzero(other > BAR_TEXT)
    length = int(begins[0]) if len(begins) else 0
    inside = other[length + 1 : length + 4]
    if not length or not len(inside) or float(inside.max()) <= other[:length].mean() + BAR_JUMP:
        return 0
    is_drawn = level <= DARK or float(np.mean(apart[: max(1, length - 1)] <= ONE_STEP)) > DRAWN_SHARE
    return length if is_drawn else 0


DARK = 22  # full range; levels of black that makers use
ONE_STEP = 1
DRAWN_SHARE = 0.8  # of a bar of another colour; text may stand in it
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
    """The strongest of lines across, down and at a slant, 8-bit steps."""
    return max(*view.once("lines", lambda: lines(view)), SLANTED_WEIGHT * oblique_lines(view))


SLATE_LEVELS = 24
ONE_LEVEL = 3  # an even colour, and what coding makes of it
LEVELS_APART = 4.0  # 8-bit steps; a hazy or covered picture at a low bit rate uses every level that it has
NOTHING_WRITTEN = 40  # full range
LONGEST_PERIOD_PX = 20
SLANTED_WEIGHT = 0.4  # a scene's slanted waves reach 2.3 steps
BESIDE, REACH = 12, 3  # waves away, to either side; one wave itself reaches two
NEIGHBOURS = np.array([[1] * (BESIDE - REACH) + [0] * (2 * REACH + 1) + [1] * (BESIDE - REACH)], np.uint8)
IN_STEP = 0.6  # of what each strip has for itself; a fence tilted by half a degree keeps 0.05
LINE_OVER_SCENE = 4.0  # a scene's period is at most 2.9 times the highest of them, a line 8 times and more
SQUARE_PX = 64
SQUARES = tuple(product((0.1, 0.5, 0.9), (0.04, 0.35, 0.65, 0.96)))  # of the room there is, down and across
WEAKEST_WAVE = 2.0  # 8-bit steps; below what is stated: most scenes are done after a few squares
WAVE_OVER_SCENE = 3.0
FENCE = 30.0  # 8-bit steps of a wave; lines over a picture that still shows something have 22 at most

CONDITIONS = (
    Condition(
        "corrupt", undecoded, 0.005, 0.005, (0, 1), "YCbCr 0,0,0 is no colour that an encoder makes", "high"
    ),
    Condition("no_signal", slate, 0.65, 0.65, (0, 1), BENCH, "high"),
    Condition("mosaic", blocky, 0.02, 0.02, (0, 1), BENCH, "high"),
    Condition("striped", striped, 1.0, 1.0, (0, 255), BENCH, "high"),
    Condition("letterbox", bars, 0.02, 0.02, (0, 0.5), BENCH, "high"),
)
