"""The rows of an area's page: what one line says of a camera, and all of them packed for the page's script.
Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from camagent.document.decisions import Decision
from camagent.document.upgrade_rows import UpgradeRow
from camagent.document.wording import uncertain_note
from camagent.text import say

COLUMNS = ("site", "camera", "model", "verdict", "action", "reason", "ground", "cost", "decision")


@dataclass(frozen=True, slots=True)
class Cell:
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
        "verdict": Cell(say(f"report.verdict.{row.verdict}", lang)),
        "action": Cell(
            say(f"report.action.{row.action}", lang), _filled(uncertain_note(row.action, row.certain, lang))
        ),
        "reason": Cell(f"{row.reason}{rest}"),
        "ground": Cell(row.ground),
        "cost": Cell(row.cost or none),
        "decision": Cell(word, _filled(*notes)),
    }


def _filled(*texts: str | None) -> tuple[str, ...]:
    return tuple(text for text in texts if text)


def packed_rows(rows: Iterator[PageRow]) -> str:
    """All rows as JSON that may stand in a page: each text once, each row as the numbers of its texts.

    A row is [number, ward, maker, verdict, action, [text, small …] of each column].
    """
    texts: dict[str, int] = {}

    def number(text: str) -> int:
        return texts.setdefault(text, len(texts))

    packed = [
        [
            item.number,
            *map(number, (item.row.area, item.row.maker, item.row.verdict.value, item.row.action.value)),
            [[number(cell.text), *map(number, cell.small)] for cell in item.cells.values()],
        ]
        for item in rows
    ]
    content = json.dumps({"texts": list(texts), "rows": packed}, ensure_ascii=False, separators=(",", ":"))
    return content.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
