"""The sheet that an office decides in: the upgrade list with drop-downs, as an appendix (Phụ lục). Its
counts, too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from camagent.document.decisions import DECISIONS, Decision
from camagent.document.upgrade_rows import ACTION_ORDER, UpgradeRow, budget_of
from camagent.document.wording import uncertain_note
from camagent.model.finding import Action
from camagent.report.sheet import Cell, Column, OpenWorkbook, Table, TableRows
from camagent.report.summary_sheet import Figure
from camagent.text import say
from camagent.text.seals import SEAL, seal_of

_UPGRADE_COLUMNS: tuple[tuple[str, float], ...] = (
    ("number", 5),
    ("site", 13),
    ("camera", 14),
    ("place", 10),
    ("model", 10),
    ("findings", 26),
    ("action", 11),
    ("steps", 22),
    ("basis", 20),
    ("cost_class", 8),
    ("decision", 10),
    ("note", 9),
    ("id", 10),
    (SEAL, 6),
)
"""Widths add up to an A4 page across at 75 to 85 %, with 12 pt letters: 9 to 10 pt on paper."""
WITH_AMOUNT = 13  # of the cost class, where a price file has amounts: "12.450.000 VND"
_KEYS = [key for key, _ in _UPGRADE_COLUMNS]
ACTION_COLUMN, DECISION_COLUMN = _KEYS.index("action"), _KEYS.index("decision")


def write_upgrade_sheet(
    book: OpenWorkbook,
    rows: Sequence[UpgradeRow],
    banner: list[tuple[str, str]],
    lang: str,
    decisions: Mapping[str, Decision],
) -> TableRows:
    """The upgrade list with its decision drop-downs, decisions taken earlier, and hidden stable ids."""
    unshown = {"id", SEAL} if len({row.site_id for row in rows}) > 1 else {"id", SEAL, "site"}
    wider = {"cost_class": WITH_AMOUNT} if any(row.cost_amount is not None for row in rows) else {}
    columns = [
        Column(
            say(f"report.upgrade.{key}", lang),
            wider.get(key, width),
            key=key,
            hidden=key in unshown,
            centred=key == "number",
        )
        for key, width in _UPGRADE_COLUMNS
    ]
    title = [
        # in small letters, the name in capitals: Nghị định 30/2020
        ("title", say("report.sheet.appendix", lang)),
        ("title", say("report.sheet.upgrade_title", lang)),
        ("italic", say("report.sheet.attached_to", lang)),
        *banner,
    ]
    cells = (
        _upgrade_cells(number, row, decisions.get(row.stable_id), lang)
        for number, row in enumerate(rows, start=1)
    )
    sheet, placed = book.add(Table(say("report.sheet.upgrades", lang), title, columns, cells))
    if rows:
        column = (placed.head_row + 1, DECISION_COLUMN, placed.last_row, DECISION_COLUMN)
        sheet.data_validation(*column, _choice(lang))
    return placed


def _choice(lang: str) -> dict[str, object]:
    """The drop-down of the decision column."""
    return {
        "validate": "list",
        "source": [say(f"report.decision.{decision}", lang) for decision in DECISIONS],
        "error_title": say("report.upgrade.decision", lang),
        "error_message": say("report.sheet.choose", lang),
    }


def _upgrade_cells(number: int, row: UpgradeRow, decided: Decision | None, lang: str) -> tuple[Cell, ...]:
    note = uncertain_note(row.action, row.certain, lang)
    where = dict.fromkeys(filter(None, (row.camera, row.address)))
    return (
        number,
        row.site,
        "\n".join(where),
        row.place,
        row.model,
        f"{say(f'report.verdict.{row.verdict}', lang)}\n{row.findings}",
        say(f"report.action.{row.action}", lang),
        "\n".join(filter(None, (row.steps, note))),
        row.basis,
        "\n".join(filter(None, (row.cost_class, row.amount(lang)))),
        say(f"report.decision.{decided.decision}", lang) if decided else None,
        decided.note if decided else None,
        row.stable_id,
        seal_of(row.site, "\n".join(where), row.place),
    )


def list_figures(
    rows: Sequence[UpgradeRow], placed: TableRows, decisions: Mapping[str, Decision], lang: str
) -> Iterator[Figure]:
    """Cameras by what to do and by decision, as formulas over the list."""
    yield say("report.table.action", lang), None, None
    for action in ACTION_ORDER[:-1]:
        word = say(f"report.action.{action}", lang)
        yield (
            word,
            sum(row.action is action for row in rows),
            _count_formula(lang, placed, ACTION_COLUMN, word),
        )
    yield say("report.upgrade.decision", lang), None, None
    for decision in DECISIONS:
        word = say(f"report.decision.{decision}", lang)
        words = [decisions[row.stable_id].decision for row in rows if row.stable_id in decisions]
        yield word, words.count(decision), _count_formula(lang, placed, DECISION_COLUMN, word)


def budget_lines(rows: Sequence[UpgradeRow], lang: str) -> Iterator[tuple[str, str]]:
    """The sum in one sentence with what it leaves out; nothing without a price file."""
    text = budget_of(rows).text(lang)
    if text:
        yield "headline", f"{say('report.upgrade.budget', lang)}: {text}"


def _count_formula(lang: str, placed: TableRows, column: int, word: str) -> str:
    letter = chr(ord("A") + column)
    first, last = placed.head_row + 2, max(placed.last_row, placed.head_row + 1) + 1
    sheet = say("report.sheet.upgrades", lang)
    return f"=COUNTIF('{sheet}'!${letter}${first}:${letter}${last},\"{word}\")"


def headline(rows: Sequence[UpgradeRow], total: int, lang: str) -> str:
    """The decision in one sentence: how many cameras need something, and how many are to be replaced."""
    if not total:
        return say("report.table.nothing_found", lang)
    if not rows:
        return say("report.html.nothing_to_do", lang)
    replaced = sum(row.action is Action.REPLACE for row in rows)
    return say("report.html.headline", lang, count=len(rows), total=total, replaced=replaced)
