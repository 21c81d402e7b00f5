"""The area's own record beside its lists: where it is, what a merge adds to it, and what it is compared
with."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from camagent.cli.language import lang, t
from camagent.cli.run import warn
from camagent.model.operator_error import OperatorError
from camagent.model.text import message

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from camagent.area import AreaReport
    from camagent.document.decisions import Decision
    from camagent.document.journal import JournalLine
    from camagent.document.progress import Progress
    from camagent.document.school_sightings import SightingView
    from camagent.store.office import OfficeRecord

FILE_NAME = "camagent-area.sqlite"
MAX_AREA_BYTES = 256 * 2**20  # bounds what a file by that name can make us read
MAX_MOVES = 10  # named on the terminal; the record has them all

STORE = click.option(
    "--store", type=click.Path(path_type=Path, dir_okay=False), help=t("cli.help.area_store")
)


def record_file(named: Path | None, near: Path) -> Path:
    """The record that was named, else the one in a list's folder, else the one in the present folder; the
    first of these is where a new one is made."""
    if named is not None:
        return named
    beside = near / FILE_NAME
    return next((path for path in (beside, Path(FILE_NAME)) if path.exists()), beside)


def opened(path: Path, stack: ExitStack) -> OfficeRecord:
    """The record at that place; a new one takes over what this machine's own record has of decisions."""
    from camagent.store.office import open_office

    is_new = not path.exists()
    record = stack.enter_context(open_office(path))
    if is_new and (earlier := earlier_decisions()):
        record.decide(list(earlier.values()))
        warn(t("area.record.taken_over", count=len(earlier), path=str(path)))
    return record


def earlier_decisions() -> Mapping[str, Decision]:
    """Camagent 0.1.0 kept the decisions of an area in the record of a site."""
    from camagent.app import data_dir, open_site_store, read_config

    config = read_config(None)
    if not (data_dir(config) / "camagent.sqlite").exists():
        return {}
    with open_site_store(config) as store:
        return store.decisions()


def noted(report: AreaReport, record: OfficeRecord) -> dict[str, Decision]:
    """Keep what the merge says of each camera; answers with the decisions, which went with cameras that
    moved."""
    moves = record.note(report.sightings(), report.at)
    for move in moves[:MAX_MOVES]:
        warn(t("area.record.moved", camera=move.name, site=move.site, address=move.address))
    if len(moves) > MAX_MOVES:
        warn(t("area.record.more_moved", count=len(moves) - MAX_MOVES))
    decisions = record.decisions()
    if not decisions:
        return decisions
    schools = {site.key for site in report.sites}
    present = {item.row_id for item in report.sightings()}
    cameras = record.cameras()
    lost = [
        key for key in decisions if key not in present and key in cameras and cameras[key].site_id in schools
    ]
    if lost:
        warn(t("area.record.lost", count=len(lost)))
    return decisions


def with_progress(
    report: AreaReport, compare: str | None, term: str | None, record: OfficeRecord | None
) -> AreaReport:
    """The report with what became of what was asked before, where one of the two is given.

    Raises: OperatorError where it is neither a date nor a file, or there is nothing to compare with.
    """
    if compare is None and term is None:
        return report
    if compare is not None and term is not None:
        raise OperatorError(message("area.compare.one"))
    if compare is not None and Path(compare).exists():
        return replace(report, progress=_against_file(report, Path(compare), record))
    if record is None:
        raise OperatorError(message("area.compare.no_record"))
    return replace(report, progress=_against_record(report, compare, term, record))


