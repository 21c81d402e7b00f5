"""What a condition is: one score, the limit beyond which it is stated, where both come from. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from camagent.observe.picture.view import PictureView

BENCH = "bench/picture, half 0"
"""Limits that lie between the sound and the spoilt pictures of the half on which limits are chosen."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One way in which a picture is not what a camera should show."""

    name: str
    score: Callable[[PictureView], float]
    """Of one picture; the larger, the worse."""
    stated: float
    """Above this score the condition is stated."""
    unsure: float
    """Above this one, up to `stated`, it is not known; equal to `stated` where the score leaves no doubt."""
    span: tuple[float, float]
    """The least and the largest score that there can be."""
    source: str
    """Where score and limit come from."""
    confidence: Literal["high", "medium", "low"]
    """How far sound and spoilt pictures lay apart in `bench/picture`."""

    def level(self, score: float) -> int:
        """2: stated, 1: not known, 0: not so."""
        return (score > self.unsure) + (score > self.stated)
