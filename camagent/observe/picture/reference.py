"""A picture against the reference of its own camera: numbers only, from which no face can be drawn. Pure.

The reference holds 28 rows of 64 luma values (one value for 30 by 30 pixels of 1080p), what detail 7 by 16
tiles have, two chroma medians and one sharpness. The rows in which makers draw their text are not in it.
Standard library only:
whoever compares holds many cameras' numbers and no picture, and is not to load a decoder's libraries for it.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import chain, compress, pairwise, product, repeat
from math import hypot, sqrt
from operator import itemgetter, mul
from statistics import fmean, quantiles
from typing import TypeAlias

from camagent.model.stream import ImageFacts, PictureNumbers
from camagent.observe.picture.shading import without_shading

COLUMNS = 64
"""Of the luma values."""
TILE = 4
"""Luma values of a tile of detail, across and down."""
MOVED_CORRELATION = 0.5  # bench/picture: the same view by day, dusk, fog and sodium light stays above
FLIPPED_CORRELATION = 0.5
PLAIN_DETAIL = 25  # tenths of a step: less in the reference is a wall or the sky, where nothing can get lost
LOST_DETAIL = 0.35  # of what the reference had
COVERED_SHARE = 0.25  # of the tiles that had detail
TINT_STEPS = (40.0, 14.0)  # of the chroma medians, at other hours and by day: sodium light is no fault
SAME_BEYOND_DOUBT = 0.9  # correlation: whoever is so like the reference has not been moved
SLID_BY = 0.15  # better correlation aside than in place: 0.03 at most on 372 sound clips, 0.28 on moved ones
PART_BY, PARTS_ASIDE = 0.1, 7  # the same of a twelfth of the picture, in so many twelfths
SLID_VALUES = (9, 4)  # of half the columns and rows, across and down: the farthest that is looked
SOFTER = 0.6  # of the reference's sharpness
FLAT_SPREAD = (
    0.05  # of values whose spread over the whole picture is 1: less is a wall, alike wherever it lies
)
Rows: TypeAlias = "tuple[array[float], ...]"
COMPARED = ("moved", "upside_down", "partly_covered", "focus_changed", "monochrome")
"""Conditions that need a reference, besides "cast"."""


def alike(now: PictureNumbers, reference: PictureNumbers) -> tuple[float, float]:
    """Correlation of the structure with the reference's, upright and upside down; 1: the same view."""
    own, kept = _structure(now.luma), _structure(reference.luma)
    return _mean_product(own, kept), _mean_product(own, kept[::-1])


def lost_tiles(now: PictureNumbers, reference: PictureNumbers) -> tuple[bool, ...]:
    """Tiles with detail in the reference that have lost most of it, against what the best tenth of them kept.

    Dusk and fog take detail from every tile; what hangs in front of the lens takes it from some.
    """
    pairs = tuple(zip(now.detail, reference.detail, strict=True))
    left = [own / kept for own, kept in pairs if kept > PLAIN_DETAIL]
    if len(left) < max(len(pairs) / 8, 2):
        return (False,) * len(pairs)
    share = LOST_DETAIL * min(1.0, quantiles(left, n=10, method="inclusive")[-1])
    return tuple(kept > PLAIN_DETAIL and own < share * kept for own, kept in pairs)


def lost_detail(now: PictureNumbers, reference: PictureNumbers) -> float:
    """Share of the tiles with detail in the reference that have lost most of it."""
    had = sum(kept > PLAIN_DETAIL for kept in reference.detail)
    return sum(lost_tiles(now, reference)) / had if had else 0.0


def alike_where_free(now: PictureNumbers, reference: PictureNumbers) -> float:
    """Correlation of the structure where no detail is lost: under a leaf the view is still the same."""
    lost = lost_tiles(now, reference)
    free = _places(
        [kept > PLAIN_DETAIL and not gone for kept, gone in zip(reference.detail, lost, strict=True)]
    )
    if sum(free) < len(free) / 20:
        return 0.0
    own = _centred(array("f", compress(_structure(now.luma), free)))
    kept = _centred(array("f", compress(_structure(reference.luma), free)))
    spread = sqrt(_mean_product(own, own) * _mean_product(kept, kept))
    return _mean_product(own, kept) / spread if spread > 0 else 0.0


def slid(now: PictureNumbers, reference: PictureNumbers) -> bool:
    """The structure is like the reference's, but a 16th of the width or more aside: turned a little.

    Its large shapes still lie over one another. They lie better a step aside, in most parts of
    the picture: a car that stands elsewhere does so in a few.
    """
    own, kept = _halved(now.luma), _halved(reference.luma)
    across, down = SLID_VALUES
    ways = product(range(-down, down + 1), range(-across, across + 1))
    pairs = (_overlap(own, kept, *way) for way in ways if max(map(abs, way)) > 1)
    best, (first, aside, in_place) = max(
        ((_correlation(*pair[:2]), pair) for pair in pairs), key=itemgetter(0)
    )
    if best < _correlation(own, kept) + SLID_BY:
        return False
    parts = zip(_parts(first), _parts(aside), _parts(in_place), strict=True)
    return sum(_correlation(own, a) > _correlation(own, p) + PART_BY for own, a, p in parts) >= PARTS_ASIDE


