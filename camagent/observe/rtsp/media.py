"""Where the interleaved packets of a connection go, and on which channels they come."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from camagent.observe.receiver import TrackReceiver


@dataclass(slots=True)
class Media:
    """Where interleaved packets go."""

    track: TrackReceiver
    rtcp_channel: int
    on_rtcp: Callable[[bytes], None]

    def begins(self, start: bytes) -> bool:
        """These bytes are the beginning of a packet on one of our channels."""
        channels = self.track.channel, self.rtcp_channel
        return len(start) == 2 and start[0] == ord("$") and start[1] in channels

    def adopts(self, channel: int, buffer: bytearray, start: int, end: int) -> bool:
        """The video comes on another channel than was promised, as far as it never came on that one: from now
        on it is ours."""
        if channel == self.track.channel or not self.track.looks_ours(buffer, start, end):
            return False
        if channel == self.rtcp_channel:
            self.rtcp_channel = self.track.channel  # the two are swapped
        self.track.channel = channel
        return True
