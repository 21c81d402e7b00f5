"""How often a figure of a stream is wrong: thousands of random senders whose truth is known, through the
receiver.

`python -m bench.truth` draws the trials from a committed seed and prints a table by kind of sender. A figure
counts as wrong where it is beside the truth by more than 3 % *and* outside the uncertainty stated with it (a
bit rate: 5 %). A bit rate that is not stated is excused where no whole group of pictures came and a keyframe
more or less would change what came by more than 5 %; the others are counted a second time, apart.
"""

from __future__ import annotations

import argparse
import json
import random
import struct
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path

from bench.truth_senders import (
    CLOCK_HZ,
    Camera,
    Frame,
    Network,
    Packet,
    backlog,
    bursty,
    catching_up,
    draw,
    frames,
    jittery,
    lossy,
    overloaded,
    slow,
    stalling,
    varying,
)
from bench.truth_siblings import SIBLINGS
from camagent.model.fault import Fault, FaultCode, Stage
from camagent.model.stream import MeasuredStream
from camagent.observe.capture import Capture, PacketCounts, TrackDescription
from camagent.observe.codec.table import codec_of
from camagent.observe.measure import measure
from camagent.observe.receiver import TrackPlan, TrackReceiver
from camagent.observe.rtsp.client import StepLimits
from camagent.observe.rtsp.window import ENOUGH_FRAMES
from camagent.observe.silence import STOPPED_AFTER_S, Silence

RESULTS = Path(__file__).parent / "results" / "truth.json"
SEED = 20_261_128
TRIALS = 12_000
LONGEST_PAUSE_S = 4.0  # living streams were seen to pause so long (docs/design/rtsp-client.md)
TOO_LONG_S = (5.5, 20.0)  # beyond the patience with a stream that never paused before
MUST_BE_DEAD = ("dying", "falling silent")
SSRC = 0x1234ABCD
CLOSE, CLOSE_BITS = 0.03, 0.05
VERY_LATE_S = 1.0
_FILLER = bytes((i * 37 + 11) % 251 + 1 for i in range(1500))


@dataclass(frozen=True)
class Trial:
    """One sender behind one network."""

    kind: str
    number: int
    camera: Camera
    network: Network
    udp: bool = False
    seed: int = SEED


def _honest(rng: random.Random, camera: Camera) -> tuple[Camera, Network, bool]:
    level_s = rng.choice((0.001, 0.005, 0.02, 0.08))
    return camera, jittery(level_s, rng.choice(("uniform", "tail"))), False


def _uneven(rng: random.Random, camera: Camera) -> tuple[Camera, Network, bool]:
    network = rng.choice(
        (bursty(rng.uniform(0.2, 1.2)), stalling(rng.randint(1, 2), 2.0), backlog(rng.uniform(0.2, 4.0)))
    )
    return camera, network, False


def _loss(rng: random.Random, camera: Camera) -> tuple[Camera, Network, bool]:
    ratio = rng.choice((0.001, 0.01, 0.05, 0.1, 0.2))
    return camera, lossy(ratio, rng.choice((1, 1, 4, 20)), rng.choice((0.001, 0.02, 0.08))), True


def _pausing(rng: random.Random, camera: Camera) -> tuple[Camera, Network, bool]:
    length_s = rng.uniform(0.5, LONGEST_PAUSE_S)
    every_s = length_s + rng.uniform(1.0, 4.0)
    first_s = rng.uniform(0.3, every_s)
    pauses = tuple((first_s + i * every_s, length_s) for i in range(10))
    network, _ = _honest(rng, camera)[1:]
    return replace(camera, pauses=pauses, b_frames=0), network, False


def _falling_silent(rng: random.Random, camera: Camera) -> tuple[Camera, Network, bool]:
    begins_s, length_s = rng.uniform(0.2, 0.95) * camera.window_s, rng.uniform(*TOO_LONG_S)
    network, _ = _honest(rng, camera)[1:]
    return replace(camera, pauses=((begins_s, length_s),), b_frames=0), network, False


def _slow(rng: random.Random, camera: Camera) -> tuple[Camera, Network, bool]:
    buffer_bytes = rng.choice((float("inf"), 64e3, 256e3, 1e6))
    return camera, slow(rng.uniform(0.05, 0.9), buffer_bytes, rng.choice((0.0, 0.001, 0.01, 0.05))), False