def _overlap(own: Rows, kept: Rows, down: int, across: int) -> tuple[Rows, Rows, Rows]:
    """Where both are: of one; of the other, so many rows and columns away; and of the other in place."""
    high, wide = len(own) - abs(down), len(own[0]) - abs(across)
    top, left, kept_top, kept_left = max(0, down), max(0, across), max(0, -down), max(0, -across)
    return (
        tuple(row[left : left + wide] for row in own[top : top + high]),
        tuple(row[kept_left : kept_left + wide] for row in kept[kept_top : kept_top + high]),
        tuple(row[left : left + wide] for row in kept[top : top + high]),
    )


def _parts(rows: Rows) -> tuple[Rows, ...]:
    """Twelve parts side by side and one below another."""
    down = pairwise(len(rows) * place // 3 for place in range(4))
    across = pairwise(len(rows[0]) * place // 4 for place in range(5))
    return tuple(
        tuple(row[left:right] for row in rows[top:bottom])
        for (top, bottom), (left, right) in product(down, across)
    )


def _correlation(first: Rows, second: Rows) -> float:
    own = _centred(array("f", chain.from_iterable(first)))
    kept = _centred(array("f", chain.from_iterable(second)))
    spread = sqrt(_mean_product(own, own) * _mean_product(kept, kept))
    return _mean_product(own, kept) / (spread + FLAT_SPREAD)


@lru_cache(maxsize=192)
def _halved(luma: bytes) -> Rows:
    """The structure, four values to one."""
    values = _structure(luma)
    rows = [values[at : at + COLUMNS] for at in range(0, len(values), COLUMNS)]
    halves = zip(rows[::2], rows[1::2], strict=True)
    return tuple(
        array("f", map(fmean, zip(upper[::2], upper[1::2], lower[::2], lower[1::2], strict=True)))
        for upper, lower in halves
    )


def _places(tiles: Sequence[bool]) -> list[bool]:
    """What holds for the tiles, for each luma value in them."""
    tiles_across = COLUMNS // TILE
    places: list[bool] = []
    for at in range(0, len(tiles), tiles_across):
        row = chain.from_iterable(repeat(tile, TILE) for tile in tiles[at : at + tiles_across])
        places += list(row) * TILE
    return places


def compared(
    now: PictureNumbers, references: Sequence[PictureNumbers], daylight: bool = False
) -> tuple[str, ...]:
    """What differs from the camera's own references: the nearest of each is asked, because light comes and
    goes.

    `daylight`: the clock says that the sun is up; only then is black and white a fault.
    """
    if not references:
        return ()
    upright, flipped = (max(pair) for pair in zip(*(alike(now, kept) for kept in references), strict=True))
    if flipped > FLIPPED_CORRELATION and flipped > upright:
        return ("upside_down",)
    lost = min(lost_detail(now, kept) for kept in references) > COVERED_SHARE
    same_view = upright >= MOVED_CORRELATION or any(
        alike_where_free(now, kept) >= MOVED_CORRELATION for kept in references
    )
    if not lost and same_view and upright < SAME_BEYOND_DOUBT:
        same_view = not all(slid(now, kept) for kept in references)
    conditions = [] if same_view else ["moved"]
    if lost and same_view:
        conditions = ["partly_covered"]
    same = [kept for kept in references if kept.infrared == now.infrared]
    if daylight and now.infrared and any(not kept.infrared for kept in references):
        conditions.append("monochrome")
    coloured = [kept for kept in same if not kept.infrared]
    if coloured and min(_tint(now, kept) for kept in coloured) > TINT_STEPS[daylight]:
        conditions.append("cast")
    if now.sharpness is not None and not conditions:
        sharp = [kept.sharpness for kept in same if kept.sharpness is not None]
        if sharp and now.sharpness < SOFTER * min(sharp):
            conditions.append("focus_changed")
    return tuple(conditions)


def with_reference(
    image: ImageFacts, references: Sequence[PictureNumbers], daylight: bool = False
) -> ImageFacts:
    """The facts with what the camera's own references add; a picture that is dead already is not compared.

    Where a service looked before, one of the last looks must have shown it too.
    """
    if image.numbers is None or set(image.conditions) & SPEAKS_FOR_ITSELF:
        return image
    now = compared(image.numbers, references, daylight)
    before = [compared(numbers, references, daylight) for numbers in image.earlier]
    added = tuple(
        name
        for name in now
        if name not in image.conditions and (not before or any(name in one for one in before))
    )
    return replace(image, conditions=(*image.conditions, *added)) if added else image


SPEAKS_FOR_ITSELF = frozenset(
    {"black", "no_signal", "covered", "corrupt", "overexposed", "underexposed", "mosaic"}
)


def _tint(now: PictureNumbers, kept: PictureNumbers) -> float:
    return hypot(now.chroma_u - kept.chroma_u, now.chroma_v - kept.chroma_v)


@lru_cache(maxsize=192)
def _structure(luma: bytes) -> array[float]:
    """Luma without its wide shading, of mean 0 and spread 1; noise where there is nothing but shading.

    Kept for the cameras of one school, 9 kB each: a service compares the same references again and again.
    """
    rest = _centred(without_shading(luma, COLUMNS))
    spread = sqrt(_mean_product(rest, rest)) + 0.5
    return array("f", [value / spread for value in rest])


def _centred(values: array[float]) -> array[float]:
    mean = fmean(values)
    return array("f", [value - mean for value in values])


def _mean_product(first: array[float], second: array[float]) -> float:
    total: float = sum(map(mul, first, second))
    return total / len(first)
