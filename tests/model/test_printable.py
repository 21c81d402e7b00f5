"""Texts of strangers in one normal form: whatever marks stand on a letter, it costs little."""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Callable
from itertools import product
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camagent.model.printable import MAX_MARKS, normal_form
from camagent.text.vietnamese import clean_line
from camagent.wire.refusal import names_lock
from tests.floor import judged, not_vacuous

MARKS = ("\u0323\u0301", "\u0301\u0323", "\u0f73\u0f75", "\u0344", "\u3099\u0323")
FORMS: tuple[Literal["NFC", "NFD", "NFKD"], ...] = ("NFC", "NFD", "NFKD")
LIMIT_S = 2.0  # of processor; without the bound each takes minutes


def test_marks_without_end_are_sorted_at_once() -> None:
    began_s = time.process_time()
    for marks, form in product(MARKS, FORMS):
        text = normal_form(form, "a" + marks * 100_000 + " b")
        assert text.endswith(" b") and len(text) < 3 * MAX_MARKS
    assert time.process_time() - began_s < LIMIT_S


@not_vacuous(0.5)
@given(
    st.text(max_size=30)
    | st.lists(st.sampled_from("eđ\u0302\u0301\u0323 각\u1100\u1161"), max_size=80).map("".join)
)
def test_a_text_of_people_has_the_form_that_unicode_gives_it(text: str) -> None:
    marks = "".join("." if unicodedata.combining(char) else " " for char in text)
    if judged(max(map(len, marks.split()), default=0) <= MAX_MARKS):
        assert normal_form("NFC", text) == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize("read", [clean_line, names_lock])
def test_who_reads_the_text_of_a_stranger_is_not_held_up(read: Callable[[str], object]) -> None:
    began_s = time.process_time()
    for marks in MARKS:
        read("locked" + marks * 100_000)
    assert time.process_time() - began_s < LIMIT_S
