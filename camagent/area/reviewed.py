"""The upgrade list as it came back from the office: decisions read, doubts named, conflicts found. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import product

from camagent.area.workbook import Cells, WorkbookRefused, read_sheets
from camagent.document.decisions import DECISIONS, Decision
from camagent.model.operator_error import OperatorError
from camagent.model.text import Filling, Message, message
from camagent.text import LANGUAGES, say
from camagent.text.vietnamese import clean_line, clean_paragraph

MAX_HEAD_ROWS = 30  # the hidden row of keys stands below a handful of title lines
MAX_ROWS = 200_000
KEYS = ("id", "decision", "note")
"""What the hidden row calls the columns that are read back."""


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What the office wrote into one workbook."""

    source: str
    decisions: tuple[Decision, ...]
    undecided: tuple[str, ...]
    """Ids of the rows that nobody decided."""
    problems: tuple[Message, ...]
    """Rows that were left out, and why."""


@dataclass(frozen=True, slots=True)
class Applied:
    """A reviewed list against what was decided before."""

    record: tuple[Decision, ...]
    """To be added to the store: new decisions and changed ones."""
    conflicts: tuple[Message, ...]
    """Decisions that differ from earlier ones; the new ones are in `record`."""
    emptied: tuple[Message, ...]
    """Where cells are empty that held a decision: nothing is taken back, but it is told."""
    unchanged: int


def read_reviewed(content: bytes, source: str, at: datetime) -> Reviewed:
    """Read the decisions of a reviewed workbook, in either language, whatever the office sorted or filtered.

    Raises: OperatorError where it is no such workbook.
    """
    source = clean_line(source)
    found: dict[str, Decision] = {}
    twice: set[str] = set()
    problems: list[Message] = []
    undecided: list[str] = []
    for sheet, number, row_id, word, note in _rows(content, source):
        place: dict[str, Filling] = {"source": source, "sheet": sheet, "row": number}
        if not word:
            undecided += [row_id] if row_id else []
            if note:
                problems.append(message("area.reviewed.note_only", **place))
            continue
        decision = _WORDS.get(word.casefold())
        if decision is None:
            problems.append(message("area.reviewed.unknown_word", **place, word=word[:40]))
        elif not row_id:
            problems.append(message("area.reviewed.no_id", **place))
        elif row_id in found and found[row_id].decision != decision:
            problems.append(message("area.reviewed.twice", **place, id=row_id))
            twice.add(row_id)
        else:
            found[row_id] = Decision(row_id, decision, note or None, source, at)
    kept = tuple(item for item in found.values() if item.row_id not in twice)
    return Reviewed(source, kept, tuple(undecided), tuple(problems))


def apply_reviewed(reviewed: Reviewed, earlier: Mapping[str, Decision], lang: str) -> Applied:
    """What is new against the earlier decisions, and where the office changed its mind."""
    record: list[Decision] = []
    conflicts: list[Message] = []
    unchanged = 0
    for item in reviewed.decisions:
        before = earlier.get(item.row_id)
        if before and (before.decision, before.note) == (item.decision, item.note):
            unchanged += 1
            continue
        record.append(item)
        if before and before.decision != item.decision:
            conflicts.append(_conflict(before, item, lang))
    count = sum(row_id in earlier for row_id in reviewed.undecided)
    emptied = (message("area.reviewed.emptied", source=reviewed.source, count=count),) if count else ()
    return Applied(tuple(record), tuple(conflicts), emptied, unchanged)


def summary(reviewed: Reviewed, applied: Applied) -> Message:
    """One line for the person who ran the command."""
    counts = {"new": len(applied.record), "same": applied.unchanged, "conflicts": len(applied.conflicts)}
    return message("area.reviewed.recorded", source=reviewed.source, empty=len(reviewed.undecided), **counts)


def _conflict(before: Decision, after: Decision, lang: str) -> Message:
    return message(
        "area.reviewed.conflict",
        id=after.row_id,
        before=say(f"report.decision.{before.decision}", lang),
        after=say(f"report.decision.{after.decision}", lang),
        earlier=before.source,
        source=after.source,
    )


def _rows(content: bytes, source: str) -> list[tuple[str, int, str, str, str]]:
    """(sheet, row number, id, decision, note) of every row of every list, found by the hidden row of column
    keys."""
    found: list[tuple[str, int, str, str, str]] = []
    lists = 0
    try:
        for name, sheet in read_sheets(content):
            rows = list(_listed(sheet, source))
            lists += bool(rows)
            found += [
                (clean_line(name), *row) for row in rows[1:]
            ]  # the first one below the keys is the visible heading
    except WorkbookRefused as error:
        key = "area.reviewed.too_large" if error.too_large else "area.reviewed.not_xlsx"
        raise OperatorError(message(key, source=source)) from None
    if not lists:
        raise OperatorError(message("area.reviewed.no_list", source=source))
    return found


def _listed(rows: Iterable[tuple[int, Cells]], source: str) -> Iterator[tuple[int, str, str, str]]:
    """Raises: OperatorError where more rows are written in than a list can have: none of them is left out
    unsaid."""
    columns: list[int] | None = None
    for number, cells in rows:
        if columns is None:
            places = {text: column for column, text in reversed(list(cells.items()))}
            if places.keys() >= set(KEYS):
                columns = [places[key] for key in KEYS]
            elif number > MAX_HEAD_ROWS:
                return
        else:
            row_id, word, note = (cells.get(column, "") for column in columns)
            if not (row_id or word or note):
                continue
            if number > MAX_ROWS:
                raise OperatorError(message("area.reviewed.too_many", source=source, limit=MAX_ROWS))
            yield number, clean_line(row_id), clean_line(word), clean_paragraph(note)


_WORDS = {
    say(f"report.decision.{decision}", lang).casefold(): decision
    for lang, decision in product(LANGUAGES, DECISIONS)
}
