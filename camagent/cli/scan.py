"""`camagent scan`: the main job."""

from __future__ import annotations

from pathlib import Path

import click

from camagent.cli.language import t
from camagent.cli.options import run_options, search_options, site_options


@click.command(
    "scan",
    help=t("cli.help.scan"),
    epilog=t(
        "cli.help.example",
        example='camagent scan --subnet 192.168.1.0/24 --user giamsat --site-name "THCS Nguyễn Du"',
    ),
)
@click.option(
    "--config", "config_path", type=click.Path(path_type=Path, dir_okay=False), help=t("cli.help.config")
)
@search_options
@click.option(
    "--inventory", type=click.Path(path_type=Path, dir_okay=False), help=t("cli.help.inventory_file")
)
@site_options
@run_options
@click.option("--trust-new", is_flag=True, help=t("cli.help.trust_new"))
@click.option("--no-store", is_flag=True, help=t("cli.help.no_store"))
def scan_command(config_path: Path | None, **options: object) -> int:
    """Find every camera of the site, check and judge it, report and store the result."""
    from camagent.app import RunOptions
    from camagent.cli.scanning import run_scan

    return run_scan(config_path, RunOptions(**options))  # type: ignore[arg-type]
