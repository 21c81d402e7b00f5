"""More senders and lines for `bench.truth`: each bends something that the first kinds leave straight. Pure,
from a seed."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace

from bench.truth_senders import (
    CLOCK_HZ,
    HEAD_BYTES,
    LEAST_LINE_BPS,
    Camera,
    Frame,
    Network,
    Packet,
    bursty,
    jittery,
    lossy,
    overloaded,
    packets_of,
    slow,
    stalling,
    varying,
)

Made = tuple[Camera, Network, bool]
Restamp = Callable[[int, float], float]
"""(stamp in ticks, when the frame was sent) -> stamp in ticks."""
SLIGHT = (0.03, 0.035)  # a lie of 3 % is the least that is asked for
LONG_WINDOW_S = 10.0


def _ordinary(rng: random.Random) -> Network:
    return jittery(rng.choice((0.001, 0.005, 0.02, 0.08)), rng.choice(("uniform", "tail")))


def restamped(network: Network, change: Restamp) -> Network:
    """The same packets, with other stamps on them."""

    def stamped_anew(rng: random.Random, camera: Camera, sent: Sequence[Frame]) -> list[Packet]:
        packets = network(rng, camera, sent)
        return [
            replace(packet, stamp=round(change(packet.stamp, sent[packet.frame].sent_s)))
            for packet in packets
        ]

    return stamped_anew


def holding(every_s: float, longest_s: float, chance: float) -> Network:
    """TCP over a bridge that keeps everything back for a moment, at chance moments."""

    def network(rng: random.Random, camera: Camera, sent: Sequence[Frame]) -> list[Packet]:
        until_s, next_s, out = 0.0, rng.uniform(0, every_s), list[Packet]()
        for at_s, packet in packets_of(camera, sent):
            while at_s >= next_s:
                if rng.random() < chance:
                    until_s = next_s + rng.uniform(0.5, 1.0) * longest_s
                next_s += every_s
            until_s = max(until_s, at_s)
            out.append(replace(packet, arrival_s=until_s + rng.uniform(0, 0.001)))
        latest_s = 0.0
        for place, packet in enumerate(out):
            latest_s = max(latest_s, packet.arrival_s)
            out[place] = replace(packet, arrival_s=latest_s)
        return out

    return network


def draining(kept_s: float, faster: float) -> Network:
    """A restreamer that lags behind and catches up, so many times as fast as live."""

    def network(rng: random.Random, camera: Camera, sent: Sequence[Frame]) -> list[Packet]:
        begins_s, out, latest_s = kept_s, list[Packet](), 0.0
        for at_s, packet in packets_of(camera, sent):
            latest_s = max(latest_s, at_s, begins_s + at_s / faster)
            out.append(replace(packet, arrival_s=latest_s + rng.uniform(0, 0.001)))
            latest_s = out[-1].arrival_s
        return out

    return network


def _spells(rng: random.Random, camera: Camera) -> Made:
    """A line that is slow at the beginning only, in two spells, or whose width changes all the time."""
    camera = replace(camera, window_s=rng.choice((5.0, 10.0)))
    share, room = rng.uniform(0.1, 0.7), rng.choice((2.0, 10.0))
    first_s, second_s = 0.15 * camera.window_s, 0.6 * camera.window_s
    lasts_s = rng.uniform(0.1, 0.35) * camera.window_s
    phases = rng.choice(
        (
            ((0.0, share), (lasts_s + 0.5, room)),
            ((0.0, room), (first_s, share), (first_s + lasts_s, room), (second_s, share)),
            tuple((0.5 * turn, rng.choice((share, 1.0, room))) for turn in range(60)),
        )
    )
    return camera, varying(phases, rng.choice((float("inf"), 256e3, 1e6)), rng.choice((0.0, 0.01))), False


def _by_night(rng: random.Random, camera: Camera) -> Made:
    """The rate changes in mid-window, with stamps that say so."""
    begins_s = rng.uniform(0.1, 0.9) * camera.window_s
    if rng.random() < 0.5:
        spells = ((begins_s, 99.0, rng.randint(2, 4)),)
    else:
        spells = ((-1.0, 1.0 + begins_s, rng.randint(2, 4)),)
    return replace(camera, b_frames=0, thinned=spells), _ordinary(rng), False


def _dynamic(rng: random.Random, camera: Camera) -> Made:
    """A smart codec: the rate follows the scene, down to a frame a second."""
    at_s, spells = 0.0, list[tuple[float, float, int]]()
    while at_s < 40:
        lasts_s = rng.uniform(0.3, 3.0)
        most = max(2, int(camera.fps))
        spells.append((at_s, lasts_s, rng.choice((1, 1, 2, 3, 5, most))))
        at_s += lasts_s
    return replace(camera, b_frames=0, thinned=tuple(spells)), _ordinary(rng), False


def _counts_by_night(rng: random.Random, camera: Camera) -> Made:
    """The rate changes in mid-window, and the stamps are counted on as before: they lie for a part."""
    camera, network, udp = _by_night(rng, camera)
    return replace(camera, stamping="count"), network, udp


def _bridge(rng: random.Random, camera: Camera) -> Made:
    network = holding(rng.choice((0.1, 0.4, 1.0)), rng.choice((0.1, 0.3, 0.6)), rng.uniform(0.1, 0.9))
    return camera, network, False


def _slight_liar(rng: random.Random, camera: Camera) -> Made:
    off = rng.uniform(*SLIGHT) * rng.choice((-1, 1))
    network = rng.choice((_ordinary(rng), bursty(rng.uniform(0.2, 1.0)), stalling(1, 1.0)))
    camera = replace(camera, window_s=LONG_WINDOW_S, speed=1 + off, stamping=rng.choice(("clock", "count")))
    return camera, network, False


def _coarse(rng: random.Random, camera: Camera) -> Made:
    """Stamps in whole milliseconds, or in the sensor's steps; or jittery by themselves."""
    grid = rng.choice([ticks for ticks in (90, 900, 1500, 3000, 3600) if ticks < CLOCK_HZ / camera.fps])
    if rng.random() < 0.3:
        noise = random.Random(rng.random())
        return camera, restamped(_ordinary(rng), _stable(lambda: noise.uniform(-900, 900))), False
    return replace(camera, b_frames=0), restamped(_ordinary(rng), lambda t, _: t // grid * grid), False


def _stable(draw: Callable[[], float]) -> Restamp:
    """The same noise for each packet of a frame."""
    drawn: dict[float, float] = {}
    return lambda stamp, sent_s: stamp + drawn.setdefault(sent_s, draw())


def _wrong_clock(rng: random.Random, camera: Camera) -> Made:
    """The stamps count another clock than the description says."""
    return (
        replace(camera, speed=rng.choice((1_000, 8_000, 10_000, 48_000, 100_000)) / CLOCK_HZ),
        _ordinary(rng),
        False,
    )


def _crystal(rng: random.Random, camera: Camera) -> Made:
    """Clocks that are off by less than a lie: either is near enough to the truth."""
    return replace(camera, speed=1 + rng.uniform(-0.012, 0.012)), _ordinary(rng), False


def _jumping(rng: random.Random, camera: Camera) -> Made:
    """The sender's clock is set once."""
    at_s = rng.uniform(0.1, 0.9) * camera.window_s
    by = CLOCK_HZ * rng.choice((-1, 1)) * rng.choice((0.3, 0.5, 0.9, 1.5, 5.0, 3600.0))
    camera = replace(camera, b_frames=0)  # frames shown in another order hide a small step
    return camera, restamped(_ordinary(rng), lambda t, sent_s: t + by * (sent_s >= at_s)), False


def _skipping(rng: random.Random, camera: Camera) -> Made:
    """Frames are left out at chance, and the stamps are counted on: a lie that has no rhythm."""
    share = rng.uniform(0.05, 0.4)
    at_s, spells = 0.0, list[tuple[float, float, int]]()
    while at_s < 40:
        spells.append((at_s, 0.9 / camera.fps, 1_000_003 if rng.random() < share else 1))
        at_s += 1 / camera.fps
    stamping = rng.choice(("clock", "count"))
    return replace(camera, b_frames=0, thinned=tuple(spells), stamping=stamping), _ordinary(rng), False


def _overloaded_before(rng: random.Random, camera: Camera) -> Made:
    """It could not keep up already when watching began."""
    camera = replace(camera, b_frames=0)
    lasts_s = rng.uniform(0.2, 1.5) * camera.window_s
    return camera, overloaded((-1.0, lasts_s), rng.uniform(1.05, 3.0), rng.uniform(0.05, 1.0)), False


def _draining(rng: random.Random, camera: Camera) -> Made:
    """It has caught up before the window is over: who has not sends as one does whose stamps lie."""
    faster = rng.choice((1.1, 1.25, 1.5, 2.0, 4.0))
    longest_s = 0.7 * camera.window_s * (faster - 1)
    return camera, draining(rng.uniform(0.1, 1.0) * min(4.0, longest_s), faster), False


def _just_wide_enough(rng: random.Random, camera: Camera) -> Made:
    return camera, slow(rng.uniform(0.9, 1.3), float("inf"), rng.choice((0.0, 0.01))), False


def _policed(rng: random.Random, camera: Camera) -> Made:
    """Datagrams over a line of a share of the bit rate: what its queue does not hold is lost."""
    share, queue_s = rng.uniform(0.4, 0.95), rng.choice((0.05, 0.2, 0.5))

    def network(rng: random.Random, camera: Camera, sent: Sequence[Frame]) -> list[Packet]:
        line_bps, free_s, out = max(LEAST_LINE_BPS, share * camera.mean_bps), 0.0, list[Packet]()
        for at_s, packet in packets_of(camera, sent):
            if free_s - at_s > queue_s:
                continue
            free_s = max(free_s, at_s) + 8 * (packet.size + HEAD_BYTES) / line_bps
            out.append(replace(packet, arrival_s=free_s))
        return out

    return camera, network, True


def _lossy_liar(rng: random.Random, camera: Camera) -> Made:
    """Datagrams of a sender whose stamps lie."""
    camera = replace(camera, speed=rng.choice((0.5, 0.84, 0.93, 1.07, 1.19, 2.0)))
    return camera, lossy(rng.choice((0.0, 0.01, 0.05)), rng.choice((1, 4)), rng.choice((0.001, 0.02))), True


SIBLINGS: dict[str, tuple[float, Callable[[random.Random, Camera], Made]]] = {
    "slow in spells": (0.03, _spells),
    "honest, another rate by night": (0.02, _by_night),
    "honest, dynamic rate": (0.03, _dynamic),
    "lying after the rate changed": (0.02, _counts_by_night),
    "honest, behind a bridge": (0.03, _bridge),
    "lying by 3 %": (0.03, _slight_liar),
    "honest, coarse stamps": (0.03, _coarse),
    "lying, another clock": (0.02, _wrong_clock),
    "honest, crystal": (0.02, _crystal),
    "clock set once": (0.03, _jumping),
    "frames left out": (0.03, _skipping),
    "overloaded before": (0.03, _overloaded_before),
    "behind, catching up": (0.03, _draining),
    "a line just wide enough": (0.03, _just_wide_enough),
    "datagrams on a slow line": (0.03, _policed),
    "lying, datagrams": (0.02, _lossy_liar),
}
"""Kind -> share of the trials, and what makes one of an ordinary camera."""
