"""What a judged keyframe costs, against the usual way of doing it, in one run: `python -m bench.decode`.

The usual way is OpenCV's habit: convert the picture to BGR, take grey, Laplacian variance, means, deviation
and histogram of the full picture. Costs are CPU milliseconds of this process (one thread), medians over
keyframes; ratios are what counts, milliseconds are this machine's.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from camagent.observe.decode import PicturePool
from camagent.observe.decode_worker import Decoder, planes_of
from camagent.observe.picture.opinion import PictureReport
from camagent.observe.picture.picture_numbers import measure_picture

RESULTS = Path(__file__).parent / "results" / "decode.json"
SIZES = {"1080p": (1920, 1080), "2160p": (3840, 2160)}
ENCODERS = {"h264": "libx264", "h265": "libx265", "mjpeg": "mjpeg"}
OPTIONS = {
    "h264": {"x264-params": "keyint=1:scenecut=0:qp=30", "preset": "veryfast"},
    "h265": {"x265-params": "log-level=none:keyint=1:repeat-headers=1:qp=30", "preset": "veryfast"},
    "mjpeg": {"qmin": "6", "qmax": "6"},
}
POOL_JOBS = 64


@dataclass(frozen=True)
class Row:
    """Medians for one codec and size."""

    codec: str
    size: str
    keyframe_kb: float
    decode_ms: float
    measure_ms: float
    usual_ms: float
    measure_ratio: float
    """usual / ours, without decoding."""
    whole_ratio: float
    """(decode + usual) / (decode + ours)."""


@dataclass(frozen=True)
class PoolRow:
    """The pool as the agent uses it."""

    codec: str
    size: str
    jobs: int
    agent_cpu_ms: float
    """Of this process, a keyframe: pipes and JSON."""
    worker_cpu_ms: float
    """Of the decoding process, a keyframe."""
    keyframes_per_s: float
    worker_rss_mb: float


def scene(width: int, height: int) -> np.ndarray:
    """Discs of all sizes with texture: as hard to code as a sharp outdoor view."""
    rng = np.random.default_rng(11)
    picture = np.full((height, width, 3), 120, np.uint8)
    for _ in range(1500):
        radius = int(height / 3 / rng.uniform(1, 40))
        centre = int(rng.integers(0, width)), int(rng.integers(0, height))
        cv2.circle(picture, centre, max(2, radius), tuple(int(c) for c in rng.integers(20, 235, 3)), -1)
    grain = cv2.GaussianBlur(rng.normal(0, 18, (height, width, 1)).astype(np.float32), (0, 0), 1.0)
    return np.clip(picture + grain[..., None], 0, 255).astype(np.uint8)


def keyframes(codec: str, width: int, height: int, count: int) -> list[bytes]:
    """Keyframes of a moving view, with their parameter sets."""
    context = av.CodecContext.create(ENCODERS[codec], "w")
    context.width, context.height = width, height
    context.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    context.framerate, context.time_base = 25, Fraction(1, 25)
    context.options = OPTIONS[codec]
    view, packets = scene(width, height), []
    for number in range(count):
        frame = av.VideoFrame.from_ndarray(np.roll(view, 16 * number, axis=1), format="bgr24")
        frame = frame.reformat(format=context.pix_fmt)
        frame.pts = number
        packets += context.encode(frame)
    return [bytes(packet) for packet in [*packets, *context.encode(None)]]


def usual(frame: Any) -> tuple[float, ...]:
    """The habit of OpenCV programs, on the full picture."""
    bgr = frame.to_ndarray(format="bgr24")
    grey = cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY)
    histogram = cv2.calcHist([grey], [0], None, [256], [0, 256])
    sharpness = float(cv2.Laplacian(grey, cv2.CV_64F).var())
    return (
        sharpness,
        float(grey.mean()),
        float(grey.std()),
        float(histogram.ravel()[0]),
        *bgr.mean(axis=(0, 1)),
    )


def cpu_ms(work: Callable[..., Any], *arguments: Any) -> tuple[float, Any]:
    """CPU milliseconds of this thread, and the result."""
    started = time.thread_time()
    result = work(*arguments)
    return 1000 * (time.thread_time() - started), result


def compare(codec: str, size: str, pictures: list[bytes]) -> Row:
    """Both ways on the same decoded pictures, one after the other."""
    decoder = Decoder()
    decoded, ours, theirs = [], [], []
    for picture in [pictures[0], *pictures]:  # the first one warms the decoder up
        spent, frame = cpu_ms(decoder.decode, codec, picture)
        if frame is None:
            raise SystemExit(f"{codec} {size}: a keyframe of our own making did not decode")
        decoded.append(spent)
        ours.append(cpu_ms(lambda f: measure_picture(planes_of(f)), frame)[0])
        theirs.append(cpu_ms(usual, frame)[0])
    decode_ms, measure_ms, usual_ms = (statistics.median(column[1:]) for column in (decoded, ours, theirs))
    kilobytes = statistics.mean(map(len, pictures)) / 1000
    whole = (decode_ms + usual_ms) / (decode_ms + measure_ms)
    return Row(codec, size, kilobytes, decode_ms, measure_ms, usual_ms, usual_ms / measure_ms, whole)


async def pool(codec: str, size: str, pictures: list[bytes]) -> PoolRow:
    """Many streams at once through the pool, as a school's keyframes come."""
    async with PicturePool() as judge:
        await asyncio.gather(*(judge.judge(codec, pictures[:1]) for _ in range(4)))
        worker = judge.worker_pid
        if worker is None:
            raise SystemExit("the decoding process is not there")
        before, own, started = process_cpu_s(worker), time.process_time(), time.monotonic()
        jobs = [judge.judge(codec, [pictures[i % len(pictures)]]) for i in range(POOL_JOBS)]
        reports = await asyncio.gather(*jobs)
        spent_s = time.monotonic() - started
        if not all(isinstance(report, PictureReport) and report.decoded == 1 for report in reports):
            raise SystemExit(f"{codec} {size}: a keyframe of our own making was not judged")
        agent = 1000 * (time.process_time() - own) / POOL_JOBS
        work = 1000 * (process_cpu_s(worker) - before) / POOL_JOBS
        return PoolRow(codec, size, POOL_JOBS, agent, work, POOL_JOBS / spent_s, resident_mb(worker))


