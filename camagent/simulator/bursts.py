"""RTP packets made once per clip and patched for each turn of the loop. Pure; no sockets, no clock.

A burst is one frame's packets as they stand on an interleaved TCP connection (RFC 2326 §10.12): `$`, channel,
length, RTP packet. Only sequence number, time stamp and SSRC are filled in, one write a packet: hundreds of
streams fit on one core.
"""

from __future__ import annotations

import struct
from collections import OrderedDict
from dataclasses import dataclass
from functools import cache

from camagent.model.rtp_numbers import VIDEO_CLOCK_HZ
from camagent.simulator.clips import Clip, load_clip
from camagent.simulator.packetize import MAX_PAYLOAD_BYTES, packetize

PAYLOAD_TYPE = {"h264": 96, "h265": 97, "mjpeg": 26}
FRAMING_BYTES = 4
RTP_HEADER_BYTES = 12
_HEADER = struct.Struct("!cBHBBHII")  # framing and RTP header in one
_MOVING = struct.Struct("!HII")  # sequence number, time stamp, SSRC
_MOVING_AT = FRAMING_BYTES + 2


@dataclass(frozen=True, slots=True)
class FramePackets:
    """One frame's packets, the moving parts of their headers still to be filled in."""

    template: bytes
    starts: tuple[int, ...]
    """Where each packet's framing begins."""
    first_packet: int
    """Number of the frame's first packet within the clip."""


@dataclass(frozen=True, slots=True)
class PacketizedClip:
    """A clip cut into RTP packets."""

    clip: Clip
    payload_type: int
    frames: tuple[FramePackets, ...]
    packets: int


@dataclass(frozen=True, slots=True)
class RtpIdentity:
    """Where a stream's numbers begin."""

    ssrc: int
    first_sequence: int
    first_timestamp: int


@dataclass(frozen=True, slots=True)
class Burst:
    """One frame, ready to be sent."""

    data: bytes
    starts: tuple[int, ...]
    sequence: int
    timestamp: int

    def packets(self) -> list[bytes]:
        """The RTP packets alone, without the interleaved framing."""
        ends = (*self.starts[1:], len(self.data))
        return [self.data[start + FRAMING_BYTES : end] for start, end in zip(self.starts, ends, strict=True)]

    def part(self, first: int, last: int) -> Burst:
        """Packets first … last-1 as a burst of their own."""
        start = self.starts[first]
        end = self.starts[last] if last < len(self.starts) else len(self.data)
        starts = tuple(at - start for at in self.starts[first:last])
        return Burst(self.data[start:end], starts, (self.sequence + first) & 0xFFFF, self.timestamp)

    def on_channel(self, channel: int) -> bytes:
        """The burst for another interleaved channel than 0."""
        if channel == 0:
            return self.data
        patched = bytearray(self.data)
        for start in self.starts:
            patched[start + 1] = channel
        return bytes(patched)


@cache
def packetized(name: str) -> PacketizedClip:
    """The packets of one sample stream, made on first use."""
    clip = load_clip(name)
    payload_type = PAYLOAD_TYPE[clip.codec]
    frames, packets = [], 0
    for unit in clip.frames:
        payloads = packetize(clip.codec, unit, MAX_PAYLOAD_BYTES)
        template, starts = bytearray(), []
        for number, payload in enumerate(payloads):
            starts.append(len(template))
            marker = 0x80 if number == len(payloads) - 1 else 0
            length = RTP_HEADER_BYTES + len(payload)
            template += _HEADER.pack(b"$", 0, length, 0x80, payload_type | marker, 0, 0, 0) + payload
        frames.append(FramePackets(bytes(template), tuple(starts), packets))
        packets += len(payloads)
    return PacketizedClip(clip, payload_type, tuple(frames), packets)


class BurstMaker:
    """Numbers the bursts of one stream (or of many equal ones), and remembers the latest."""

    def __init__(self, source: PacketizedClip, identity: RtpIdentity, remembered: int = 4) -> None:
        self.source = source
        self.identity = identity
        self._remembered = remembered
        self._recent: OrderedDict[int, Burst] = OrderedDict()

    def burst(self, number: int) -> Burst:
        """Frame `number` since the stream began; the clip repeats under running numbers."""
        burst = self._recent.get(number)
        if burst is None:
            burst = self._recent[number] = self._make(number)
            if len(self._recent) > self._remembered:
                self._recent.popitem(last=False)
        return burst

    def timestamp(self, number: int) -> int:
        """RTP time stamp of frame `number`."""
        clip = self.source.clip
        turn, index = divmod(number, len(clip.frames))
        shown = turn * len(clip.frames) + clip.presentation[index]
        return (
            self.identity.first_timestamp + round(shown * VIDEO_CLOCK_HZ / clip.frame_rate_hz)
        ) & 0xFFFFFFFF

    def _make(self, number: int) -> Burst:
        turn, index = divmod(number, len(self.source.frames))
        frame = self.source.frames[index]
        sequence = (self.identity.first_sequence + turn * self.source.packets + frame.first_packet) & 0xFFFF
        timestamp, ssrc = self.timestamp(number), self.identity.ssrc
        data = bytearray(frame.template)
        pack_into = _MOVING.pack_into
        for at, start in enumerate(frame.starts):
            pack_into(data, start + _MOVING_AT, (sequence + at) & 0xFFFF, timestamp, ssrc)
        return Burst(bytes(data), frame.starts, sequence, timestamp)
