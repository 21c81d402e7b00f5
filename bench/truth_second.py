"""What a second look over datagrams settles of the senders of `bench.truth` that TCP leaves undecided.

`python -m bench.truth_second` takes every slow and lying trial whose frame rate has no clock, sends the same
camera's frames as datagrams for the length of a second look (a slow line drops what its queue does not hold,
any other loses a packet in two thousand), and adds what came of it to bench/results/truth.json.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from bench.truth import CLOSE, KINDS, SEED, TRIALS, Trial, keep, trial, watch
from bench.truth_senders import HEAD_BYTES, LEAST_LINE_BPS, Camera, Frame, Network, Packet, lossy, packets_of
from camagent.model.stream import MeasuredStream
from camagent.observe.measure import measure
from camagent.observe.second_opinion import SECOND_WINDOW_S, is_undecided, opinion_of

SLOW = "slow line"
ASKED = (SLOW, "lying", "lying, uneven arrivals")
UDP_BYTES = 28  # IP and UDP
QUEUES_S = (0.05, 0.1, 0.3)
SOUND_LOSS = 0.0005


def dropping(share: float, queue_s: float) -> Network:
    """A line of a share of the stream's bit rate, which drops what would wait for longer than its queue."""

    def network(rng: random.Random, camera: Camera, sent: Sequence[Frame]) -> list[Packet]:
        line_bps = max(LEAST_LINE_BPS, share * camera.mean_bps)
        free_s, out = 0.0, list[Packet]()
        for at_s, packet in packets_of(camera, sent):
            if free_s - at_s <= queue_s:
                free_s = max(free_s, at_s) + 8 * (packet.size + HEAD_BYTES + UDP_BYTES) / line_bps
                out.append(replace(packet, arrival_s=free_s))
        return out

    return network


def over_datagrams(case: Trial) -> Trial:
    """The same camera, looked at for the second time."""
    rng = random.Random(f"{SEED} {case.kind} {case.number} second")
    network = lossy(SOUND_LOSS, 1, rng.choice((0.001, 0.02, 0.08)))
    if case.kind == SLOW:
        network = dropping(rng.uniform(0.05, 0.9), rng.choice(QUEUES_S))
    camera = replace(case.camera, window_s=SECOND_WINDOW_S)
    return replace(case, camera=camera, network=network, udp=True)


def came_of(case: Trial) -> str | None:
    """What the second look says: "right", "wrong" or "undecided"; None where the first one needed none."""
    first, _, _ = watch(case)
    if not is_undecided(first):
        return None
    second, _, _ = watch(over_datagrams(case))
    figures = measure(replace(first, second_opinion=opinion_of(second)))
    if not isinstance(figures, MeasuredStream) or figures.frame_rate_hz is None:
        return "undecided"
    doubt_hz = figures.frame_rate_uncertainty_hz or 0.0
    close = abs(figures.frame_rate_hz - case.camera.fps) <= max(CLOSE * case.camera.fps, doubt_hz)
    return "right" if close and (case.kind != SLOW or "network_slow" in figures.limits) else "wrong"


def main() -> None:
    """Every trial, a table, the figures kept."""
    table: dict[str, dict[str, int]] = {}
    for kind in ASKED:
        answers = (came_of(trial(kind, number)) for number in range(round(KINDS[kind][0] * TRIALS)))
        table[kind] = dict(Counter(answer for answer in answers if answer is not None))
        print(f"{kind:26}", table[kind])
    keep(second_look=table)


if __name__ == "__main__":
    main()
