"""What the agent costs: rendering a page of metrics, memory (loaded and idle), processor time on the default
schedule.

    python bench/agent.py [--cameras 64] [--seconds 300] [--output bench/results/agent.json]

The school is simulated on this machine's loopback, by a process of its own that is not counted. Beside it,
what a watcher costs that decodes every frame with PyAV, measured on a few of the same streams for a few
seconds.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import quote

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
TICKS_HZ = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
START_S = 60.0
WATCHED_STREAMS = 4
WATCHED_S = 10.0


def rendering() -> dict[str, float]:
    """Milliseconds for the page of 200 cameras with 40 series each, ours and the library's."""
    from prometheus_client import generate_latest
    from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics

    from camagent.exporter.metrics import metrics_registry
    from camagent.exporter.text_format import render_metrics
    from tests.monitoring.live import school_snapshot
    from tests.publish.test_metrics import crowded_camera

    crowded = crowded_camera()
    cameras = tuple(replace(crowded, id=f"cam-{number:012d}") for number in range(200))
    snapshot = replace(school_snapshot(1), cameras=cameras)
    registry = metrics_registry(lambda: snapshot)
    page = render_metrics(registry, True)
    return {
        "series": _samples(page),
        "page_bytes": len(page),
        "text_ms": _milliseconds(lambda: render_metrics(registry, False)),
        "openmetrics_ms": _milliseconds(lambda: render_metrics(registry, True)),
        "gzip_1_ms": _milliseconds(lambda: gzip.compress(page, 1)),
        "library_text_ms": _milliseconds(lambda: generate_latest(registry)),
        "library_openmetrics_ms": _milliseconds(lambda: generate_openmetrics(registry)),  # type: ignore[no-untyped-call]
    }


def _samples(page: bytes) -> int:
    return sum(1 for line in page.splitlines() if line and not line.startswith(b"#"))


def _milliseconds(work: Callable[[], object]) -> float:
    times = []
    for _ in range(7):
        began_s = time.perf_counter()
        work()
        times.append((time.perf_counter() - began_s) * 1000)
    return round(statistics.median(times), 1)


LOADED = (
    *("asyncio ssl", "sqlite3 click", "pydantic", "h11", "prometheus_client"),
    "camagent.cli.main camagent.cli.serve camagent.cli.run camagent.cli.scanning camagent.run.fleet "
    "camagent.agent.loop"
    " camagent.agent.watched_site camagent.agent.record camagent.exporter.server",
)
"""What a running agent has loaded, in an order in which each carries only what those before it did not
bring."""


