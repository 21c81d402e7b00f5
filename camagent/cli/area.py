"""`camagent area`: the results of many schools, merged into one upgrade list; and a reviewed list read
back."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from camagent.cli.area_record import STORE
from camagent.cli.language import lang, t, tm
from camagent.cli.options import group_option, report_format_option
from camagent.cli.terminal_lines import write_lines
from camagent.model.operator_error import OperatorError
from camagent.model.text import message, os_reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from camagent.area import AreaOptions, AreaReport
    from camagent.document.decisions import Decision
    from camagent.document.journal import JournalLine
    from camagent.store.office import OfficeRecord

MERGE = "merge"


class AreaGroup(click.Group):
    """`camagent area FILE…` merges; `camagent area apply REVIEWED.xlsx` reads a reviewed list back."""

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_usage(ctx.command_path, "FILE... [--format …] [-o FILE] [--compare … | --term …]")
        formatter.write_usage(ctx.command_path, "apply REVIEWED.xlsx --by NAME [--as-of DATE] [--replace]")
        formatter.write_usage(ctx.command_path, "journal [TEXT]")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Merging is what the command does: its options stand on the first page."""
        self.commands[MERGE].format_options(ctx, formatter)
        self.format_commands(ctx, formatter)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ("-h", "--help"):
            args = [MERGE, *args]
        return super().parse_args(ctx, args)


@click.group(
    "area",
    cls=AreaGroup,
    help=t("cli.help.area"),
    epilog=t("cli.help.example", example="camagent area ket-qua/ -o danh-muc-phuong.xlsx --format xlsx"),
)
def area_group() -> None:
    """Merge result files, or apply decisions."""


@area_group.command(
    MERGE,
    hidden=True,
    help=t("cli.help.area"),
    epilog=t("cli.help.example", example="camagent area ket-qua/"),
)
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@report_format_option
@click.option("-o", "--output", metavar="FILE", help=t("cli.help.output_file"))
@click.option("--prices", type=click.Path(path_type=Path, dir_okay=False), help=t("cli.help.prices"))
@click.option("--ward", metavar="NAME", help=t("cli.help.area_ward"))
@click.option(
    "--rank",
    type=click.Choice(["share", "count", "cost", "gates"]),
    default="share",
    show_default=True,
    help=t("cli.help.area_rank"),
)
@click.option("--compare", metavar="DATE|FILE", help=t("cli.help.area_compare"))
@click.option("--term", type=click.Choice(["hk1", "cn"]), help=t("cli.help.term"))
@STORE
@click.option("--level", "levels", multiple=True, help=t("cli.help.area_level"))
@group_option
def merge_command(
    files: tuple[Path, ...],
    report_format: str,
    output: str | None,
    levels: tuple[str, ...],
    compare: str | None,
    term: str | None,
    store: Path | None,
    group_readable: bool,
    **chosen: Any,
) -> int:
    """Merge what can be read, name what cannot, rank by need, keep what was asked."""
    from camagent.cli.area_record import opened, record_file, with_progress
    from camagent.cli.run import hand_over
    from camagent.report.progress_report import progress_lines

    report = _merged(files, levels, **chosen)
    to_stdout = output == "-" or (output is None and report_format == "json")
    target = Path(output or f"camagent-area.{report_format}")
    place = record_file(store, Path() if to_stdout else target.parent)
    with ExitStack() as stack:
        is_kept = place.exists() or store is not None or not to_stdout
        record = opened(place, stack) if is_kept else None
        decisions, journal = _recorded(report, record)
        report = with_progress(report, compare, term, record)
        content = area_report_bytes(report, report_format, decisions, journal)
    for line in progress_lines(report.progress, lang()) if report.progress is not None else ():
        write_lines(line, err=to_stdout)
    hand_over(content, None if to_stdout else target, group_readable)
    return 0


def _recorded(
    report: AreaReport, record: OfficeRecord | None
) -> tuple[Mapping[str, Decision], list[JournalLine]]:
    """Decisions and journal, after the record has taken note of the report."""
    from camagent.cli.area_record import earlier_decisions, journal_of, noted

    if record is None:
        return earlier_decisions(), []
    return noted(report, record), journal_of(record)


def _merged(files: tuple[Path, ...], levels: tuple[str, ...], **chosen: Any) -> AreaReport:
    """What the files hold together; what cannot be read is warned of. Raises OperatorError where none can."""
    from camagent.app import read_config
    from camagent.area import merge_area
    from camagent.area.area_wording import LEVELS
    from camagent.cli.run import warn

    names = levels or read_config(None).site.levels
    if len(names) > len(LEVELS):
        raise OperatorError(message("area.too_many_levels", count=len(names), limit=len(LEVELS)))
    report = merge_area(list(files), datetime.now(UTC), lang(), _options(names, **chosen), None)
    for problem in report.problems:
        warn(tm(problem.problem))
    if not report.sites:
        raise OperatorError(message("cli.area_empty"))
    return report


