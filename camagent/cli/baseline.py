"""`camagent baseline`: the reference of a camera's picture, shown, or made anew after a repair. Numbers
only."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from camagent.cli.language import lang, t
from camagent.cli.terminal_lines import write_lines
from camagent.model.operator_error import OperatorError
from camagent.model.text import message
from camagent.model.uri import shown_as_typed

if TYPE_CHECKING:
    from camagent.store import Store

CONFIG = click.option(
    "--config", "config_path", type=click.Path(path_type=Path, dir_okay=False), help=t("cli.help.config")
)


@click.group(
    "baseline",
    help=t("cli.help.baseline"),
    epilog=t("cli.help.example", example="camagent baseline show CAMERA"),
)
def baseline_group() -> None:
    """The two commands below."""


@baseline_group.command(
    "show",
    help=t("cli.help.baseline_show"),
    epilog=t("cli.help.example", example="camagent baseline show CAMERA"),
)
@click.argument("camera")
@CONFIG
def show_baseline_command(camera: str, config_path: Path | None) -> int:
    """What is kept of one camera's picture."""
    from camagent.app import open_site_store, read_config
    from camagent.document.wording import night_text
    from camagent.model.stream import NightLook
    from camagent.store.picture_rows import NIGHT_LATEST
    from camagent.text.moments import VIETNAM

    with open_site_store(read_config(config_path)) as store:
        kept = store.kept_pictures(_id_of(store, camera))
    if not kept:
        raise OperatorError(message("picture.baseline.none", camera=shown_as_typed(camera)[:60]))
    for picture in kept:
        numbers = picture.numbers
        if picture.kind == NIGHT_LATEST:
            night = NightLook(at=picture.at, conditions=picture.conditions)
            write_lines(night_text(night, lang()))
            continue
        write_lines(
            t(
                "picture.baseline.row",
                kind=t(f"picture.baseline.{picture.kind}"),
                at=f"{picture.at.astimezone(VIETNAM):%d/%m/%Y %H:%M}",
                luma=round(sum(numbers.luma) / max(len(numbers.luma), 1)),
                detail=round(sum(numbers.detail) / max(len(numbers.detail), 1) / 10, 1),
                sharpness="-" if numbers.sharpness is None else f"{numbers.sharpness:.2f}",
                u=round(numbers.chroma_u),
                v=round(numbers.chroma_v),
            )
        )
    return 0


@baseline_group.command(
    "accept",
    help=t("cli.help.baseline_accept"),
    epilog=t("cli.help.example", example="camagent baseline accept CAMERA"),
)
@click.argument("camera")
@CONFIG
def accept_baseline_command(camera: str, config_path: Path | None) -> int:
    """How the last check saw the camera is how it should look."""
    from camagent.app import open_site_store, read_config
    from camagent.text.moments import VIETNAM

    with open_site_store(read_config(config_path)) as store:
        accepted = store.accept_picture(_id_of(store, camera))
    if accepted is None:
        raise OperatorError(message("picture.baseline.none", camera=shown_as_typed(camera)[:60]))
    kind = t(f"picture.baseline.{accepted.kind}")
    write_lines(
        t(
            "picture.baseline.accepted",
            camera=camera,
            kind=kind,
            at=f"{accepted.at.astimezone(VIETNAM):%d/%m/%Y %H:%M}",
        )
    )
    return 0


def _id_of(store: Store, camera: str) -> str:
    """The one camera of that id, name or address; what was typed where it is none or more than one."""
    wanted = camera.strip().casefold()
    ids = [
        expected.id
        for expected in store.expected_cameras()
        if wanted in (expected.id.casefold(), expected.name.casefold(), expected.address)
    ]
    return ids[0] if len(ids) == 1 else camera
