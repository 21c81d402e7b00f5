"""The rows of an area's page: what one line says of a camera, and all of them packed for the page's script.
Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from camagent.document.decisions import Decision
from camagent.document.upgrade_rows import UpgradeRow
from camagent.document.wording import uncertain_note
from camagent.model.finding import Action, Verdict
from camagent.text import say

COLUMNS = ("site", "camera", "model", "verdict", "action", "reason", "ground", "cost", "decision")


class Cell(NamedTuple):
    """What stands in one cell: a text, and smaller lines below it."""

    text: str
    small: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PageRow:
    """One camera of the page."""

    number: int
    row: UpgradeRow
    cells: Mapping[str, Cell]


def page_rows(
    rows: Sequence[UpgradeRow], decisions: Mapping[str, Decision], columns: Sequence[str], lang: str
) -> Iterator[PageRow]:
    """Each camera with the cells of those columns."""
    for number, row in enumerate(rows, start=1):
        cells = _cells(row, decisions.get(row.stable_id), lang)
        yield PageRow(number, row, {key: cells[key] for key in columns})


def shown_columns(rows: Sequence[UpgradeRow], decisions: Mapping[str, Decision]) -> list[str]:
    """The columns that tell something."""
    empty = set() if any(row.cost for row in rows) else {"cost"}
    empty |= set() if decisions else {"decision"}
    return [key for key in COLUMNS if key not in empty]


def _cells(row: UpgradeRow, decided: Decision | None, lang: str) -> dict[str, Cell]:
    none = say("report.none", lang)
    rest = f" {say('report.annex.more', lang, rest=row.more_reasons)}" if row.more_reasons else ""
    word = say(f"report.decision.{decided.decision}", lang) if decided else none
    notes = (decided.by, decided.note) if decided else ()
    return {
        "site": Cell(row.site, _filled(row.area)),
        "camera": Cell(row.camera, _filled(row.address, row.place)),
        "model": Cell(row.model, _filled(row.serial)),
        "verdict": _verdict(row.verdict, lang),
        "action": _action(row.action, row.certain, lang),
        "reason": Cell(f"{row.reason}{rest}"),
        "ground": Cell(row.ground),
        "cost": Cell(row.cost or none),
        "decision": Cell(word, _filled(*notes)),
    }


@cache
def _verdict(verdict: Verdict, lang: str) -> Cell:
    return Cell(say(f"report.verdict.{verdict}", lang))


@cache
def _action(action: Action, certain: bool, lang: str) -> Cell:
    note = uncertain_note(action, certain, lang)
    return Cell(say(f"report.action.{action}", lang), _filled(note))


def _filled(*texts: str | None) -> tuple[str, ...]:
    return tuple(text for text in texts if text)


def packed_rows(rows: Iterator[PageRow]) -> str:
    """All rows as JSON that may stand in a page: each text once, each row as the numbers of its texts.

    A row is [number, ward, maker, verdict, action, [text, small …] of each column]. Each is written at once:
    to keep a city's rows as lists of lists takes longer than all the rest.
    """
    texts: dict[str, int] = {}
    cells: dict[Cell, str] = {}

    def number(text: str) -> int:
        return texts.setdefault(text, len(texts))

    def packed(cell: Cell) -> str:
        if (packed_cell := cells.get(cell)) is None:
            packed_cell = cells[cell] = (
                f"[{','.join([str(number(text)) for text in (cell.text, *cell.small)])}]"
            )
        return packed_cell

    lines = [
        f"[{item.number},{number(item.row.area)},{number(item.row.maker)},{number(item.row.verdict.value)},"
        f"{number(item.row.action.value)},[{','.join(map(packed, item.cells.values()))}]]"
        for item in rows
    ]
    listed = json.dumps(list(texts), ensure_ascii=False, separators=(",", ":"))
    content = f'{{"texts":{listed},"rows":[{",".join(lines)}]}}'
    return content.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
