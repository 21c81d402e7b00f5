"""Text of strangers made fit for a terminal, a table, a metric: one line, no control characters, bounded.
Pure."""

from __future__ import annotations


def printable(text: str, instead: str = " ") -> str:
    """The text with `instead` in the place of every character that does not print (controls, bidi marks, line
    ends)."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else instead for c in text)


def printable_line(text: str | None, max_chars: int, instead: str = " ") -> str | None:
    """At most `max_chars` of it, without blanks around; None where nothing is left."""
    return printable(text[:max_chars], instead).strip() or None if text else None
