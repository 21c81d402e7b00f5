"""The lines of a reviewed workbook's lists: found by hidden names of columns, each with the cell to look at.
No I/O.

A list may be sorted, filtered, its columns moved, its lines deleted. What may not happen unnoticed is that
the hidden id of a line no longer belongs to what stands in it: then a decision would be another camera's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product

from camagent.area.workbook import Cells, WorkbookRefused, read_sheets
from camagent.document.decisions import DECISIONS
from camagent.model.operator_error import OperatorError
from camagent.model.text import message
from camagent.text import LANGUAGES, say
from camagent.text.seals import SEAL, SEALED, seal_of
from camagent.text.vietnamese import clean_line, clean_paragraph

MAX_HEAD_ROWS = 30  # the hidden row of keys stands below a handful of title lines
MAX_ROWS = 200_000
KEYS = ("id", "decision", "note")
"""What the hidden row calls the columns that are read back."""
WORDS = {
    say(f"report.decision.{decision}", lang).casefold(): decision
    for lang, decision in product(LANGUAGES, DECISIONS)
}


@dataclass(frozen=True, slots=True)
class ReviewedLine:
    """One line of a list."""

    row_id: str
    word: str
    """What stands in its cell of decisions."""
    note: str
    cell: str
    """Sheet and cell of the decision, as a spreadsheet names it."""


@dataclass(frozen=True, slots=True)
class _SealedLine:
    line: ReviewedLine
    real: str
    """The seal that belongs to its texts."""
    seal: str
    """The seal that stands in it; empty in lists of camagent 0.1.0."""


def read_lines(content: bytes, source: str) -> list[ReviewedLine]:
    """Every line of every list.

    Raises: OperatorError where it is no such workbook, a list lost its hidden row, or lines were torn apart.
    """
    lines: list[ReviewedLine] = []
    lists = 0
    try:
        for name, sheet in read_sheets(content):
            listed = list(_listed(clean_line(name), sheet, source))
            lists += bool(listed)
            _demand_whole(listed[1:], source)
            lines += [item.line for item in listed[1:]]  # the first one is the visible heading
    except WorkbookRefused as error:
        key = "area.reviewed.too_large" if error.too_large else "area.reviewed.not_xlsx"
        raise OperatorError(message(key, source=source)) from None
    if not lists:
        raise OperatorError(message("area.reviewed.no_list", source=source))
    return lines


def _listed(name: str, rows: Iterable[tuple[int, Cells]], source: str) -> Iterator[_SealedLine]:
    """Raises: OperatorError where decisions stand in a sheet without keys, or more rows are written in than a
    list can have: none of them is left out unsaid."""
    columns: dict[str, int] | None = None
    for number, cells in rows:
        if number > MAX_ROWS:
            raise OperatorError(message("area.reviewed.too_many", source=source, limit=MAX_ROWS))
        if columns is None:
            places = {text: column for column, text in reversed(list(cells.items()))}
            if places.keys() >= set(KEYS):
                columns = places
            elif number > MAX_HEAD_ROWS:
                _demand_no_decision(name, number, cells, source)
            continue
        row_id, word, note = (cells.get(columns[key], "") for key in KEYS)
        if row_id or word or note:
            cell = f"{name}!{_letters(columns['decision'])}{number}"
            line = ReviewedLine(clean_line(row_id), clean_line(word), clean_paragraph(note), cell)
            texts = [cells.get(columns[key], "") if key in columns else "" for key in (SEAL, *SEALED)]
            yield _SealedLine(line, seal_of(*texts[1:]), texts[0])


def _demand_no_decision(name: str, number: int, cells: Cells, source: str) -> None:
    column = next((column for column, text in cells.items() if clean_line(text).casefold() in WORDS), None)
    if column is not None:
        cell = f"{name}!{_letters(column)}{number}"
        raise OperatorError(message("area.reviewed.no_keys", source=source, cell=cell))


def _demand_whole(items: list[_SealedLine], source: str) -> None:
    """Raises: OperatorError where the texts of one line stand beside the hidden id of another.

    A text that somebody rewrote is no other line's, and does no harm.
    """
    seals = {item.seal for item in items if item.seal}
    for item in items:
        if item.seal and item.real != item.seal and item.real in seals:
            raise OperatorError(message("area.reviewed.torn", source=source, cell=item.line.cell))


def _letters(column: int) -> str:
    """ "M" for 12."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
