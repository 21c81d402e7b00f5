"""A picture against the reference of its own camera: numbers only, from which no face can be drawn. Pure.

The reference holds 28 rows of 64 luma values (one value for 30 by 30 pixels of 1080p), what detail 7 by 16 tiles have,
two chroma medians and one sharpness. The rows in which makers draw their text are not in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from camagent.model.stream import ImageFacts, PictureNumbers
from camagent.observe.picture import detail, light
from camagent.observe.picture.view import THUMB_SIZE, View, structure

INFRARED_GREY = 18.5  # of `light.grey`, 20 at most: no colour left but what coding leaves
MOVED_CORRELATION = 0.5  # bench/picture: the same view by day, dusk, fog and sodium light stays above
FLIPPED_CORRELATION = 0.5
PLAIN_DETAIL = 25  # tenths of a step: less in the reference is a wall or the sky, where nothing can get lost
LOST_DETAIL = 0.35  # of what the reference had
COVERED_SHARE = 0.25  # of the tiles that had detail
TINT_STEPS = (40.0, 14.0)  # of the chroma medians, at other hours and by day: sodium light is no fault
SOFTER = 0.6  # of the reference's sharpness
COMPARED = ("moved", "upside_down", "partly_covered", "focus_changed", "monochrome")
"""Conditions that need a reference, besides "cast"."""


def numbers_of(view: View) -> PictureNumbers:
    """The numbers of one picture that may be kept."""
    details = detail.detail_of(view)[1:-1]
    u, v = (0.0, 0.0) if view.chroma is None else (float(np.median(plane)) for plane in view.chroma)
    return PictureNumbers(
        luma=tuple(view.thumb.ravel().tolist()),
        detail=tuple(np.clip(np.round(details * 10), 0, 255).astype(int).ravel().tolist()),
        chroma_u=u,
        chroma_v=v,
        sharpness=detail.sharpness_of(view)[0],
        infrared=light.grey(view) > INFRARED_GREY,
    )


def alike(now: PictureNumbers, reference: PictureNumbers) -> tuple[float, float]:
    """Correlation of the structure with the reference's, upright and upside down; 1: the same view."""
    own, kept = _structure(now), _structure(reference)
    return float(np.mean(own * kept)), float(np.mean(own * kept[::-1, ::-1]))


def lost_tiles(now: PictureNumbers, reference: PictureNumbers) -> NDArray[np.bool_]:
    """Tiles with detail in the reference that have lost most of it, against what the best tenth of them kept.

    Dusk and fog take detail from every tile; what hangs in front of the lens takes it from some.
    """
    kept, own = np.array(reference.detail, np.float64), np.array(now.detail, np.float64)
    had = kept > PLAIN_DETAIL
    if np.count_nonzero(had) < len(kept) / 8:
        return np.zeros(len(kept), np.bool_)
    left = min(1.0, float(np.percentile(own[had] / kept[had], 90)))
    return np.asarray(had & (own < LOST_DETAIL * left * kept))


def lost_detail(now: PictureNumbers, reference: PictureNumbers) -> float:
    """Share of the tiles with detail in the reference that have lost most of it."""
    had = np.count_nonzero(np.array(reference.detail) > PLAIN_DETAIL)
    return float(np.count_nonzero(lost_tiles(now, reference)) / had) if had else 0.0


def alike_where_free(now: PictureNumbers, reference: PictureNumbers) -> float:
    """Correlation of the structure where no detail is lost: under a leaf the view is still the same."""
    had = np.array(reference.detail) > PLAIN_DETAIL
    left = had & ~lost_tiles(now, reference)
    free = left.reshape(-1, detail.DETAIL_GRID[1]).repeat(4, axis=0).repeat(4, axis=1)
    if np.count_nonzero(free) < free.size / 20:
        return 0.0
    own, kept = _structure(now)[free], _structure(reference)[free]
    spread = float(own.std() * kept.std())
    return float(np.mean((own - own.mean()) * (kept - kept.mean()))) / spread if spread > 0 else 0.0


def compared(now: PictureNumbers, references: Sequence[PictureNumbers], daylight: bool = False) -> tuple[str, ...]:
    """What differs from the camera's own references: the nearest of each is asked, because light comes and goes.

    `daylight`: the clock says that the sun is up; only then is black and white a fault.
    """
    if not references:
        return ()
    upright, flipped = (max(pair) for pair in zip(*(alike(now, kept) for kept in references), strict=True))
    if flipped > FLIPPED_CORRELATION and flipped > upright:
        return ("upside_down",)
    lost = min(lost_detail(now, kept) for kept in references) > COVERED_SHARE
    same_view = max(upright, *(alike_where_free(now, kept) for kept in references)) >= MOVED_CORRELATION
    found = ["partly_covered"] if lost and same_view else [] if same_view else ["moved"]
    same = [kept for kept in references if kept.infrared == now.infrared]
    if daylight and now.infrared and any(not kept.infrared for kept in references):
        found.append("monochrome")
    coloured = [kept for kept in same if not kept.infrared]
    if coloured and min(_tint(now, kept) for kept in coloured) > TINT_STEPS[daylight]:
        found.append("cast")
    if now.sharpness is not None and not found:
        sharp = [kept.sharpness for kept in same if kept.sharpness is not None]
        if sharp and now.sharpness < SOFTER * min(sharp):
            found.append("focus_changed")
    return tuple(found)


def with_reference(image: ImageFacts, references: Sequence[PictureNumbers], daylight: bool = False) -> ImageFacts:
    """The facts with what the camera's own references add; a picture that is dead already is not compared."""
    if image.numbers is None or set(image.conditions) & SPEAKS_FOR_ITSELF:
        return image
    added = tuple(name for name in compared(image.numbers, references, daylight) if name not in image.conditions)
    return replace(image, conditions=(*image.conditions, *added)) if added else image


SPEAKS_FOR_ITSELF = frozenset({"black", "no_signal", "covered", "corrupt", "overexposed", "underexposed", "mosaic"})


def _tint(now: PictureNumbers, kept: PictureNumbers) -> float:
    return float(np.hypot(now.chroma_u - kept.chroma_u, now.chroma_v - kept.chroma_v))


def _structure(numbers: PictureNumbers) -> NDArray[np.float32]:
    """Luma without its wide shading, of mean 0 and spread 1; noise where there is nothing but shading."""
    rest = structure(np.array(numbers.luma, np.uint8).reshape(-1, THUMB_SIZE[1]))
    rest -= rest.mean()
    return np.asarray(rest / (rest.std() + 0.5), np.float32)
