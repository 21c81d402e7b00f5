"""How long the merge of a whole city takes, and how much memory: 2,300 schools with 40 cameras each, packed
files.

    python bench/area.py [--schools 2300] [--cameras 40] [--output bench/results/area.json]

Makes its files in a temporary folder from one school as `camagent demo` would write it, varied by name, code
and day. First the whole command with the page that it writes by default, then each step by itself in this
process. Prints and records one line a step: seconds, processor seconds (with the reading processes), peak
memory of this process and of the largest process that it started. The load stands beside them: on a busy
machine the seconds say little.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from itertools import chain, repeat
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from camagent.area import merge_area
from camagent.document.write import scan_document
from camagent.report.area_html import render_area_html
from camagent.report.area_xlsx import render_area_xlsx
from camagent.report.csv_ import render_area_csv
from camagent.store.office import open_office
from tests.publish.samples import school

ROOT = Path(__file__).resolve().parent.parent
NOW = datetime(2026, 12, 1, tzinfo=UTC)
MIX = (("pass", False, 16), ("not_assessed", True, 13), ("warn", False, 4), ("not_assessed", False, 4))
"""Findings a camera beside the frame rate: (outcome, by hand, how many), as `camagent demo` gives."""


def document(cameras: int) -> dict[str, Any]:
    """One school's document with findings mixed as the default profile gives them."""
    made = scan_document(school(cameras)).plain()
    for camera in made["cameras"]:
        rate, size = camera["findings"][:2]
        mixed = chain.from_iterable(repeat(kind, count) for *kind, count in MIX)
        fill = [{**size, "outcome": outcome, "manual": manual} for outcome, manual in mixed]
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


def taken(step: str, began: Stamp, **sizes: float) -> dict[str, Any]:
    """What a step took, as a row of the result file; printed, too."""
    wall_s, cpu_s = (now - then for now, then in zip(stamp(), began, strict=True))
    row: dict[str, Any] = {
        "step": step,
        "wall_s": round(wall_s, 2),
        "cpu_s": round(cpu_s, 2),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "child_peak_mb": round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024),
        **sizes,
    }
    print(
        "{step:<8}{wall_s:8.1f} s{cpu_s:8.1f} s CPU{peak_mb:6} MB, largest child {child_peak_mb} MB".format(
            **row
        )
    )
    return row


def stamp() -> Stamp:
    """Wall time, and processor time of this process and its readers, now."""
    used = os.times()
    return time.perf_counter(), used.user + used.system + used.children_user + used.children_system


def measure(schools: int, cameras: int) -> list[dict[str, Any]]:
    """The city written, merged and printed in every format."""
    with tempfile.TemporaryDirectory() as name:
        folder, began = Path(name), stamp()
        size = write_schools(folder, schools, cameras)
        rows = [taken("write", began, unpacked_bytes=size)]
        began = stamp()
        command = [sys.executable, "-m", "camagent", "area", name, "--output", str(folder / "list.html")]
        subprocess.run([*command, "--store", str(folder / "of-command.sqlite")], check=True, cwd=ROOT)
        rows.append(taken("command", began))
        began = stamp()
        report = merge_area([folder], NOW, "vi")
        rows.append(taken("merge", began, upgrade_rows=len(report.rows)))
        began = stamp()
        with open_office(folder / "camagent-area.sqlite") as record:
            record.note(report.sightings(), report.at)
        rows.append(taken("record", began))
        for step, render in (
            ("xlsx", render_area_xlsx),
            ("csv", render_area_csv),
            ("html", render_area_html),
        ):
            began = stamp()
            content = render(report, "vi")
            rows.append(
                taken(step, began, bytes=len(content if isinstance(content, bytes) else content.encode()))
            )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--schools", type=int, default=2300)
    parser.add_argument("--cameras", type=int, default=40)
    parser.add_argument("--output", type=Path, default=ROOT / "bench" / "results" / "area.json")
    arguments = parser.parse_args()
    load = os.getloadavg()[0]
    print(f"load {load:.1f} on {os.cpu_count()} cores")
    rows = measure(arguments.schools, arguments.cameras)
    document = {
        "what": (
            "merge of packed result files, and its reports; peaks are those of the process up to that step"
        ),
        "machine": {
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "kernel": platform.release(),
            "load_before": round(load, 2),
        },
        "schools": arguments.schools,
        "cameras": arguments.cameras,
        "rows": rows,
    }
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(json.dumps(document, indent=2) + "\n")


if __name__ == "__main__":
    main()
