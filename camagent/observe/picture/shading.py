"""The wide shading of a few luma values, taken away with the standard library alone. Pure.

The same as `view.structure` within a fiftieth of a step: a Gaussian of 6 values, mirrored at the edges.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from itertools import chain
from math import exp

SIGMA = 6.0  # lamps, sun and a hand at the lens shade a picture more widely than that
REACH = 24  # values to either side; beyond 4 sigma the weights are nothing
_SPARE_BITS = 9  # an 8-bit value times weights of 16 bits has 24; the second pass has room for 16 of them
_SCALE = 2.0 ** -(2 * 16 - _SPARE_BITS)


def without_shading(luma: bytes, columns: int) -> array[float]:
    """Rows of luma minus their weighted mean; more than 24 rows and columns."""
    rows = [luma[at : at + columns] for at in range(0, len(luma), columns)]
    across = _smooth(rows)
    down = _smooth([[value >> _SPARE_BITS for value in column] for column in zip(*across, strict=True)])
    shading = chain.from_iterable(zip(*down, strict=True))
    return array("f", [value - shade * _SCALE for value, shade in zip(luma, shading, strict=True)])


def _smooth(rows: Sequence[Sequence[int]]) -> list[array[int]]:
    """Each row's weighted means times 65536.

    All rows stand behind one another in one large whole number, 32 bits a value: its product with the number
    that holds the weights is every weighted sum at once, without the steps that a loop over the values takes.
    """
    line = array("I")
    for row in rows:
        line.extend((*row[REACH:0:-1], *row, *row[-2 : -REACH - 2 : -1]))
    values = int.from_bytes(line.tobytes(), "little")
    sums = array("I", (values * _WEIGHTS).to_bytes((len(line) + 2 * REACH) * line.itemsize, "little"))
    wide = len(rows[0])
    return [sums[at : at + wide] for at in range(2 * REACH, len(line), wide + 2 * REACH)]


def _weights() -> int:
    weights = [exp(-(distance**2) / (2 * SIGMA**2)) for distance in range(-REACH, REACH + 1)]
    whole = array("I", [round(weight / sum(weights) * 65536) for weight in weights])
    return int.from_bytes(whole.tobytes(), "little")


_WEIGHTS = _weights()
