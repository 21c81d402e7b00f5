"""The programs that are measured, one process each: reads N streams for a window, prints the cost and what it
saw.

Run by `bench.stream` as `python -m bench.stream_readers KIND BASE_URL COUNT WINDOW`. Imports are not counted:
the clock of CPU time starts when everything is loaded. Child processes (the decode worker, ffprobe) are.
"""

from __future__ import annotations

import asyncio
import json
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from camagent.model.fault import Fault
from camagent.model.stream import StreamTarget
from camagent.model.uri import parse_stream_uri
from camagent.observe.decode import PicturePool
from camagent.observe.watch import WatchDoors, WatchOptions, watch_stream
from camagent.platform.system_clock import SystemClock
from camagent.wire.login_ledger import LoginLedger

OPEN_US = "15000000"  # FFmpeg's own time-out for a socket, in microseconds
PROBE_LIMIT_S = 60.0


def used_cpu_s() -> tuple[float, float]:
    """All of it, and the kernel's part."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in usages), sum(each.ru_stime for each in usages)


def peak_mb() -> tuple[float, float]:
    """Of this process (since it was started: getrusage would count its parent's too), and of the largest
    child."""
    status = Path("/proc/self/status").read_text()
    own_kb = int(status.partition("VmHWM:")[2].split()[0])
    return own_kb / 1024, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def read_camagent(urls: list[str], window_s: float, pictures: int) -> dict[str, Any]:
    async def look() -> list[Any]:
        pool = PicturePool() if pictures else None
        doors = WatchDoors(SystemClock(), LoginLedger(), pool)
        options = WatchOptions(window_s=window_s, pictures=pictures, budget_s=60.0)
        targets = [StreamTarget(parsed[0]) for url in urls if (parsed := parse_stream_uri(url))]
        try:
            return await asyncio.gather(*(watch_stream(target, None, options, doors) for target in targets))
        finally:
            if pool is not None:
                await pool.close()

    facts = asyncio.run(look())
    streams = [each.measured for each in facts if not isinstance(each.measured, Fault)]
    return {
        "rates_hz": [each.frame_rate_hz for each in streams],
        "lost_packets": sum(each.rtp_lost_packets for each in streams),
        "pictures": sum(each.keyframes_decoded for each in streams),
        "judged": sum(each.image is not None and not isinstance(each.image, Fault) for each in facts),
        "limited": sum(bool(each.limits) for each in streams),
        "faults": sorted({each.fault.code.value for each in facts if each.fault is not None}),
    }


def in_threads(urls: list[str], read: Callable[[str], float | None]) -> dict[str, Any]:
    """One thread a camera, as programs around FFmpeg do it; `read` returns the frame rate that it would
    report."""
    rates: list[float | None] = [None] * len(urls)

    def one(number: int) -> None:
        rates[number] = read(urls[number])

    threads = [threading.Thread(target=one, args=(number,), daemon=True) for number in range(len(urls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PROBE_LIMIT_S)
    return {"rates_hz": [rate for rate in rates if rate is not None]}


def pyav_reader(window_s: float, fast: bool, decode: bool) -> Callable[[str], float | None]:
    import av

    options = {"rtsp_transport": "tcp", "timeout": OPEN_US}
    if fast:
        options |= {"fflags": "nobuffer", "analyzeduration": "0", "probesize": "5000", "fpsprobesize": "0"}

    def read(url: str) -> float | None:
        try:
            with av.open(url, options=options) as container:
                stream = container.streams.video[0]
                stream.codec_context.thread_count = 1
                return watch(container, stream)
        except (av.error.FFmpegError, OSError):
            return None

    def watch(container: Any, stream: Any) -> float | None:
        first_s = last_s = 0.0
        frames = decoded = 0
        for packet in container.demux(stream):
            last_s = time.monotonic()
            first_s = first_s or last_s
            frames += 1
            if decode and not decoded and packet.is_keyframe and packet.pts is not None:
                decoded = len(stream.codec_context.decode(packet)) + len(stream.codec_context.decode(None))
            if last_s - first_s >= window_s:
                break
        return (frames - 1) / (last_s - first_s) if last_s > first_s else None

    return read


def cv2_reader(window_s: float) -> Callable[[str], float | None]:
    import cv2

    def read(url: str) -> float | None:
        capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG)
        first_s = last_s = 0.0
        frames = 0
        while capture.isOpened():
            if not capture.read()[0]:
                break
            last_s = time.monotonic()
            first_s = first_s or last_s
            frames += 1
            if last_s - first_s >= window_s:
                break
        capture.release()
        return (frames - 1) / (last_s - first_s) if last_s > first_s else None

    return read


def ffprobe_reader(window_s: float, count: bool) -> Callable[[str], float | None]:
    command = ["ffprobe", "-v", "error", "-rtsp_transport", "tcp", "-of", "json", "-show_streams"]
    command += ["-count_frames", "-read_intervals", f"%+{window_s:g}"] if count else []

    def read(url: str) -> float | None:
        done = subprocess.run([*command, url], capture_output=True, timeout=PROBE_LIMIT_S, check=False)
        streams = json.loads(done.stdout or "{}").get("streams", [])
        frames = streams[0].get("nb_read_frames") if streams else None
        return int(frames) / window_s if frames else None

    return read


def reader(kind: str, window_s: float) -> Callable[[list[str]], dict[str, Any]]:
    """The reader of that name, its libraries loaded."""
    if kind.startswith("camagent"):
        return lambda urls: read_camagent(urls, window_s, 0 if kind == "camagent-watch" else 1)
    makers: dict[str, Callable[[], Callable[[str], float | None]]] = {
        "pyav-demux": lambda: pyav_reader(window_s, fast=False, decode=False),
        "pyav-fast-demux": lambda: pyav_reader(window_s, fast=True, decode=False),
        "pyav-best": lambda: pyav_reader(window_s, fast=True, decode=True),
        "cv2": lambda: cv2_reader(window_s),
        "ffprobe-count-frames": lambda: ffprobe_reader(window_s, count=True),
        "ffprobe-show-streams": lambda: ffprobe_reader(window_s, count=False),
    }
    read = makers[kind]()
    return lambda urls: in_threads(urls, read)


def main() -> None:
    kind, base, count, window_s = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
    run = reader(kind, window_s)
    began_s, (began_cpu_s, began_kernel_s) = time.monotonic(), used_cpu_s()
    output = run([f"{base}/{number}" for number in range(count)])
    own_mb, child_mb = peak_mb()
    cpu_s, kernel_s = used_cpu_s()
    cost = {
        "cpu_s": cpu_s - began_cpu_s,
        "kernel_s": kernel_s - began_kernel_s,
        "wall_s": time.monotonic() - began_s,
    }
    print(
        json.dumps(
            {"kind": kind, "cameras": count, **cost, "peak_mb": own_mb, "child_peak_mb": child_mb, **output}
        )
    )
    sys.stdout.flush()


if __name__ == "__main__":
    main()
