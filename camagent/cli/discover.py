"""`camagent discover`: find cameras and ask them nothing more."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from camagent.cli.language import t, tm
from camagent.cli.mistakes import EXIT_READY, EXIT_UNDETERMINED
from camagent.cli.options import format_option, search_options
from camagent.cli.terminal_lines import write_lines
from camagent.platform.ending import run_until_ended

if TYPE_CHECKING:
    from rich.table import Table

    from camagent.discover.plan import DiscoveryPlan
    from camagent.model.discovery import Discovery

DOCUMENT_SCHEMA = "camagent.discovery/1"


@click.command(
    "discover",
    help=t("discover.help.discover"),
    epilog=t("cli.help.example", example="camagent discover --subnet 192.168.1.0/24"),
)
@click.option(
    "--config", "config_path", type=click.Path(path_type=Path, dir_okay=False), help=t("cli.help.config")
)
@search_options
@click.option("--wait", "wait_s", type=click.FloatRange(0.5, 60), help=t("discover.help.wait"))
@click.option("--source-port", type=click.IntRange(1, 65535), help=t("discover.help.source_port"))
@format_option
def discover_command(
    config_path: Path | None,
    subnets: tuple[str, ...],
    interfaces: tuple[str, ...],
    wait_s: float | None,
    source_port: int | None,
    output_format: str,
) -> int:
    """Search as planned, show the ranges before and the coverage after; 3 where nothing was found."""
    from camagent.app import RunOptions, read_config, search_plan
    from camagent.cli.progress_bar import progress_on_terminal
    from camagent.discover.search import search
    from camagent.platform.system_clock import SystemClock

    request = RunOptions(subnets=subnets, interfaces=interfaces)
    plan = replace(search_plan(read_config(config_path), request, ()), source_port=source_port)
    if wait_s is not None:
        plan = replace(plan, pacing=replace(plan.pacing, settle_s=wait_s))
    write_lines(_announcement(plan), err=True)
    with progress_on_terminal() as onlooker:
        discovery = run_until_ended(search(plan, SystemClock(), onlooker.progress))
    if output_format == "json":
        click.echo(json.dumps(discovery_document(discovery), ensure_ascii=False, indent=2))
    else:
        _print(discovery)
    for line in _statements(discovery):
        write_lines(line, err=True)
    return EXIT_READY if discovery.devices or discovery.rtsp_only else EXIT_UNDETERMINED


def discovery_document(discovery: Discovery) -> dict[str, Any]:
    """One search as a JSON document; numbers are numbers, unknown is null."""
    from camagent.model.onvif import scope_value

    devices = [
        {
            "address": s.target.host,
            "port": s.target.port,
            "path": s.target.path,
            "secure": s.target.secure,
            "name": scope_value(s.target.scopes, "name"),
            "model": scope_value(s.target.scopes, "hardware"),
            "endpoint": s.target.endpoint,
            "xaddrs": list(s.target.xaddrs),
            "scopes": list(s.target.scopes),
            "found_by": [how.value for how in s.found_by],
            "interface": s.interface,
            "off_subnet": s.off_subnet,
        }
        for s in discovery.sightings
    ]
    rtsp_only = [
        {"address": r.host, "ports": list(r.ports), "server": r.server, "onvif_login_port": r.onvif_login}
        for r in discovery.rtsp_only
    ]
    coverage = {
        "subnets": list(discovery.subnets),
        "subnets_asked": list(discovery.subnets_asked),
        "interfaces": list(discovery.interfaces),
        "addresses_probed": discovery.addresses_probed,
        "addresses_answered": discovery.addresses_answered,
        "other_responders": discovery.other_responders,
        "malformed_datagrams": discovery.malformed_datagrams,
        "elapsed_s": round(discovery.elapsed_s, 3),
        "notes": [{"code": note.code, "detail": note.detail} for note in discovery.notes],
    }
    return {"schema": DOCUMENT_SCHEMA, "devices": devices, "rtsp_only": rtsp_only, "coverage": coverage}


def _announcement(plan: DiscoveryPlan) -> str:
    return t(
        "discover.table.plan",
        interfaces=", ".join(interface.name for interface in plan.interfaces) or t("discover.table.nothing"),
        ranges=", ".join(map(str, plan.subnets)) or t("discover.table.nothing"),
        addresses=plan.address_count,
    )


def _statements(discovery: Discovery) -> list[str]:
    """What was covered, what was not, and why."""
    lines = [
        t(
            "discover.table.found",
            devices=len(discovery.devices),
            rtsp_only=len(discovery.rtsp_only),
            seconds=discovery.elapsed_s,
        ),
        t(
            "discover.table.coverage",
            covered=len(discovery.subnets),
            asked=len(discovery.subnets_asked),
            answered=discovery.addresses_answered,
            probed=discovery.addresses_probed,
            interfaces=", ".join(discovery.interfaces) or t("discover.table.nothing"),
        ),
    ]
    if discovery.other_responders:
        lines.append(t("discover.table.others", count=discovery.other_responders))
    if discovery.malformed_datagrams:
        lines.append(t("discover.table.malformed", count=discovery.malformed_datagrams))
    lines += [tm(note.message) for note in discovery.notes]
    if not discovery.devices and not discovery.rtsp_only:
        lines.append(t("discover.table.empty"))
    return lines


def _print(discovery: Discovery) -> None:
    from rich.console import Console

    console = Console()
    if discovery.sightings:
        console.print(_devices_table(discovery))
    if discovery.rtsp_only:
        console.print(_rtsp_table(discovery))


def _devices_table(discovery: Discovery) -> Table:
    from rich.table import Table
    from rich.text import Text

    from camagent.model.onvif import scope_value

    columns = ("address", "name", "model", "how", "interface")
    table = Table(title=t("discover.table.title"))
    for column in columns:
        # An address that is broken in two reads as another one: the other columns give way.
        table.add_column(t(f"discover.table.{column}"), no_wrap=column == "address", overflow="fold")
    for sighting in discovery.sightings:
        target = sighting.target
        table.add_row(
            # Text: what a device calls itself must not be read as markup.
            Text(str(target)),
            Text(scope_value(target.scopes, "name") or "-"),
            Text(scope_value(target.scopes, "hardware") or "-"),
            ", ".join(t(f"discover.how.{how.value}") for how in sighting.found_by),
            Text(sighting.interface or "-"),
        )
    return table


def _rtsp_table(discovery: Discovery) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(title=t("discover.table.rtsp_only"))
    for column in ("address", "ports", "server"):
        table.add_column(t(f"discover.table.{column}"), no_wrap=column != "server", overflow="fold")
    for row in discovery.rtsp_only:
        table.add_row(Text(row.host), ", ".join(map(str, row.ports)), Text(row.server or "-"))
    return table
