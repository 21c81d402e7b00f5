"""A property test that judges nothing fails."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.floor import judged, not_vacuous


@not_vacuous(0.2)
@settings(database=None)
@given(st.integers(0, 99))
def even_numbers(value: int) -> None:
    if judged(value % 2 == 0):
        assert value != 1


@not_vacuous(0.2)
@settings(database=None)
@given(st.integers(0, 99))
def none_at_all(value: int) -> None:
    if judged(value > 99):
        raise AssertionError


@not_vacuous(0.2)
@given(st.integers(0, 99))
def nothing_said(value: int) -> None:
    assert value < 100


def test_a_test_that_judges_often_enough_passes() -> None:
    even_numbers()


@pytest.mark.parametrize(
    ("test", "words"), [(none_at_all, r"judged 0\.000 of"), (nothing_said, "never said")]
)
def test_a_test_that_judges_nothing_fails(test: object, words: str) -> None:
    assert callable(test)
    with pytest.raises(AssertionError, match=words):
        test()
