"""The variance of many floats for a tenth of what exact fractions cost. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean


def variance(values: Sequence[float]) -> float:
    """Of a whole population (σ²), to the precision of a float; `values` holds at least one."""
    mean = fmean(values)
    return fmean([(value - mean) ** 2 for value in values])