def process_cpu_s(pid: int) -> float:
    """User and system time of a process, all threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mb(pid: int) -> float:
    """Resident memory of a process, shared libraries included."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1000


def main() -> None:
    """Print the two tables and write them as JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--keyframes", type=int, default=12, help="for each codec and size (default 12)")
    parser.add_argument("--output", type=Path, default=RESULTS)
    options = parser.parse_args()
    clips = {
        (codec, size): keyframes(codec, *SIZES[size], options.keyframes)
        for size, codec in product(SIZES, ENCODERS)
    }
    rows = [compare(codec, size, pictures) for (codec, size), pictures in clips.items()]
    print("codec  size   keyframe kB  decode ms  ours ms  usual ms  usual/ours  with decoding")
    for r in rows:
        print(
            f"{r.codec:6} {r.size:6} {r.keyframe_kb:11.0f} {r.decode_ms:10.1f} {r.measure_ms:8.2f} "
            f"{r.usual_ms:9.1f}"
            f" {r.measure_ratio:11.1f} {r.whole_ratio:14.1f}"
        )
    pools = [asyncio.run(pool(codec, size, pictures)) for (codec, size), pictures in clips.items()]
    print("\npool   size    agent ms  worker ms  keyframes/s  worker RSS MB")
    for p in pools:
        print(
            f"{p.codec:6} {p.size:6} {p.agent_cpu_ms:9.2f} {p.worker_cpu_ms:10.1f} {p.keyframes_per_s:12.0f}"
            f" {p.worker_rss_mb:14.0f}"
        )
    options.output.parent.mkdir(parents=True, exist_ok=True)
    document = {
        "rows": [asdict(row) for row in rows],
        "pool": [asdict(row) for row in pools],
        "cores": os.cpu_count(),
    }
    options.output.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
