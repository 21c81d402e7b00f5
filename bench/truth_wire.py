"""A sample of the senders of `bench.truth` over the wire, read by camagent, ffprobe and PyAV.

`python -m bench.truth_wire` serves each sender over RTSP/TCP on loopback, in its own time, and asks all three
for the frame rate; the answers are added to bench/results/truth.json. ffprobe and PyAV are asked for the
stamps of the packets that they saw in the same window, which is the best that either tells.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import subprocess
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from itertools import chain, islice

from bench.truth import CLOSE, MUST_BE_DEAD, RESULTS, SEED, Trial, keep, rtp_bytes, trial
from bench.truth_senders import Packet, frames
from camagent.model.fault import Fault
from camagent.model.uri import StreamUri
from tests.observe.wire.camera import PPS, SDP, SPS, Asked, Camera, on_channel, running
from tests.observe.wire.watching import watch

SAMPLE = {
    "honest": 8,
    "honest, uneven arrivals": 4,
    "honest, pausing": 4,
    "slow line": 8,
    "lying": 8,
    "lying, uneven arrivals": 4,
    "dying": 4,
    "falling silent": 4,
}
WINDOW_S = 5.0
ENDS_WITHIN_S = 4.0  # who dies or falls silent does so within the window, with time to show it
AT_ONCE = 4
_SPROP = f"{b64encode(SPS).decode()},{b64encode(PPS).decode()}"
SETS = f"a=fmtp:96 packetization-mode=1;sprop-parameter-sets={_SPROP}\r\n"
QUICK = {"fflags": "nobuffer", "analyzeduration": "1000000", "probesize": "5000", "fpsprobesize": "0"}
"""The pictures of these senders are filler: who tries to decode them before he begins never begins."""
Rate = tuple[float | None, float]
"""Frames a second, and the uncertainty stated."""


@dataclass
class Sending(Camera):
    """One sender of the bench as an RTSP camera."""

    packets: tuple[Packet, ...] = ()

    def play(self, asked: Asked) -> bytes:
        return self.ok(asked, "Session: 7F3A")  # no rtptime: ffprobe would count its interval from there

    async def media(self) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        began_s = loop.time() - self.packets[0].arrival_s
        for packet in self.packets:
            wait_s = began_s + packet.arrival_s - loop.time()
            if wait_s > 0:
                await asyncio.sleep(wait_s)
            yield on_channel(rtp_bytes(packet))


def _truth_hz(case: Trial) -> float:
    """What the camera ships: where the line is slow it may leave frames out."""
    rng = random.Random(f"{SEED} {case.kind} {case.number} network")
    sent = frames(rng, case.camera)
    packets = case.network(rng, case.camera, sent)
    until_s = packets[0].arrival_s + WINDOW_S
    came = sorted({packet.frame for packet in packets if packet.arrival_s <= until_s})
    return (
        (len(came) - 1) / (sent[came[-1]].sent_s - sent[came[0]].sent_s) if len(came) > 1 else case.camera.fps
    )


def _sample(kind: str, count: int) -> list[Trial]:
    """The first trials of the kind that can be shown in this window."""
    cases = (trial(kind, number) for number in range(100 * count))
    shown = (case for case in cases if kind not in MUST_BE_DEAD or _ends_s(case) <= ENDS_WITHIN_S)
    return [replace(case, camera=replace(case.camera, window_s=WINDOW_S)) for case in islice(shown, count)]


def _ends_s(case: Trial) -> float:
    return min(case.camera.dies_s, *(begins_s for begins_s, _ in case.camera.pauses), float("inf"))


def _is_wrong(case: Trial, answer: Rate) -> bool:
    """A rate beside the truth and its own uncertainty; of a stream that stopped, any rate."""
    rate_hz, doubt_hz = answer
    if rate_hz is None or case.kind in MUST_BE_DEAD:
        return rate_hz is not None
    truth_hz = _truth_hz(case)
    return abs(rate_hz - truth_hz) > max(CLOSE * truth_hz, doubt_hz)


def _camera(case: Trial) -> Sending:
    rng = random.Random(f"{SEED} {case.kind} {case.number} network")
    return Sending(packets=tuple(case.network(rng, case.camera, frames(rng, case.camera))), sdp=SDP + SETS)


async def _camagent(uri: StreamUri) -> Rate:
    facts = await watch(uri, window_s=WINDOW_S, budget_s=40.0)
    measured = facts.measured
    if isinstance(measured, Fault):
        return None, 0.0
    return measured.frame_rate_hz, measured.frame_rate_uncertainty_hz or 0.0


def _of_stamps(stamps_s: list[float]) -> Rate:
    span_s = max(stamps_s) - min(stamps_s) if len(stamps_s) > 1 else 0.0
    return ((len(stamps_s) - 1) / span_s if span_s > 0 else None), 0.0


def _ffprobe(url: str) -> Rate:
    command = [
        "ffprobe",
        "-v",
        "quiet",
        "-rtsp_transport",
        "tcp",
        "-of",
        "json",
        "-show_entries",
        "packet=pts_time",
    ]
    command += list(chain.from_iterable((f"-{name}", value) for name, value in QUICK.items()))
    command += ["-read_intervals", f"%+{WINDOW_S:g}", url]
    try:
        done = subprocess.run(command, capture_output=True, timeout=20, check=False)
    except subprocess.TimeoutExpired:
        return None, 0.0
    packets = json.loads(done.stdout or b"{}").get("packets", [])
    return _of_stamps([float(packet["pts_time"]) for packet in packets if "pts_time" in packet])


def _pyav(url: str) -> Rate:
    import av

    stamps_s: list[float] = []
    options = {"rtsp_transport": "tcp", "timeout": "8000000", **QUICK}
    try:
        with av.open(url, options=options) as container:
            until_s = time.monotonic() + WINDOW_S
            for packet in container.demux(video=0):
                if packet.pts is not None:
                    stamps_s.append(float(packet.pts * packet.time_base))
                if time.monotonic() > until_s:
                    break
    except (av.error.FFmpegError, OSError, IndexError):
        return None, 0.0
    return _of_stamps(stamps_s)


async def _ask(cases: list[Trial], ask: Callable[[StreamUri], object]) -> list[Rate]:
    async with AsyncExitStack() as stack:
        uris = [await stack.enter_async_context(running(_camera(case))) for case in cases]
        answers = await asyncio.gather(*(ask(uri) for uri in uris))  # type: ignore[call-overload]
        return list(answers)


def _in_thread(read: Callable[[str], Rate]) -> Callable[[StreamUri], object]:
    return lambda uri: asyncio.to_thread(read, str(uri))


READERS: dict[str, Callable[[StreamUri], object]] = {
    "camagent": _camagent,
    "ffprobe": _in_thread(_ffprobe),
    "pyav": _in_thread(_pyav),
}


def main() -> None:
    """Ask everybody about every sender, print and keep the figures; those of other kinds stay."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="kinds with this in their name")
    only = parser.parse_args().only
    table: dict[str, dict[str, dict[str, int]]] = json.loads(RESULTS.read_text()).get("over_the_wire", {})
    for kind, count in SAMPLE.items():
        if only not in kind:
            continue
        cases = _sample(kind, count)
        rows = table[kind] = {}
        for name, ask in READERS.items():
            answers: list[Rate] = []
            for first in range(0, count, AT_ONCE):
                answers += asyncio.run(_ask(cases[first : first + AT_ONCE], ask))
            wrong = sum(map(_is_wrong, cases, answers))
            rows[name] = {
                "senders": count,
                "rate_wrong": wrong,
                "rate_null": sum(r is None for r, _ in answers),
            }
            print(f"{kind:26} {name:9}", rows[name])
    keep(over_the_wire=table)


if __name__ == "__main__":
    main()
