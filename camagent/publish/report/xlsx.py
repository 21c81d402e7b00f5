"""The report as a workbook that an office decides in: an appendix (Phụ lục), A4 landscape, no letterhead."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped]

from camagent import __version__
from camagent.model.finding import Verdict
from camagent.publish.compare import Comparison
from camagent.publish.decisions import DECISIONS, Decision
from camagent.publish.report.columns import CAMERA_COLUMNS
from camagent.publish.report.sheet import Book, Cell, Column, Placed, Table, open_book, page_setup
from camagent.publish.text import say
from camagent.publish.upgrade_rows import ACTION_ORDER, UpgradeRow, row_order, upgrade_rows
from camagent.publish.vietnamese import sort_key
from camagent.publish.view import CameraView, FindingView, ScanDocument
from camagent.publish.wording import (
    VIETNAM,
    basis_text,
    coverage_text,
    moment_text,
    note_text,
    quantity_text,
    uncertain_note,
    why_text,
)

MAX_FINDING_ROWS = 50_000  # a spreadsheet of an old PC stays usable; beyond that only what needs reading is listed
ACTION_COLUMN, DECISION_COLUMN = 4, 8

Figure = tuple[str, float, str | None]
"""A line of the summary: its name, its value, the formula that keeps it true."""
GAP: Figure = ("", 0, None)

_UPGRADE_COLUMNS: tuple[tuple[str, float], ...] = (
    ("number", 5),
    ("site", 14),
    ("camera", 18),
    ("findings", 31),
    ("action", 11),
    ("steps", 29),
    ("basis", 17),
    ("cost_class", 8),
    ("decision", 10),
    ("note", 10),
    ("id", 10),
)
"""Widths add up to an A4 page across at 80 to 90 %, with 12 pt letters: about 10 pt on paper."""


def render_xlsx(documents: Sequence[ScanDocument], lang: str, comparison: Comparison | None = None) -> bytes:
    """The workbook of one school or several: summary, upgrade list, cameras, findings, coverage."""
    rows = sorted((row for document in documents for row in upgrade_rows(document, lang)), key=row_order)
    finished = max((document.finished_at for document in documents), default=None)
    banner = _banner(documents, lang)
    target = io.BytesIO()
    with open_book(target) as workbook:
        workbook.set_properties(properties(say("report.html.title", lang), finished))
        book = Book(workbook)
        summary = workbook.add_worksheet(say("report.sheet.summary", lang))
        placed = write_upgrade_sheet(book, rows, banner, lang, {})
        lines = [("title", say("report.html.title", lang)), *_summary_lines(documents, lang), *banner]
        write_summary(book, summary, lines, _figures(documents, rows, placed, lang))
        book.add(_camera_table(documents, lang))
        book.add(_finding_table(documents, lang))
        book.add(_coverage_table(documents, lang))
        if comparison is not None:
            book.add(_change_table(comparison, lang))
        summary.activate()
    return target.getvalue()


def properties(title: str, finished: datetime | None) -> dict[str, object]:
    """Title, author and the time of the scan instead of the time of printing."""
    known = {} if finished is None else {"created": finished.astimezone(VIETNAM).replace(tzinfo=None)}
    return {"title": title, "author": f"camagent {__version__}", **known}


def _banner(documents: Sequence[ScanDocument], lang: str) -> list[tuple[str, str]]:
    provisional = any(not document.profile.authoritative for document in documents)
    return [("warning", say("report.banner.provisional", lang))] if provisional else []


def write_upgrade_sheet(
    book: Book,
    rows: Sequence[UpgradeRow],
    banner: list[tuple[str, str]],
    lang: str,
    decisions: Mapping[str, Decision],
) -> Placed:
    """The upgrade list with its decision drop-downs, decisions taken earlier, and hidden stable ids."""
    unshown = {"id"} if len({row.site_id for row in rows}) > 1 else {"id", "site"}
    columns = [
        Column(say(f"report.upgrade.{key}", lang), width, key=key, hidden=key in unshown, centred=key == "number")
        for key, width in _UPGRADE_COLUMNS
    ]
    title = [
        ("title", say("report.sheet.appendix", lang)),
        ("title", say("report.sheet.upgrade_title", lang)),
        ("italic", say("report.sheet.attached_to", lang)),
        *banner,
    ]
    cells = (
        _upgrade_cells(number, row, decisions.get(row.stable_id), lang) for number, row in enumerate(rows, start=1)
    )
    sheet, placed = book.add(Table(say("report.sheet.upgrades", lang), title, columns, cells))
    if rows:
        choices = [say(f"report.decision.{decision}", lang) for decision in DECISIONS]
        sheet.data_validation(
            placed.head_row + 1,
            DECISION_COLUMN,
            placed.last_row,
            DECISION_COLUMN,
            {
                "validate": "list",
                "source": choices,
                "error_title": say("report.upgrade.decision", lang),
                "error_message": say("report.sheet.choose", lang),
            },
        )
    return placed


def _upgrade_cells(number: int, row: UpgradeRow, decided: Decision | None, lang: str) -> tuple[Cell, ...]:
    note = uncertain_note(row.action, row.certain, lang)
    where = dict.fromkeys(filter(None, (row.camera, row.place, row.model, row.address)))
    return (
        number,
        row.site,
        "\n".join(where),
        f"{say(f'report.verdict.{row.verdict}', lang)}\n{row.findings}",
        say(f"report.action.{row.action}", lang),
        "\n".join(filter(None, (row.steps, note))),
        row.basis,
        row.cost,
        say(f"report.decision.{decided.decision}", lang) if decided else None,
        decided.note if decided else None,
        row.stable_id,
    )


def write_summary(book: Book, sheet: Worksheet, lines: Sequence[tuple[str, str]], figures: Iterable[Figure]) -> None:
    """The first sheet: what this is, the banner, counts that follow the list."""
    for column, width in enumerate((44, 12, 22, 22)):
        sheet.set_column(column, column, width)
    page_setup(sheet)
    for row, (style, text) in enumerate(lines):
        sheet.merge_range(row, 0, row, 3, "", book.styles[style])
        sheet.write_string(row, 0, text, book.styles[style])
        sheet.set_row(row, 34 if style == "warning" else 20)
    for row, (name, value, formula) in enumerate(figures, start=len(lines) + 1):
        if not name:
            continue
        sheet.write_string(row, 0, name, book.styles["cell"])
        if formula:  # it follows the list when the office edits it; its words are ours, never a camera's
            sheet.write_formula(row, 1, formula, book.number("0"), value)
        else:
            sheet.write_number(row, 1, value, book.number("0"))


def _figures(
    documents: Sequence[ScanDocument], rows: Sequence[UpgradeRow], placed: Placed, lang: str
) -> Iterator[Figure]:
    for verdict in Verdict:
        count = sum(getattr(document.summary, verdict.value) for document in documents)
        yield say(f"report.verdict.{verdict}", lang), count, None
    yield GAP
    yield from list_figures(rows, placed, {}, lang)


def list_figures(
    rows: Sequence[UpgradeRow], placed: Placed, decisions: Mapping[str, Decision], lang: str
) -> Iterator[Figure]:
    """Cameras by what to do and by decision, as formulas over the list."""
    for action in ACTION_ORDER[:-1]:
        word = say(f"report.action.{action}", lang)
        yield word, sum(row.action is action for row in rows), _count_formula(lang, placed, ACTION_COLUMN, word)
    yield GAP
    for decision in DECISIONS:
        word = say(f"report.decision.{decision}", lang)
        taken = [decisions[row.stable_id].decision for row in rows if row.stable_id in decisions]
        yield word, taken.count(decision), _count_formula(lang, placed, DECISION_COLUMN, word)


def _count_formula(lang: str, placed: Placed, column: int, word: str) -> str:
    letter = chr(ord("A") + column)
    first, last = placed.head_row + 2, max(placed.last_row, placed.head_row + 1) + 1
    sheet = say("report.sheet.upgrades", lang)
    return f"=COUNTIF('{sheet}'!${letter}${first}:${letter}${last},\"{word}\")"


def _summary_lines(documents: Sequence[ScanDocument], lang: str) -> list[tuple[str, str]]:
    if len(documents) != 1:
        return [("line", say("report.html.schools", lang, count=len(documents)))]
    one = documents[0]
    where = " · ".join(filter(None, (one.site.name, one.site.area, one.site.city)))
    return [
        ("line", where),
        ("line", say("report.html.checked_at", lang, at=moment_text(one.started_at, lang))),
        ("line", say("report.table.profile", lang, id=one.profile.id, version=one.profile.version)),
    ]


def _in_order(documents: Sequence[ScanDocument]) -> Iterator[tuple[ScanDocument, CameraView]]:
    for document in sorted(documents, key=lambda item: sort_key(item.site.name)):
        for camera in sorted(document.cameras, key=lambda item: (sort_key(item.name), item.id)):
            yield document, camera


def _camera_table(documents: Sequence[ScanDocument], lang: str) -> Table:
    one_school = len(documents) == 1
    columns = [
        Column(
            say(f"report.column.{column.key}", lang),
            column.width_chars,
            column.number_format,
            hidden=one_school and column.key in ("site", "site_id"),
        )
        for column in CAMERA_COLUMNS
    ]
    rows = (
        [column.value(document, camera, lang) for column in CAMERA_COLUMNS] for document, camera in _in_order(documents)
    )
    return Table(say("report.sheet.cameras", lang), _banner(documents, lang), columns, rows, pages_wide=2, repeated=4)


def _finding_table(documents: Sequence[ScanDocument], lang: str) -> Table:
    widths = {"site": 14, "camera": 14, "rule": 12, "title": 20, "stream": 6, "outcome": 11, "severity": 9}
    widths |= {
        "required": 11,
        "configured": 10,
        "declared": 10,
        "measured": 10,
        "message": 36,
        "remedy": 24,
        "basis": 24,
    }
    columns = [
        Column(say(f"report.finding.{key}", lang), width, hidden=key == "site" and len(documents) == 1)
        for key, width in widths.items()
    ]
    everything = sum(len(camera.findings) for _, camera in _in_order(documents)) <= MAX_FINDING_ROWS
    title = _banner(documents, lang)
    if not everything:
        title.append(("line", say("report.sheet.only_problems", lang)))
    rows = (
        _finding_cells(document, camera, finding, lang)
        for document, camera in _in_order(documents)
        for finding in camera.findings
        if everything or finding.outcome.value not in ("pass", "not_applicable")
    )
    return Table(say("report.sheet.findings", lang), title, columns, rows)


def _finding_cells(document: ScanDocument, camera: CameraView, finding: FindingView, lang: str) -> tuple[Cell, ...]:
    measured = finding.measured
    if measured is None and finding.configured is None and finding.declared is None:
        measured = finding.observed
    quantities = (finding.required, finding.configured, finding.declared, measured)
    return (
        document.site.name,
        camera.name,
        finding.rule,
        finding.title.to(lang) if finding.title else "",
        finding.stream or "",
        say(f"report.outcome.{finding.outcome}", lang),
        say(f"report.severity.{finding.severity}", lang),
        *("" if quantity is None else quantity_text(quantity, finding.unit, lang) for quantity in quantities),
        finding.message.to(lang),
        finding.remedy.to(lang) if finding.remedy else "",
        basis_text(finding.basis, lang),
    )


def _coverage_table(documents: Sequence[ScanDocument], lang: str) -> Table:
    columns = [
        Column(say("report.column.site", lang), 26),
        Column(say("report.coverage.what", lang), 34),
        Column(say("report.coverage.value", lang), 60),
    ]
    return Table(say("report.sheet.coverage", lang), _banner(documents, lang), columns, _coverage_rows(documents, lang))


def _coverage_rows(documents: Sequence[ScanDocument], lang: str) -> Iterator[tuple[Cell, ...]]:
    for document in documents:
        name, it = document.site.name, document.coverage
        for key in ("addresses_probed", "addresses_answered", "devices_found", "cameras_checked"):
            yield name, say(f"report.coverage.{key}", lang), getattr(it, key)
        yield name, say("report.coverage.ranges", lang), coverage_text(it, lang)
        for key in ("subnets", "interfaces"):
            yield name, say(f"report.coverage.{key}", lang), ", ".join(getattr(it, key))
        for note in it.notes:
            yield name, say("report.coverage.notes", lang), note_text(note, lang)
        for row in it.not_checked:
            yield name, say("report.coverage.not_checked", lang), f"{row.address} – {why_text(row.why, lang)}"


def _change_table(comparison: Comparison, lang: str) -> Table:
    widths = {"change": 24, "before": 16, "after": 16, "rules": 40}
    columns = [Column(say(f"report.html.{key}", lang), width) for key, width in widths.items()]
    columns[1:1] = [Column(say("report.column.camera", lang), 24), Column(say("report.column.address", lang), 16)]
    at = {"before": moment_text(comparison.before_at, lang), "after": moment_text(comparison.after_at, lang)}
    title = [("line", say("report.html.compared", lang, **at))]
    if not comparison.same_profile:
        title.append(("warning", say("report.html.other_profile", lang)))
    return Table(say("report.sheet.changes", lang), title, columns, _change_rows(comparison, lang))


def _change_rows(comparison: Comparison, lang: str) -> Iterator[tuple[Cell, ...]]:
    for item in comparison.changes:
        verdicts = (say(f"report.verdict.{word}", lang) if word else "" for word in (item.before, item.after))
        rules = [f"✓ {rule}" for rule in item.rules_fixed] + [f"✗ {rule}" for rule in item.rules_broken]
        yield say(f"report.change.{item.change}", lang), item.name, item.address, *verdicts, ", ".join(rules)
