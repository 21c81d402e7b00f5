"""Random senders and networks whose truth is known: what goes on the wire, and when it comes. Pure, from a
seed."""

from __future__ import annotations

import math
import random
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

RATES_HZ = (5.0, 6.0, 8.0, 10.0, 12.0, 12.5, 15.0, 20.0, 25.0, 30_000 / 1001, 30.0)
WINDOWS_S = (2.0, 5.0, 5.0, 10.0, 10.0)
GOPS = (1, 5, 10, 12, 15, 20, 25, 30, 40, 50, 60, 75, 100, 125, 150)
CLOCK_HZ = 90_000
PACKET_BYTES = 1400
HEAD_BYTES = 16  # framing and RTP
KEY_SPREAD, OTHER_SPREAD = 0.1, 0.3  # of the logarithm of a frame's size
LEAST_LINE_BPS = 16_000.0
LONGEST_S = 30.0  # of sending, whatever the window: slow lines bring little of it


@dataclass(frozen=True)
class Frame:
    """One frame as the camera sends it."""

    sent_s: float
    stamp: int
    size: int
    key: bool


@dataclass(frozen=True)
class Packet:
    """One RTP packet as it comes."""

    arrival_s: float
    frame: int
    sequence: int
    stamp: int
    size: int
    key: bool
    first: bool
    last: bool


@dataclass(frozen=True)
class Camera:
    """One drawn sender."""

    fps: float
    window_s: float
    gop: int
    b_frames: int
    key_bytes: int
    other_bytes: int
    phase: int
    """Frames after a keyframe at which watching begins."""
    speed: float = 1.0
    """Stamps run so many times too fast."""
    stamping: str = "clock"
    """Or "zero", or "count": a fixed step a frame, whatever time passed."""
    pauses: tuple[tuple[float, float], ...] = ()
    """(beginning, length) of times without a frame."""
    dies_s: float = math.inf
    pacing: float = 0.02
    """Share of the frame interval over which a frame's packets are spread."""
    thinned: tuple[tuple[float, float, int], ...] = ()
    """(beginning, length, n): so long only each n-th frame is sent (a dynamic rate, a busy encoder)."""

    @property
    def mean_bps(self) -> float:
        """Payload bits a second in the long run."""
        key = self.key_bytes * math.exp(KEY_SPREAD**2 / 2)
        other = self.other_bytes * math.exp(OTHER_SPREAD**2 / 2)
        return 8 * self.fps * (key + (self.gop - 1) * other) / self.gop


Network = Callable[[random.Random, Camera, Sequence[Frame]], list[Packet]]


def draw(rng: random.Random) -> Camera:
    """An ordinary camera."""
    gop = rng.choice(GOPS)
    b_frames = rng.choice((0, 0, 0, 0, 1, 2)) if gop >= 10 else 0
    gop -= gop % (b_frames + 1)
    other = round(math.exp(rng.uniform(math.log(300), math.log(20_000))))
    key = min(160_000, round(other * math.exp(rng.uniform(0.4, math.log(20)))))
    return Camera(
        fps=rng.choice(RATES_HZ),
        window_s=rng.choice(WINDOWS_S),
        gop=gop,
        b_frames=b_frames,
        key_bytes=key,
        other_bytes=other,
        phase=rng.randrange(gop),
        pacing=rng.choice((0.01, 0.02, 0.1, 0.5, 0.9)),
    )


def frames(rng: random.Random, camera: Camera) -> list[Frame]:
    """In order of sending, with what a pause leaves out left out; a keyframe is made after it."""
    step = camera.b_frames + 1
    base = rng.randrange(1 << 30)
    longest_s = max((length for _, length in camera.pauses), default=0.0)
    seconds = min(LONGEST_S, 3 * camera.window_s + 4) + longest_s
    made: list[Frame] = []
    key_is_due = False
    for place, (shown, is_key) in enumerate(_order(camera, step, int(seconds * camera.fps))):
        sent_s = place / camera.fps
        if (
            sent_s >= camera.dies_s
            or any(start <= sent_s < start + length for start, length in camera.pauses)
            or _is_left_out(camera, place, sent_s)
        ):
            key_is_due |= is_key
            continue
        key, key_is_due = is_key or key_is_due, False
        number = {"count": len(made), "zero": 0}.get(camera.stamping, shown)
        size = camera.key_bytes if key else camera.other_bytes
        size = max(60, round(size * math.exp(rng.gauss(0, KEY_SPREAD if key else OTHER_SPREAD))))
        made.append(Frame(sent_s, base + round(number / camera.fps * camera.speed * CLOCK_HZ), size, key))
    return made


def _is_left_out(camera: Camera, place: int, sent_s: float) -> bool:
    spells = (each for start, length, each in camera.thinned if start <= sent_s < start + length)
    return place % next(spells, 1) != 0


