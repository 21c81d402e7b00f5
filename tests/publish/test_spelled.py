"""Amounts in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camagent.text import LANGUAGES
from camagent.text.spelled import MAX_SPELLED, spelled


@pytest.mark.parametrize(
    ("amount", "vi", "en"),
    [
        (0, "không", "zero"),
        (10, "mười", "ten"),
        (15, "mười lăm", "fifteen"),
        (21, "hai mươi mốt", "twenty-one"),
        (24, "hai mươi tư", "twenty-four"),
        (55, "năm mươi lăm", "fifty-five"),
        (105, "một trăm linh năm", "one hundred five"),
        (111, "một trăm mười một", "one hundred eleven"),
        (9_900_000, "chín triệu chín trăm nghìn", "nine million nine hundred thousand"),
        (1_000_005, "một triệu không trăm linh năm", "one million five"),
        (12_045_000, "mười hai triệu không trăm bốn mươi lăm nghìn", "twelve million forty-five thousand"),
        (2_000_000_000, "hai tỷ", "two billion"),
        (5 * 10**12, "năm nghìn tỷ", "five trillion"),
        (10**12 + 10**9, "một nghìn không trăm linh một tỷ", "one trillion one billion"),
    ],
)
def test_amounts_are_read_as_people_read_them(amount: int, vi: str, en: str) -> None:
    assert (spelled(amount, "vi"), spelled(amount, "en")) == (vi, en)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("amount", [-1, MAX_SPELLED + 1])
def test_what_has_no_words_is_refused(amount: int, lang: str) -> None:
    with pytest.raises(ValueError, match="range"):
        spelled(amount, lang)


@pytest.mark.parametrize("lang", LANGUAGES)
@given(amounts=st.lists(st.integers(0, MAX_SPELLED), min_size=2, max_size=2, unique=True))
def test_two_amounts_never_read_alike(lang: str, amounts: list[int]) -> None:
    first, second = (spelled(amount, lang) for amount in amounts)
    assert first != second and "  " not in first and first == first.strip()
