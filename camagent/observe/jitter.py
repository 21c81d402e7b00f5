"""Interarrival jitter (RFC 3550 §6.4.1) out of time stamps and arrivals. Pure."""

from __future__ import annotations

from collections.abc import Sequence

MAX_TRANSIT_STEP_S = 10.0  # a larger one is a jump of the sender's time stamps, which is counted elsewhere


def interarrival_jitter_s(
    timestamps: Sequence[int], arrivals_s: Sequence[float], clock_hz: int
) -> float | None:
    """RFC 3550 §6.4.1 over the first packet of each frame.

    The packets behind it share its time stamp: their distance is the sender's pacing, not the network's
    doing. Returns: None with fewer than two frames.
    """
    if len(timestamps) < 2:
        return None
    jitter = 0.0
    previous = arrivals_s[0] - timestamps[0] / clock_hz
    for timestamp, arrival in zip(timestamps[1:], arrivals_s[1:], strict=True):
        transit = arrival - timestamp / clock_hz
        difference, previous = abs(transit - previous), transit
        if difference < MAX_TRANSIT_STEP_S:
            jitter += (difference - jitter) / 16
    return jitter
