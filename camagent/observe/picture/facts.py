"""The facts about a stream's pictures, from the measures of each. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import fmean

import numpy as np

from camagent.model.stream import ImageFacts
from camagent.observe.picture.conditions import PicturePair, conditions, scores_together
from camagent.observe.picture.detail import NOISY
from camagent.observe.picture.pair import FLICKER, difference, flicker, is_textured, rolling
from camagent.observe.picture.picture_numbers import PictureMeasures

SAME_VIEW = 0.6  # correlation of the structure; noise of 40 steps leaves more


def image_facts(pictures: Sequence[PictureMeasures]) -> ImageFacts | None:
    """Means over the pictures and what they show; None without a picture."""
    if not pictures:
        return None
    between = _between(pictures)
    each = [picture.scores for picture in pictures]
    stated, unsure = conditions(each, between)
    sharpness = [p.sharpness for p in pictures if p.sharpness is not None]
    scores = scores_together(each) | {
        "rolling_bars": between.rolling,
        "flicker": between.flicker,
    }
    return ImageFacts(
        frames=len(pictures),
        luma_mean=fmean(p.luma_mean for p in pictures),
        luma_std=fmean(p.luma_std for p in pictures),
        sharpness=fmean(sharpness) if sharpness else None,
        noise=fmean(p.noise for p in pictures),
        cast_u=fmean(p.cast_u for p in pictures),
        cast_v=fmean(p.cast_v for p in pictures),
        flat_blocks_ratio=fmean(p.flat_blocks_ratio for p in pictures),
        stripe_ratio=fmean(p.stripe_ratio for p in pictures),
        dark_ratio=fmean(p.dark_ratio for p in pictures),
        bright_ratio=fmean(p.bright_ratio for p in pictures),
        change=between.change,
        conditions=stated,
        unsure=unsure,
        scores={name: round(score, 4) for name, score in scores.items()},
        numbers=pictures[-1].numbers,
    )


def _between(pictures: Sequence[PictureMeasures]) -> PicturePair:
    together = min((_flicker(a, b) for a, b in pairwise(pictures)), default=0.0)
    looks_noisy = together > FLICKER or min(picture.noise for picture in pictures) > NOISY
    return PicturePair(
        change=_change(pictures),
        rolling=min((rolling(a.rows, b.rows) for a, b in pairwise(pictures)), default=0.0),
        flicker=together,
        is_textured=looks_noisy and any(_is_textured(a, b) for a, b in pairwise(pictures)),
    )


def _is_textured(first: PictureMeasures, second: PictureMeasures) -> bool:
    return _flicker(first, second) > 0 and is_textured(first.middle, second.middle)


def _flicker(first: PictureMeasures, second: PictureMeasures) -> float:
    """Noise between two pictures of one view; a camera that turns changes everything."""
    if float(np.mean(first.structure * second.structure)) < SAME_VIEW:
        return 0.0
    return flicker(first.middle, second.middle)


def _change(pictures: Sequence[PictureMeasures]) -> float | None:
    """The largest difference between any two neighbours, and the first and the last; None with one
    picture."""
    pairs = [*pairwise(pictures), (pictures[0], pictures[-1])] if len(pictures) > 1 else []
    differences = [value for value in (difference(a.middle, b.middle) for a, b in pairs) if value is not None]
    return max(differences) if differences else None
