"""Numbers about one decoded picture, taken from its planes in place. Keeps no picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from camagent.model.stream import PictureNumbers
from camagent.observe.picture import detail, light, pattern, surface
from camagent.observe.picture.condition import Condition
from camagent.observe.picture.pair import row_means
from camagent.observe.picture.view import PictureView, Plane, Planes, histogram

DARK_LUMA = 20  # full range; below it nothing is told apart on a monitor
BRIGHT_LUMA = 245
CONDITIONS: tuple[Condition, ...] = (*light.CONDITIONS, *pattern.CONDITIONS, *detail.CONDITIONS)
"""Everything that one picture alone can show; a new condition is a function and a row in one of these."""


@dataclass(frozen=True, slots=True)
class PictureMeasures:
    """What one picture shows, in 8-bit steps of full range."""

    scores: Mapping[str, float]
    """Of each condition."""
    luma_mean: float
    luma_std: float
    sharpness: float | None
    """Steepest step over contrast at edges in the sharper direction; 1 = one pixel wide; None: no edge."""
    noise: float
    """Standard deviation of what is finer than any structure, in the quieter tiles."""
    cast_u: float
    cast_v: float
    flat_blocks_ratio: float
    stripe_ratio: float
    """Lines across against lines down, the stronger over the weaker, squared."""
    dark_ratio: float
    bright_ratio: float
    middle: Plane
    """The strided luma without the rows of the text, for comparison with the next picture only."""
    rows: list[NDArray[np.float32]]
    structure: NDArray[np.float32]
    """Luma of the thumb without its wide shading, of mean 0 and spread 1."""
    numbers: PictureNumbers


def measure_picture(planes: Planes) -> PictureMeasures:
    """Measure one picture."""
    view = PictureView(planes)
    scores = {condition.name: condition.score(view) for condition in CONDITIONS}
    mean, std = cv2.meanStdDev(view.sample)
    levels = histogram(view.sample)
    u, v = (0.0, 0.0) if view.chroma is None else (float(plane.mean()) for plane in view.chroma)
    across, down = view.once("lines", lambda: pattern.lines(view))
    return PictureMeasures(
        scores=scores,
        luma_mean=min(255.0, float(mean[0, 0])),
        luma_std=float(std[0, 0]),
        sharpness=detail.sharpness_of(view)[0],
        noise=detail.noise_of(view),
        cast_u=u,
        cast_v=v,
        flat_blocks_ratio=scores["covered"],
        stripe_ratio=(max(across, down) / max(min(across, down), STRIPE_FLOOR)) ** 2,
        dark_ratio=float(levels[: DARK_LUMA + 1].sum() / view.sample.size),
        bright_ratio=float(levels[BRIGHT_LUMA:].sum() / view.sample.size),
        middle=view.middle.copy(),  # of a small picture it would be the decoder's own memory
        rows=row_means(view.middle),
        structure=(view.structure - view.structure.mean()) / (view.structure_std + 0.5),
        numbers=numbers_of(view),
    )


def numbers_of(view: PictureView) -> PictureNumbers:
    """The numbers of one picture that may be kept."""
    details = surface.detail_of(view)[1:-1]
    u, v = view.middle_colour
    return PictureNumbers(
        luma=view.thumb.astype(np.uint8).tobytes(),
        detail=np.clip(np.round(details * 10), 0, 255).astype(np.uint8).tobytes(),
        chroma_u=u,
        chroma_v=v,
        sharpness=detail.sharpness_of(view)[0],
        infrared=light.grey(view) > light.INFRARED_GREY,
    )


STRIPE_FLOOR = 0.25  # 8-bit steps: means of hundreds of pixels are no more exact than this after coding
