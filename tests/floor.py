"""How often a property test judged anything: one whose examples all pass by doing nothing fails."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")

_judged: list[bool] = []


def judged(really: bool) -> bool:
    """Counts one example of the property test that runs now; the same value back, for an `if`."""
    _judged.append(bool(really))
    return bool(really)


def not_vacuous(floor_ratio: float) -> Callable[[Callable[..., Result]], Callable[..., Result]]:
    """Above `@given`: fails where fewer of the examples than `floor_ratio` were really judged.

    Hypothesis draws other examples each time, so a floor stands far below what was counted.
    """

    def decorate(test: Callable[..., Result]) -> Callable[..., Result]:
        @functools.wraps(test)
        def counted(*args: object, **kwargs: object) -> Result:
            _judged.clear()
            result = test(*args, **kwargs)
            assert _judged, f"{test.__name__} never said whether it judged"
            ratio = sum(_judged) / len(_judged)
            assert ratio >= floor_ratio, f"{test.__name__} judged {ratio:.3f} of {len(_judged)} examples"
            return result

        return counted

    return decorate
