"""A thousand visits to cameras and a recorder, with ONVIF and pictures: what they leave behind.

    python -m bench.soak [--visits 1000] [--minutes 90] [--output bench/results/soak.json]

One process checks three simulated cameras and a recorder of two channels again and again, as `serve` does.
After a tenth of the visits caches and arenas have their size; from then on resident memory of the moment (not
the peak), descriptors, threads and tasks have to stay.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from camagent.run.visit import DeviceCheck

RESULTS = Path(__file__).parent / "results" / "soak.json"
PASSWORD = "Hoc-sinh-7"
ADDRESSES = ("127.10.97.1", "127.10.97.2", "127.10.97.3", "127.10.97.4")  # the last one is the recorder's
HTTP_PORT, RTSP_PORT, HTTPS_PORT = 18081, 18555, 18444
WINDOW_S = 0.3
GROWN_BYTES_A_VISIT = 4096  # more would be 1.2 MB a day of a school with 300 visits


@dataclass(frozen=True)
class ProcessSize:
    """What the process holds after so many visits."""

    visits: int
    resident_kb: int
    descriptors: int
    threads: int
    tasks: int


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--visits", type=int, default=1000)
    parser.add_argument("--minutes", type=float, default=90.0, help="end earlier, with what was seen")
    parser.add_argument("--output", type=Path, default=RESULTS)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        asyncio.run(serve())
        return
    command = [sys.executable, "-m", "bench.soak", "--serve"]
    began_s = time.monotonic()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdout.readline()
        rows, measured, defects = asyncio.run(visit(arguments.visits, 60 * arguments.minutes))
        process.stdin.close()
    settled, last = rows[1], rows[-1]
    document: dict[str, Any] = {
        "what": "three cameras and a recorder of two channels, window 0.3 s, ONVIF, one picture a stream",
        "minutes": round((time.monotonic() - began_s) / 60, 1),
        "streams_measured": measured,
        "defects": defects,
        "grown_bytes_a_visit": round(
            1024 * (last.resident_kb - settled.resident_kb) / max(1, last.visits - settled.visits)
        ),
        "grown": {
            name: getattr(last, name) - getattr(settled, name) for name in ("descriptors", "threads", "tasks")
        },
        "rows": [asdict(row) for row in rows],
    }
    arguments.output.write_text(json.dumps(document, indent=2) + "\n")
    print(json.dumps({key: value for key, value in document.items() if key != "rows"}))
    flat = document["grown_bytes_a_visit"] < GROWN_BYTES_A_VISIT and not any(document["grown"].values())
    sys.exit(0 if flat and not defects and last.visits >= arguments.visits else 1)


async def serve() -> None:
    """The school, until standard input ends."""
    from camagent.simulator.default_school import default_school
    from camagent.simulator.recorder import recorder
    from camagent.simulator.school import open_school

    cameras = [*default_school(12, PASSWORD)[:3], recorder(2, PASSWORD)]
    placed = [
        replace(camera, address=address, http_port=HTTP_PORT, rtsp_port=RTSP_PORT, https_port=HTTPS_PORT)
        for camera, address in zip(cameras, ADDRESSES, strict=True)
    ]
    async with open_school(placed, discovery=False):
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.read)


async def visit(visits: int, limit_s: float) -> tuple[list[ProcessSize], int, int]:
    """The visits, as many as fit into the limit; what was held ten times on the way, streams that were
    measured, and faults that were ours."""
    from camagent.model.device import DeviceTarget
    from camagent.model.secret import Credential, Secret
    from camagent.observe.watch import WatchOptions
    from camagent.platform.system_clock import SystemClock
    from camagent.run.fleet import Fleet, FleetLimits, FleetOptions, Job

    login = Credential("camagent", Secret(PASSWORD))
    jobs = [Job(DeviceTarget(address, HTTP_PORT), login) for address in ADDRESSES]
    options = FleetOptions(watch=WatchOptions(window_s=WINDOW_S, pictures=1))
    rows, done, measured, defects = [held(0)], 0, 0, 0
    until_s = time.monotonic() + limit_s
    async with Fleet(FleetLimits(), SystemClock()) as fleet:
        while done < visits and time.monotonic() < until_s:
            for check in await fleet.check(jobs, options):
                done += 1
                measured += streams_measured(check)
                defects += check.defect is not None
            if done >= len(rows) * visits / 10:
                rows.append(held(done))
                print(rows[-1], flush=True)
    if rows[-1].visits < done or len(rows) == 1:
        rows.append(held(done))
    return rows, measured, defects


def streams_measured(check: DeviceCheck) -> int:
    """Streams of a visit of which figures are there."""
    from camagent.model.stream import MeasuredStream

    streams = chain.from_iterable(source.streams for source in check.sources)
    return sum(isinstance(stream.measured, MeasuredStream) for stream in streams)


def held(visits: int) -> ProcessSize:
    """What this process holds now, freed memory given back."""
    from camagent.platform.resident_memory import give_back

    give_back()
    rows = dict(row.split(":", 1) for row in Path("/proc/self/status").read_text().splitlines())
    try:
        tasks = len(asyncio.all_tasks())
    except RuntimeError:
        tasks = 0
    descriptors = len(os.listdir("/proc/self/fd"))
    return ProcessSize(visits, int(rows["VmRSS"].split()[0]), descriptors, threading.active_count(), tasks)


if __name__ == "__main__":
    main()