def _slow_in_part(rng: random.Random, camera: Camera) -> tuple[Camera, Network, bool]:
    """Slow from some moment on, or until then, for a part, or by turns."""
    camera = replace(camera, window_s=rng.choice((5.0, 10.0)))
    share, room = rng.uniform(0.1, 0.7), rng.choice((2.0, 10.0))
    begins_s, lasts_s = rng.uniform(0.2, 0.6) * camera.window_s, rng.uniform(1.5, 0.5 * camera.window_s)
    phases = rng.choice(
        (
            ((0.0, room), (begins_s, share)),
            ((0.0, share), (begins_s, room)),
            ((0.0, room), (begins_s, share), (begins_s + lasts_s, room)),
            tuple((2.0 * turn, share if turn % 2 else room) for turn in range(20)),
        )
    )
    buffer_bytes = rng.choice((float("inf"), 64e3, 256e3, 1e6))
    return camera, varying(phases, buffer_bytes, rng.choice((0.0, 0.001, 0.01, 0.05))), False


def _with_room(rng: random.Random, camera: Camera) -> tuple[Camera, Network, bool]:
    """Whatever looks like a slow line and is none."""
    begins_s, lasts_s = rng.uniform(0, 0.8) * camera.window_s, rng.uniform(0.5, 0.6 * camera.window_s)
    sort = rng.choice(("Wi-Fi", "Wi-Fi", "thinned", "overloaded", "large keyframes"))
    if sort == "Wi-Fi":
        return camera, catching_up(rng.uniform(0.2, 2.0), rng.randint(1, 6), rng.uniform(3, 30)), False
    camera = replace(camera, b_frames=0)
    if sort == "overloaded":
        spell = (begins_s, lasts_s)
        return camera, overloaded(spell, rng.uniform(1.1, 3.0), rng.uniform(0.05, 1.0)), False
    if sort == "thinned":
        camera = replace(camera, thinned=((begins_s, lasts_s, rng.randint(2, 5)),))
        return camera, _honest(rng, camera)[1], False
    return camera, slow(rng.uniform(2.0, 10.0), float("inf"), rng.choice((0.0, 0.001, 0.01))), False


def _lying(rng: random.Random, camera: Camera) -> tuple[Camera, Network, bool]:
    while True:
        speed = 3 ** rng.uniform(-1, 1) if rng.random() < 0.7 else rng.uniform(0.8, 1.25)
        if abs(speed - 1) >= 0.03:
            break
    network, _ = _honest(rng, camera)[1:]
    return (
        replace(camera, speed=speed, stamping=rng.choice(("clock", "count", "clock", "zero"))),
        network,
        False,
    )


def _lying_uneven(rng: random.Random, camera: Camera) -> tuple[Camera, Network, bool]:
    camera, _, _ = _lying(rng, camera)
    return camera, _uneven(rng, camera)[1], False


def _dying(rng: random.Random, camera: Camera) -> tuple[Camera, Network, bool]:
    network, _ = _honest(rng, camera)[1:]
    return replace(camera, dies_s=rng.uniform(0.2, 0.99) * camera.window_s), network, False


KINDS: dict[str, tuple[float, Callable[[random.Random, Camera], tuple[Camera, Network, bool]]]] = {
    "honest": (0.25, _honest),
    "honest, uneven arrivals": (0.15, _uneven),
    "honest, pausing": (0.1, _pausing),
    "lossy": (0.12, _loss),
    "slow line": (0.14, _slow),
    "lying": (0.14, _lying),
    "lying, uneven arrivals": (0.05, _lying_uneven),
    "dying": (0.05, _dying),
    "falling silent": (0.05, _falling_silent),
    "honest, looks slow": (0.1, _with_room),
    "slow in part": (0.1, _slow_in_part),
    **SIBLINGS,
}
"""Kind -> share of the trials, and what makes one of an ordinary camera."""


def trial(kind: str, number: int, seed: int = SEED) -> Trial:
    """The same one for the same seed, whatever else was drawn."""
    rng = random.Random(f"{seed} {kind} {number}")
    camera, network, udp = KINDS[kind][1](rng, draw(rng))
    return Trial(kind, number, camera, network, udp, seed)


def watch(case: Trial) -> tuple[Capture, list[Frame], list[Packet]]:
    """What the receiver makes of the packets until the window is over or silence has lasted too long."""
    rng = random.Random(f"{case.seed} {case.kind} {case.number} network")
    sent = frames(rng, case.camera)
    packets = case.network(rng, case.camera, sent)
    track = TrackReceiver(TrackPlan(codec_of("h264"), 96, CLOCK_HZ))
    end_s = (packets[0].arrival_s if packets else 0.0) + case.camera.window_s
    fault: Fault | None = None
    received: list[Packet] = []
    for packet in packets:
        last_s = track.last_packet_s
        if last_s is not None:
            if last_s >= end_s + longer_s(track, case.camera.window_s):
                break
            late = packet.arrival_s > last_s + STOPPED_AFTER_S
            if late and packet.arrival_s > _given_up_s(track, last_s):
                fault = Fault(FaultCode.STALLED, Stage.OBSERVE, "PLAY", 0.0)
                break
        _feed(track, packet, case.udp)
        received.append(packet)
    else:
        fault = Fault(FaultCode.STALLED, Stage.OBSERVE, "PLAY", 0.0)
    track.finish()
    return _capture(track, case, fault, end_s), sent, received


