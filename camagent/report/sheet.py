"""A workbook's table: widths, row heights, frozen head, filter, print set-up after Nghị định 30/2020.

Every text is written as a string: nothing that a camera says can become a formula or a link.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from xlsxwriter import Workbook  # type: ignore[import-untyped]
from xlsxwriter.format import Format  # type: ignore[import-untyped]
from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped]

from camagent.report.letters import line_count

FONT = "Times New Roman"
FONT_SIZE_PT = 12
# Times New Roman 12 pt with its leading; LibreOffice and Excel do not grow these rows themselves
LINE_HEIGHT_PT = 15.5
COMPACT_LINE_PT = 15.0  # its leading alone: where every line of a long list counts
MAX_ROW_HEIGHT_PT = 400.0  # a row may be 409.5 pt high
# letters that fit a unit of column width (a digit of the default font), Vietnamese text
CHARS_PER_WIDTH = 1.12
ARROW_WIDTH = 2.5  # units of column width
BOLD_RATIO = 0.9  # bold letters are that much fewer to the line
MAX_CELL_CHARS = 32_000  # a cell holds 32,767
MM = 1 / 25.4


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula of ours, never with a text of a school in it; `{row}` becomes the row's number."""

    text: str
    value: str | float
    """What it gives as long as nobody changed a cell."""


@dataclass(frozen=True, slots=True)
class Group:
    """A line over the whole width that heads the rows below it."""

    text: str


Cell = str | int | float | bool | Formula | None


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table: heading, width in characters, number format, hidden machine key."""

    heading: str
    width_chars: float
    number_format: str | None = None
    key: str = ""
    """Machine name, written into a hidden row, so that a reviewed file can be read back whatever was
    moved."""
    hidden: bool = False
    centred: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """What a sheet shows: title lines, headed columns, rows."""

    name: str
    title: Sequence[tuple[str, str]]
    """Lines above the table as (style, text)."""
    columns: Sequence[Column]
    rows: Iterable[Sequence[Cell] | Group]
    pages_wide: int = 1
    compact: bool = False
    """Rows no higher than their text: a long list is to be printed."""
    repeated: int = 0
    """Columns repeated on each page, where the table is more than one page wide."""


@dataclass(frozen=True, slots=True)
class TableRows:
    """Where the table landed: zero-based rows of its heading and its last line."""

    head_row: int
    last_row: int


class OpenWorkbook:
    """An open workbook and its formats."""

    def __init__(self, workbook: Workbook) -> None:
        self.workbook = workbook
        font = {"font_name": FONT, "font_size": FONT_SIZE_PT}
        cell = {**font, "border": 1, "valign": "top", "text_wrap": True}
        self.styles: dict[str, Format] = {
            "cell": workbook.add_format(cell),
            "centred": workbook.add_format({**cell, "align": "center"}),
            "head": workbook.add_format(
                {**cell, "bold": True, "align": "center", "valign": "vcenter", "bg_color": "#E8EDF2"}
            ),
            "title": workbook.add_format(
                {**font, "font_size": 14, "bold": True, "align": "center", "text_wrap": True}
            ),
            "group": workbook.add_format({**font, "bold": True}),
            "italic_line": workbook.add_format({**font, "italic": True, "text_wrap": True, "valign": "top"}),
            "headline": workbook.add_format({**font, "font_size": 14, "bold": True, "text_wrap": True}),
            "italic": workbook.add_format(
                {**font, "font_size": 13, "italic": True, "align": "center", "text_wrap": True}
            ),
            "line": workbook.add_format({**font, "text_wrap": True, "valign": "top"}),
            "plain": workbook.add_format(font),
            "right": workbook.add_format({**font, "italic": True, "align": "right"}),
            "row_group": workbook.add_format({**font, "bold": True, "top": 2, "bottom": 1}),
            "total": workbook.add_format({**font, "bold": True, "border": 1, "align": "right"}),
            "words": workbook.add_format({**font, "italic": True, "text_wrap": True, "valign": "top"}),
            "signer": workbook.add_format({**font, "bold": True, "align": "center"}),
            "signed": workbook.add_format({**font, "italic": True, "align": "center"}),
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
            font = {"font_name": FONT, "font_size": FONT_SIZE_PT, "border": 1, "valign": "top"}
            self._numbers[pattern] = self.workbook.add_format({**font, "num_format": pattern})
        return self._numbers[pattern]

    def add(self, table: Table, notice: str = "") -> tuple[Worksheet, TableRows]:
        """A new sheet with the table, ready for the printer; `notice` stands at the foot of every page."""
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
        sheet.set_row(row, _head_height(table.columns))
        for cells in table.rows:
            row += 1
            if isinstance(cells, Group):
                self._group(sheet, row, cells, table.columns)
            else:
                self._line(sheet, row, cells, table)
        _print_setup(sheet, table, head_row, row, notice)
        return sheet, TableRows(head_row, row)

    def _title(self, sheet: Worksheet, table: Table) -> int:
        shown = [index for index, column in enumerate(table.columns) if not column.hidden]
        width = sum(table.columns[index].width_chars for index in shown)
        for row, (style, text) in enumerate(table.title):
            sheet.merge_range(row, shown[0], row, shown[-1], "", self.styles[style])
            sheet.write_string(row, shown[0], text[:MAX_CELL_CHARS], self.styles[style])
            sheet.set_row(row, title_height(style, text, width))
        return len(table.title)

    def _group(self, sheet: Worksheet, row: int, group: Group, columns: Sequence[Column]) -> None:
        shown = [index for index, column in enumerate(columns) if not column.hidden]
        for index in shown:  # not merged: a list with merged cells cannot be sorted
            sheet.write_blank(row, index, None, self.styles["row_group"])
        sheet.write_string(row, shown[0], group.text[:MAX_CELL_CHARS], self.styles["row_group"])
        sheet.set_row(row, COMPACT_LINE_PT + 0.5)

    def _line(self, sheet: Worksheet, row: int, cells: Sequence[Cell], table: Table) -> None:
        columns = table.columns
        for index, (cell, column) in enumerate(zip(cells, columns, strict=True)):
            style = self.number(column.number_format if isinstance(cell, int | float | Formula) else None)
            style = self.styles["centred"] if column.centred else style
            if cell is None:
                sheet.write_blank(row, index, None, style)
            elif isinstance(cell, Formula):
                sheet.write_formula(row, index, cell.text.replace("{row}", str(row + 1)), style, cell.value)
            elif isinstance(cell, bool):
                sheet.write_boolean(row, index, cell, style)
            elif isinstance(cell, str):
                sheet.write_string(row, index, cell[:MAX_CELL_CHARS], style)
            else:
                sheet.write_number(row, index, cell, style)
        sheet.set_row(row, _height(cells, columns, table.compact))


_SIZE_OF_STYLE = {"title": 1.2, "headline": 1.2, "italic": 1.1}
"""Against the letters of a table."""


def title_height(style: str, text: str, width_chars: float) -> float:
    """How high a line above a table is, which may be wider than the table's columns one by one."""
    size = _SIZE_OF_STYLE.get(style, 1.0)
    return size * LINE_HEIGHT_PT * wrapped_lines(text, BOLD_RATIO * width_chars / size) + 6


