"""The test over many values fails where any one of them is refused, and tells all."""

from __future__ import annotations

import pytest

from tests.each import each


def small(value: int) -> None:
    """A check."""
    assert value < 3, "too large"
    assert 1 / value


def test_every_value_is_checked_and_all_refusals_are_told() -> None:
    over_all = each((1, 5, 0, 2, 7), lambda value: f"value {value}")(small)
    assert (over_all.__name__, over_all.__doc__) == ("small", "A check.")
    with pytest.raises(AssertionError) as refused:
        over_all()
    text = str(refused.value)
    assert "3 of 5" in text
    assert [word in text for word in ("value 5", "value 0: ZeroDivisionError", "value 7")] == [True] * 3
    assert "value 1" not in text and "value 2" not in text


def test_values_that_all_pass_are_a_test_that_passes() -> None:
    each((1, 2))(small)()


def test_a_check_of_nothing_is_none() -> None:
    with pytest.raises(ValueError, match="nothing"):
        each(())
