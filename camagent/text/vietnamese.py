"""Vietnamese letters: one composed form, dictionary order, nothing invisible. Pure.

Texts come from cameras and from other schools' files: they are made harmless here, once, before anything
prints them.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from camagent.model.printable import normal_form

MAX_LINE_CHARS = 200  # longer than any school, place or model name; bounds what one camera can add to a page
MAX_PARAGRAPH_CHARS = 4000  # a tender paragraph is about a thousand characters

_ALPHABET = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz"
_TONES = "\u0300\u0309\u0303\u0301\u0323"  # huyền, hỏi, ngã, sắc, nặng, after the level tone
_RANK = {letter: rank for rank, letter in enumerate(_ALPHABET, start=100)}
_DIGITS = re.compile(r"(\d+)")
_UNPRINTABLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}

SortKey = tuple[tuple[tuple[int, ...], ...], tuple[tuple[int, ...], ...], str]


def clean_line(text: str, limit: int = MAX_LINE_CHARS) -> str:
    """The text on one line: composed (NFC), without control, bidirectional or invisible characters, cut to
    `limit`."""
    if len(text) <= limit and _is_clean(text):
        return text  # nearly every text; a city's merge reads millions of them
    text = text[: 4 * limit]  # before normalising, so that a huge text costs nothing; NFC never quadruples
    composed = normal_form("NFC", text)
    if not composed.isprintable():
        composed = "".join(_visible(char) for char in composed)
    composed = " ".join(composed.split())
    return composed if len(composed) <= limit else composed[: limit - 1].rstrip() + "…"


def clean_paragraph(text: str) -> str:
    """The same with line breaks kept."""
    if len(text) <= MAX_PARAGRAPH_CHARS and _is_clean(text):
        return text
    lines = (clean_line(line, MAX_PARAGRAPH_CHARS) for line in text[: 4 * MAX_PARAGRAPH_CHARS].splitlines())
    joined = "\n".join(lines).strip()
    return joined if len(joined) <= MAX_PARAGRAPH_CHARS else joined[: MAX_PARAGRAPH_CHARS - 1].rstrip() + "…"


@lru_cache(maxsize=2048)
def _is_clean(text: str) -> bool:
    """Of a text no longer than a paragraph: cameras of one make say the same words."""
    spaced = text.startswith(" ") or text.endswith(" ") or "  " in text
    return text.isprintable() and not spaced and (text.isascii() or unicodedata.is_normalized("NFC", text))


def _visible(char: str) -> str:
    if char in "\t\n\r\x0b\x0c\u2028\u2029\u00a0":
        return " "
    return "" if unicodedata.category(char) in _UNPRINTABLE else char


@lru_cache(maxsize=65_536)
def sort_key(text: str) -> SortKey:
    """Key of Vietnamese dictionary order: letters first (a ă â … đ …), then tones, then the text itself.

    Numbers inside compare by value, so that "Camera 2" stands before "Camera 10".
    """
    letters: list[tuple[int, ...]] = []
    tones: list[tuple[int, ...]] = []
    for word in clean_line(text).casefold().split():
        for piece in filter(None, _DIGITS.split(word)):
            if piece.isdecimal():
                letters.append((50, int(piece)))
                tones.append(())
                continue
            ranks, marks = _ranks(piece)
            letters.append(ranks)
            tones.append(marks)
    return tuple(letters), tuple(tones), text


def _ranks(piece: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    ranks: list[int] = []
    marks: list[int] = []
    for char in unicodedata.normalize("NFD", piece):
        if char in _TONES:
            if marks:
                marks[-1] = _TONES.index(char) + 1
            continue
        if unicodedata.combining(char) and ranks:
            whole = unicodedata.normalize("NFC", _letter(ranks[-1]) + char)
            if whole in _RANK:
                ranks[-1] = _RANK[whole]
            continue
        ranks.append(_RANK.get(char, 1000 + ord(char) if char.isalpha() else ord(char) % 50))
        marks.append(0)
    return tuple(ranks), tuple(marks)


def _letter(rank: int) -> str:
    return _ALPHABET[rank - 100] if 100 <= rank < 100 + len(_ALPHABET) else ""
