"""The sheet that heads an area's workbook and is signed: per ward and action how many cameras and how much
money."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped]

from camagent.area import AreaReport
from camagent.document.upgrade_rows import ACTION_ORDER, UpgradeRow
from camagent.model.finding import Action, Verdict
from camagent.report.annex import (
    APPROVED,
    KINDS,
    AnnexRows,
    Office,
    currency_word,
    in_currency,
    write_signatures,
)
from camagent.report.sheet import LINE_HEIGHT_PT, OpenWorkbook, page_setup, title_height, wrapped_lines
from camagent.report.summary_sheet import Figure
from camagent.text import say

WIDTHS = (26, 24, 11, 12, 13, 19, 11, 19)
HEADS = ("ward", "action", "count", "priced", "unpriced", "amount", "agreed_count", "agreed_amount")
LAST = len(WIDTHS) - 1
LETTERS = "ABCDEFGH"


@dataclass(frozen=True, slots=True)
class ActionShare:
    """The cameras of one ward with one action."""

    ward: str
    action: Action
    rows: tuple[UpgradeRow, ...]


def action_shares(rows: Sequence[UpgradeRow], wards: Sequence[str]) -> list[ActionShare]:
    """By ward in that order, then by action; none without a camera."""
    by_share: dict[tuple[str, Action], list[UpgradeRow]] = {}
    for row in rows:
        by_share.setdefault((row.area, row.action), []).append(row)
    order = (share for share in product(wards, ACTION_ORDER) if share in by_share)
    return [ActionShare(ward, action, tuple(by_share[ward, action])) for ward, action in order]


def write_area_summary(
    sheet: Worksheet,
    lines: Sequence[tuple[str, str]],
    report: AreaReport,
    annexes: Sequence[AnnexRows],
    office: Office,
) -> None:
    """Heading, how far was looked, the table of wards and actions, its total in words, verdicts, places to
    sign."""
    book = office.book
    for column, width in enumerate(WIDTHS):
        sheet.set_column(column, column, width)
    page_setup(sheet, notice=office.notice)
    row = _heading(book, sheet, office.lang)
    for style, text in lines:
        sheet.merge_range(row, 0, row, LAST, "", book.styles[style])
        sheet.write_string(row, 0, text, book.styles[style])
        sheet.set_row(row, title_height(style, text, sum(WIDTHS)))
        row += 1
    row = _table(sheet, row, action_shares(report.rows, list(office.wards)), annexes, office)
    for name, value, _ in _figures(report, office):
        sheet.set_row(row, LINE_HEIGHT_PT * (wrapped_lines(name, sum(WIDTHS[:2])) + (value is None)) + 2)
        style = book.styles["group" if value is None else "cell"]
        sheet.merge_range(row, 0, row, 1, "", style)
        sheet.write_string(row, 0, name, style)
        if value is not None:
            sheet.write_number(row, 2, value, book.number("#,##0"))
        row += 1
    write_signatures(book, sheet, row + 1, (1, 4, LAST), office.lang)


def _heading(book: OpenWorkbook, sheet: Worksheet, lang: str) -> int:
    """Office and motto side by side, as Nghị định 30/2020 has them; answers with the next row."""
    for row, keys in enumerate((("parent", "nation"), ("office", "motto"), ("document_number", "date"))):
        style = book.styles["signed" if keys[1] == "date" else "signer"]
        sheet.merge_range(row, 0, row, 2, say(f"report.annex.{keys[0]}", lang), style)
        sheet.merge_range(row, 3, row, LAST, say(f"report.annex.{keys[1]}", lang), style)
        sheet.set_row(row, LINE_HEIGHT_PT + 2)
    return 4


def _table(
    sheet: Worksheet, row: int, shares: Sequence[ActionShare], annexes: Sequence[AnnexRows], office: Office
) -> int:
    """One line a ward and action, their sum and its words; answers with the next free row."""
    book, lang = office.book, office.lang
    for column, key in enumerate(HEADS):
        sheet.write_string(row, column, say(f"report.annex.column_{key}", lang), book.styles["head"])
    sheet.set_row(row, 3 * LINE_HEIGHT_PT + 2)
    first = row + 2
    sums = [0.0] * 6
    for share in shares:
        row += 1
        sheet.write_string(row, 0, share.ward or say("report.annex.no_ward", lang), book.styles["cell"])
        sheet.write_string(row, 1, say(f"report.action.{share.action}", lang), book.styles["cell"])
        listed = next(item for item in annexes if share.action in item.annex.actions)
        for column, (formula, value) in enumerate(_formulas(share, listed, office)):
            sheet.write_formula(row, 2 + column, formula, book.number("#,##0"), value)
            sums[column] += value
        sheet.set_row(row, LINE_HEIGHT_PT * wrapped_lines(share.ward, WIDTHS[0]) + 2)
    row += 1
    sheet.merge_range(row, 0, row, 1, say("report.annex.all", lang), book.styles["total"])
    for column, value in enumerate(sums, start=2):
        letter = LETTERS[column]
        formula = f"=SUM({letter}{first}:{letter}{max(row, first)})" if shares else "=0"
        sheet.write_formula(row, column, formula, book.number("#,##0"), value)
    total = f"'{sheet.get_name()}'!${LETTERS[LAST]}${row + 1}"
    formula, value_text = office.words.of(total, sums[-1], currency_word(office.currency, lang))
    sheet.merge_range(row + 1, 0, row + 1, LAST, "", book.styles["words"])
    sheet.write_formula(row + 1, 0, formula, book.styles["words"], value_text)
    sheet.set_row(row + 1, 2 * LINE_HEIGHT_PT + 2)
    return row + 3


def _formulas(share: ActionShare, listed: AnnexRows, office: Office) -> Iterator[tuple[str, float]]:
    """Each figure of a line as the formula that keeps it true, and its value: by numbers, never by a school's
    words."""
    agreed = say(f"report.decision.{APPROVED}", office.lang)
    of_share = (
        f"{listed.cells('ward')},{office.wards[share.ward]},{listed.cells('kind')},{KINDS[share.action]}"
    )
    amount, decided = listed.cells("amount"), f'{listed.cells("decision")},"{agreed}"'
    money = [in_currency(row, office.currency) for row in share.rows]
    decisions = [office.decisions.get(row.stable_id) for row in share.rows]
    chosen = [
        value for value, item in zip(money, decisions, strict=True) if item and item.decision == APPROVED
    ]
    priced = sum(value is not None for value in money)
    count, counted_priced = f"COUNTIFS({of_share})", f'COUNTIFS({of_share},{amount},">=0")'
    yield f"={count}", len(share.rows)
    yield f"={counted_priced}", priced
    yield f"={count}-{counted_priced}", len(share.rows) - priced
    yield f"=SUMIFS({amount},{of_share})", sum(value or 0.0 for value in money)
    yield f"=COUNTIFS({of_share},{decided})", len(chosen)
    yield f"=SUMIFS({amount},{of_share},{decided})", sum(value or 0.0 for value in chosen)


def _figures(report: AreaReport, office: Office) -> Iterator[Figure]:
    lang = office.lang
    yield say("report.table.verdict", lang), None, None
    for verdict in Verdict:
        yield say(f"report.verdict.{verdict}", lang), report.count(verdict), None
    classes = report.cost_classes()
    if any(classes):
        yield say("report.column.cost_class", lang), None, None
        for name, count in sorted(classes.items()):
            yield name or say("area.without_class", lang), count, None
