"""How long a stream may be silent before it counts as dead, from the pauses that it has shown. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

STOPPED_AFTER_S = 3.0  # a smart codec with a dynamic rate pauses for two seconds, and a frame's interval
GOODBYE_S = 1.0  # some say goodbye and go on; who means it is silent
LONGEST_FACTOR = 3  # of the longest silence seen so far
STOPPED_INTERVALS = 5  # of the stream's own mean frame interval


@dataclass(frozen=True, slots=True)
class Silence:
    """What a stream has shown until now."""

    mean_s: float
    longest_s: float

    @classmethod
    def seen(cls, arrivals_s: Sequence[float], last_packet_s: float) -> Silence:
        """Out of the arrivals of frames and of the last packet; zeros before there are two frames."""
        if len(arrivals_s) < 2:
            return cls(0.0, 0.0)
        steps = [b - a for a, b in pairwise((*arrivals_s, last_packet_s))]
        return cls((arrivals_s[-1] - arrivals_s[0]) / (len(arrivals_s) - 1), max(steps))

    def after_goodbye_s(self) -> float:
        """So long without a packet after a goodbye: it was meant."""
        return max(GOODBYE_S, STOPPED_INTERVALS * self.mean_s)

    def patience_s(self, stall_s: float) -> float:
        """So long without a packet, at least `stall_s`, and the stream has stopped."""
        own_s = max(STOPPED_INTERVALS * self.mean_s, LONGEST_FACTOR * self.longest_s)
        return max(stall_s, STOPPED_AFTER_S, own_s)
