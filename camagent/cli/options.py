"""Options that several commands have in common, each with its text in the language of this run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from camagent.cli.language import t

Command = TypeVar("Command", bound=Callable[..., Any])


def format_option(command: Command) -> Command:
    """`--format table|json`: exactly one JSON document on stdout, everything else on stderr."""
    return click.option(
        "--format",
        "output_format",
        type=click.Choice(["table", "json"]),
        default="table",
        help=t("cli.help.format"),
    )(command)


def report_format_option(command: Command) -> Command:
    """`--format xlsx|html|csv|json` of a report."""
    return click.option(
        "--format",
        "report_format",
        type=click.Choice(["xlsx", "html", "csv", "json"]),
        default="html",
        show_default=True,
        help=t("cli.help.report_format"),
    )(command)


def group_option(command: Command) -> Command:
    """`--group-readable`: reports tell which cameras are weak, so that they are their owner's alone
    otherwise."""
    return click.option("--group-readable", is_flag=True, help=t("cli.help.group_readable"))(command)


def search_options(command: Command) -> Command:
    """`--subnet` and `--interface`."""
    command = click.option(
        "--interface", "interfaces", multiple=True, metavar="NAME", help=t("cli.help.interface")
    )(command)
    return click.option("--subnet", "subnets", multiple=True, metavar="CIDR", help=t("cli.help.subnet"))(
        command
    )


def run_options(command: Command) -> Command:
    """What `scan` and `check` have in common: how each camera is asked, watched and judged, and where results
    go.

    Each is a field of `app.RunOptions` of the same name; an option stands here, there, and in the two
    catalogues.
    """
    for option in reversed(
        [
            click.option(
                "--profile", "requirement_profile", metavar="ID|FILE", help=t("cli.help.requirement_profile")
            ),
            click.option("--window", "window_s", type=click.FloatRange(2, 300), help=t("cli.help.window")),
            click.option(
                "--transport", type=click.Choice(["auto", "tcp", "udp"]), help=t("cli.help.transport")
            ),
            click.option("--pictures", type=click.IntRange(0, 5), help=t("cli.help.pictures")),
            click.option(
                "--keep-images",
                type=click.Path(path_type=Path, file_okay=False),
                help=t("cli.help.keep_images"),
            ),
            click.option(
                "--record", type=click.Path(path_type=Path, file_okay=False), help=t("cli.help.record")
            ),
            click.option(
                "--prices", type=click.Path(path_type=Path, dir_okay=False), help=t("cli.help.prices")
            ),
            click.option("--no-port-check", is_flag=True, help=t("cli.help.no_port_check")),
            click.option("--try-default-logins", is_flag=True, help=t("cli.help.try_default_logins")),
            click.option("--try-snapshot", is_flag=True, help=t("cli.help.try_snapshot")),
            click.option(
                "--output", type=click.Path(path_type=Path, file_okay=False), help=t("cli.help.output")
            ),
            group_option,
            format_option,
        ]
    ):
        command = option(command)
    return command


def site_options(command: Command) -> Command:
    """Whose network is scanned and who logs in there; fields of `app.RunOptions` too."""
    for option in reversed(
        [
            click.option("--user", metavar="NAME", help=t("cli.help.scan_user")),
            click.option(
                "--password-file",
                type=click.Path(path_type=Path, dir_okay=False),
                help=t("cli.help.password_file"),
            ),
            click.option("--site-id", metavar="ID", help=t("cli.help.site_id")),
            click.option("--site-name", metavar="NAME", help=t("cli.help.site_name")),
        ]
    ):
        command = option(command)
    return command


def login_options(command: Command) -> Command:
    """Who logs in to the cameras that are named; the password itself never stands in a default."""
    for option in reversed(
        [
            click.option("--user", help=t("cli.help.user")),
            click.option(
                "--password-file",
                type=click.Path(path_type=Path, dir_okay=False),
                help=t("cli.help.password_file"),
            ),
            click.option("--password", help=t("cli.help.password")),
            click.option("--allow-basic", is_flag=True, help=t("cli.help.allow_basic")),
        ]
    ):
        command = option(command)
    return command
