"""A recorder with 1, 16 and 64 channels, checked as a scan does it: wall and CPU time, and every figure
beside the one that is measured with one session at a time.

The recorder is a process of its own on loopback; the checks run one after another.

    python bench/recorder.py [--channels 1 16 64] [--in-turn 16] [--output bench/results/recorder.json]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import resource
import subprocess
import sys
import time
from contextlib import nullcontext
from dataclasses import replace
from itertools import chain, product
from pathlib import Path
from typing import Any
from unittest.mock import patch

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

ADDRESS, HTTP_PORT, RTSP_PORT, HTTPS_PORT, PASSWORD = "127.10.98.7", 18080, 18554, 18443, "Hoc-sinh-7"
RATE_TOLERANCE_HZ = 0.5  # between two windows of one stream
BIT_RATE_TOLERANCE = 0.01  # of what whole GOPs of the clip have: RTP carries no start codes
MAX_GOPS = 3  # of 2 s each that a window of 5 s can hold whole


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--channels", type=int, nargs="*", default=[1, 16, 64])
    parser.add_argument(
        "--in-turn", type=int, default=16, help="up to so many channels are also watched in turn"
    )
    parser.add_argument("--output", type=Path, default=ROOT / "bench" / "results" / "recorder.json")
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        asyncio.run(serve(arguments.serve))
        return
    rows = []
    for channels in arguments.channels:
        rows.append(measure(channels, arguments.in_turn))
        print(json.dumps({key: value for key, value in rows[-1].items() if key != "differences"}))
    document = {
        "what": (
            "a simulated recorder, each channel with a 1080p main and a 360p sub stream, window 5 s, two "
            "keyframes"
        ),
        "machine": {
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "kernel": platform.release(),
        },
        "load_average": os.getloadavg(),
        "rows": rows,
    }
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(json.dumps(document, indent=2) + "\n")


async def serve(channels: int) -> None:
    """The recorder, until standard input ends."""
    from camagent.simulator.recorder import recorder
    from camagent.simulator.school import open_school

    made = replace(
        recorder(channels, PASSWORD),
        address=ADDRESS,
        http_port=HTTP_PORT,
        rtsp_port=RTSP_PORT,
        https_port=HTTPS_PORT,
    )
    async with open_school([made], discovery=False):
        print("ready", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


def measure(channels: int, in_turn: int) -> dict[str, Any]:
    """One recorder: as shipped, and with one session at a time."""
    command = [sys.executable, __file__, "--serve", str(channels)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdout.readline()
        row, together = asyncio.run(check(one_at_a_time=False))
        row = {"channels": channels, **row}
        if channels <= in_turn:
            alone_row, alone = asyncio.run(check(one_at_a_time=True))
            row |= {"wall_in_turn_s": alone_row["wall_s"], "cpu_in_turn_s": alone_row["cpu_s"]}
            row["differences"] = [
                f"{name} {key}: {a} / {b}"
                for name, key, a, b in pairs(together, alone)
                if not same(name, key, a, b)
            ]
            row["figures_unlike_in_turn"] = len(row["differences"])
        process.stdin.close()
    return row


async def check(*, one_at_a_time: bool) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Wall and CPU of one check, and what it measured of each stream."""
    from camagent.model.device import DeviceTarget
    from camagent.model.secret import Credential, Secret
    from camagent.model.stream import MeasuredStream
    from camagent.platform.system_clock import SystemClock
    from camagent.run import turn
    from camagent.run.fleet import Fleet, FleetLimits, FleetOptions, Job

    job = Job(DeviceTarget(ADDRESS, HTTP_PORT), Credential("camagent", Secret(PASSWORD)))
    start_s, start_cpu_s = time.monotonic(), cpu_s()
    in_turn = patch.object(turn, "at_once", lambda sources: 1) if one_at_a_time else nullcontext()
    async with Fleet(FleetLimits(), SystemClock()) as fleet:
        with in_turn:
            (done,) = await fleet.check([job], FleetOptions())
    wall_s, spent_s = time.monotonic() - start_s, cpu_s() - start_cpu_s
    streams = list(chain.from_iterable(source.streams for source in done.sources))
    figures_of: dict[str, dict[str, Any]] = {
        stream.target.token or "": {
            "codec": stream.measured.codec,
            "size": (stream.measured.width_px, stream.measured.height_px),
            "frame_rate_hz": stream.measured.frame_rate_hz,
            "bitrate_bps": stream.measured.bitrate_bps,
            "gop_length_frames": stream.measured.gop_length_frames,
            "rtp_lost_packets": stream.measured.rtp_lost_packets,
            "keyframes_decoded": stream.measured.keyframes_decoded,
        }
        for stream in streams
        if isinstance(stream.measured, MeasuredStream) and not hasattr(stream.target, "path")
    }
    row = {
        "streams": len(streams),
        "measured": len(figures_of),
        "wall_s": round(wall_s, 1),
        "cpu_s": round(spent_s, 2),
    }
    rates = [figures["frame_rate_hz"] for figures in figures_of.values()]
    losses = sum(figures["rtp_lost_packets"] or 0 for figures in figures_of.values())
    return row | {"frame_rates_hz": [min(rates), max(rates)], "rtp_lost_packets": losses}, figures_of


def pairs(first: dict[str, Any], second: dict[str, Any]) -> list[tuple[str, str, Any, Any]]:
    """The same figure of the same stream, twice."""
    names = sorted(first.keys() | second.keys())
    keys = ("codec", "size", "frame_rate_hz", "bitrate_bps", "gop_length_frames", "rtp_lost_packets")
    return [
        (name, key, first.get(name, {}).get(key), second.get(name, {}).get(key))
        for name, key in product(names, keys)
    ]


def same(name: str, key: str, first: Any, second: Any) -> bool:
    """Equal; a bit rate is that of the GOPs which a window held whole: both have to be one of the clip's."""
    if key == "bitrate_bps":
        return all(is_true_bit_rate(name, bitrate_bps) for bitrate_bps in (first, second))
    if isinstance(first, float) and isinstance(second, float):
        return abs(first - second) <= RATE_TOLERANCE_HZ
    return bool(first == second)


def is_true_bit_rate(name: str, bitrate_bps: float | None) -> bool:
    """Some whole GOPs of the clip that this stream plays have that bit rate."""
    if bitrate_bps is None:
        return False
    return any(abs(bitrate_bps - true) <= BIT_RATE_TOLERANCE * true for true in true_bit_rates(name))


def true_bit_rates(name: str) -> list[float]:
    """Of one to three GOPs of the endless clip behind a stream's token, from each of its keyframes on."""
    from camagent.simulator.clips import load_clip
    from camagent.simulator.recorder import recorder

    channel = int(name.removeprefix("Channel").partition("_")[0])
    stream = next(stream for stream in recorder(channel).streams if stream.token == name)
    clip = load_clip(stream.clip_name)
    sizes = [len(frame) for frame in clip.frames] * 2
    lengths = (gops * clip.gop_length_frames for gops in range(1, MAX_GOPS + 1))
    return [
        8 * sum(sizes[begin : begin + length]) / (length / clip.frame_rate_hz)
        for begin, length in product(clip.keyframes, lengths)
    ]


def cpu_s() -> float:
    """CPU seconds of this process and its decoders so far."""
    each = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in each)


if __name__ == "__main__":
    main()
