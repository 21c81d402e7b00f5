"""`camagent report`: a report from the stored scans of this site."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from camagent.cli.language import lang, t, tm
from camagent.cli.options import group_option
from camagent.model.operator_error import OperatorError
from camagent.model.text import message

if TYPE_CHECKING:
    from camagent.document.compare import Comparison
    from camagent.document.model import ScanDocument
    from camagent.document.states import CameraState
    from camagent.store import Store


@click.command(
    "report",
    help=t("cli.help.report"),
    epilog=t("cli.help.example", example="camagent report --format xlsx --compare hk1 -o danh-muc.xlsx"),
)
@click.option(
    "--config", "config_path", type=click.Path(path_type=Path, dir_okay=False), help=t("cli.help.config")
)
@click.option(
    "--format",
    "report_format",
    type=click.Choice(["xlsx", "html", "csv", "json"]),
    default="html",
    show_default=True,
    help=t("cli.help.report_format"),
)
@click.option("--compare", metavar="last|N|TIME|hk1|DATE", help=t("cli.help.compare"))
@click.option("-o", "--output", metavar="FILE", help=t("cli.help.output_file"))
@group_option
def report_command(
    config_path: Path | None,
    report_format: str,
    compare: str | None,
    output: str | None,
    group_readable: bool,
) -> int:
    """Render the newest stored scan, with what changed since the one before, or since the one that is
    named."""
    from camagent.app import open_site_store, read_config
    from camagent.cli.run import warn, write_report

    config = read_config(config_path)
    store = open_site_store(config)
    store.tell = lambda problem: warn(tm(problem))
    try:
        newest = store.latest()
        if newest is None:
            raise OperatorError(message("cli.no_stored_scan"))
        comparison = _comparison(newest, compare, store)
        history = {camera.id: store.states(camera.id) for camera in newest.cameras}
        content = rendered(report_format, newest, Past(comparison, history))
    finally:
        store.close()
    if output == "-" or (output is None and report_format == "json"):
        sys.stdout.buffer.write(content)
        return 0
    path = write_report(
        Path(output or f"camagent-{newest.started_at:%Y-%m-%d}.{report_format}"), content, group_readable
    )
    warn(t("cli.written", path=str(path)))
    return 0


@dataclass(frozen=True, slots=True)
class Past:
    """What the store adds to the newest scan."""

    comparison: Comparison | None
    states: Mapping[str, Sequence[CameraState]]
    """Changes of state by camera id."""


def rendered(report_format: str, document: ScanDocument, past: Past) -> bytes:
    """One report as the bytes of its file."""
    if report_format == "json":
        from camagent.report.json_ import render_json

        return render_json(document).encode()
    if report_format == "csv":
        from camagent.report.csv_ import render_csv

        return render_csv([document], lang()).encode("utf-8")
    if report_format == "xlsx":
        from camagent.report.xlsx import render_xlsx

        return render_xlsx([document], lang(), past.comparison)
    from camagent.report.html import render_html

    return render_html([document], lang(), past.comparison, histories=past.states).encode()


def _comparison(newest: ScanDocument, text: str | None, store: Store) -> Comparison | None:
    """Against the scan that was named; where none was, against the one before, if there is one.

    Raises: OperatorError where the text cannot be read, nothing was stored by then, or there is nothing
    later.
    """
    from camagent.document.compare import compare
    from camagent.document.school_year import Earlier, parse_earlier
    from camagent.text.quantities import VIETNAM

    earlier = parse_earlier(text, datetime.now(VIETNAM)) if text is not None else Earlier(ago=1)
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
