"""One line a camera for a spreadsheet: UTF-8 with BOM, no cell that a spreadsheet would run as a formula.
Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

from camagent.area import AreaReport
from camagent.document.decisions import Decision
from camagent.document.model import ScanDocument
from camagent.document.upgrade_rows import UpgradeRow
from camagent.report.columns import CAMERA_COLUMNS, Cell
from camagent.text import say
from camagent.text.vietnamese import sort_key

BOM = "\ufeff"
_STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def render_csv(documents: Iterable[ScanDocument], lang: str) -> str:
    """The cameras of one or many schools; a Vietnamese spreadsheet wants ";" and a decimal comma."""
    heads = [say(f"report.column.{column.key}", lang) for column in CAMERA_COLUMNS]
    rows = chain.from_iterable(_camera_rows(document, lang) for document in documents)
    return _written(heads, rows, lang)


def _camera_rows(document: ScanDocument, lang: str) -> Iterator[list[Cell]]:
    for camera in sorted(document.cameras, key=lambda item: (sort_key(item.name), item.id)):
        yield [column.value(document, camera, lang) for column in CAMERA_COLUMNS]


def render_area_csv(report: AreaReport, lang: str, decisions: Mapping[str, Decision] | None = None) -> str:
    """The area's upgrade list with the decisions taken so far."""
    by_camera = decisions or {}
    heads = [say(f"report.upgrade.{key}", lang) for key in _UPGRADE_KEYS]
    rows = (_upgrade_cells(number, row, by_camera, lang) for number, row in enumerate(report.rows, start=1))
    return _written(heads, rows, lang)


_UPGRADE_KEYS = (
    *(
        "number",
        "site",
        "area",
        "camera",
        "address",
        "place",
        "model",
        "verdict",
        "findings",
        "action",
        "steps",
    ),
    *("basis", "cost_class", "decision", "note", "id"),
)


def _upgrade_cells(number: int, row: UpgradeRow, decisions: Mapping[str, Decision], lang: str) -> list[Cell]:
    decided = decisions.get(row.stable_id)
    return [
        *(number, row.site, row.area, row.camera, row.address, row.place, row.model),
        *(say(f"report.verdict.{row.verdict}", lang), row.findings, say(f"report.action.{row.action}", lang)),
        *(row.steps, row.basis, row.cost),
        say(f"report.decision.{decided.decision}", lang) if decided else None,
        decided.note if decided else None,
        row.stable_id,
    ]


def _written(heads: Sequence[str], rows: Iterable[Sequence[Cell]], lang: str) -> str:
    out = io.StringIO()
    out.write(BOM)
    writer = csv.writer(out, delimiter=";" if lang == "vi" else ",", lineterminator="\r\n")
    writer.writerow(heads)
    writer.writerows([cell_text(cell, lang) for cell in row] for row in rows)
    return out.getvalue()


def cell_text(cell: Cell, lang: str) -> str:
    """A number stays a number; a text that begins like a formula gets an apostrophe in front; None is
    empty."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        return f"'{cell}" if cell.lstrip().startswith(_STARTS_FORMULA) else cell
    text = f"{cell:.4f}".rstrip("0").rstrip(".") if isinstance(cell, float) else str(cell)
    return text.replace(".", ",") if lang == "vi" else text
