"""The appendices that an office decides in and signs: one line a camera, amounts that follow the decisions.

Amounts, totals and their words are formulas over the sheet itself; the values beside them are what they give
as long as nobody changed a cell. Every text of a school is written as a string and no formula contains one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from xlsxwriter.utility import xl_col_to_name  # type: ignore[import-untyped]
from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped]

from camagent.document.decisions import DECISIONS, Decision
from camagent.document.upgrade_rows import ACTION_ORDER, UpgradeRow
from camagent.document.wording import uncertain_note
from camagent.model.finding import Action
from camagent.report.letters import cut_to_width
from camagent.report.sheet import LINE_HEIGHT_PT, Cell, Column, Formula, Group, OpenWorkbook, Table, TableRows
from camagent.report.spelled_sheet import SpelledSheet
from camagent.text import say
from camagent.text.seals import SEAL, seal_of

APPROVED = DECISIONS[0]
UNSHOWN = ("id", "ward", "kind", SEAL)
"""What a decision is read back by, the numbers that the first sheet counts by: of the ward, of the action;
and what shows that a line is whole."""
WIDTHS: Mapping[str, float] = {
    **{
        "number": 4.5,
        "site": 19,
        "area": 12,
        "place": 21,
        "device": 26.5,
        "reason": 33,
        "action": 12,
        "ground": 15,
    },
    **{"unit": 6, "quantity": 5.5, "price": 11, "amount": 12, "decision": 13, "note": 6},
    **{"id": 10, "ward": 6, "kind": 6, SEAL: 6},
}
"""Widths add up to an A4 page across at about 67 %, with 12 pt letters: 8 pt on paper."""
SCHOOL_WIDTHS: Mapping[str, float] = {"place": 34, "device": 42.5, "reason": 40, "action": 14.5, "ground": 19}
"""Of the list that the schools work off: one line a camera, for it is the longest."""
REASON_LINES = 2.6
"""A reason takes three lines at most: the last one is never full. The school's report has all of it."""
FORMATS = {"price": "#,##0", "amount": "#,##0"}


@dataclass(frozen=True, slots=True)
class Annex:
    """One appendix: which actions it lists, and what it does not show."""

    key: str
    actions: tuple[Action, ...]
    by_school: bool = False
    """Grouped by school, which then needs no column."""

    def columns(self, lang: str, priced: bool) -> list[Column]:
        """Every annex has every column; what tells nothing is hidden."""
        unshown = set(UNSHOWN)
        unshown |= {"action"} if len(self.actions) == 1 else set()
        if self.by_school:
            unshown |= {"site", "area"} | (set() if priced else {"unit", "quantity", "price", "amount"})
        widths = {**WIDTHS, **SCHOOL_WIDTHS} if self.by_school else WIDTHS
        return [
            Column(
                say(f"report.annex.{key}", lang),
                width,
                FORMATS.get(key),
                key=key,
                hidden=key in unshown,
                centred=key in ("number", "unit", "quantity"),
            )
            for key, width in widths.items()
        ]


ANNEXES = (
    Annex("replace", (Action.REPLACE,)),
    Annex("update", (Action.UPDATE_FIRMWARE, Action.FIX_NETWORK)),
    Annex(
        "school", (Action.RECONFIGURE, Action.FIX_PICTURE, Action.INVESTIGATE, Action.NONE), by_school=True
    ),
)
KEYS = list(WIDTHS)
KINDS: Mapping[Action, int] = {action: number for number, action in enumerate(ACTION_ORDER, start=1)}


@dataclass(frozen=True, slots=True)
class Office:
    """By what the workbook is made."""

    book: OpenWorkbook
    words: SpelledSheet
    lang: str
    decisions: Mapping[str, Decision]
    wards: Mapping[str, int]
    """Number of each ward."""
    currency: str
    """In what the amounts are added; amounts in another currency stand as texts and in no sum."""
    tenders: Mapping[str, int]
    """Number of each table of what to buy, where there are several."""
    banner: Sequence[tuple[str, str]]
    notice: str
    """For the foot of every printed page."""


