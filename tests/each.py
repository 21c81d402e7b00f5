"""One test over many values, where a test of its own for each would cost more than the check."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TypeVar

import pytest
from _pytest.mark.structures import ParameterSet

Value = TypeVar("Value")


def each(
    values: Collection[Value], name: Callable[[Value], str] = str
) -> Callable[[Callable[[Value], None]], Callable[[], None]]:
    """Makes one test of a check: it runs for every value, and fails with all that it refuses.

    Collecting, starting and reporting one test costs about ten milliseconds of all workers together; there
    are files, sentences and rules by the thousand whose check takes less than one. Raises ValueError where
    there is no value: such a test could not fail.
    """
    if not values:
        raise ValueError("a check of nothing")

    def over_all(check: Callable[[Value], None]) -> Callable[[], None]:
        def test() -> None:
            refused = [text for value in values if (text := _refusal(check, value, name)) is not None]
            assert not refused, f"{len(refused)} of {len(values)}:\n" + "\n".join(refused)

        test.__name__, test.__doc__, test.__module__ = check.__name__, check.__doc__, check.__module__
        return test

    return over_all


def slow_but(kept: str, cases: Mapping[str, Value]) -> list[ParameterSet]:
    """Parameters of one test, by their names: all but one run in `make test-all` only.

    For hostile files of one door, each of which costs a process of its own and up to seconds of processor.
    """
    assert kept in cases
    return [
        pytest.param(case, id=name, marks=() if name == kept else pytest.mark.slow)
        for name, case in cases.items()
    ]


def _refusal(check: Callable[[Value], None], value: Value, name: Callable[[Value], str]) -> str | None:
    """What the check says against a value; None where it agrees. A crash is told like a refusal."""
    try:
        check(value)
    except Exception as error:  # an AssertionError or a bug: the other values are told beside it
        return f"{name(value)}: {type(error).__name__}: {error}"
    return None