def _head_height(columns: Sequence[Column]) -> float:
    """The filter's arrow takes part of each heading's cell."""
    shown = [column for column in columns if not column.hidden]
    most = max(wrapped_lines(c.heading, BOLD_RATIO * max(c.width_chars - ARROW_WIDTH, 3.0)) for c in shown)
    return LINE_HEIGHT_PT * most + 4


def _height(cells: Sequence[Cell], columns: Sequence[Column], compact: bool) -> float:
    texts = [
        (cell, column.width_chars)
        for cell, column in zip(cells, columns, strict=True)
        if isinstance(cell, str) and not column.hidden
    ]
    if compact:
        return min(
            MAX_ROW_HEIGHT_PT, COMPACT_LINE_PT * max([1, *(line_count(*text) for text in texts)]) + 0.5
        )
    most = max([1, *(wrapped_lines(*text) for text in texts)])
    reserve = 1 if most > 3 else 0  # long texts wrap a little differently in each office program
    return min(MAX_ROW_HEIGHT_PT, LINE_HEIGHT_PT * (most + reserve) + 4)


def wrapped_lines(text: str, width_chars: float) -> int:
    """How many lines the text takes in a column of that width, words kept whole where they fit."""
    per_line = max(1, int(width_chars * CHARS_PER_WIDTH))
    count = 0
    for paragraph in text.split("\n"):
        count += 1
        used = 0
        for word in paragraph.split(" "):
            length = len(word)
            if used and used + 1 + length > per_line:
                count, used = count + 1, 0
            used += length + (1 if used else 0)
            if used > per_line:  # a word longer than the line is broken
                count, used = count + (used - 1) // per_line, (used - 1) % per_line + 1
    return count


def _print_setup(sheet: Worksheet, table: Table, head_row: int, last_row: int, notice: str) -> None:
    sheet.freeze_panes(head_row + 1, 0)
    sheet.autofilter(head_row, 0, max(last_row, head_row), len(table.columns) - 1)
    sheet.repeat_rows(head_row)
    if table.pages_wide > 1:
        sheet.repeat_columns(0, table.repeated - 1)
    page_setup(sheet, table.pages_wide, notice=notice)


def page_setup(sheet: Worksheet, pages_wide: int = 1, pages_high: int = 0, notice: str = "") -> None:
    """A4 landscape, page number centred above, the margins of Nghị định 30/2020; each sheet counts its own
    pages."""
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.set_margins(left=30 * MM, right=15 * MM, top=20 * MM, bottom=20 * MM)
    sheet.set_header('&C&"Times New Roman"&13&P', {"margin": 10 * MM})
    if notice:
        sheet.set_footer(f'&C&"Times New Roman,Italic"&11{notice.replace("&", "&&")}', {"margin": 10 * MM})
    sheet.set_start_page(1)
    sheet.fit_to_pages(pages_wide, pages_high)
    sheet.hide_gridlines(2)


def open_book(target: Any) -> Workbook:
    """A workbook that takes no text for a formula, a link or a number."""
    normal = {
        "font_name": FONT,
        "font_size": FONT_SIZE_PT,
    }  # the unit of column widths is a digit of this font
    plain = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    return Workbook(target, {**plain, "in_memory": True, "default_format_properties": normal})
