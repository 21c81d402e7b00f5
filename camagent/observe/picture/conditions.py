"""What a stream's pictures show, told from their scores. Pure arithmetic; no decoder, no cv2.

A condition is stated only where every picture shows it: the first picture of a session is often a mosaic
(BigTonyTones/Tonys-Onvf-RTSP-Server#42), and somebody who walks close by covers one picture, not two. Of a
picture that was received whole and does not decode one is enough, as it is where the decoder says so itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from camagent.observe.picture.pair import FLICKER, FROZEN_CHANGE, ROLLING, UNSURE_FROZEN_CHANGE
from camagent.observe.picture.picture_numbers import CONDITIONS
from camagent.observe.picture.reference import COMPARED

ORDER = (*(condition.name for condition in CONDITIONS), "rolling_bars", "frozen", *COMPARED)
"""Every condition that there is."""

EXPLAINS: Mapping[str, frozenset[str]] = {
    "no_signal": frozenset(ORDER) - {"no_signal", "corrupt"},
    "black": frozenset(ORDER) - {"black", "corrupt", "underexposed"},
    "overexposed": frozenset(
        {"low_contrast", "covered", "cast", "frozen", "no_signal", "blurred", "sprayed"}
    ),
    "covered": frozenset(
        {"low_contrast", "underexposed", "blurred", "sprayed", "motion_blur", "cast", "frozen"}
    ),
    "mosaic": frozenset({"blurred", "motion_blur", "sprayed"}),
    "underexposed": frozenset({"low_contrast"}),
    "sprayed": frozenset({"low_contrast"}),
    "striped": frozenset({"noisy"}),
    "corrupt": frozenset(
        {
            "mosaic",
            "cast",
            "blurred",
            "striped",
            "letterbox",
            "rolling_bars",
            "noisy",
            "motion_blur",
            "sprayed",
        }
    ),
}
"""What is no news once the cause is stated; causes in the order in which they are asked."""


ONE_IS_ENOUGH = frozenset({"corrupt"})
"""What a sound camera shows in no picture."""

DENSE_VEIL = 217.0
"""Of `light.veiled`: in a veil so dense, coding leaves no edge to tell a lens by. bench/picture: every
hazy clip of strength 4 and 5 lies above it (218 to 240), every sprayed lens below (214 at most)."""


@dataclass(frozen=True, slots=True)
class PicturePair:
    """What two pictures of a stream show together; of more pictures the least, but for the change."""

    change: float | None = None
    """The largest difference between any two; None with one picture."""
    rolling: float = 0.0
    flicker: float = 0.0
    is_textured: bool = False
    """What looks like noise is in all pictures alike."""


def scores_together(scores: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Of each condition what all pictures of a stream show, or one where one is enough; empty without any."""
    names = scores[0] if scores else ()
    return {
        name: (max if name in ONE_IS_ENOUGH else min)(picture[name] for picture in scores) for name in names
    }


def conditions(
    scores: Sequence[Mapping[str, float]], between: PicturePair
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The conditions of a stream, and those that the numbers cannot tell.

    `scores` of each picture; `between` of each and the next.
    """
    together = scores_together(scores)
    levels = {c.name: c.level(together[c.name]) if together else 0 for c in CONDITIONS}
    levels["rolling_bars"] = 2 if between.rolling > ROLLING else 0
    if between.is_textured:
        levels["noisy"] = 0
    elif between.flicker > FLICKER:
        levels |= {
            "noisy": 2,
            "blurred": 0,
            "motion_blur": 0,
            "sprayed": 0,
        }  # noise is sharp whatever the lens is
    if together.get("low_contrast", 0) > DENSE_VEIL:
        levels |= dict.fromkeys(("blurred", "motion_blur", "sprayed"), 0)
    change = between.change
    if change is not None:
        levels["frozen"] = (change <= UNSURE_FROZEN_CHANGE) + (change <= FROZEN_CHANGE)
    for cause, explained in EXPLAINS.items():
        if levels[cause] == 2:
            levels = {name: 0 if name in explained else level for name, level in levels.items()}
    stated = tuple(name for name in ORDER if levels.get(name) == 2)
    return stated, tuple(name for name in ORDER if levels.get(name) == 1)