def longer_s(track: TrackReceiver, window_s: float) -> float:
    """How much longer a watch goes on that wants pictures, as `Watching` does."""
    if track.builder.frame_count < ENOUGH_FRAMES:
        return 2 * window_s
    return 0.0 if track.builder.keyframes else window_s


def _given_up_s(track: TrackReceiver, last_s: float) -> float:
    """When the watch would have called the stream dead."""
    return last_s + Silence.seen(track.builder.arrivals_s, last_s).patience_s(StepLimits().stall_s)


def rtp_bytes(packet: Packet) -> bytes:
    """The packet as it stands on the wire."""
    kind = 5 if packet.key else 1
    slice_header = b"\x88" if packet.key else b"\x9a"
    if packet.first and packet.last:
        payload = bytes((0x60 | kind,)) + slice_header + _FILLER[: packet.size - 2]
    else:
        flags = 0x80 * packet.first | 0x40 * packet.last | kind
        payload = bytes((0x7C, flags)) + slice_header + _FILLER[: packet.size - 3]
    second = 96 | packet.last << 7
    return (
        struct.pack("!BBHII", 0x80, second, packet.sequence & 0xFFFF, packet.stamp & 0xFFFFFFFF, SSRC)
        + payload
    )


def _feed(track: TrackReceiver, packet: Packet, udp: bool) -> None:
    data = rtp_bytes(packet)
    if udp:
        buffer = bytearray(data)
        track.feed_datagram(buffer, len(buffer), packet.arrival_s)
    else:
        buffer = bytearray(b"$\0" + struct.pack("!H", len(data)) + data)
        track.feed_interleaved(buffer, 0, len(buffer), packet.arrival_s)


def _capture(track: TrackReceiver, case: Trial, fault: Fault | None, end_s: float) -> Capture:
    order, first_s = track.sequence, track.first_packet_s or 0.0
    counts = PacketCounts(0, 0, 0, 0, 0)
    if order is not None:
        counts = PacketCounts(
            order.received,
            order.counts.lost,
            order.counts.duplicates,
            order.counts.reordered,
            0,
            late=order.counts.late,
        )
    return Capture(
        description=TrackDescription("h264", "H264", CLOCK_HZ),
        transport="udp" if case.udp else "tcp",
        frames=track.builder.table(CLOCK_HZ),
        counts=counts,
        connected_s=first_s,
        play_s=first_s,
        playing_s=first_s,
        first_packet_s=first_s,
        ended_s=max(end_s, track.last_packet_s or end_s),
        fault=fault,
    )


@dataclass
class Tally:
    """What came of one kind."""

    trials: int = 0
    rate_wrong: int = 0
    gop_wrong: int = 0
    gop_bound_wrong: int = 0
    bits_wrong: int = 0
    life_wrong: int = 0
    rate_null: int = 0
    bits_null: int = 0
    bits_null_unexcused: int = 0
    slow_told: int = 0
    late: int = 0
    """Frames came a second later than others and were not stamped so."""
    late_told: int = 0
    """Of these: the line was named."""
    by_arrivals: int = 0


def judge(case: Trial, tally: Tally, notes: list[str]) -> None:
    """Add one trial to its kind's tally."""
    capture, sent, packets = watch(case)
    measured = measure(capture)
    tally.trials += 1
    if isinstance(measured, Fault):
        if case.kind not in MUST_BE_DEAD:
            tally.life_wrong += 1
            notes.append(f"{case.kind} {case.number}: {measured.code}")
        return
    if case.kind in MUST_BE_DEAD:
        tally.life_wrong += 1
        notes.append(f"{case.kind} {case.number}: alive")
        return
    is_named = "network_slow" in measured.limits
    tally.slow_told += is_named
    late = _latest_s(sent, packets) >= VERY_LATE_S
    tally.late += late
    tally.late_told += late and is_named
    tally.by_arrivals += measured.frame_rate_basis == "arrivals"
    for name, wrong in _compare(case, measured, sent, packets).items():
        if wrong is None:
            continue
        setattr(tally, name, getattr(tally, name) + 1)
        if name.endswith("wrong"):
            notes.append(f"{case.kind} {case.number}: {name} {wrong}")


def _latest_s(sent: Sequence[Frame], packets: Sequence[Packet]) -> float:
    """How much later than a frame before it one came, by the time it was sent."""
    delays_s = [packet.arrival_s - sent[packet.frame].sent_s for packet in packets if packet.first]
    least_s = accumulate(delays_s, min)
    return max((delay - least for delay, least in zip(delays_s, least_s, strict=True)), default=0.0)


