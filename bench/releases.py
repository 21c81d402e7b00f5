"""What each command costs beside another release: user and system time and peak memory, both in turn.

`python -m bench.releases TREE [--rounds 5]` (as root, in a network of its own: `unshare -n`, loopback up)
runs the commands of this tree and of TREE, a checkout with a `.venv` of its own, against the same simulators,
which are this tree's and not counted. Both need their packages compiled (`python -m compileall -q .venv`):
else each start compiles them. Processor time is that of a command with all processes that it started; memory
is the most that all of them held at once. It writes bench/results/releases.json. Wall time says nothing here:
both sides watch for the same windows.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = Path(__file__).parent / "results" / "releases.json"
START_S = 60.0
CLIP = "load_1080p_h264"
STREAM_PORT = 9554
SAMPLE_S = 0.02
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
RANGE = "127.10.1.0/28"  # of the simulated school
SIDES = ("other", "this")
Cost = tuple[float, float]
"""Seconds of processor time, megabytes at the highest."""


@contextlib.contextmanager
def simulator(ready: Path, *arguments: str) -> Iterator[dict[str, Any]]:
    """Simulated cameras in a process of their own, and what it says of them.

    Nothing that decodes is imported here: a process begins with the highest memory of the one that starts it.
    """
    command = [sys.executable, "-m", "camagent", "simulate", "--ready-file", str(ready), *arguments]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    try:
        deadline_s = time.monotonic() + START_S
        while not ready.exists():
            if process.poll() is not None or time.monotonic() > deadline_s:
                raise SystemExit("the simulator did not start")
            time.sleep(0.1)
        yield json.loads(ready.read_text(encoding="utf-8"))
    finally:
        process.terminate()
        process.wait(10)


def configuration(folder: Path, described: dict[str, Any]) -> Path:
    """Inventory, password and configuration of that school, as both releases read them."""
    rows = [f"{each['name']},{each['address']}:{each['http_port']}" for each in described["cameras"]]
    (folder / "inventory.csv").write_text("name,address\n" + "\n".join(rows) + "\n", encoding="utf-8")
    (folder / "password").write_text(described["password"], encoding="utf-8")
    path = folder / "camagent.toml"
    path.write_text(
        '[site]\nid = "9001"\nname = "bench"\n[discovery]\ninventory = "inventory.csv"\n'
        f'[[credential]]\naddress = "127.10.0.0/16"\nuser = "{described["user"]}"\n'
        'password_file = "password"\n',
        encoding="utf-8",
    )
    return path


def commands(folder: Path, described: dict[str, Any]) -> dict[str, list[str]]:
    """What is measured, by name."""
    config = ["--config", str(configuration(folder, described))]
    good = described["cameras"][0]
    device = f"{good['address']}:{good['http_port']}"
    login = ["--user", described["user"], "--password-file", str(folder / "password")]
    clip, source = folder / "clip.mp4", ROOT / "sample_streams/main_1080p_h264.h264"
    copy = ["ffmpeg", "-loglevel", "error", "-r", "25", "-i", str(source), "-c", "copy", str(clip)]
    subprocess.run(copy, check=True)
    return {
        "check of one stream": ["check", f"rtsp://127.0.0.1:{STREAM_PORT}/0", "--window", "2"],
        "check of one device": ["check", device, *login, "--window", "2"],
        "check of a file": ["check", str(clip)],
        "discover": ["discover", "--subnet", RANGE, "--wait", "0.5"],
        "scan of the school": [
            "scan",
            *config,
            "--subnet",
            RANGE,
            "--window",
            "2",
            "--no-store",
            "--no-port-check",
        ],
    }


def cost(tree: Path, command: Sequence[str]) -> Cost:
    """One run of that release's command; its exit code says what the cameras are and is not looked at."""
    with tempfile.TemporaryDirectory() as home:
        environment = os.environ | {"CAMAGENT_DATA": home, "CAMAGENT_CONFIG_DIR": home}
        whole = [str(tree / ".venv/bin/camagent"), *command]
        process = subprocess.Popen(
            whole, cwd=tree, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        highest, done = 0, 0
        while not done:
            highest = max(highest, sum(map(resident_bytes, (process.pid, *children(process.pid)))))
            time.sleep(SAMPLE_S)
            done, status, usage = os.wait4(process.pid, os.WNOHANG)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in (0, 1):
            raise SystemExit(f"exit code {process.returncode} of {' '.join(whole)}")
    return usage.ru_utime + usage.ru_stime, highest / 1e6


def children(process_id: int) -> list[int]:
    """The processes that this one started; none where it has ended."""
    with contextlib.suppress(OSError):
        text = Path(f"/proc/{process_id}/task/{process_id}/children").read_text()
        return [int(word) for word in text.split()]
    return []


def resident_bytes(process_id: int) -> int:
    """Resident memory of one process; 0 where it has ended."""
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{process_id}/statm").read_text().split()[1]) * PAGE_BYTES
    return 0


def measured(trees: Mapping[str, Path], every: Mapping[str, Sequence[str]], rounds: int) -> dict[str, Any]:
    """Each command, on both sides in turn."""
    rows: dict[str, Any] = {}
    for name, command in every.items():
        costs: dict[str, list[Cost]] = {side: [] for side in SIDES}
        for number in range(rounds):
            for side in SIDES if number % 2 == 0 else reversed(SIDES):
                costs[side].append(cost(trees[side], command))
        rows[name] = costs
        print(line(name, costs), flush=True)
    return rows


def line(name: str, costs: Mapping[str, Sequence[Cost]]) -> str:
    """Medians with least and most, and the ratio of the medians."""
    cpu_s = {side: [each[0] for each in costs[side]] for side in SIDES}
    memory_mb = {side: statistics.median(each[1] for each in costs[side]) for side in SIDES}
    texts = [_spread(each) for each in cpu_s.values()]
    ratio = statistics.median(cpu_s["this"]) / statistics.median(cpu_s["other"])
    peaks = (
        f"{memory_mb['other']:.1f} | {memory_mb['this']:.1f} | {memory_mb['this'] / memory_mb['other']:.2f}"
    )
    return f"| {name} | {' | '.join(texts)} | {ratio:.2f} | {peaks} |"


def _spread(seconds: Sequence[float]) -> str:
    return f"{statistics.median(seconds):.2f} s ({min(seconds):.2f}–{max(seconds):.2f})"


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tree", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    trees = {"other": args.tree.resolve(), "this": ROOT}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        stream = ("--load", "1", "--clip", CLIP, "--rtsp-port", str(STREAM_PORT))
        with simulator(folder / "stream.json", *stream), simulator(folder / "school.json") as described:
            rows = measured(trees, commands(folder, described), args.rounds)
    document = {
        "schema": "camagent.bench.releases/1",
        "ended_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "load_average": os.getloadavg(),
        "rows": rows,
    }
    RESULTS.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
