"""Where a picture has detail, and whether it is lit as evenly as a wall. Pure functions of one picture."""

from __future__ import annotations

from functools import lru_cache
from itertools import product

import cv2
import numpy as np
from numpy.typing import NDArray

from camagent.observe.picture.view import PictureView

DETAIL_GRID = (9, 16)  # rows by columns
NO_DETAIL = 1.2  # 8-bit steps; coded noise of a sensor stays below
IN_FOCUS = 1.4  # 8-bit steps in one tile: a thing that the lens shows sharp
LIT_BY_DAY, LIT_BY_LAMP = (
    2,
    4,
)  # degree of the surface: daylight fades to one side, the light of a camera's own lamp around its middle
LIT_BY_DAY, LIT_BY_LAMP = 2, 4
FITS, FITTED_SHARE = 3, 0.8  # who walks by and what hangs at a wall is left out of the fit
# of the mean, by a surface that lamps make too: walls leave 0.0070 (one of B 0.0086), covers 0.0082
PLANE = 0.008
# by one that daylight makes: walls leave 0.0051 with a sharp thing on them, 0.0045 with none; of 40 clips in
# dense haze one reaches down to 0.0048, the next to 0.0063
WALL, BARE_WALL = 0.0065, 0.0047


def detail_map(view: PictureView) -> NDArray[np.float32]:
    """What a picture has of detail in 9 by 16 tiles: mean distance from the surroundings, 8-bit steps."""
    tiny = view.tiny
    rest = cv2.absdiff(tiny, cv2.blur(tiny, (5, 5)))
    rows, columns = DETAIL_GRID
    return np.asarray(cv2.resize(rest.astype(np.float32), (columns, rows), interpolation=cv2.INTER_AREA))


def detail_of(view: PictureView) -> NDArray[np.float32]:
    """`detail_map`, made once."""
    return view.once("detail", lambda: detail_map(view))


def share_empty(view: PictureView) -> float:
    """Share of the tiles, rows of text left out, that have no detail."""
    return float(np.mean(detail_of(view)[1:-1] < NO_DETAIL))


def in_focus(view: PictureView) -> bool:
    """Something in the picture is sharp, however small; rows of text left out."""
    return float(detail_of(view)[1:-1].max()) > IN_FOCUS


def unevenness(view: PictureView, degree: int) -> float:
    """How far the light departs from that on a plane, as a share of the mean.

    The light on a plane is a surface of low `degree`; the fifth that fits it least is left out.
    """
    share = view.thumb.astype(np.float64).ravel()
    share /= max(float(share.mean()), 1.0)
    terms = _terms(*view.thumb.shape, degree)
    kept = np.ones(share.size, np.bool_)
    apart, last = share, int((share.size - 1) * FITTED_SHARE)
    for _ in range(FITS):
        factors = np.linalg.lstsq(terms[kept], share[kept], rcond=None)[0]
        apart = np.abs(share - terms @ factors)
        kept = apart <= np.partition(apart, last)[last]  # numpy's quantile loads a module: the cell is closed
    return float(np.sqrt(np.mean(apart[kept] ** 2)))


@lru_cache(maxsize=4)
def _terms(rows: int, columns: int, degree: int) -> NDArray[np.float64]:
    """The products of powers, of this degree at most, at each of so many places."""
    down, across = (place.ravel() - 0.5 for place in np.mgrid[:rows, :columns] / [[[rows]], [[columns]]])
    powers = [(i, j) for i, j in product(range(degree + 1), repeat=2) if i + j <= degree]
    return np.asarray(np.stack([across**i * down**j for i, j in powers], axis=1))
