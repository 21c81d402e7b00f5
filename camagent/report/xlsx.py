"""The report as a workbook that an office decides in: an appendix (Phụ lục), A4 landscape, no letterhead."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import chain

from camagent import __version__
from camagent.document.compare import Comparison
from camagent.document.model import CameraView, FindingView, ScanDocument
from camagent.document.progress import Progress
from camagent.document.reasons import reasons
from camagent.document.tenders import document_tenders
from camagent.document.upgrade_rows import UpgradeRow, row_order, upgrade_rows
from camagent.document.wording import basis_text, coverage_text, note_text, retired_text
from camagent.model.finding import Verdict
from camagent.report.charts import bandwidth
from camagent.report.columns import CAMERA_COLUMNS
from camagent.report.not_checked import missed_groups
from camagent.report.progress_report import progress_table
from camagent.report.sheet import Cell, Column, OpenWorkbook, Table, TableRows, open_book
from camagent.report.summary_sheet import Figure, write_summary
from camagent.report.tender_sheet import tender_table
from camagent.report.upgrade_sheet import budget_lines, headline, list_figures, write_upgrade_sheet
from camagent.text import say
from camagent.text.moments import VIETNAM, moment_text
from camagent.text.quantities import bitrate_text, quantity_text, storage_text
from camagent.text.vietnamese import sort_key

# a spreadsheet of an old PC stays usable; beyond that only what needs reading is listed
MAX_FINDING_ROWS = 50_000
MAX_ADDRESSES_A_ROW = 20  # not checked for one reason; the JSON document has them all


def render_xlsx(
    documents: Sequence[ScanDocument],
    lang: str,
    comparison: Comparison | None = None,
    progress: Progress | None = None,
) -> bytes:
    """The workbook of one school or several: summary, upgrade list, cameras, findings, coverage."""
    rows = sorted(chain.from_iterable(upgrade_rows(each, lang) for each in documents), key=row_order)
    finished = max((document.finished_at for document in documents), default=None)
    banner = _banner(documents, lang)
    target = io.BytesIO()
    with open_book(target) as workbook:
        workbook.set_properties(properties(say("report.html.title", lang), finished))
        book = OpenWorkbook(workbook)
        summary = workbook.add_worksheet(say("report.sheet.summary", lang))
        placed = write_upgrade_sheet(book, rows, banner, lang, {})
        lines = [("title", say("report.html.title", lang)), *_summary_lines(documents, lang), *banner]
        lines += [("line", coverage_text(one.coverage, lang)) for one in documents[:1] if len(documents) == 1]
        lines.append(
            ("headline", headline(rows, sum(document.summary.total for document in documents), lang))
        )
        lines += budget_lines(rows, lang)
        lines += _bandwidth_lines(documents, lang)
        write_summary(book, summary, lines, _figures(documents, rows, placed, lang))
        book.add(_camera_table(documents, lang))
        book.add(_finding_table(documents, lang))
        book.add(_coverage_table(documents, lang))
        if classes := document_tenders(documents, lang):
            book.add(tender_table(classes, banner, lang))
        if comparison is not None:
            book.add(_change_table(comparison, lang))
        if progress is not None:
            book.add(progress_table(progress, banner, lang))
        summary.activate()
    return target.getvalue()


def properties(title: str, finished: datetime | None) -> dict[str, object]:
    """Title, author and the time of the scan instead of the time of printing."""
    created = {} if finished is None else {"created": finished.astimezone(VIETNAM).replace(tzinfo=None)}
    return {"title": title, "author": f"camagent {__version__}", **created}


def _banner(documents: Sequence[ScanDocument], lang: str) -> list[tuple[str, str]]:
    provisional = any(not document.profile.authoritative for document in documents)
    return [("warning", say("report.banner.provisional", lang))] if provisional else []


def _figures(
    documents: Sequence[ScanDocument], rows: Sequence[UpgradeRow], placed: TableRows, lang: str
) -> Iterator[Figure]:
    yield say("report.table.verdict", lang), None, None
    for verdict in Verdict:
        count = sum(getattr(document.summary, verdict.value) for document in documents)
        yield say(f"report.verdict.{verdict}", lang), count, None
    yield from list_figures(rows, placed, {}, lang)


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


def _bandwidth_lines(documents: Sequence[ScanDocument], lang: str) -> Iterator[tuple[str, str]]:
    """All main streams together, now and after the list is done, and how many cameras are not in the sums."""
    sums = bandwidth(list(chain.from_iterable(document.cameras for document in documents)))
    if sums is None:
        return
    for key, rate in (("before", sums.before_bps), ("after", sums.after_bps)):
        rates = f"{bitrate_text(rate, lang)} · {storage_text(rate, lang)}"
        yield "line", f"{say('report.chart.bandwidth', lang)} – {say(f'report.chart.{key}', lang)}: {rates}"
    for key, count in (("unknown", sums.unknown), ("after_unknown", sums.after_unknown)):
        if count:
            yield "italic_line", say(f"report.chart.{key}", lang, count=count)


def _in_order(documents: Sequence[ScanDocument]) -> Iterator[tuple[ScanDocument, CameraView]]:
    for document in sorted(documents, key=lambda item: sort_key(item.site.name)):
        for camera in sorted(document.cameras, key=lambda item: (sort_key(item.name), item.id)):
            yield document, camera


_TOLD_ELSEWHERE = (
    "reasons",
    "steps",
)  # the list and the findings have them; here they would make rows a page high


def _camera_table(documents: Sequence[ScanDocument], lang: str) -> Table:
    one_school = len(documents) == 1
    shown = [column for column in CAMERA_COLUMNS if column.key not in _TOLD_ELSEWHERE]
    columns = [
        Column(
            say(f"report.column.{column.key}", lang),
            column.width_chars,
            column.number_format,
            hidden=one_school and column.key in ("site", "site_id"),
        )
        for column in shown
    ]
    rows = (
        [column.value(document, camera, lang) for column in shown]
        for document, camera in _in_order(documents)
    )
    return Table(
        say("report.sheet.cameras", lang), _banner(documents, lang), columns, rows, pages_wide=2, repeated=4
    )


def _finding_table(documents: Sequence[ScanDocument], lang: str) -> Table:
    widths = {"site": 14, "camera": 14, "rule": 12, "title": 20, "stream": 8, "outcome": 11, "severity": 9}
    widths |= {
        "required": 13,
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
    cameras = _in_order(documents)
    rows = chain.from_iterable(_finding_rows(*pair, lang, everything) for pair in cameras)
    return Table(say("report.sheet.findings", lang), title, columns, rows)


def _urgent_first(findings: Sequence[FindingView]) -> Iterator[FindingView]:
    """What a person must know, then what is to be confirmed by hand, then what passed."""
    grounds = reasons(findings)
    ids = {id(item) for item in grounds}
    yield from grounds
    yield from sorted((item for item in findings if id(item) not in ids), key=lambda item: not item.manual)


def _finding_rows(
    document: ScanDocument, camera: CameraView, lang: str, everything: bool
) -> Iterator[tuple[Cell, ...]]:
    for finding in _urgent_first(camera.findings):
        if everything or finding.outcome.value not in ("pass", "not_applicable"):
            yield _finding_cells(document, camera, finding, lang)


def _finding_cells(
    document: ScanDocument, camera: CameraView, finding: FindingView, lang: str
) -> tuple[Cell, ...]:
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
        Column(say("report.column.site", lang), 26, hidden=len(documents) == 1),
        Column(say("report.coverage.what", lang), 34),
        Column(say("report.coverage.value", lang), 70),
    ]
    return Table(
        say("report.sheet.coverage", lang), _banner(documents, lang), columns, _coverage_rows(documents, lang)
    )


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
        for group in missed_groups(it.not_checked, lang):
            listed = ", ".join(group.addresses[:MAX_ADDRESSES_A_ROW])
            more = " …" if len(group.addresses) > MAX_ADDRESSES_A_ROW else ""
            yield (
                name,
                say("report.coverage.not_checked", lang),
                f"{len(group.addresses)} – {group.why}: {listed}{more}",
            )
        for camera in document.retired:
            yield name, say("report.coverage.retired", lang), retired_text(camera, lang)


def _change_table(comparison: Comparison, lang: str) -> Table:
    widths = {"change": 24, "before": 16, "after": 16, "rules": 40}
    columns = [Column(say(f"report.html.{key}", lang), width) for key, width in widths.items()]
    columns[1:1] = [
        Column(say("report.column.camera", lang), 24),
        Column(say("report.column.address", lang), 16),
    ]
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
