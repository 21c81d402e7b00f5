"""`camagent assets export DIR`: schemas, pages of findings, units, alert rules, dashboards, the manual page,
for whoever has only the wheel."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from camagent.cli.language import t
from camagent.cli.terminal_lines import write_lines
from camagent.model.operator_error import OperatorError
from camagent.model.text import message, os_reason

PACKAGE = Path(__file__).resolve().parents[1]
ASSETS = {
    "schema": "docs/schema",
    "findings": "docs/findings",
    "systemd": "systemd",
    "monitoring": "monitoring",
}
"""Name in the export, and where it lies in the source tree; the wheel has all of them below `_assets`."""


@click.group(
    name="assets",
    help=t("cli.help.assets"),
    epilog=t("cli.help.example", example="camagent assets export camagent-assets"),
)
def assets_group() -> None:
    pass


@assets_group.command(
    name="export",
    help=t("cli.help.assets_export"),
    epilog=t("cli.help.example", example="camagent assets export camagent-assets"),
)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
def export_assets_command(folder: Path) -> int:
    """Copies every asset below the folder; one that is there already is refused: nothing is overwritten."""
    for name, place in ASSETS.items():
        target = folder / name
        try:
            shutil.copytree(
                _source(name, place), target, ignore=shutil.ignore_patterns("__pycache__", "tests", "*.py")
            )
        except OSError as error:
            raise OperatorError(
                message("cli.not_written", path=str(target), reason=os_reason(error))
            ) from error
        write_lines(t("cli.written", path=str(target)))
    _write_man_page(folder / "man" / "man1" / "camagent.1")
    return 0


def _write_man_page(path: Path) -> None:
    """The manual page in the language of this run; the folder above is what `man -M` takes."""
    from camagent.cli.main import build
    from camagent.cli.man import man_page

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(man_page(build()))
    except OSError as error:
        raise OperatorError(message("cli.not_written", path=str(path), reason=os_reason(error))) from error
    write_lines(t("cli.written", path=str(path)))


def _source(name: str, place: str) -> Path:
    packed = PACKAGE / "_assets" / name
    return packed if packed.is_dir() else PACKAGE.parent / place
