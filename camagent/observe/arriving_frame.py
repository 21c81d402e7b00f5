"""The frame that is arriving, packet by packet."""

from __future__ import annotations

from dataclasses import dataclass

from camagent.observe.codec.codec import Field
from camagent.observe.frames import LongFrame

LONG_FRAME_S = 0.5  # nobody takes so long to send a frame; what does not come longer is not noted


@dataclass(slots=True)
class ArrivingFrame:
    """What its packets have shown so far; changed by the builder alone."""

    arrival_s: float
    timestamp: int
    """Of its first packet."""
    size_bytes: int = 0
    flags: int = 0
    damaged: bool = False
    end_s: float = 0.0
    """When the last packet of it came."""
    silence_s: float = 0.0
    """The longest time between two of them."""
    begun: bool = False
    """Its first slice was here."""
    field: Field | None = None
    """The field that it is, so far."""

    def so_far(self) -> LongFrame:
        """What has come of it."""
        return LongFrame(self.arrival_s, self.end_s, self.silence_s, self.size_bytes)
