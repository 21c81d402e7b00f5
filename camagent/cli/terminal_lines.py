"""Sentences on a terminal: broken between words, so that no address, path or option is cut in two."""

from __future__ import annotations

import shutil
import sys
import textwrap

import click

NARROWEST_CHARS = 20  # a window that says it is narrower has no width that helps a reader


def write_lines(text: str, *, err: bool = False) -> None:
    """The text and a line end to stdout or stderr; as it is where that is a pipe or a file."""
    click.echo(in_terminal_lines(text, err=err), err=err)


def in_terminal_lines(text: str, *, err: bool = False, reserve_chars: int = 0) -> str:
    """The text in lines that the terminal behind stdout or stderr can hold; unchanged where there is none.

    reserve_chars: what somebody else writes after the last word, as the choices of a question.
    """
    stream = sys.stderr if err else sys.stdout
    if not stream.isatty():
        return text
    width_chars = max(NARROWEST_CHARS, shutil.get_terminal_size().columns - reserve_chars)
    return "\n".join(_in_lines(line, width_chars) for line in text.split("\n"))


def _in_lines(line: str, width_chars: int) -> str:
    indent = line[: len(line) - len(line.lstrip(" "))]
    return textwrap.fill(
        line,
        width_chars,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
        replace_whitespace=False,
    )
