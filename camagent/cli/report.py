"""`camagent report`: a report from the stored scans of this site."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from camagent.cli.language import lang, t
from camagent.cli.options import group_option, report_format_option
from camagent.cli.terminal_lines import write_lines
from camagent.model.operator_error import OperatorError
from camagent.model.text import message

if TYPE_CHECKING:
    from camagent.document.compare import Comparison
    from camagent.document.model import ScanDocument
    from camagent.document.progress import Progress
    from camagent.report.earlier_scans import EarlierScans
    from camagent.store import Store


@click.command(
    "report",
    help=t("cli.help.report"),
    epilog=t("cli.help.example", example="camagent report --format xlsx --compare hk1 -o danh-muc.xlsx"),
)
@click.option(
    "--config", "config_path", type=click.Path(path_type=Path, dir_okay=False), help=t("cli.help.config")
)
@report_format_option
@click.option("--compare", metavar="last|N|TIME|hk1|DATE", help=t("cli.help.compare"))
@click.option("--term", type=click.Choice(["hk1", "cn"]), help=t("cli.help.term"))
@click.option("-o", "--output", metavar="FILE", help=t("cli.help.output_file"))
@group_option
def report_command(
    config_path: Path | None,
    report_format: str,
    compare: str | None,
    term: str | None,
    output: str | None,
    group_readable: bool,
) -> int:
    """Render the newest stored scan, with what changed since the one before, or since the one that is
    named."""
    from camagent.app import open_site_store, read_config
    from camagent.cli.run import hand_over, warn_of
    from camagent.report.earlier_scans import EarlierScans
    from camagent.report.progress_report import progress_lines

    config = read_config(config_path)
    store = open_site_store(config, warn_of)
    try:
        newest = store.latest()
        if newest is None:
            raise OperatorError(message("cli.no_stored_scan"))
        if compare is not None and term is not None:
            raise OperatorError(message("area.compare.one"))
        newest, progress = (newest, None) if term is None else _term(store, term)
        comparison = _comparison(newest, compare, store) if term is None else None
        history = {camera.id: store.states(camera.id) for camera in newest.cameras}
        content = report_bytes(report_format, newest, EarlierScans(comparison, history, progress))
    finally:
        store.close()
    to_stdout = output == "-" or (output is None and report_format == "json")
    for line in progress_lines(progress, lang()) if progress is not None else ():
        write_lines(line, err=to_stdout)
    path = Path(output or f"camagent-{newest.started_at:%Y-%m-%d}.{report_format}")
    hand_over(content, None if to_stdout else path, group_readable)
    return 0


def report_bytes(report_format: str, document: ScanDocument, past: EarlierScans) -> bytes:
    """One report as the bytes of its file."""
    if report_format == "json":
        from camagent.report.json_ import render_json

        return render_json(document).encode()
    if report_format == "csv":
        from camagent.report.csv_ import render_csv

        return render_csv([document], lang()).encode("utf-8")
    if report_format == "xlsx":
        from camagent.report.xlsx import render_xlsx

        return render_xlsx([document], lang(), past.comparison, past.progress)
    from camagent.report.html import render_html

    return render_html([document], lang(), past).encode()


def _comparison(newest: ScanDocument, text: str | None, store: Store) -> Comparison | None:
    """Against the scan that was named; where none was, against the one before, if there is one.

    Raises: OperatorError where the text cannot be read, nothing was stored by then, or there is nothing
    later.
    """
    from camagent.document.compare import compare
    from camagent.document.school_year import EarlierScan, parse_earlier
    from camagent.text.moments import VIETNAM

    earlier = parse_earlier(text, datetime.now(VIETNAM)) if text is not None else EarlierScan(ago=1)
    if earlier is None:
        raise OperatorError(message("cli.bad_date", text=(text or "")[:40]))
    if earlier.until is not None:
        before = store.before(earlier.until)
    else:
        before = store.before(newest.started_at, earlier.ago or 1)
    if before is None:
        if text is None:
            return None
        raise OperatorError(message("cli.no_scan_at", day=text))
    if before.started_at >= newest.started_at:
        raise OperatorError(message("report.nothing_later", day=text or ""))
    return compare(before, newest)


def _term(store: Store, name: str) -> tuple[ScanDocument, Progress]:
    """The last scan of the term, and what became until then of what was asked on the reporting date before.

    Raises: OperatorError where there is no scan of that term, or nothing to compare it with.
    """
    from camagent.cli.run import warn
    from camagent.document.progress import Progress, steps_between
    from camagent.document.school_sightings import sightings_of
    from camagent.document.terms import term_of
    from camagent.text.moments import VIETNAM, moment_text

    term = term_of(name, datetime.now(VIETNAM).date())
    newest, before_at = store.before(term.until), term.before
    if newest is None or newest.started_at < before_at:
        raise OperatorError(message("report.progress.no_scan", before=moment_text(term.until, lang())))
    before = store.before(before_at)
    if before is None:
        before = store.since(before_at)
        assert before is not None, "the newest scan began after that moment"
        warn(t("report.progress.no_data", before=moment_text(before_at, lang())))
        before_at = before.started_at + timedelta(seconds=1)
    if before.started_at >= newest.started_at:
        raise OperatorError(message("report.nothing_later", day=name))
    schools = {newest.site.id or newest.site.name}
    steps = steps_between(sightings_of(before, lang()), sightings_of(newest, lang()), schools, {})
    return newest, Progress(before_at, newest.started_at, steps, name)