def _order(camera: Camera, step: int, count: int) -> Iterator[tuple[int, bool]]:
    """(place when shown, is it a keyframe): anchors before the frames between that are shown before them.

    The encoder has run for a group when watching begins.
    """
    begin = -camera.gop - (camera.phase // step) * step
    sent: list[tuple[int, bool]] = []
    for anchor in range(begin, count + step, step):
        sent.append((anchor, (anchor - begin) % camera.gop == 0))
        sent += [(before, False) for before in range(anchor - step + 1, anchor) if anchor > begin]
    first = next(place for place, (shown, _) in enumerate(sent) if shown >= 0)
    yield from sent[first : first + count]


def packets_of(camera: Camera, sent: Sequence[Frame]) -> Iterator[tuple[float, Packet]]:
    """(when sent, packet), not yet arrived."""
    sequence = 0
    for number, frame in enumerate(sent):
        count = max(1, math.ceil(frame.size / PACKET_BYTES))
        for i in range(count):
            size = min(PACKET_BYTES, frame.size - i * PACKET_BYTES)
            at_s = frame.sent_s + camera.pacing / camera.fps * i / count
            yield (
                at_s,
                Packet(0.0, number, sequence, frame.stamp, max(size, 8), frame.key, i == 0, i == count - 1),
            )
            sequence += 1


def jittery(level_s: float, shape: str = "uniform") -> Network:
    """TCP: in order, each packet held back by up to a level (or exponentially about it)."""

    def network(rng: random.Random, camera: Camera, sent: Sequence[Frame]) -> list[Packet]:
        latest, frame, delay_s, out = 0.0, -1, 0.0, []
        for at_s, packet in packets_of(camera, sent):
            if packet.frame != frame:
                frame = packet.frame
                delay_s = (
                    rng.uniform(0, level_s) if shape == "uniform" else rng.expovariate(1 / (level_s / 2))
                )
            latest = max(latest, at_s + delay_s)
            out.append(replace(packet, arrival_s=latest))
        return out

    return network


def bursty(period_s: float) -> Network:
    """TCP: everything of a period comes at its end (a proxy, power saving of Wi-Fi)."""

    def network(rng: random.Random, camera: Camera, sent: Sequence[Frame]) -> list[Packet]:
        offset_s, latest, out = rng.uniform(0, period_s), 0.0, []
        for at_s, packet in packets_of(camera, sent):
            until_s = math.ceil((at_s - offset_s) / period_s) * period_s + offset_s
            latest = max(latest + 0.00005, until_s + rng.uniform(0, 0.003))
            out.append(replace(packet, arrival_s=latest))
        return out

    return network


def stalling(times: int, longest_s: float) -> Network:
    """TCP: now and then nothing comes for a while, then all of it."""

    def network(rng: random.Random, camera: Camera, sent: Sequence[Frame]) -> list[Packet]:
        stalls = [(rng.uniform(0, camera.window_s), rng.uniform(0.2, longest_s)) for _ in range(times)]
        latest, out = 0.0, []
        for at_s, packet in packets_of(camera, sent):
            until_s = max(
                [at_s, *(start + length for start, length in stalls if start <= at_s < start + length)]
            )
            latest = max(latest, until_s + rng.uniform(0, 0.005))
            out.append(replace(packet, arrival_s=latest))
        return out

    return network


def backlog(buffered_s: float) -> Network:
    """A restreamer that sends what it has kept first, then goes on live."""

    def network(rng: random.Random, camera: Camera, sent: Sequence[Frame]) -> list[Packet]:
        latest, out = 0.0, []
        for at_s, packet in packets_of(camera, sent):
            latest = max(latest + 0.0001, at_s - buffered_s + rng.uniform(0, 0.004))
            out.append(replace(packet, arrival_s=latest))
        return out

    return network


def lossy(ratio: float, burst: int, jitter_s: float) -> Network:
    """UDP: packets are lost alone or in bursts, held back each by its own time, and overtake one another."""

    def network(rng: random.Random, camera: Camera, sent: Sequence[Frame]) -> list[Packet]:
        dropping, out = 0, []
        for at_s, packet in packets_of(camera, sent):
            if dropping == 0 and rng.random() < ratio / burst:
                dropping = rng.randint(1, 2 * burst - 1)
            if dropping:
                dropping -= 1
                continue
            out.append(replace(packet, arrival_s=at_s + rng.uniform(0, jitter_s)))
        return sorted(out, key=lambda packet: packet.arrival_s)

    return network


def _in_order(sent: Sequence[Packet]) -> list[Packet]:
    """The packets as TCP hands them over: none arrives before one that was sent earlier."""
    out, latest_s = list[Packet](), 0.0
    for packet in sent:
        latest_s = max(latest_s, packet.arrival_s)
        out.append(replace(packet, arrival_s=latest_s))
    return out


def catching_up(longest_s: float, times: int, share: float) -> Network:
    """TCP over Wi-Fi: nothing comes for a while, now and again; then all of it as fast as the air allows."""

    def network(rng: random.Random, camera: Camera, sent: Sequence[Frame]) -> list[Packet]:
        line_bps, free_s, out = share * camera.mean_bps, 0.0, list[Packet]()
        begin_s = rng.uniform(0, camera.window_s)
        stalls = list[tuple[float, float]]()
        for _ in range(times):
            length_s = rng.uniform(0.1, longest_s)
            stalls.append((begin_s, begin_s + length_s))
            begin_s += length_s + rng.uniform(0.02, 0.5)
        for at_s, packet in packets_of(camera, sent):
            free_s = max(free_s, at_s)
            free_s = max([free_s, *(end_s for start_s, end_s in stalls if start_s <= free_s < end_s)])
            free_s += 8 * (packet.size + HEAD_BYTES) / line_bps
            out.append(replace(packet, arrival_s=free_s + rng.uniform(0, 0.004)))
        return _in_order(out)

    return network


def overloaded(spell: tuple[float, float], slower: float, longest_s: float) -> Network:
    """A camera that cannot keep up for a spell: each picture takes it longer than its turn, and what would
    wait for too long is left out. The line has room."""

    def network(rng: random.Random, camera: Camera, sent: Sequence[Frame]) -> list[Packet]:
        free_s, out, sequence, ready_s = 0.0, list[Packet](), 0, dict[int, float]()
        for number, frame in enumerate(sent):
            busy = spell[0] <= frame.sent_s < spell[0] + spell[1]
            takes_s = slower / camera.fps * rng.uniform(0.9, 1.1) if busy else 0.2 / camera.fps
            if free_s - frame.sent_s <= longest_s:
                free_s = max(free_s, frame.sent_s) + takes_s
                ready_s[number] = free_s - frame.sent_s
        for at_s, packet in packets_of(camera, sent):
            if packet.frame in ready_s:
                out.append(replace(packet, arrival_s=at_s + ready_s[packet.frame], sequence=sequence))
                sequence += 1
        return _in_order(out)

    return network


def varying(phases: Sequence[tuple[float, float]], buffer_bytes: float, tick_s: float) -> Network:
    """TCP over a line that carries another share of the bit rate from each of these moments on."""

    def network(rng: random.Random, camera: Camera, sent: Sequence[Frame]) -> list[Packet]:
        starts_s = [start_s for start_s, _ in phases]
        rates_bps = [max(LEAST_LINE_BPS, share * camera.mean_bps) for _, share in phases]
        free_s, out, sequence = 0.0, list[Packet](), 0
        by_frame: dict[int, list[tuple[float, Packet]]] = {}
        for at_s, packet in packets_of(camera, sent):
            by_frame.setdefault(packet.frame, []).append((at_s, packet))
        for number, frame in enumerate(sent):
            line_bps = rates_bps[max(0, bisect_right(starts_s, frame.sent_s) - 1)]
            waiting = max(0.0, free_s - frame.sent_s) * line_bps / 8
            if waiting > 0 and waiting + frame.size > buffer_bytes:
                continue
            for at_s, packet in by_frame[number]:
                free_s = _carried_s(max(free_s, at_s), 8.0 * (packet.size + HEAD_BYTES), starts_s, rates_bps)
                come_s = math.ceil(free_s / tick_s) * tick_s if tick_s else free_s
                out.append(replace(packet, arrival_s=come_s + 0.001, sequence=sequence))
                sequence += 1
        return out

    return network


def _carried_s(from_s: float, bits: float, starts_s: Sequence[float], rates_bps: Sequence[float]) -> float:
    """When so many bits have been carried that begin at that moment."""
    phase = max(0, bisect_right(starts_s, from_s) - 1)
    while phase + 1 < len(starts_s):
        room = (starts_s[phase + 1] - from_s) * rates_bps[phase]
        if bits <= room:
            break
        bits, from_s, phase = bits - room, starts_s[phase + 1], phase + 1
    return from_s + bits / rates_bps[phase]


def slow(share: float, buffer_bytes: float, tick_s: float) -> Network:
    """TCP over a line of a share of the stream's bit rate; a camera whose buffer is full leaves frames
    out."""

    def network(rng: random.Random, camera: Camera, sent: Sequence[Frame]) -> list[Packet]:
        line_bps = max(LEAST_LINE_BPS, share * camera.mean_bps)
        free_s, out, sequence, skipping = 0.0, [], 0, False
        by_frame: dict[int, list[tuple[float, Packet]]] = {}
        for at_s, packet in packets_of(camera, sent):
            by_frame.setdefault(packet.frame, []).append((at_s, packet))
        for number, frame in enumerate(sent):
            waiting = max(0.0, free_s - frame.sent_s) * line_bps / 8
            skipping = waiting > 0 and waiting + frame.size > buffer_bytes
            if skipping:
                continue
            for at_s, packet in by_frame[number]:
                free_s = max(free_s, at_s) + 8 * (packet.size + HEAD_BYTES) / line_bps
                come_s = math.ceil(free_s / tick_s) * tick_s if tick_s else free_s
                out.append(replace(packet, arrival_s=come_s + 0.001, sequence=sequence))
                sequence += 1
        return out

    return network
