"""A password planted wherever a device could put one reaches no report and no record."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from camagent.document.write import scan_document
from camagent.model.device import DeviceUser, MediaFacts
from camagent.model.scan_result import ScanResult
from camagent.model.stream import StreamTarget
from camagent.report.csv_ import render_csv
from camagent.report.html import render_html
from camagent.report.json_ import render_json
from camagent.report.terminal import print_table
from camagent.report.xlsx import render_xlsx
from camagent.store import open_store
from tests import builders
from tests.publish.samples import camera, school

PASSWORD = "hunter2"


def planted() -> ScanResult:
    """A password in the stream's path, in the profile's name and among the device's users."""
    uri = builders.stream_uri(path=f"/user=admin&password={PASSWORD}&channel=1")
    profile = builders.media_profile(stream_uri=uri, name=f"rtsp://192.0.2.11/a?pwd={PASSWORD}")
    users = (DeviceUser(PASSWORD, "Administrator"),)
    device = builders.device_facts(users=users, media=MediaFacts("media2", (profile,)))
    streams = (builders.stream_facts(target=StreamTarget(uri)),)
    facts = replace(camera(0).facts, device=device, streams=streams)
    return replace(school(0), cameras=(replace(camera(0), facts=facts),))


def test_no_output_shows_it(tmp_path: Path) -> None:
    scan = planted()
    view = scan_document(scan)
    out = io.StringIO()
    print_table(view, Console(file=out, width=200), "vi")
    with zipfile.ZipFile(io.BytesIO(render_xlsx([view], "vi"))) as packed:
        book = b"".join(packed.read(name) for name in packed.namelist())
    path = tmp_path / "site.db"
    with open_store(path) as store:
        store.save(view)
        kept = next(store.texts()).decode()
    texts = [out.getvalue(), render_json(view), render_html([view], "vi"), render_csv([view], "vi"), kept]
    raw = [item.read_bytes() for item in tmp_path.iterdir()]
    assert all(PASSWORD not in text for text in texts)
    assert all(PASSWORD.encode() not in content for content in (book, *raw))
    assert "password=***" in render_json(view)
