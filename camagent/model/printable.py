"""Text of strangers made fit for a terminal, a table, a metric: one line, no control characters, bounded.
Pure."""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

# in a row on one letter: Unicode's own bound for texts that are read as a stream (UAX 15, section 13)
MAX_MARKS = 30
_MARKS_IN_DISGUISE = "\u0f73\u0f75\u0f81"  # of class 0 themselves, two marks once they are taken apart
_LONG_RUN = re.compile(r"[^\x00-\x7f]{64,}+")


def printable(text: str, instead: str = " ") -> str:
    """The text with `instead` in the place of every character that does not print (controls, bidi marks, line
    ends)."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else instead for c in text)


def printable_line(text: str | None, max_chars: int, instead: str = " ") -> str | None:
    """At most `max_chars` of it, without blanks around; None where nothing is left."""
    return printable(text[:max_chars], instead).strip() or None if text else None


def normal_form(form: Literal["NFC", "NFD", "NFKD"], text: str) -> str:
    """The text in a normal form of Unicode, without the marks of a letter that has more than MAX_MARKS.

    Marks are sorted, which takes the square of their number: 400,000 on one letter would take minutes.
    """
    return unicodedata.normalize(form, _LONG_RUN.sub(_with_few_marks, text))


def _with_few_marks(run: re.Match[str]) -> str:
    kept: list[str] = []
    marks = 0
    for char in run[0]:
        is_mark = unicodedata.combining(char) or char in _MARKS_IN_DISGUISE
        marks = marks + 1 if is_mark else 0
        if marks <= MAX_MARKS:
            kept.append(char)
    return "".join(kept)
