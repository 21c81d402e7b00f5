"""How long the merge of a whole city takes, and how much memory: 2,300 schools with 40 cameras each, packed files.

    python bench/area.py [--schools 2300] [--cameras 40]

Makes its files in a temporary folder from one school as `camagent demo` would write it, varied by name, code and day.
Prints one line a step: seconds, processor seconds (with the reading processes), peak memory of this process and of the
largest reading process. The machine's load stands above: on a busy machine the seconds say little.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import resource
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from camagent.publish.area import merge_area
from camagent.publish.document import scan_document
from camagent.publish.report.area_html import render_area_html
from camagent.publish.report.area_xlsx import render_area_xlsx
from camagent.publish.report.csv_ import render_area_csv
from tests.publish.samples import school

NOW = datetime(2026, 12, 1, tzinfo=UTC)
MIX = (("pass", False, 16), ("not_assessed", True, 13), ("warn", False, 4), ("not_assessed", False, 4))
"""Findings a camera beside the frame rate: (outcome, by hand, how many), as `camagent demo` gives."""


def document(cameras: int) -> dict[str, Any]:
    """One school's document with findings mixed as the default profile gives them."""
    made = scan_document(school(cameras))
    for camera in made["cameras"]:
        rate, size = camera["findings"][:2]
        fill = [{**size, "outcome": outcome, "manual": manual} for outcome, manual, count in MIX for _ in range(count)]
        camera["findings"] = [rate, *({**finding, "rule": f"ROW-{n:02d}"} for n, finding in enumerate(fill))]
    return made


def write_schools(folder: Path, schools: int, cameras: int) -> int:
    """The files of the city; answers with the bytes that they unpack to."""
    base, size = document(cameras), 0
    rest = {key: value for key, value in base.items() if key not in ("schema", "site", "started_at")}
    tail = json.dumps(rest, ensure_ascii=False)[1:].encode()
    for number in range(schools):
        site = {
            "id": f"{9000 + number}",
            "name": f"Trường số {number}",
            "area": f"Phường {number % 168}",
            "city": "HCM",
        }
        at = (NOW - timedelta(days=number % 60)).strftime("%Y-%m-%dT%H:%M:%SZ")
        head = json.dumps({"schema": base["schema"], "site": site, "started_at": at}, ensure_ascii=False)
        text = head[:-1].encode() + b", " + tail
        (folder / f"{number:05d}.json.gz").write_bytes(gzip.compress(text, 1))
        size += len(text)
    return size


Stamp = tuple[float, float]


def told(step: str, began: Stamp) -> Stamp:
    """Print what a step took; answers with the time now."""
    now = stamp()
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    reader_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    wall_s, cpu_s = now[0] - began[0], now[1] - began[1]
    print(
        f"{step:<28} {wall_s:7.1f} s   CPU {cpu_s:7.1f} s   peak {peak_mb:5.0f} MB, each reader {reader_mb:4.0f} MB",
        flush=True,
    )
    return now


def stamp() -> Stamp:
    """Wall time, and processor time of this process and its readers, now."""
    used = os.times()
    return time.perf_counter(), used.user + used.system + used.children_user + used.children_system


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--schools", type=int, default=2300)
    parser.add_argument("--cameras", type=int, default=40)
    wanted = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as name:
        folder, began = Path(name), stamp()
        size = write_schools(folder, wanted.schools, wanted.cameras)
        began = told(f"write ({size / 1e9:.2f} GB unpacked)", began)
        report = merge_area([folder], NOW, "vi")
        began = told(f"merge ({len(report.rows)} rows)", began)
        content = render_area_xlsx(report, "vi")
        began = told(f"xlsx ({len(content) / 1e6:.1f} MB)", began)
        text = render_area_csv(report, "vi")
        began = told(f"csv ({len(text) / 1e6:.1f} MB)", began)
        page = render_area_html(report, "vi")
        told(f"html ({len(page) / 1e6:.1f} MB)", began)


if __name__ == "__main__":
    main()