@dataclass(frozen=True, slots=True)
class AnnexRows:
    """Where an annex's rows landed, for the formulas of the first sheet."""

    annex: Annex
    sheet: str
    placed: TableRows

    def cells(self, key: str) -> str:
        """The rows' cells of that column, as a formula names them."""
        letter = xl_col_to_name(KEYS.index(key))
        first, last = self.placed.head_row + 2, max(self.placed.last_row, self.placed.head_row + 1) + 1
        return f"'{self.sheet}'!${letter}${first}:${letter}${last}"


def in_currency(row: UpgradeRow, currency: str) -> float | None:
    """The row's amount, where it is in that currency."""
    return row.cost_amount if row.cost_amount is not None and row.cost_currency == currency else None


def write_annex(annex: Annex, rows: Sequence[UpgradeRow], office: Office) -> AnnexRows:
    """The annex with its drop-downs, total, words and places to sign."""
    lang = office.lang
    name = say(f"report.annex.{annex.key}.sheet", lang)
    priced = any(row.cost_amount is not None for row in rows)
    title = [
        ("title", name),
        ("title", say(f"report.annex.{annex.key}.title", lang)),
        ("italic", say("report.sheet.attached_to", lang)),
        *office.banner,
    ]
    if priced or not annex.by_school:
        title.append(
            ("right", say("report.annex.currency", lang, currency=currency_word(office.currency, lang)))
        )
    table = Table(name, title, annex.columns(lang, priced), _lines(annex, rows, office), compact=True)
    sheet, placed = office.book.add(table, office.notice)
    listed = AnnexRows(annex, name, placed)
    row = placed.last_row + 1
    if rows:
        _offer_decisions(sheet, placed, lang)
        if priced or not annex.by_school:
            row = _total(sheet, row, listed, rows, office)
    write_signatures(
        office.book, sheet, row + 1, [KEYS.index(key) for key in ("place", "reason", "amount")], lang
    )
    return listed


def currency_word(currency: str, lang: str) -> str:
    """The Vietnamese currency by its name, others by their code."""
    return say("report.annex.dong", lang) if currency in ("VND", "") else currency


def _lines(annex: Annex, rows: Sequence[UpgradeRow], office: Office) -> Iterator[Sequence[Cell] | Group]:
    counts = Counter((row.site_id, row.site) for row in rows)
    school = None
    for number, row in enumerate(rows, start=1):
        here = (row.site_id, row.site)
        if annex.by_school and here != school:
            place = " – ".join(filter(None, (row.site, row.area)))
            yield Group(say("report.annex.group", office.lang, school=place, count=counts[here]))
        school = here
        yield _cells(annex, number, row, office)


def _cells(annex: Annex, number: int, row: UpgradeRow, office: Office) -> Sequence[Cell]:
    lang = office.lang
    decided = office.decisions.get(row.stable_id)
    texts = _texts(annex, row, office)
    amount = in_currency(row, office.currency)
    foreign = row.amount(lang) if amount is None else ""
    return (
        number,
        row.site,
        row.area,
        texts["place"],
        texts["device"],
        texts["reason"],
        say(f"report.action.{row.action}", lang),
        texts["ground"],
        say("report.annex.piece", lang),
        1,
        amount,
        foreign or _product(amount),
        say(f"report.decision.{decided.decision}", lang) if decided else None,
        decided.note if decided else None,
        row.stable_id,
        office.wards[row.area],
        KINDS[row.action],
        seal_of(row.site, "", texts["place"]),
    )


def _texts(annex: Annex, row: UpgradeRow, office: Office) -> dict[str, str]:
    """The wide cells of a row; in the schools' list each is cut to one line, for the school has its own
    report."""
    lang = office.lang
    rest = " " + say("report.annex.more", lang, rest=row.more_reasons) if row.more_reasons else ""
    note = "" if annex.by_school else uncertain_note(row.action, row.certain, lang)
    number = office.tenders.get(row.tender)
    bought = say("report.tender.by", lang, number=number) if number else ""
    texts = {
        "place": ", ".join(dict.fromkeys(filter(None, (row.camera, row.address, row.place)))),
        "device": ", ".join(filter(None, (row.model, row.serial))),
        "reason": row.reason,
        "ground": row.ground,
    }
    if not annex.by_school:
        end = rest + "".join(f" {text}" for text in (note, bought) if text)
        return texts | {"reason": cut_to_width(row.reason, REASON_LINES * WIDTHS["reason"], end)}
    ground, blank, confidence = row.ground.rpartition(" (")
    texts["ground"] = ground
    ends = {"reason": rest, "ground": blank + confidence}
    return {key: cut_to_width(text, SCHOOL_WIDTHS[key], ends.get(key, "")) for key, text in texts.items()}


