"""Conditions that only two pictures show: bars that roll, a picture that never changes. Pure functions of
two."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from camagent.observe.picture.pattern import common
from camagent.observe.picture.view import STRIPS, Plane, strips

FROZEN_CHANGE = 0.0  # a live sensor never repeats a picture bit for bit, however still the scene
UNSURE_FROZEN_CHANGE = 0.25  # coded anew at a fixed quality; a still scene with noise changes by 1.2 and more
ROLLING = 2.5  # 8-bit steps
FLICKER = 6.3  # 8-bit steps; sensors at night, coded, reach 4.8
TEXTURED = 9.4  # 8-bit steps; foliage at 352 by 288, coded coarsely, changes by 8.7
# of the fine detail of both pictures: noise changes 1.5 to 1.9 of it, a scene full of texture 1.2 at most
NEW_SHARE = 1.3
ROLLING_SMOOTH_ROWS = 15  # of the sample: noise and thin structures go, bands stay
FINE_PX = (5, 5)  # of the sample: what is as fine as this is noise or text
MIN_BANDS = 3  # light and dark ones: somebody who walks by makes one


def row_means(picture: Plane) -> list[NDArray[np.float32]]:
    """Mean luma of each row in four strips side by side."""
    return [
        cv2.reduce(picture[:, first:last], 1, cv2.REDUCE_AVG, dtype=cv2.CV_32F).ravel()
        for first, last in strips(picture.shape[1])
        if last > first
    ]


def rolling(first: Sequence[NDArray[np.float32]], second: Sequence[NDArray[np.float32]]) -> float:
    """What four strips share in the difference of two pictures' rows, 8-bit steps; 0 with fewer than three
    bands."""
    changes = []
    for before, after in zip(first, second, strict=True):
        if before.shape != after.shape or len(before) < 4 * ROLLING_SMOOTH_ROWS:
            return 0.0
        smooth = cv2.blur((after - before)[None], (ROLLING_SMOOTH_ROWS, 1)).ravel()
        changes.append(smooth - smooth.mean())
    if len(changes) < STRIPS:
        return 0.0
    together = np.mean(changes, axis=0)
    bands = int(np.count_nonzero(np.diff(np.sign(together[np.abs(together) > together.std() / 2])))) + 1
    return common(changes) if bands >= MIN_BANDS else 0.0


def flicker(first: Plane, second: Plane) -> float:
    """Median change of what is finer than any structure, 8-bit steps: noise is another one in each picture.

    At low bit rates coding smooths noise away inside a picture; between two it still shows.
    """
    if first.shape != second.shape or min(first.shape) < max(FINE_PX):
        return 0.0
    return _fine(cv2.subtract(first, second, dtype=cv2.CV_16S))


def is_textured(first: Plane, second: Plane) -> bool:
    """Two pictures of one size have more fine detail in common than changes between them.

    Foliage, gravel and rain are as fine as noise, and coding draws them anew in each picture; but they stay.
    """
    change = _fine(cv2.subtract(first, second, dtype=cv2.CV_16S))
    return change < min(TEXTURED, NEW_SHARE * _fine(cv2.add(first, second, dtype=cv2.CV_16S)) / 2)


def _fine(picture: Plane) -> float:
    """Median distance of a picture from its near surroundings."""
    around = cv2.boxFilter(picture, cv2.CV_16S, FINE_PX, normalize=False)
    fine = cv2.absdiff(cv2.multiply(picture, FINE_PX[0] * FINE_PX[1]), around).ravel()
    middle = fine.size // 2
    return float(np.partition(fine, middle)[middle]) / (FINE_PX[0] * FINE_PX[1])


def difference(first: Plane, second: Plane) -> float | None:
    """Mean absolute luma difference of two samples; None where their sizes differ."""
    return (
        float(cv2.mean(cv2.absdiff(first, second))[0]) if first.shape == second.shape and first.size else None
    )
