"""The facts about a stream's pictures, from the measures of each. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import fmean

from camagent.model.stream import ImageFacts
from camagent.observe.picture.conditions import conditions
from camagent.observe.picture.measure import PictureMeasures, mean_difference


def image_facts(pictures: Sequence[PictureMeasures]) -> ImageFacts | None:
    """Means over the pictures and what they show; None without a picture."""
    if not pictures:
        return None
    change = _change(pictures)
    stated, unsure = conditions(pictures, change)
    sharpness = [p.sharpness for p in pictures if p.sharpness is not None]
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
        change=change,
        conditions=stated,
        unsure=unsure,
    )


def _change(pictures: Sequence[PictureMeasures]) -> float | None:
    """The largest difference between any two neighbours, and the first and the last; None with one picture."""
    pairs = [*pairwise(pictures), (pictures[0], pictures[-1])] if len(pictures) > 1 else []
    differences = [value for value in (mean_difference(a, b) for a, b in pairs) if value is not None]
    return max(differences) if differences else None
