"""One line a camera for a spreadsheet: UTF-8 with BOM, no cell that a spreadsheet would run as a formula. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from camagent.publish.report.columns import CAMERA_COLUMNS, Cell
from camagent.publish.text import say
from camagent.publish.vietnamese import sort_key
from camagent.publish.view import ScanDocument

BOM = "\ufeff"
_STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def render_csv(documents: Iterable[ScanDocument], lang: str) -> str:
    """The cameras of one or many schools; a Vietnamese spreadsheet wants ";" and a decimal comma."""
    out = io.StringIO()
    out.write(BOM)
    writer = csv.writer(out, delimiter=";" if lang == "vi" else ",", lineterminator="\r\n")
    writer.writerow([say(f"report.column.{column.key}", lang) for column in CAMERA_COLUMNS])
    for document in documents:
        for camera in sorted(document.cameras, key=lambda item: (sort_key(item.name), item.id)):
            writer.writerow([cell_text(column.value(document, camera, lang), lang) for column in CAMERA_COLUMNS])
    return out.getvalue()


def cell_text(cell: Cell, lang: str) -> str:
    """A number stays a number; a text that begins like a formula gets an apostrophe in front; None is empty."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        return f"'{cell}" if cell.lstrip().startswith(_STARTS_FORMULA) else cell
    text = f"{cell:.4f}".rstrip("0").rstrip(".") if isinstance(cell, float) else str(cell)
    return text.replace(".", ",") if lang == "vi" else text
