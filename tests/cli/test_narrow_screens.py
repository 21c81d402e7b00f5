"""No address is ever broken in two on a terminal, however narrow: half of it reads as another camera."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest
from rich.console import Console

from camagent.cli import discover
from camagent.document.write import scan_document
from camagent.model.device import DeviceTarget
from camagent.model.discovery import Discovery, FoundBy, RtspOnly, Sighting
from camagent.report.terminal import print_table
from tests import builders

ADDRESSES = tuple(f"192.168.100.{number}" for number in (1, 16, 123, 200))
SCOPES = (
    "onvif://www.onvif.org/name/Hanh%20lang%20tang%202%20day%20nha%20A",
    "onvif://www.onvif.org/hardware/X",
)


def screen(width: int) -> Console:
    return Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)


def text_of(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize("width", [60, 80, 100, 120])
@pytest.mark.parametrize("lang", ["vi", "en"])
def test_the_scans_table_keeps_every_address_whole(width: int, lang: str) -> None:
    one = builders.camera_result()
    cameras = tuple(
        replace(
            one, facts=replace(one.facts, id=address, address=address, name=f"Hành lang dãy nhà A {address}")
        )
        for address in ADDRESSES
    )
    console = screen(width)
    print_table(scan_document(replace(builders.scan_result(), cameras=cameras)), console, lang)
    shown = text_of(console)
    for address in ADDRESSES:
        assert re.search(rf"(?<![0-9.]){re.escape(address)}(?![0-9.])", shown), address
    assert max(map(len, shown.splitlines())) <= width


@pytest.mark.parametrize("width", [60, 80])
def test_the_searchs_tables_keep_every_address_whole(width: int) -> None:
    sightings = tuple(
        Sighting(DeviceTarget(address, 8080, scopes=SCOPES), (FoundBy.MULTICAST, FoundBy.DIRECTED), "eth0")
        for address in ADDRESSES
    )
    rtsp_only = tuple(RtspOnly(address, (554, 8554), "Hipcam RealServer/V1.0 " * 3) for address in ADDRESSES)
    discovery = Discovery(sightings, rtsp_only, (), (), (), 0, 0)
    for table in (discover._devices_table(discovery), discover._rtsp_table(discovery)):
        console = screen(width)
        console.print(table)
        for address in ADDRESSES:
            assert re.search(rf"(?<![0-9.]){re.escape(address)}(?![0-9.])", text_of(console)), address
