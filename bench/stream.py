"""What watching a camera costs, beside cv2, ffprobe and PyAV in the same run, and how it grows to hundreds of
cameras.

`python -m bench.stream` prints a table and writes bench/results/stream.json. The cameras are the simulator's
load server, a process of its own on loopback. `--quick` and `--scale` make it smaller, `--only` runs some
parts again and keeps the rest of the file; see docs/performance.md.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import socket
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.stream_clips import LARGE, make

RESULTS = Path(__file__).parent / "results" / "stream.json"
MAIN_CLIP = "load_1080p_h264"
OTHER_CLIPS = ("main_1080p_h265", "main_4mp_h265", "main_4mp_h264", "old_720p_mjpeg", *LARGE)
PEERS = ("cv2", "ffprobe-count-frames", "ffprobe-show-streams", "pyav-demux", "pyav-fast-demux", "pyav-best")
QUICK_PEERS = ("cv2", "ffprobe-show-streams", "pyav-best")
BOUNDS = {"cv2": 30.0, "ffprobe-count-frames": 20.0, "ffprobe-show-streams": 5.0, "pyav-best": 2.5}
"""How many times cheaper than each peer one whole check is meant to be."""
SCALE = (1, 16, 64, 128, 256, 400)
MAX_PICTURE_CAMERAS = 256  # beyond it, streams are watched without pictures
MAX_CV2_CAMERAS = 64  # beyond it, cv2 decodes every frame of every camera for minutes, in gigabytes
RUN_LIMIT_S = 180.0
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@contextmanager
def load_server(streams: int, clip: str, paced: bool) -> Iterator[tuple[str, int]]:
    """The simulator in a process of its own; yields its base URL and process id. A 4K clip is made first."""
    if clip in LARGE:
        make(clip)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    simulate = ["camagent", "simulate", "--load", str(streams), "--clip", clip, "--rtsp-port", str(port)]
    simulate += ["--paced"] if paced else []
    large = ["bench.stream_clips", clip, str(streams), str(port), *(["paced"] if paced else [])]
    command = [sys.executable, "-m", *(large if clip in LARGE else simulate)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as server:
        try:
            assert server.stdout is not None
            server.stdout.readline()
            yield f"rtsp://127.0.0.1:{port}", server.pid
        finally:
            server.kill()


def process_cpu_s(process_id: int) -> float:
    fields = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def run(kind: str, base: str, cameras: int, window_s: float) -> dict[str, Any]:
    """One measured process; its failure is part of the result."""
    command = [sys.executable, "-m", "bench.stream_readers", kind, base, str(cameras), str(window_s)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=RUN_LIMIT_S, check=False)
        result: dict[str, Any] = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, json.JSONDecodeError):
        return {"kind": kind, "cameras": cameras, "failed": True}
    return result


MANY = ("camagent", "camagent-watch", "pyav-fast-demux", "pyav-best")
"""Who reads many cameras in one process: what the first costs (without imports, with the opening of FFmpeg
and the start of our decoding process) and what each further one costs stand apart. cv2 and ffprobe are
measured as they are used, one camera a process."""


def costs(base: str, kinds: Sequence[str], args: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """For each contender the processor time of the first camera and of one more, in every round.

    The rounds go round all contenders, so that what else the machine does meets them alike.
    """
    rows: dict[str, dict[str, Any]] = {kind: {"kind": kind, "first_s": [], "next_s": []} for kind in kinds}
    for _, kind in itertools.product(range(args.rounds), kinds):
        row, one = rows[kind], run(kind, base, 1, args.window)
        row["failed"] = row.get("failed", False) or bool(one.get("failed"))
        if row["failed"]:
            continue
        row["first_s"].append(one["cpu_s"])
        if kind in MANY:
            many = run(kind, base, args.cameras + 1, args.window)
            row["failed"] = bool(many.get("failed"))
            if not row["failed"]:
                row["next_s"].append((many["cpu_s"] - one["cpu_s"]) / args.cameras)
                row["rates_hz"] = many["rates_hz"]
    for row in rows.values():
        row["cpu_per_camera_s"] = (
            None if row["failed"] else statistics.median(row["next_s"] or row["first_s"])
        )
    return rows


def compare(clip: str, paced: bool, args: argparse.Namespace) -> dict[str, Any]:
    """One clip: our check against each peer."""
    peers = PEERS if clip == MAIN_CLIP and not args.quick else QUICK_PEERS
    with load_server(args.cameras + 1, clip, paced) as (base, _):
        rows = costs(base, ("camagent", "camagent-watch", *peers), args)
    own, watching = rows.pop("camagent"), rows.pop("camagent-watch")
    return {"clip": clip, "paced": paced, **circumstances(), "check": own, "watch": watching, "peers": rows}


def per_second(clip: str, paced: bool, args: argparse.Namespace) -> dict[str, Any]:
    """CPU of a camera-second without opening and closing: a long window less a short one, in every round."""
    short_s, long_s, cameras = args.window, 2 * args.window, args.cameras
    kinds = ("camagent-watch", "pyav-fast-demux")
    keys = (("cpu_s", "cpu_per_camera_second_s"), ("kernel_s", "kernel_per_camera_second_s"))
    rounds: dict[str, dict[str, list[float]]] = {key: {kind: [] for kind in kinds} for _, key in keys}
    with load_server(cameras, clip, paced) as (base, _):
        for _, kind in itertools.product(range(args.rounds), kinds):
            short, long = (run(kind, base, cameras, window) for window in (short_s, long_s))
            if short.get("failed") or long.get("failed"):
                continue
            for name, key in keys:
                rounds[key][kind].append((long[name] - short[name]) / cameras / (long_s - short_s))
    result: dict[str, Any] = {"clip": clip, "paced": paced, "cameras": cameras, **circumstances()}
    for key, by_kind in rounds.items():
        result[key] = {kind: statistics.median(each) for kind, each in by_kind.items() if each}
    return result | {"rounds": rounds}


def scale(args: argparse.Namespace) -> list[dict[str, Any]]:
    rows = []
    for cameras in args.scale:
        with load_server(cameras, MAIN_CLIP, False) as (base, server):
            kinds = ["camagent" if cameras <= MAX_PICTURE_CAMERAS else "camagent-watch"]
            kinds += ["pyav-fast-demux"] if cameras in args.peer_scale else []
            kinds += ["cv2"] if cameras in args.peer_scale and cameras <= MAX_CV2_CAMERAS else []
            for kind in kinds:
                before_s = process_cpu_s(server)
                row = run(kind, base, cameras, args.window)
                rows.append({**row, "server_cpu_s": process_cpu_s(server) - before_s})
                print(scale_line(rows[-1]), flush=True)
    return rows


def scale_line(row: dict[str, Any]) -> str:
    head = f"{row['kind']:<18} {row['cameras']:>4} cameras"
    if row.get("failed"):
        return f"{head}  no result within {RUN_LIMIT_S:.0f} s"
    rates = row["rates_hz"]
    output = (
        f"{min(rates):5.2f}–{max(rates):5.2f} fps, median {statistics.median(rates):5.2f}"
        if rates
        else "no rate"
    )
    extra = (
        f", lost {row['lost_packets']}, judged {row['judged']}, limited {row['limited']}"
        if "judged" in row
        else ""
    )
    memory, cost = row["peak_mb"] + row["child_peak_mb"], 1000 * row["cpu_s"] / row["cameras"]
    return (
        f"{head}  {row['wall_s']:6.1f} s  {cost:7.1f} ms CPU a camera  {memory:6.0f} MB  "
        f"server {row['server_cpu_s']:5.1f} s  {len(rates)} read, {output}{extra}"
    )


def comparison_lines(result: dict[str, Any]) -> Iterator[str]:
    """The first camera beside ours, and one more camera beside ours; a peer without one more is read once a
    process, so that its first is what each costs."""
    own = result["check"]
    yield f"{result['clip']}, {'paced' if result['paced'] else 'bursty'}"
    if own["failed"]:
        yield "  our check gave no result"
        return
    rates = own.get("rates_hz") or [0.0]
    yield f"  {'camagent check':<22} {_spread(own)}  ({min(rates):.2f}–{max(rates):.2f} fps read)"
    if not result["watch"]["failed"]:
        yield f"  {'camagent, no picture':<22} {_spread(result['watch'])}"
    for kind, row in result["peers"].items():
        if row["failed"]:
            yield f"  {kind:<22} no result"
            continue
        first = statistics.median(row["first_s"]) / statistics.median(own["first_s"])
        more = row["cpu_per_camera_s"] / own["cpu_per_camera_s"]
        bound = BOUNDS.get(kind) if result["clip"] == MAIN_CLIP and not result["paced"] else None
        verdict = "" if bound is None else _bound_text(bound, more)
        yield f"  {kind:<22} {_spread(row)}  {first:.1f} times our first, {more:.1f} times our next{verdict}"


def _spread(row: dict[str, Any]) -> str:
    """Median, least and most of all rounds."""
    texts = []
    for name, values in (("first", row["first_s"]), ("next", row["next_s"])):
        if values:
            middle, least, most = (1000 * of(values) for of in (statistics.median, min, max))
            texts.append(f"{name} {middle:.1f} ms ({least:.1f}–{most:.1f})")
    return ", ".join(texts)


def _bound_text(bound: float, times: float) -> str:
    return f"  (bound {bound:g}: {'met' if times >= bound else 'NOT met'})"


def steady_line(result: dict[str, Any]) -> str:
    kernel = result["kernel_per_camera_second_s"]
    texts = []
    for kind, cost in result["cpu_per_camera_second_s"].items():
        least, most = (1000 * of(result["rounds"]["cpu_per_camera_second_s"][kind]) for of in (min, max))
        kernel_ms = 1000 * kernel[kind]
        texts.append(
            f"{kind} {1000 * cost:.2f} ms ({least:.2f}–{most:.2f}; {kernel_ms:.2f} of it in the kernel)"
        )
    pace = "paced" if result["paced"] else "bursty"
    return f"a camera-second, {result['cameras']} cameras, {pace}: {', '.join(texts)}"


def circumstances() -> dict[str, Any]:
    """When a part ended, and what else the machine did: parts may be of several runs."""
    return {"ended_at": datetime.now(UTC).isoformat(timespec="seconds"), "load_average": os.getloadavg()[0]}


def machine() -> dict[str, Any]:
    import av
    import cv2

    probe = subprocess.run(["ffprobe", "-version"], capture_output=True, text=True, check=False).stdout
    return {
        "cpu": next(
            (
                line.partition(":")[2].strip()
                for line in Path("/proc/cpuinfo").read_text().splitlines()
                if "model name" in line
            ),
            platform.machine(),
        ),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "av": av.__version__,
        "cv2": cv2.__version__,
        "ffprobe": " ".join(probe.split()[2:3]),
        "load_average": os.getloadavg(),
    }


def numbers(text: str) -> tuple[int, ...]:
    return tuple(int(word) for word in text.split(",") if word)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--window", type=float, default=5.0, help="seconds watched")
    parser.add_argument("--cameras", type=int, default=64, help="cameras in the difference of two runs")
    parser.add_argument(
        "--rounds", type=int, default=3, help="the median of so many; least and most are told"
    )
    parser.add_argument("--scale", type=numbers, default=SCALE, help="comma-separated numbers of cameras")
    parser.add_argument(
        "--peer-scale", type=numbers, default=(64, 256), help="where PyAV and OpenCV are read too"
    )
    parser.add_argument(
        "--only", type=lambda text: text.split(","), help="comma-separated: clips, seconds, scale"
    )
    parser.add_argument("--quick", action="store_true", help="one clip, three peers, up to 64 cameras")
    args = parser.parse_args()
    if args.quick:
        args.cameras, args.scale, args.peer_scale = 16, (1, 16, 64), ()
        args.rounds = 1
    return args


def main() -> None:
    args = arguments()
    started_at = datetime.now(UTC)
    earlier = json.loads(RESULTS.read_text()) if args.only and RESULTS.exists() else {}
    parts = args.only or [MAIN_CLIP, *(() if args.quick else (*OTHER_CLIPS, "seconds")), "scale"]
    comparisons = {(each["clip"], each["paced"]): each for each in earlier.get("comparisons", [])}
    clips = [clip for clip in (MAIN_CLIP, *OTHER_CLIPS) if clip in parts]
    for clip, paced in itertools.product(clips, (False, True)):
        comparisons[clip, paced] = compare(clip, paced, args)
        print("\n".join(comparison_lines(comparisons[clip, paced])), flush=True)
    steady = earlier.get("camera_seconds", [])
    if "seconds" in parts:
        steady = [per_second(MAIN_CLIP, paced, args) for paced in (False, True)]
        print("\n".join(map(steady_line, steady)), flush=True)
    grown = scale(args) if "scale" in parts else earlier.get("scale", [])
    document = {
        "schema": "camagent.bench.stream/1",
        "started_at": started_at.isoformat(),
        "machine": machine(),
        "window_s": args.window,
        "comparisons": list(comparisons.values()),
        "camera_seconds": steady,
        "scale": grown,
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
