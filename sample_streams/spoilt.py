"""Pictures gone wrong in every way that a check names, drawn from a sound one: planar 4:2:0 in, planar 4:2:0
out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
BLACK, WHITE = 16, 235


def _parts(picture: Image) -> tuple[Image, Image]:
    """Copies of luma and of both chroma planes."""
    rows = picture.shape[0] * 2 // 3
    return picture[:rows].copy(), picture[rows:].copy()


def _joined(luma: NDArray[np.floating] | Image, chroma: Image) -> Image:
    return np.concatenate((np.clip(luma, BLACK, WHITE).astype(np.uint8), chroma))


def _curve(gain: float, offset: float) -> Callable[[Image, int], Image]:
    def spoil(picture: Image, number: int) -> Image:
        luma, chroma = _parts(picture)
        return _joined(luma * gain + offset, chroma)

    return spoil


def _averaged(luma: Image, reach_px: int, axis: int) -> NDArray[np.float64]:
    """Each pixel the mean of its row or column from so many pixels before to so many after."""
    pads = [(0, 0), (0, 0)]
    pads[axis] = (reach_px + 1, reach_px)
    sums = np.cumsum(np.pad(luma.astype(np.float64), pads, mode="edge"), axis=axis)
    wide = 2 * reach_px + 1
    first = np.take(sums, range(luma.shape[axis]), axis=axis)
    return np.asarray((np.take(sums, range(wide, wide + luma.shape[axis]), axis=axis) - first) / wide)


def _motion_blur(picture: Image, number: int) -> Image:
    luma, chroma = _parts(picture)
    return _joined(_averaged(luma, 15, 1), chroma)


def _sprayed(picture: Image, number: int) -> Image:
    luma, chroma = _parts(picture)
    soft = luma.astype(np.float64)
    for axis in (0, 1, 0, 1):
        soft = _averaged(soft, 5, axis)  # type: ignore[arg-type]
    return _joined(soft * 0.6 + 55, chroma)


def _glare(picture: Image, number: int) -> Image:
    luma, chroma = _parts(picture)
    rows, columns = np.ogrid[: luma.shape[0], : luma.shape[1]]
    away = ((rows - luma.shape[0] / 2) ** 2 + (columns - luma.shape[1] / 3) ** 2) / (luma.shape[0] / 3.5) ** 2
    return _joined(luma * 0.6 + 420 * np.exp(-away), chroma)


def _cast(picture: Image, number: int) -> Image:
    luma, chroma = _parts(picture)
    chroma[: len(chroma) // 2] -= 30
    chroma[len(chroma) // 2 :] += 36
    return np.concatenate((luma, chroma))


def _no_signal(picture: Image, number: int) -> Image:
    luma, chroma = _parts(picture)
    wide = luma.shape[1] // 8
    chroma[:] = 128
    for bar, level in enumerate((180, 162, 131, 112, 84, 65, 35, 16)):
        luma[:, bar * wide :] = level
    return np.concatenate((luma, chroma))


def _mosaic(picture: Image, number: int) -> Image:
    luma, chroma = _parts(picture)
    rng = np.random.default_rng(number)
    for row in range(0, luma.shape[0] - 15, 16):
        for column in np.flatnonzero(rng.random(luma.shape[1] // 16) < 0.15) * 16:
            luma[row : row + 16, column : column + 16] = rng.integers(BLACK, WHITE)
    return np.concatenate((luma, chroma))


def _striped(picture: Image, number: int) -> Image:
    luma, chroma = _parts(picture)
    return _joined(luma + 24.0 * (np.arange(luma.shape[0]) % 6 < 3)[:, None] - 12, chroma)


def _rolling_bars(picture: Image, number: int) -> Image:
    luma, chroma = _parts(picture)
    wave = 0.88 + 0.12 * np.sin(np.arange(luma.shape[0]) / luma.shape[0] * 6 * np.pi + number * 0.37)
    return _joined(luma * wave[:, None], chroma)


def _letterbox(picture: Image, number: int) -> Image:
    luma, chroma = _parts(picture)
    bar = luma.shape[0] // 10
    luma[:bar], luma[-bar:] = BLACK, BLACK
    return np.concatenate((luma, chroma))


def _covered(picture: Image, number: int) -> Image:
    luma, chroma = _parts(picture)
    chroma[:] = 128
    return _joined(np.linspace(45, 70, luma.shape[1])[None] * np.ones((luma.shape[0], 1)), chroma)


def _partly_covered(picture: Image, number: int) -> Image:
    luma, chroma = _parts(picture)
    rows, columns = luma.shape[0], luma.shape[1] // 2
    shade = np.add.outer(
        np.linspace(0, 25, rows), np.linspace(35, 95, columns)
    )  # a hand is lit from one side
    return _joined(np.concatenate((shade, luma[:, columns:]), axis=1), chroma)


def _noisy(picture: Image, number: int) -> Image:
    luma, chroma = _parts(picture)
    return _joined(luma + np.random.default_rng(number).normal(0, 30, luma.shape), chroma)


def _corrupt(picture: Image, number: int) -> Image:
    picture = picture.copy()
    rows = picture.shape[0] * 2 // 3
    picture[rows * 2 // 3 : rows] = 0
    for plane in picture[rows:].reshape(2, -1):
        plane[len(plane) * 2 // 3 :] = 0
    return picture


def _monochrome(picture: Image, number: int) -> Image:
    luma, chroma = _parts(picture)
    chroma[:] = 128
    return np.concatenate((luma, chroma))


def _turned(picture: Image, number: int) -> Image:
    luma, chroma = _parts(picture)
    planes = chroma.reshape(2, luma.shape[0] // 2, luma.shape[1] // 2)[:, ::-1, ::-1]
    return np.concatenate((luma[::-1, ::-1], planes.reshape(chroma.shape)))


def _moved(picture: Image, number: int) -> Image:
    luma, chroma = _parts(picture)
    return np.concatenate((np.roll(luma, luma.shape[1] // 3, axis=1), chroma))


SHOWN: dict[str, Callable[[Image, int], Image]] = {
    "underexposed": _curve(0.14, 14),
    "overexposed": _curve(1.0, 150),
    "low_contrast": _curve(0.12, 110),
    "glare": _glare,
    "cast": _cast,
    "no_signal": _no_signal,
    "corrupt": _corrupt,
    "mosaic": _mosaic,
    "striped": _striped,
    "rolling_bars": _rolling_bars,
    "letterbox": _letterbox,
    "motion_blur": _motion_blur,
    "sprayed": _sprayed,
    "covered": _covered,
    "partly_covered": _partly_covered,
    "noisy": _noisy,
    "monochrome": _monochrome,
    "moved": _moved,
    "upside_down": _turned,
}
BEHIND_THE_SENSOR = frozenset(
    ("no_signal", "corrupt", "mosaic", "striped", "letterbox", "noisy", "rolling_bars")
)
