"""Vietnamese order and harmless texts."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camagent.text.vietnamese import MAX_LINE_CHARS, clean_line, clean_paragraph, sort_key


@pytest.mark.parametrize(
    "ordered",
    [
        ("Ba", "Bà", "Bả", "Bã", "Bá", "Bạ"),
        ("An", "Ăn", "Ân", "Bình", "Cổng", "Dũng", "Đông", "Em", "Ếch", "Giang"),
        ("O", "Ô", "Ơ", "P", "U", "Ư", "V"),
        ("Camera 2", "Camera 10", "Camera 10a"),
        ("Trường Dũng", "Trường Đan"),
        ("Tiểu học Lê Lợi", "Tiểu học Nguyễn Du", "THPT Lê Lợi"[:0] or "Trung học Lê Lợi"),
        ("Bà Chiểu", "Bà Rịa"),
        ("", "1", "12", "A"),
    ],
)
def test_names_stand_in_dictionary_order(ordered: tuple[str, ...]) -> None:
    assert sorted(reversed(ordered), key=sort_key) == list(ordered)


def test_composed_and_decomposed_spellings_are_one_name() -> None:
    name = "Trường Nguyễn Thị Định"
    apart = unicodedata.normalize("NFD", name)
    assert apart != name
    assert clean_line(apart) == name
    assert sort_key(apart)[:2] == sort_key(name)[:2]


@given(st.lists(st.text(max_size=40), max_size=8))
def test_any_texts_can_be_ordered(texts: list[str]) -> None:
    assert sorted(sorted(texts, key=sort_key)) == sorted(texts)


@given(st.text(max_size=600))
def test_a_clean_line_is_printable_composed_and_bounded(text: str) -> None:
    line = clean_line(text)
    assert line.isprintable()
    assert len(line) <= MAX_LINE_CHARS
    assert unicodedata.is_normalized("NFC", line)
    assert clean_line(line) == line
    line.encode("utf-8")


@given(st.text(max_size=600))
def test_a_clean_paragraph_differs_from_a_line_by_line_breaks_only(text: str) -> None:
    assert all(char.isprintable() or char == "\n" for char in clean_paragraph(text))


def test_good_vietnamese_is_left_alone() -> None:
    text = "Trường Tiểu học Nguyễn Bỉnh Khiêm – “cơ sở 2” (Đường Lê Quý Đôn)"
    assert clean_line(text) == text


def test_direction_overrides_and_control_characters_vanish() -> None:
    assert clean_line("cong\u202e gnp.exe\x07\x1b[31m") == "cong gnp.exe[31m"
    assert clean_line("a\r\nb\tc") == "a b c"
    assert clean_paragraph("a\r\nb\tc") == "a\nb c"