def _product(amount: float | None) -> Formula:
    """Quantity times unit price, also for a price that the office types in; empty without a price."""
    quantity, price = (f"{xl_col_to_name(KEYS.index(key))}{{row}}" for key in ("quantity", "price"))
    return Formula(f'=IF(ISNUMBER({price}),{quantity}*{price},"")', "" if amount is None else amount)


def _offer_decisions(sheet: Worksheet, placed: TableRows, lang: str) -> None:
    column = KEYS.index("decision")
    rule = {
        "validate": "list",
        "source": [say(f"report.decision.{decision}", lang) for decision in DECISIONS],
        "error_title": say("report.upgrade.decision", lang),
        "error_message": say("report.sheet.choose", lang),
    }
    sheet.data_validation(placed.head_row + 1, column, placed.last_row, column, rule)


def _total(sheet: Worksheet, row: int, listed: AnnexRows, rows: Sequence[UpgradeRow], office: Office) -> int:
    """The lines below the list: proposed, agreed, not priced, in words. Answers with the next free row."""
    lang, styles, money = office.lang, office.book.styles, office.book.number("#,##0")
    priced = [(row, in_currency(row, office.currency)) for row in rows]
    amounts, decided = listed.cells("amount"), listed.cells("decision")
    agreed = say(f"report.decision.{APPROVED}", lang)
    chosen = [(item, amount) for item, amount in priced if _approved(item, office)]
    agreed_sum = sum(amount or 0.0 for _, amount in chosen)
    lines = (
        ("proposed", f"=SUM({amounts})", sum(amount or 0.0 for _, amount in priced)),
        ("agreed", f'=SUMIF({decided},"{agreed}",{amounts})', agreed_sum),
        ("agreed_count", f'=COUNTIF({decided},"{agreed}")', len(chosen)),
        (
            "unpriced",
            f'=COUNTIF({decided},"{agreed}")-SUMPRODUCT(({decided}="{agreed}")*ISNUMBER({amounts}))',
            sum(amount is None for _, amount in chosen),
        ),
    )
    last = KEYS.index("amount")
    for offset, (key, formula, value) in enumerate(lines):
        sheet.merge_range(row + offset, 0, row + offset, last - 2, "", styles["total"])
        sheet.write_string(row + offset, 0, say(f"report.annex.{key}", lang), styles["total"])
        sheet.merge_range(row + offset, last - 1, row + offset, last, "", money)
        sheet.write_formula(row + offset, last - 1, formula, money, value)
        sheet.set_row(row + offset, LINE_HEIGHT_PT + 2)
    row += len(lines)
    total = f"'{listed.sheet}'!${xl_col_to_name(last - 1)}${row - len(lines) + 2}"
    formula, text = office.words.of(total, agreed_sum, currency_word(office.currency, lang))
    sheet.merge_range(row, 0, row, last, "", styles["words"])
    sheet.write_formula(row, 0, formula, styles["words"], text)
    sheet.set_row(row, 2 * LINE_HEIGHT_PT + 2)
    return row + 1


def _approved(row: UpgradeRow, office: Office) -> bool:
    decided = office.decisions.get(row.stable_id)
    return decided is not None and decided.decision == APPROVED


SIGNERS = ("author", "accountant", "head")
SIGNATURE_LINES = 4  # room for a name and a stamp


def write_signatures(book: OpenWorkbook, sheet: Worksheet, row: int, ends: Sequence[int], lang: str) -> None:
    """Three places to sign, each up to its last column; in a list these lie left of what is read back."""
    first = 0
    for signer, last in zip(SIGNERS, ends, strict=True):
        if signer == SIGNERS[-1]:
            sheet.merge_range(row, first, row, last, say("report.annex.date", lang), book.styles["signed"])
        text = say(f"report.annex.{signer}", lang)
        sheet.merge_range(row + 1, first, row + 1, last, text, book.styles["signer"])
        sheet.merge_range(
            row + 2, first, row + 2, last, say("report.annex.sign", lang), book.styles["signed"]
        )
        first = last + 1
    for offset in range(3 + SIGNATURE_LINES):
        sheet.set_row(row + offset, LINE_HEIGHT_PT + 1)
