"""The first sheet of a workbook: what this is, how far was looked, and counts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped]

from camagent.report.sheet import LINE_HEIGHT_PT, OpenWorkbook, page_setup, title_height, wrapped_lines

Figure = tuple[str, float | None, str | None]
"""A line of the summary: its name, its value (None: a heading), the formula that keeps it true."""
SUMMARY_WIDTHS = (44, 12, 32, 32)


def write_summary(
    book: OpenWorkbook, sheet: Worksheet, lines: Sequence[tuple[str, str]], figures: Iterable[Figure]
) -> None:
    """The first sheet: what this is, the banner, how far was looked, counts that follow the list."""
    for column, width in enumerate(SUMMARY_WIDTHS):
        sheet.set_column(column, column, width)
    page_setup(sheet, pages_high=1)
    for row, (style, text) in enumerate(lines):
        sheet.merge_range(row, 0, row, 3, "", book.styles[style])
        sheet.write_string(row, 0, text, book.styles[style])
        sheet.set_row(row, title_height(style, text, sum(SUMMARY_WIDTHS)))
    for row, (name, value, formula) in enumerate(figures, start=len(lines) + 1):
        sheet.set_row(row, LINE_HEIGHT_PT * (wrapped_lines(name, SUMMARY_WIDTHS[0]) + (value is None)) + 2)
        sheet.write_string(row, 0, name, book.styles["group" if value is None else "cell"])
        if value is None:
            continue
        if formula:  # it follows the list when the office edits it; its words are ours, never a camera's
            sheet.write_formula(row, 1, formula, book.number("#,##0"), value)
        else:
            sheet.write_number(row, 1, value, book.number("#,##0"))
