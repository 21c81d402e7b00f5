"""The cameras of a scan as an inventory: columns that `--inventory` reads, headers as people write them.
Pure."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping
from itertools import chain
from urllib.parse import urlsplit

from camagent.document.model import CameraView, ScanDocument
from camagent.model.uri import web_port
from camagent.report.csv_ import BOM, cell_text
from camagent.text import say
from camagent.text.vietnamese import sort_key

COLUMNS = ("name", "place", "address", "channel", "serial", "mac", "model", "task")


def render_inventory(document: ScanDocument, service_urls: Mapping[str, str], lang: str) -> str:
    """One line a camera. `service_urls`: by camera id, where its ONVIF answered; an unusual port stands in
    the address.

    Left out: a serial or MAC number that stands at two cameras, or that a spreadsheet would run as a formula.
    """
    out = io.StringIO()
    out.write(BOM)
    writer = csv.writer(out, delimiter=";" if lang == "vi" else ",", lineterminator="\r\n")
    writer.writerow([say(f"camera.column.{column}", lang) for column in COLUMNS])
    at_address = Counter(camera.address for camera in document.cameras)
    numbers = Counter(chain.from_iterable(map(_numbers, document.cameras)))
    for camera in sorted(document.cameras, key=lambda item: (sort_key(item.name), item.id)):
        serial, mac = (_usable(number, numbers[number]) for number in _numbers(camera))
        channel = camera.video_source if at_address[camera.address] > 1 else None
        where = _place(camera, service_urls.get(camera.id))
        model = camera.device.model if camera.device else None
        cells = (camera.name, camera.place, where, channel, serial, mac, model, camera.task)
        writer.writerow([cell_text(cell, lang) for cell in cells])
    return out.getvalue()


def _usable(number: str, times: int) -> str:
    return number if times == 1 and cell_text(number, "en") == number else ""


def _numbers(camera: CameraView) -> tuple[str, str]:
    device = camera.device
    return ((device.serial or "").upper(), device.mac or "") if device is not None else ("", "")


def _place(camera: CameraView, service_url: str | None) -> str:
    """The address, with the port where ONVIF is not on the usual one."""
    if "://" in camera.address or service_url is None:
        return camera.address
    parts = urlsplit(service_url)
    port = web_port(parts.port, parts.scheme == "https")
    host = f"[{camera.address}]" if ":" in camera.address else camera.address
    return camera.address if port == web_port(None, secure=False) else f"{host}:{port}"
