"""A workbook's table: widths, row heights, frozen head, filter, print set-up after Nghị định 30/2020.

Every text is written as a string: nothing that a camera says can become a formula or a link.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from xlsxwriter import Workbook  # type: ignore[import-untyped]
from xlsxwriter.format import Format  # type: ignore[import-untyped]
from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped]

FONT = "Times New Roman"
LINE_HEIGHT_PT = 14.5  # Times New Roman 11 pt with its leading; LibreOffice and Excel do not grow rows by themselves
MAX_ROW_HEIGHT_PT = 400.0  # a row may be 409.5 pt high
CHARS_PER_WIDTH = 1.05  # measured on Vietnamese text in Times: a column of width 20 holds about 21 letters
MAX_CELL_CHARS = 32_000  # a cell holds 32,767
MM = 1 / 25.4

Cell = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table: heading, width in characters, number format, hidden machine key."""

    heading: str
    width_chars: float
    number_format: str | None = None
    key: str = ""
    """Machine name, written into a hidden row, so that a reviewed file can be read back whatever was moved."""
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """What a sheet shows: title lines, headed columns, rows."""

    name: str
    title: Sequence[tuple[str, str]]
    """Lines above the table as (style, text)."""
    columns: Sequence[Column]
    rows: Iterable[Sequence[Cell]]


@dataclass(frozen=True, slots=True)
class Placed:
    """Where the table landed: zero-based rows of its heading and its last line."""

    head_row: int
    last_row: int


class Book:
    """An open workbook and its formats."""

    def __init__(self, workbook: Workbook) -> None:
        self.workbook = workbook
        font = {"font_name": FONT, "font_size": 11}
        cell = {**font, "border": 1, "valign": "top", "text_wrap": True}
        self.styles: dict[str, Format] = {
            "cell": workbook.add_format(cell),
            "head": workbook.add_format(
                {**cell, "bold": True, "align": "center", "valign": "vcenter", "bg_color": "#E8EDF2"}
            ),
            "title": workbook.add_format({**font, "font_size": 14, "bold": True, "align": "center", "text_wrap": True}),
            "italic": workbook.add_format({**font, "italic": True, "align": "center", "text_wrap": True}),
            "line": workbook.add_format({**font, "text_wrap": True, "valign": "top"}),
            "warning": workbook.add_format(
                {
                    **font,
                    "bold": True,
                    "text_wrap": True,
                    "valign": "top",
                    "bg_color": "#FFF1C2",
                    "font_color": "#6B4A00",
                }
            ),
        }
        self._numbers: dict[str, Format] = {}

    def number(self, pattern: str | None) -> Format:
        """The cell style with that number format."""
        if pattern is None:
            return self.styles["cell"]
        if pattern not in self._numbers:
            font = {"font_name": FONT, "font_size": 11, "border": 1, "valign": "top"}
            self._numbers[pattern] = self.workbook.add_format({**font, "num_format": pattern})
        return self._numbers[pattern]

    def add(self, table: Table) -> tuple[Worksheet, Placed]:
        """A new sheet with the table, ready for the printer."""
        sheet = self.workbook.add_worksheet(table.name)
        for index, column in enumerate(table.columns):
            sheet.set_column(index, index, column.width_chars, None, {"hidden": column.hidden})
        row = self._title(sheet, table)
        if any(column.key for column in table.columns):
            for index, column in enumerate(table.columns):
                sheet.write_string(row, index, column.key)
            sheet.set_row(row, None, None, {"hidden": True})
            row += 1
        head_row = row
        for index, column in enumerate(table.columns):
            sheet.write_string(row, index, column.heading, self.styles["head"])
        sheet.set_row(row, _height([c.heading for c in table.columns], table.columns, bold=True))
        for cells in table.rows:
            row += 1
            self._line(sheet, row, cells, table.columns)
        _print_setup(sheet, head_row, row, len(table.columns) - 1)
        return sheet, Placed(head_row, row)

    def _title(self, sheet: Worksheet, table: Table) -> int:
        shown = [index for index, column in enumerate(table.columns) if not column.hidden]
        width = sum(table.columns[index].width_chars for index in shown)
        for row, (style, text) in enumerate(table.title):
            sheet.merge_range(row, shown[0], row, shown[-1], "", self.styles[style])
            sheet.write_string(row, shown[0], text[:MAX_CELL_CHARS], self.styles[style])
            size = 1.3 if style == "title" else 1.0
            sheet.set_row(row, size * LINE_HEIGHT_PT * _lines(text, width / size) + 3)
        return len(table.title)

    def _line(self, sheet: Worksheet, row: int, cells: Sequence[Cell], columns: Sequence[Column]) -> None:
        for index, (cell, column) in enumerate(zip(cells, columns, strict=True)):
            style = self.number(column.number_format if isinstance(cell, int | float) else None)
            if cell is None:
                sheet.write_blank(row, index, None, style)
            elif isinstance(cell, bool):
                sheet.write_boolean(row, index, cell, style)
            elif isinstance(cell, str):
                sheet.write_string(row, index, cell[:MAX_CELL_CHARS], style)
            else:
                sheet.write_number(row, index, cell, style)
        sheet.set_row(row, _height(cells, columns))


def _height(cells: Sequence[Cell], columns: Sequence[Column], bold: bool = False) -> float:
    lines = [
        _lines(cell, column.width_chars * (0.9 if bold else 1.0))
        for cell, column in zip(cells, columns, strict=True)
        if isinstance(cell, str) and not column.hidden
    ]
    return min(MAX_ROW_HEIGHT_PT, LINE_HEIGHT_PT * max([1, *lines]) + 2)


def _lines(text: str, width_chars: float) -> int:
    per_line = max(1.0, width_chars * CHARS_PER_WIDTH)
    return sum(max(1, math.ceil(len(line) / per_line)) for line in text.split("\n")) if text else 1


def _print_setup(sheet: Worksheet, head_row: int, last_row: int, last_column: int) -> None:
    sheet.freeze_panes(head_row + 1, 0)
    sheet.autofilter(head_row, 0, max(last_row, head_row), last_column)
    sheet.repeat_rows(head_row)
    page_setup(sheet)


def page_setup(sheet: Worksheet) -> None:
    """A4 landscape, one page wide, page number centred above, margins of Nghị định 30/2020."""
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.set_margins(left=30 * MM, right=15 * MM, top=20 * MM, bottom=20 * MM)
    sheet.set_header('&C&"Times New Roman"&13&P', {"margin": 10 * MM})
    sheet.fit_to_pages(1, 0)
    sheet.hide_gridlines(2)


def open_book(target: Any) -> Workbook:
    """A workbook that takes no text for a formula, a link or a number."""
    plain = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    return Workbook(target, {**plain, "in_memory": True, "nan_inf_to_errors": False})