def _compare(
    case: Trial, measured: MeasuredStream, sent: Sequence[Frame], packets: Sequence[Packet]
) -> dict[str, str | None]:
    camera = case.camera
    span = [packet.frame for packet in packets if packet.last]
    first = min(packet.frame for packet in packets)
    last = max(span, default=first)
    if last == first and not case.udp:  # one picture at most came whole: any rate would be made up
        rate_hz = measured.frame_rate_hz
        return {"rate_null": "", "rate_wrong": None} if rate_hz is None else {"rate_wrong": f"{rate_hz:.4g}"}
    first, last = (
        (first, last) if last > first else (0, 1)
    )  # of datagrams, pieces of others came: stamps tell
    # what a camera left out it did not send; what the network lost it did
    kept = last - first if case.udp else len(set(span)) - 1
    truth_hz = kept / (sent[last].sent_s - sent[first].sent_s)
    plain = not camera.pauses and not camera.thinned and kept == last - first
    rate_hz, doubt_hz = measured.frame_rate_hz, measured.frame_rate_uncertainty_hz or 0.0
    bits_bps, doubt_bps = measured.bitrate_bps, measured.bitrate_uncertainty_bps or 0.0
    gop_s, truth_s = measured.gop_length_s, camera.gop / camera.fps
    verdicts: dict[str, str | None] = {}
    verdicts["rate_null"] = "" if rate_hz is None else None
    verdicts["bits_null"] = "" if bits_bps is None else None
    verdicts["bits_null_unexcused"] = "" if bits_bps is None and not _is_uneven(camera, measured) else None
    verdicts["rate_wrong"] = _beside(rate_hz, truth_hz, doubt_hz, CLOSE)
    if plain:
        verdicts["gop_wrong"] = _beside(measured.gop_length_frames, camera.gop, 0.0, 0.001) or _beside(
            gop_s, truth_s, truth_s * doubt_hz / (rate_hz or 1.0), CLOSE
        )
        at_least_s = measured.gop_at_least_s
        if at_least_s is not None and at_least_s > truth_s * (1 + CLOSE) + 0.3:
            verdicts["gop_bound_wrong"] = f"{at_least_s:.2f} for {truth_s:.2f}"
        verdicts["bits_wrong"] = _beside(bits_bps, camera.mean_bps, doubt_bps, CLOSE_BITS)
    return verdicts


def _is_uneven(camera: Camera, measured: MeasuredStream) -> bool:
    """No whole group came, and one keyframe more or less changes more than counts as wrong."""
    one_keyframe = (camera.key_bytes / camera.other_bytes - 1) / measured.frames
    return measured.keyframes < 2 and one_keyframe > CLOSE_BITS


def _beside(value: float | None, truth: float, uncertainty: float, close: float) -> str | None:
    if value is None or abs(value - truth) <= max(close * truth, uncertainty):
        return None
    return f"{value:.4g} ± {uncertainty:.3g} for {truth:.4g}"


def keep(**parts: object) -> None:
    """Write some parts of the figures; the others stay."""
    document = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    RESULTS.write_text(json.dumps(document | parts, indent=2) + "\n", encoding="utf-8")


def main() -> None:
    """Run the trials, print the table, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=TRIALS)
    parser.add_argument("--only", default="")
    parser.add_argument("--notes", type=int, default=0, help="print so many of the wrong ones")
    parser.add_argument(
        "--seed", type=int, default=SEED, help="another one than the committed: nothing is kept"
    )
    parser.add_argument("--dry", action="store_true", help="write no file")
    options = parser.parse_args()
    began_s = time.monotonic()
    table: dict[str, dict[str, int]] = {}
    for kind, (share, _) in KINDS.items():
        if options.only not in kind:
            continue
        tally = Tally()
        notes: list[str] = []
        for number in range(round(share * options.trials)):
            judge(trial(kind, number, options.seed), tally, notes)
        table[kind] = vars(tally)
        excused = tally.bits_null - tally.bits_null_unexcused
        figures = (f"{name}={value}" for name, value in vars(tally).items())
        print(f"{kind:26}", *figures, f"bits_null_excused={excused}")
        counts: Counter[str] = Counter()
        for note in notes:
            counts[note.split(":")[1].split()[0]] += 1
            if counts[note.split(":")[1].split()[0]] <= options.notes:
                print("   ", note)
    if not options.dry and not options.only and options.seed == SEED:
        keep(seed=SEED, trials=sum(row["trials"] for row in table.values()), in_process=table)
    print(f"{time.monotonic() - began_s:.0f} s")


if __name__ == "__main__":
    main()
