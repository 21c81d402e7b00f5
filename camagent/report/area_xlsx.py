"""The area's workbook: summary, the schools by need, the upgrade list with decisions, failures, files left out."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence

from camagent.area import AreaReport
from camagent.area.wording import covered_text, flags_text, level_names, merged_text, need_text
from camagent.document.decisions import Decision
from camagent.model.finding import Verdict
from camagent.report.sheet import Book, Cell, Column, Placed, Table, open_book
from camagent.report.summary_sheet import Figure, write_summary
from camagent.report.upgrade_sheet import headline, list_figures, write_upgrade_sheet
from camagent.report.xlsx import properties
from camagent.text import render, say
from camagent.text.quantities import moment_text


def render_area_xlsx(report: AreaReport, lang: str, decisions: Mapping[str, Decision] | None = None) -> bytes:
    """The workbook; decisions taken earlier stand in the list already."""
    banner = [] if report.authoritative else [("warning", say("area.provisional", lang))]
    target = io.BytesIO()
    known = decisions or {}
    with open_book(target) as workbook:
        workbook.set_properties(properties(say("area.title", lang), report.at))
        book = Book(workbook)
        summary = workbook.add_worksheet(say("report.sheet.summary", lang))
        placed = write_upgrade_sheet(book, report.rows, banner, lang, known)
        lines = [("title", say("area.title", lang)), ("line", merged_text(report, lang)), *banner]
        lines.append(("line", covered_text(report, lang)))
        lines.append(("headline", headline(report.rows, sum(site.cameras for site in report.sites), lang)))
        write_summary(book, summary, lines, _figures(report, placed, known, lang))
        book.add(_site_table(report, lang, banner))
        book.add(_rule_table(report, lang))
        book.add(_problem_table(report, lang))
        summary.activate()
    return target.getvalue()


def _figures(report: AreaReport, placed: Placed, decisions: Mapping[str, Decision], lang: str) -> Iterator[Figure]:
    yield say("report.table.verdict", lang), None, None
    for verdict in Verdict:
        yield say(f"report.verdict.{verdict}", lang), report.count(verdict), None
    yield from list_figures(report.rows, placed, decisions, lang)
    yield say("report.column.cost_class", lang), None, None
    for name, count in sorted(report.cost_classes().items()):
        yield name or say("area.without_class", lang), count, None
    for currency, amount in sorted(report.amounts().items()):
        yield say("area.amount", lang, currency=currency), amount, None


def _site_table(report: AreaReport, lang: str, banner: Sequence[tuple[str, str]]) -> Table:
    site, area, city = level_names(report, lang)
    heads = [(say("area.head.rank", lang), 6.0), (site, 24.0), (say("report.column.site_id", lang), 9.0)]
    heads += [(area, 16.0), (city, 14.0), (say("area.head.cameras", lang), 8.0)]
    heads += [(say(f"report.verdict.{verdict}", lang), 10.0) for verdict in Verdict]
    heads += [(say("area.head.not_checked", lang), 9.0), (say("area.head.need", lang), 13.0)]
    heads += [(say(f"area.head.{key}", lang), width) for key, width in _SITE_ENDS]
    columns = [Column(head, width, "0.0" if head == say("area.head.age", lang) else None) for head, width in heads]
    return Table(say("report.html.sites", lang), banner, columns, _site_rows(report, lang))


_SITE_ENDS = (("checked_at", 12.0), ("age", 7.0), ("flags", 26.0), ("profile", 16.0), ("source", 20.0))


def _site_rows(report: AreaReport, lang: str) -> Iterator[Sequence[Cell]]:
    for rank, site in enumerate(report.sites, start=1):
        counts = [site.counts[verdict] for verdict in Verdict]
        ends = (moment_text(site.checked_at, lang), round(site.age_days, 1), flags_text(site, lang))
        place = (site.name, site.site_id, site.area, site.city, site.cameras)
        yield rank, *place, *counts, site.not_checked, need_text(site, lang), *ends, site.profile, site.source


def _rule_table(report: AreaReport, lang: str) -> Table:
    columns = [Column(say("area.head.rule", lang), 18), Column(say("report.finding.title", lang), 60)]
    columns.append(Column(say("area.head.failing", lang), 18, "0"))
    titles = dict(report.rule_titles)
    rows = ((rule, titles.get(rule, ""), count) for rule, count in report.failing_rules)
    title = [("line", say("area.head.rules", lang))]
    return Table(say("report.sheet.findings", lang), title, columns, rows)


def _problem_table(report: AreaReport, lang: str) -> Table:
    columns = [Column(say("area.head.source", lang), 34), Column(say("area.head.problem", lang), 90)]
    rows = ((item.source, render(item.problem, lang)) for item in report.problems)
    return Table(say("report.sheet.coverage", lang), [("line", say("area.head.problems", lang))], columns, rows)
