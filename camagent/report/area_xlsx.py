"""The area's workbook: the sheet that is signed, three appendices, schools by need, failures, files left
out."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from camagent.area import AreaReport
from camagent.area.area_wording import (
    covered_text,
    flags_text,
    level_names,
    merged_text,
    need_text,
    ranked_text,
)
from camagent.document.decisions import Decision
from camagent.document.journal import JournalLine
from camagent.document.upgrade_rows import UpgradeRow
from camagent.model.finding import Verdict
from camagent.report.annex import ANNEXES, Annex, Office, currency_word, write_annex
from camagent.report.area_summary import write_area_summary
from camagent.report.progress_report import journal_table, progress_table
from camagent.report.sheet import Cell, Column, OpenWorkbook, Table, open_book
from camagent.report.spelled_sheet import SpelledSheet
from camagent.report.tender_sheet import tender_table
from camagent.report.upgrade_sheet import budget_lines, headline
from camagent.report.xlsx import properties
from camagent.text import render, say
from camagent.text.moments import moment_text
from camagent.text.vietnamese import sort_key


def render_area_xlsx(
    report: AreaReport,
    lang: str,
    decisions: Mapping[str, Decision] | None = None,
    journal: list[JournalLine] | None = None,
) -> bytes:
    """The workbook; decisions taken earlier stand in the list already, and the journal on a sheet of its
    own."""
    target = io.BytesIO()
    with open_book(target) as workbook:
        workbook.set_properties(properties(say("area.title", lang), report.at))
        office = _office(OpenWorkbook(workbook), report, lang, decisions or {})
        summary = workbook.add_worksheet(say("report.annex.summary", lang))
        annexes = [write_annex(annex, _listed(annex, report.rows), office) for annex in ANNEXES]
        lines = [("title", say("area.title", lang)), ("line", merged_text(report, lang)), *office.banner]
        lines.append(("line", covered_text(report, lang)))
        lines.append(("headline", headline(report.rows, sum(site.cameras for site in report.sites), lang)))
        lines += budget_lines(report.rows, lang)
        write_area_summary(summary, lines, report, annexes, office)
        if report.progress is not None:
            office.book.add(progress_table(report.progress, list(office.banner), lang), office.notice)
        if report.tenders:
            office.book.add(tender_table(report.tenders, office.banner, lang), office.notice)
        tables = [_site_table(report, lang), _rule_table(report, lang)]
        if report.problems or report.out:  # an empty sheet would be a page of paper
            tables.append(_problem_table(report, lang))
        for table in tables:
            office.book.add(table, office.notice)
        if journal:
            office.book.add(journal_table(journal, lang), office.notice)
        office.words.write(office.book)
        summary.activate()
    return target.getvalue()


def _office(book: OpenWorkbook, report: AreaReport, lang: str, decisions: Mapping[str, Decision]) -> Office:
    currencies = Counter(row.cost_currency for row in report.rows if row.cost_amount is not None)
    currency = min(currencies, key=lambda name: (-currencies[name], name), default="")
    banner = [] if report.authoritative else [("warning", say("area.provisional", lang))]
    if len(currencies) > 1:
        banner.append(
            ("warning", say("report.annex.other_currency", lang, currency=currency_word(currency, lang)))
        )
    names = sorted({row.area for row in report.rows}, key=sort_key)
    return Office(
        book=book,
        words=SpelledSheet(lang),
        lang=lang,
        decisions=decisions,
        wards={name: number for number, name in enumerate(names, start=1)},
        currency=currency,
        tenders={item.key: number for number, item in enumerate(report.tenders, start=1)}
        if report.tenders[1:]
        else {},
        banner=banner,
        notice="" if report.authoritative else say("report.annex.notice", lang),
    )


def _listed(annex: Annex, rows: Sequence[UpgradeRow]) -> list[UpgradeRow]:
    """The annex's cameras, school by school where it is grouped so; the area's rows are in the order of
    need."""
    return [row for row in rows if row.action in annex.actions]


def _site_table(report: AreaReport, lang: str) -> Table:
    site, area, city = level_names(report, lang)
    heads = [(say("area.head.rank", lang), 6.0), (site, 32.0), (say("report.column.site_id", lang), 9.0)]
    heads += [(area, 24.0), (city, 18.0), (say("area.head.cameras", lang), 8.0)]
    heads += [(say(f"report.verdict.{verdict}", lang), 9.0) for verdict in Verdict]
    heads += [(say("area.head.gates", lang), 9.0), (say("area.head.out", lang), 9.0)]
    heads += [(say("area.head.not_checked", lang), 9.0), (say("area.head.need", lang), 13.0)]
    heads += [(say(f"area.head.{key}", lang), width) for key, width in _SITE_ENDS]
    alike = {city: {one.city for one in report.sites}}
    alike[say("area.head.profile", lang)] = {one.profile for one in report.sites}
    alike[say("area.head.gates", lang)] = {str(one.gates[Verdict.NOT_READY]) for one in report.sites}
    alike[say("area.head.out", lang)] = {str(one.out_of_service) for one in report.sites}
    columns = [
        Column(
            head,
            width,
            "0.0" if head == say("area.head.age", lang) else None,
            hidden=len(alike.get(head, ".."))
            == 1,  # the same in every row: it tells nothing, and paper is dear
        )
        for head, width in heads
    ]
    title = [("line", ranked_text(report, lang))]
    return Table(say("report.annex.schools", lang), title, columns, _site_rows(report, lang), compact=True)


_SITE_ENDS = (("checked_at", 17.0), ("age", 8.0), ("flags", 24.0), ("profile", 24.0), ("source", 18.0))


def _site_rows(report: AreaReport, lang: str) -> Iterator[Sequence[Cell]]:
    for rank, site in enumerate(report.sites, start=1):
        counts = [site.counts[verdict] for verdict in Verdict]
        ends = (moment_text(site.checked_at, lang), round(site.age_days, 1), flags_text(site, lang))
        place = (site.name, site.site_id, site.area, site.city, site.cameras)
        counts += [site.gates[Verdict.NOT_READY], site.out_of_service]
        yield rank, *place, *counts, site.not_checked, need_text(site, lang), *ends, site.profile, site.source


def _rule_table(report: AreaReport, lang: str) -> Table:
    columns = [Column(say("area.head.rule", lang), 18), Column(say("report.finding.title", lang), 60)]
    columns.append(Column(say("area.head.failing", lang), 18, "0"))
    titles = dict(report.rule_titles)
    rows = ((rule, titles.get(rule, ""), count) for rule, count in report.failing_rules)
    title = [("line", say("area.head.rules", lang))]
    return Table(say("report.sheet.findings", lang), title, columns, rows, compact=True)


def _problem_table(report: AreaReport, lang: str) -> Table:
    columns = [Column(say("area.head.source", lang), 34), Column(say("area.head.problem", lang), 90)]
    title = [("line", say("area.head.problems", lang))]
    rows = [(item.source, render(item.problem, lang)) for item in report.problems]
    rows += [(f"{item.site}, {item.name} ({item.address})", item.reason) for item in report.out]
    return Table(say("report.sheet.coverage", lang), title, columns, rows, compact=True)
