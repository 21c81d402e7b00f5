"""Files that the operator wrote: read within bounds, TOML within bounds of structure, every problem as a
sentence.

Whoever mails a school a wrong or hostile file must not take the machine with it. tomllib's own cost grows
with the square of the parts of a key, so that 40 kB could take gigabytes; what costs is counted before
anything is parsed.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from camagent.model.operator_error import OperatorError
from camagent.model.text import Message, message, os_reason, toml_reason

MAX_KEY_DOTS = 16  # `require.basis.note.vi` has three; each further one costs tomllib the square
MAX_DOTS = 20_000  # in one file, outside of texts: each may be a table of its own, of about 0.9 kB
MAX_MARKS = 60_000  # equals signs, commas, opening brackets, dots: five times a profile of 500 rows
MIN_INTEGER, MAX_INTEGER = -(2**63), 2**63 - 1

_MARK = re.compile(r"\"\"\"|'''|[\"'#\n.,=\[{]")
_ENDS = {
    '"': re.compile(r'(?:[^"\\\n]|\\.)*+"'),
    "'": re.compile(r"[^'\n]*+'"),
    '"""': re.compile(r'(?:[^"\\]|\\.|"(?!""))*+"{3,5}', re.DOTALL),
    "'''": re.compile(r"(?:[^']|'(?!''))*+'{3,5}"),
    "#": re.compile(r"[^\n]*+"),
}
"""From behind an opening mark to the end of the text or comment that it opens."""


def read_bounded(path: Path, limit: int) -> bytes:
    """The bytes of a file, however large it says it is.

    Raises: OperatorError where it cannot be read, or holds more than `limit` bytes.
    """
    try:
        with path.open("rb") as file:
            content = file.read(limit + 1)
    except OSError as error:
        raise OperatorError(unreadable(path, error)) from error
    if len(content) > limit:
        raise OperatorError(message("config.too_large", path=str(path), limit=limit))
    return content


def read_text(path: Path, limit: int) -> str:
    """The same as UTF-8 text, without a byte order mark.

    Raises: OperatorError.
    """
    return _text(read_bounded(path, limit), str(path))


def read_toml_file(path: Path, limit: int) -> dict[str, Any]:
    """A TOML file as plain tables.

    Raises: OperatorError where it cannot be read, is too large, is no TOML or has more structure than we
    take.
    """
    return parse_toml(read_bounded(path, limit), str(path))


def parse_toml(content: bytes, place: str, max_marks: int = MAX_MARKS) -> dict[str, Any]:
    """The same from bytes; `place` is how the sentences name the file.

    Raises: OperatorError.
    """
    text = _text(content, place)
    line = _line_of_excess(text, max_marks)
    if line is not None:
        raise OperatorError(message("config.too_much_structure", path=place, line=line))
    try:
        table = tomllib.loads(text)
    except (
        ValueError,
        RecursionError,
    ) as error:  # tomllib lets numbers without end and deep nesting through to Python
        raise OperatorError(message("config.not_toml", path=place, reason=toml_reason(error))) from error
    if _has_endless_number(table):
        raise OperatorError(message("config.not_toml", path=place, reason=message("os.toml_number")))
    return table


def unreadable(path: Path, error: OSError) -> Message:
    """A file that the operator named and that cannot be read."""
    return message("config.unreadable", path=str(path), reason=os_reason(error))


def _has_endless_number(table: dict[str, Any]) -> bool:
    """True where a whole number has more than the 64 bits that TOML promises (1.0, Integer).

    Python would count with it, and then fail to write it down (4,300 digits) or to make a float of it.
    """
    waiting: list[Any] = [table]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
        elif isinstance(value, int) and not MIN_INTEGER <= value <= MAX_INTEGER:
            return True
    return False


def _text(content: bytes, place: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise OperatorError(message("config.not_text", path=place)) from error


def _line_of_excess(text: str, max_marks: int) -> int | None:
    """The line where a key has too many parts, or the file too many keys and values; None for a bearable
    file.

    Reads texts and comments as TOML does; behind the first error it may differ, but there tomllib stops too.
    """
    position, line, key_dots, dots, marks = 0, 1, 0, 0, 0
    while (match := _MARK.search(text, position)) is not None:
        mark, position = match[0], match.end()
        if mark in _ENDS:
            end = _ENDS[mark].match(text, position)
            if end is None:
                return None
            line += end[0].count("\n")
            position = end.end()
        elif mark == "\n":
            line, key_dots = line + 1, 0
        else:
            marks += 1
            is_dot = mark == "."
            dots, key_dots = dots + is_dot, key_dots + 1 if is_dot else 0
            if key_dots > MAX_KEY_DOTS or dots > MAX_DOTS or marks > max_marks:
                return line
    return None