def _against_record(
    report: AreaReport, compare: str | None, term: str | None, record: OfficeRecord
) -> Progress:
    from camagent.document.school_year import parse_earlier
    from camagent.document.terms import term_of
    from camagent.text.moments import VIETNAM, moment_text

    today = report.at.astimezone(VIETNAM)
    name = ""
    if term is not None:
        school_term = term_of(term, today.date())
        before, name = school_term.before, term
    else:
        earlier = parse_earlier(compare or "", today)
        if earlier is None or earlier.until is None:
            raise OperatorError(message("area.compare.unreadable", text=(compare or "")[:60]))
        before = earlier.until
    first = record.first_at()
    if first is None or (first >= before and name == ""):
        raise OperatorError(message("area.compare.nothing_then", before=moment_text(before, lang())))
    if first >= before:
        warn(t("report.progress.no_data", before=moment_text(before, lang())))
        before = first + timedelta(seconds=1)
    return _progress(report, record.asked_before(before), before, record, name)


def _against_file(report: AreaReport, path: Path, record: OfficeRecord | None) -> Progress:
    """Raises: OperatorError where it is neither an area's JSON document nor results of schools."""
    from camagent.area import AreaOptions, merge_area

    earlier = None if path.is_dir() else _area_document(path)
    if earlier is None:
        merged = merge_area([path], report.at, lang(), AreaOptions())
        if not merged.sites:
            raise OperatorError(message("area.compare.no_results", path=str(path)))
        before = max(site.checked_at for site in merged.sites) + timedelta(seconds=1)
        earlier = tuple(merged.sightings()), before
    sightings, at = earlier
    if record is not None:
        sightings = tuple(replace(item, row_id=record.current(item.row_id)) for item in sightings)
    return _progress(report, sightings, at, record, "")


def _area_document(path: Path) -> tuple[tuple[SightingView, ...], datetime] | None:
    """What an area's JSON document asked; None where it is something else."""
    from camagent.area.earlier_list import read_earlier_list
    from camagent.document.area_merge import AREA_SCHEMA
    from camagent.document.read import read_schema
    from camagent.model.text import os_reason

    try:
        with path.open("rb") as file:
            content = file.read(MAX_AREA_BYTES + 1)
    except OSError as error:
        problem = message("cli.cannot_read", path=str(path), reason=os_reason(error))
        raise OperatorError(problem) from None
    if read_schema(content) != AREA_SCHEMA:
        return None
    earlier = read_earlier_list(content) if len(content) <= MAX_AREA_BYTES else None
    if earlier is None:
        raise OperatorError(message("area.compare.no_results", path=str(path)))
    return earlier


def _progress(
    report: AreaReport,
    before: Iterable[SightingView],
    before_at: datetime,
    record: OfficeRecord | None,
    term: str,
) -> Progress:
    from camagent.document.progress import Progress, steps_between
    from camagent.text.vietnamese import clean_line

    if report.ward is not None:
        ward = clean_line(report.ward).casefold()
        before = [item for item in before if clean_line(item.area).casefold() == ward]
    schools = {site.key for site in report.sites}
    decisions = record.decisions() if record is not None else {}
    steps = steps_between(before, report.sightings(), schools, decisions)
    return Progress(before_at, report.at.astimezone(UTC), steps, term)


def journal_of(record: OfficeRecord) -> list[JournalLine]:
    """Every decision with its camera, oldest first."""
    from camagent.document.journal import JournalLine

    journal = record.journal()
    cameras = record.cameras() if journal else {}
    return [JournalLine(item, cameras.get(item.row_id)) for item in journal]


def histories_of(record: OfficeRecord, text: str) -> Iterator[str]:
    """Of each camera with that id, name or address, or of that school: what was asked, decided and done."""
    from camagent.document.journal import history_text
    from camagent.text.vietnamese import clean_line

    wanted = clean_line(text).casefold()
    cameras = {item.row_id: item for item in record.cameras().values()}
    for item in cameras.values():
        names = (item.row_id, item.site_id, item.site, item.name, item.address)
        if wanted in (name.casefold() for name in names):
            decided = [one for one in record.journal() if record.current(one.row_id) == item.row_id]
            yield from history_text(record.states(item.row_id), decided, lang())
