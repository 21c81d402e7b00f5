"""`camagent area`: the results of many schools, merged into one upgrade list; and a reviewed list read
back."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from camagent.cli.language import lang, t, tm
from camagent.cli.options import group_option
from camagent.model.operator_error import OperatorError
from camagent.model.text import message, os_reason

if TYPE_CHECKING:
    from camagent.area import AreaOptions, AreaReport
    from camagent.store import Store

MERGE = "merge"


class AreaGroup(click.Group):
    """`camagent area FILE…` merges; `camagent area apply REVIEWED.xlsx` reads a reviewed list back."""

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_usage(ctx.command_path, "FILE... [--format …] [-o FILE] [--level …]")
        formatter.write_usage(ctx.command_path, "apply REVIEWED.xlsx")

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
@click.option(
    "--format",
    "report_format",
    type=click.Choice(["xlsx", "html", "csv", "json"]),
    default="html",
    show_default=True,
    help=t("cli.help.report_format"),
)
@click.option("-o", "--output", metavar="FILE", help=t("cli.help.output_file"))
@click.option("--prices", type=click.Path(path_type=Path, dir_okay=False), help=t("cli.help.prices"))
@click.option("--ward", metavar="NAME", help=t("cli.help.area_ward"))
@click.option(
    "--rank",
    type=click.Choice(["share", "count", "cost"]),
    default="share",
    show_default=True,
    help=t("cli.help.area_rank"),
)
@click.option("--level", "levels", multiple=True, help=t("cli.help.area_level"))
@group_option
def merge_command(
    files: tuple[Path, ...],
    report_format: str,
    output: str | None,
    levels: tuple[str, ...],
    group_readable: bool,
    **chosen: Any,
) -> int:
    """Merge what can be read, name what cannot, rank by need."""
    from camagent.app import read_config
    from camagent.area import merge_area
    from camagent.area.wording import LEVELS
    from camagent.cli.run import warn, write_report

    names = levels or read_config(None).site.levels
    if len(names) > len(LEVELS):
        raise OperatorError(message("area.too_many_levels", count=len(names), limit=len(LEVELS)))
    report = merge_area(list(files), datetime.now(UTC), lang(), _options(names, **chosen), None)
    for problem in report.problems:
        warn(tm(problem.problem))
    if not report.sites:
        raise OperatorError(message("cli.area_empty"))
    content = rendered(report, report_format)
    if output == "-" or (output is None and report_format == "json"):
        sys.stdout.buffer.write(content)
    else:
        path = write_report(Path(output or f"camagent-area.{report_format}"), content, group_readable)
        warn(t("cli.written", path=str(path)))
    return 0


def _options(levels: tuple[str, ...], ward: str | None, rank: str, prices: Path | None) -> AreaOptions:
    from camagent.area import AreaOptions
    from camagent.area.school import Price
    from camagent.plan.prices import load_prices

    if prices is None:
        return AreaOptions(levels=levels, ward=ward, rank=rank)
    listed = load_prices(prices)
    named = {
        entry.action: Price(entry.id, getattr(entry.title, lang()), entry.amount, listed.currency)
        for entry in listed.classes
    }
    return AreaOptions(levels=levels, ward=ward, rank=rank, prices=named)


def rendered(report: AreaReport, report_format: str) -> bytes:
    """The area's list as the bytes of its file, with the decisions that this machine's store holds."""
    store = _store_if_any()
    try:
        decisions = store.decisions() if store is not None else None
    finally:
        if store is not None:
            store.close()
    if report_format == "json":
        from camagent.report.area_json import area_document
        from camagent.report.json_ import render_json

        return render_json(area_document(report, decisions)).encode()
    if report_format == "csv":
        from camagent.report.csv_ import render_area_csv

        return render_area_csv(report, lang(), decisions).encode("utf-8")
    if report_format == "xlsx":
        from camagent.report.area_xlsx import render_area_xlsx

        return render_area_xlsx(report, lang(), decisions)
    from camagent.report.area_html import render_area_html

    return render_area_html(report, lang(), decisions).encode()


def _store_if_any() -> Store | None:
    """The office's own record, where one was ever made here: merging files alone makes none."""
    from camagent.app import data_dir, open_site_store, read_config

    config = read_config(None)
    return open_site_store(config) if (data_dir(config) / "camagent.sqlite").exists() else None


@area_group.command(
    "apply",
    help=t("cli.help.area_apply"),
    epilog=t("cli.help.example", example="camagent area apply danh-muc-da-duyet.xlsx"),
)
@click.argument("reviewed_file", metavar="REVIEWED.xlsx", type=click.Path(path_type=Path, dir_okay=False))
def apply_command(reviewed_file: Path) -> int:
    """Record the decisions of a reviewed list; where they differ from earlier ones, that is told."""
    from camagent.app import open_site_store, read_config
    from camagent.area.reviewed import (
        apply_reviewed,
        read_reviewed,
        summary,
    )
    from camagent.area.workbook import MAX_PACKED_BYTES
    from camagent.cli.run import warn

    try:
        with reviewed_file.open("rb") as file:
            content = file.read(MAX_PACKED_BYTES + 1)
    except OSError as error:
        raise OperatorError(
            message("cli.cannot_read", path=str(reviewed_file), reason=os_reason(error))
        ) from None
    store = open_site_store(read_config(None))
    try:
        reviewed = read_reviewed(content, str(reviewed_file), datetime.now(UTC))
        applied = apply_reviewed(reviewed, store.decisions(), lang())
        store.decide(applied.record)
    finally:
        store.close()
    for problem in (*reviewed.problems, *applied.conflicts, *applied.emptied):
        warn(tm(problem))
    click.echo(tm(summary(reviewed, applied)))
    return 0