def imports_mb() -> dict[str, float]:
    """Resident memory of a bare interpreter, and what each library adds to it: the floor under the agent's
    memory."""
    script = (
        "import importlib, sys\n"
        "def rss(): return int(open('/proc/self/statm').read().split()[1])\n"
        "print(rss())\n"
        "for names in sys.argv[1:]:\n"
        "    for name in names.split(): importlib.import_module(name)\n"
        "    print(rss())\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, *LOADED],
        cwd=ROOT,
        env=os.environ | unit_environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    pages = [int(line) for line in ran.stdout.split()]
    steps = [pages[0], *(later - earlier for earlier, later in zip(pages, pages[1:], strict=False))]
    names = ("interpreter", *(f"{names.split()[0].partition('.')[0]}" for names in LOADED))
    return {name: round(count * PAGE_BYTES / 1e6, 1) for name, count in zip(names, steps, strict=True)}


def family(pid: int) -> list[int]:
    """A process and all its descendants."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                parents.setdefault(parent, []).append(int(entry.name))
    children, todo = [], [pid]
    while todo:
        one = todo.pop()
        children.append(one)
        todo += parents.get(one, [])
    return children


def cpu_s(pid: int) -> float:
    """Processor seconds of a process and its descendants, ended ones included where they were waited for."""
    total = 0
    for one in family(pid):
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
            total += sum(int(fields[i]) for i in ((11, 12, 13, 14) if one == pid else (11, 12)))
    return total / TICKS_HZ


def rss_bytes(pid: int) -> int:
    """Resident memory of one process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_BYTES


def anonymous_bytes(pid: int) -> int:
    """Its own memory, without the pages of programs and libraries that any process may share."""
    match = re.search(r"^RssAnon:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return int(match[1]) * 1024 if match else 0


@contextlib.contextmanager
def simulated(cameras: int, folder: Path) -> Iterator[dict[str, Any]]:
    """A simulated school in a process of its own."""
    ready = folder / "ready.json"
    arguments = ["simulate", "--cameras", str(cameras), "--no-discovery", "--ready-file", str(ready)]
    process = subprocess.Popen(
        [sys.executable, "-m", "camagent", *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    )
    try:
        deadline_s = time.monotonic() + START_S
        while not ready.exists():
            if process.poll() is not None or time.monotonic() > deadline_s:
                raise SystemExit("the simulated school did not start")
            time.sleep(0.1)
        yield json.loads(ready.read_text(encoding="utf-8"))
    finally:
        process.terminate()
        process.wait(10)


def unit_environment() -> dict[str, str]:
    """What systemd sets for the service, so that what is measured is what a school runs."""
    unit = (ROOT / "systemd" / "camagent.service").read_text(encoding="utf-8")
    pairs = list(
        chain.from_iterable(line.split() for line in re.findall(r"^Environment=(.*)$", unit, re.MULTILINE))
    )
    return dict(pair.split("=", 1) for pair in pairs if not pair.startswith("PYTHONDONTWRITEBYTECODE"))


@contextlib.contextmanager
def serving(school: dict[str, Any], folder: Path) -> Iterator[tuple[int, str]]:
    """`camagent serve` with the default schedule on that school: process id and URL."""
    rows = [f"{camera['name']},{camera['address']}:{camera['http_port']}" for camera in school["cameras"]]
    (folder / "inventory.csv").write_text("name,address\n" + "\n".join(rows) + "\n", encoding="utf-8")
    (folder / "password").write_text(school["password"], encoding="utf-8")
    (folder / "camagent.toml").write_text(
        '[site]\nid = "9001"\nname = "bench"\n[discovery]\ninventory = "inventory.csv"\n'
        f'[[credential]]\naddress = "127.10.0.0/16"\nuser = "{school["user"]}"\npassword_file = "password"\n'
        '[agent]\nlisten = "127.0.0.1:0"\n',
        encoding="utf-8",
    )
    environment = os.environ | unit_environment()
    environment |= {"CAMAGENT_DATA": str(folder / "data"), "CAMAGENT_CONFIG_DIR": str(folder)}
    process = subprocess.Popen(
        [sys.executable, "-m", "camagent", "serve", "--config", str(folder / "camagent.toml")],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    lines: list[str] = []
    assert process.stderr is not None
    reader = threading.Thread(target=lambda: lines.extend(process.stderr or ()), daemon=True)
    reader.start()
    try:
        deadline_s = time.monotonic() + START_S
        while not (match := re.search(r"https?://\S+/", "".join(lines))):
            if process.poll() is not None or time.monotonic() > deadline_s:
                raise SystemExit("serve did not start: " + "".join(lines))
            time.sleep(0.1)
        yield process.pid, match[0]
    finally:
        process.terminate()
        process.wait(10)


def value(url: str, name: str) -> float:
    """One sample of the page without labels; 0 where it is absent."""
    with urllib.request.urlopen(url + "metrics", timeout=10) as answer:
        page = answer.read().decode()
    match = re.search(rf"^{name} (\S+)$", page, re.MULTILINE)
    return float(match[1]) if match else 0.0


def living(cameras: int, seconds: float) -> dict[str, float]:
    """The agent from its first round on: memory, and processor time a second over the default schedule."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with simulated(cameras, folder) as school, serving(school, folder) as (pid, url):
            started_s = rss_bytes(pid)
            first_s = time.monotonic()
            while not value(url, "camagent_cycle_timestamp_seconds"):
                time.sleep(1)
            first_round_s, first_cpu_s = time.monotonic() - first_s, cpu_s(pid)
            time.sleep(5)
            began_s, before_s = time.monotonic(), cpu_s(pid)
            peaks = []
            while time.monotonic() - began_s < seconds:
                time.sleep(min(5.0, seconds))
                peaks.append(rss_bytes(pid))
            spent = cpu_s(pid) - before_s
            elapsed_s = time.monotonic() - began_s
            own = anonymous_bytes(pid)
            watched = watcher(school)
            return {
                "cameras": cameras,
                "first_round_s": round(first_round_s, 1),
                "first_round_cpu_s": round(first_cpu_s, 2),
                "rss_at_start_mb": round(started_s / 1e6, 1),
                "rss_median_mb": round(statistics.median(peaks) / 1e6, 1),
                "rss_max_mb": round(max(peaks) / 1e6, 1),
                "rss_anonymous_mb": round(own / 1e6, 1),
                "measured_s": round(elapsed_s, 1),
                "cpu_share_of_one_core": round(spent / elapsed_s, 4),
                "cpu_ms_per_camera_second": round(spent / elapsed_s / cameras * 1000, 3),
                "overruns": value(url, "camagent_overruns_total"),
                "defects": value(url, "camagent_defects_total"),
                **watched,
            }


def watcher(school: dict[str, Any]) -> dict[str, float]:
    """Every frame of a few main streams decoded with PyAV, as continuous watchers do: milliseconds a
    camera-second."""
    import av

    login = f"{quote(school['user'])}:{quote(school['password'])}@"
    alive = [camera for camera in school["cameras"] if camera["alive"] and camera["streams"]]
    urls = [camera["streams"][0].replace("rtsp://", f"rtsp://{login}") for camera in alive[:WATCHED_STREAMS]]
    frames = [0] * len(urls)
    end_s = time.monotonic() + WATCHED_S + 2

    def watch(index: int) -> None:
        with contextlib.suppress(av.error.FFmpegError):
            source = av.open(urls[index], options={"rtsp_transport": "tcp"}, timeout=(5.0, 5.0))
            with source:
                source.streams.video[0].codec_context.thread_count = 1
                for frame in source.decode(video=0):
                    frame.to_ndarray(format="bgr24")
                    frames[index] += 1
                    if time.monotonic() > end_s:
                        return

    threads = [threading.Thread(target=watch, args=(index,), daemon=True) for index in range(len(urls))]
    for thread in threads:
        thread.start()
    time.sleep(2)
    before_s, began_s, counted = time.process_time(), time.monotonic(), sum(frames)
    time.sleep(WATCHED_S - 1)
    spent, elapsed_s, frame_count = (
        time.process_time() - before_s,
        time.monotonic() - began_s,
        sum(frames) - counted,
    )
    for thread in threads:
        thread.join(10)
    playing = sum(1 for count in frames if count)
    return {
        "watcher_streams": playing,
        "watcher_frames_per_s": round(frame_count / elapsed_s, 1),
        "watcher_cpu_ms_per_camera_second": round(spent / elapsed_s / max(playing, 1) * 1000, 1),
    }


def main() -> None:
    """Print one JSON document; also into a file where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cameras", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--output", type=Path)
    asked = parser.parse_args()
    result = {
        "rendering_200_cameras": rendering(),
        "imports_mb": imports_mb(),
        "agent": living(asked.cameras, asked.seconds),
    }
    text = json.dumps(result, indent=2) + "\n"
    print(text, end="")
    if asked.output is not None:
        asked.output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
