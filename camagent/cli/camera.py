"""`camagent camera`: the cameras that a site is expected to have; a person takes one off the list, no program
does."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from camagent.cli.language import lang, t
from camagent.cli.options import format_option, group_option
from camagent.cli.terminal_lines import write_lines
from camagent.model.address_order import address_order
from camagent.model.operator_error import OperatorError
from camagent.model.text import message
from camagent.model.uri import shown_as_typed

if TYPE_CHECKING:
    from camagent.model.expected import ExpectedCamera

CONFIG = click.option(
    "--config", "config_path", type=click.Path(path_type=Path, dir_okay=False), help=t("cli.help.config")
)


@click.group(
    "camera", help=t("cli.help.camera"), epilog=t("cli.help.example", example="camagent camera list")
)
def camera_group() -> None:
    """The three commands below."""


@camera_group.command(
    "list", help=t("cli.help.camera_list"), epilog=t("cli.help.example", example="camagent camera list")
)
@format_option
@CONFIG
def list_cameras_command(config_path: Path | None, output_format: str) -> int:
    """Every expected and every retired camera, with when it was last present."""
    from camagent.app import open_site_store, read_config

    with open_site_store(read_config(config_path)) as store:
        cameras = store.expected_cameras()
    if output_format == "json":
        click.echo(json.dumps([_plain(camera) for camera in cameras], ensure_ascii=False, indent=2))
        return 0
    for camera in sorted(cameras, key=lambda camera: (address_order(camera.address), camera.name)):
        write_lines(_line(camera))
    if not cameras:
        write_lines(t("camera.none"), err=True)
    return 0


@camera_group.command(
    "retire",
    help=t("cli.help.camera_retire"),
    epilog=t(
        "cli.help.example",
        example='camagent camera retire cam-0a1b2c3d4e5f --by "Nguyễn Văn An" --reason "tháo khi sửa cổng"',
    ),
)
@click.argument("camera_id", metavar="ID")
@click.option("--by", required=True, help=t("cli.help.camera_by"))
@click.option("--reason", required=True, help=t("cli.help.camera_reason"))
@CONFIG
def retire_command(camera_id: str, by: str, reason: str, config_path: Path | None) -> int:
    """Out of service: it stays listed, outside the counts."""
    from camagent.app import open_site_store, read_config
    from camagent.model.expected import Retirement
    from camagent.text.moments import VIETNAM

    if not by.strip() or not reason.strip():
        raise OperatorError(message("camera.says_nothing"))
    word = Retirement(by.strip(), reason.strip(), datetime.now(VIETNAM).date())
    with open_site_store(read_config(config_path)) as store:
        if not store.retire(camera_id, word):
            raise OperatorError(message("camera.unknown", camera=shown_as_typed(camera_id)[:60]))
    write_lines(t("camera.retired", camera=camera_id))
    return 0


@camera_group.command(
    "forget",
    help=t("cli.help.camera_forget"),
    epilog=t("cli.help.example", example="camagent camera forget cam-0a1b2c3d4e5f"),
)
@click.argument("camera_id", metavar="ID")
@CONFIG
def forget_command(camera_id: str, config_path: Path | None) -> int:
    """Expected no more; one that answers later is found like any other."""
    from camagent.app import open_site_store, read_config
    from camagent.platform.system_clock import SystemClock

    with open_site_store(read_config(config_path)) as store:
        if not store.forget(camera_id, SystemClock().now()):
            raise OperatorError(message("camera.unknown", camera=shown_as_typed(camera_id)[:60]))
    write_lines(t("camera.forgotten", camera=camera_id))
    return 0


@click.group(
    "inventory",
    help=t("cli.help.inventory"),
    epilog=t("cli.help.example", example="camagent inventory export -o camera.csv"),
)
def inventory_group() -> None:
    """The command below."""


@inventory_group.command(
    "export",
    help=t("cli.help.inventory_export"),
    epilog=t("cli.help.example", example="camagent inventory export -o camera.csv"),
)
@click.option("-o", "--output", metavar="FILE", help=t("cli.help.output_file"))
@group_option
@CONFIG
def export_cameras_command(output: str | None, config_path: Path | None, group_readable: bool) -> int:
    """The cameras of the last scan as CSV that `--inventory` reads back."""
    from camagent.app import open_site_store, read_config
    from camagent.cli.run import hand_over
    from camagent.report.inventory_csv import render_inventory

    with open_site_store(read_config(config_path)) as store:
        newest, devices = store.latest(), store.known_devices()
    if newest is None:
        raise OperatorError(message("cli.no_stored_scan"))
    urls = {device.id: device.service_url for device in devices if device.service_url}
    content = render_inventory(newest, urls, lang()).encode("utf-8")
    hand_over(content, None if output in (None, "-") else Path(str(output)), group_readable)
    return 0


def _plain(camera: ExpectedCamera) -> dict[str, object]:
    from camagent.text.moments import stamp_text

    word = camera.retired
    return {
        "id": camera.id,
        "site": camera.site,
        "name": camera.name,
        "address": camera.address,
        "manufacturer": camera.words.manufacturer,
        "model": camera.words.model,
        "present_at": stamp_text(camera.present_at),
        "retired": None
        if word is None
        else {"by": word.by, "reason": word.reason, "on": word.on.isoformat()},
    }


def _line(camera: ExpectedCamera) -> str:
    from camagent.text.vietnamese import clean_line

    name, word = clean_line(camera.name), camera.retired
    row = t("camera.row", id=camera.id, name=name, address=camera.address, at=camera.present_at)
    if word is None:
        return row
    return t("camera.retired_row", row=row, by=word.by, on=f"{word.on:%d/%m/%Y}", reason=word.reason)