def _options(levels: tuple[str, ...], ward: str | None, rank: str, prices: Path | None) -> AreaOptions:
    from camagent.area import AreaOptions
    from camagent.area.school_summary import Price
    from camagent.operator_files.price_file import load_prices

    if prices is None:
        return AreaOptions(levels=levels, ward=ward, rank=rank)
    listed = load_prices(prices)
    named = {
        entry.action: Price(entry.id, getattr(entry.title, lang()), entry.amount, listed.currency)
        for entry in listed.classes
    }
    return AreaOptions(levels=levels, ward=ward, rank=rank, prices=named)


def area_report_bytes(
    report: AreaReport,
    report_format: str,
    decisions: Mapping[str, Decision],
    journal: list[JournalLine],
) -> bytes:
    """The area's list as the bytes of its file, with the decisions of the area's record."""
    if report_format == "json":
        from camagent.report.area_json import area_document
        from camagent.report.json_ import render_json

        return render_json(area_document(report, lang(), decisions)).encode()
    if report_format == "csv":
        from camagent.report.csv_ import render_area_csv

        return render_area_csv(report, lang(), decisions).encode("utf-8")
    if report_format == "xlsx":
        from camagent.report.area_xlsx import render_area_xlsx

        return render_area_xlsx(report, lang(), decisions, journal)
    from camagent.report.area_html import render_area_html

    return render_area_html(report, lang(), decisions).encode()


@area_group.command(
    "apply",
    help=t("cli.help.area_apply"),
    epilog=t(
        "cli.help.example",
        example='camagent area apply danh-muc-da-duyet.xlsx --by "Nguyễn Văn An" --as-of 12/01/2027',
    ),
)
@click.argument("reviewed_file", metavar="REVIEWED.xlsx", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--by", metavar="NAME", required=True, help=t("cli.help.area_by"))
@click.option("--as-of", metavar="DATE", help=t("cli.help.area_as_of"))
@click.option("--replace", "replacing", is_flag=True, help=t("cli.help.area_replace"))
@STORE
def apply_command(
    reviewed_file: Path, by: str, as_of: str | None, replacing: bool, store: Path | None
) -> int:
    """Record the decisions of a reviewed list; where they differ from earlier ones nothing is recorded."""
    from camagent.area.workbook_review import Stamp, apply_reviewed, read_reviewed, summary
    from camagent.cli.area_record import opened, record_file
    from camagent.cli.run import warn
    from camagent.text.vietnamese import clean_line

    content = _workbook(reviewed_file)
    stamp = Stamp(clean_line(by), _day(as_of), datetime.now(UTC))
    if not stamp.by:
        raise OperatorError(message("area.reviewed.nobody"))
    reviewed = read_reviewed(content, str(reviewed_file), stamp)
    place = record_file(store, reviewed_file.parent)
    with ExitStack() as stack:
        record = opened(place, stack)
        applied = apply_reviewed(reviewed, record.decisions(), record.cameras(), lang())
        if applied.conflicts and not replacing:
            refused = message("area.reviewed.refused", source=reviewed.source, count=len(applied.conflicts))
            raise OperatorError(*applied.conflicts, refused)
        record.decide(applied.record)
    for problem in (*reviewed.problems, *applied.conflicts, *applied.emptied):
        warn(tm(problem))
    write_lines(tm(summary(reviewed, applied)))
    write_lines(t("area.record.where", path=str(place)))
    return 1 if reviewed.problems else 0


def _workbook(path: Path) -> bytes:
    from camagent.area.workbook import MAX_PACKED_BYTES

    try:
        with path.open("rb") as file:
            return file.read(MAX_PACKED_BYTES + 1)
    except OSError as error:
        problem = message("cli.cannot_read", path=str(path), reason=os_reason(error))
        raise OperatorError(problem) from None


def _day(text: str | None) -> date | None:
    """Raises: OperatorError where it is no day, or one that is still to come."""
    from camagent.document.school_year import parse_report_date
    from camagent.text.moments import VIETNAM

    if text is None:
        return None
    today = datetime.now(VIETNAM).date()
    day = parse_report_date(text, today)
    if day is None:
        raise OperatorError(message("area.reviewed.no_day", text=text[:40]))
    if day > today:
        raise OperatorError(message("area.reviewed.future", text=text[:40]))
    return day


@area_group.command(
    "journal",
    help=t("cli.help.area_journal"),
    epilog=t("cli.help.example", example='camagent area journal "THCS Nguyễn Du"'),
)
@click.argument("text", required=False)
@STORE
def journal_command(text: str | None, store: Path | None) -> int:
    """Every decision with who and when; of the cameras named also what was asked and what became of it."""
    from camagent.cli.area_record import histories_of, journal_of, opened, record_file
    from camagent.document.journal import journal_text

    place = record_file(store, Path())
    if not place.exists():
        raise OperatorError(message("area.record.none", path=str(place)))
    with ExitStack() as stack:
        record = opened(place, stack)
        if text is None:
            lines = [journal_text(line, lang()) for line in journal_of(record)]
        else:
            lines = list(histories_of(record, text))
    for line in lines:
        write_lines(line)
    if not lines:
        raise OperatorError(message("area.record.nothing" if text is None else "area.record.unknown"))
    return 0
