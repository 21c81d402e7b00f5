"""The hot path: one video track's RTP packets are counted, put in order and handed on. No sockets, no clock.

Nine packets of ten continue the frame of the one before: they cost one unpack, five comparisons and an addition.
Whatever is different (a new frame, the first packets of one, a gap, a picture to be kept) goes through `_packet`.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from camagent.observe.depacketize.mjpeg import extension_size
from camagent.observe.frame_builder import FrameBuilder, PictureMemory
from camagent.observe.payloads import PayloadFormat
from camagent.observe.rtp import HEADER_BYTES, Packet, RtpHeader, SequenceOrder, parse_rtp

SSRC_PATIENCE = 8  # packets in a row of another SSRC before the sender is believed to have restarted
_INTERLEAVED = struct.Struct("!HHHHII")  # "$" and channel, length, RTP's first two bytes, sequence, time stamp, SSRC
_DATAGRAM = struct.Struct("!HHII")
_FRAMING_BYTES = 4
_VERSION = 0x8000
_MARKER = 0x80


@dataclass(frozen=True, slots=True)
class TrackPlan:
    """What to expect and what to keep."""

    format: PayloadFormat
    payload_type: int
    clock_hz: int
    channel: int = 0
    """Interleaved channel of the RTP packets."""
    picture_times_s: tuple[float, ...] = ()
    """After the first packet: from when on the first, second … keyframe is kept."""
    memory: PictureMemory | None = None
    """Shared by all watches; None: this track has its own."""


class TrackReceiver:
    """Counts one track's packets as they come; read its public fields when the window is over."""

    def __init__(self, plan: TrackPlan) -> None:
        self.plan = plan
        self.builder = FrameBuilder(plan.format, plan.picture_times_s, plan.memory)
        self.sequence: SequenceOrder | None = None
        self.stray_packets = 0
        self.ssrc: int | None = None
        self.ssrc_changes = 0
        self.first_packet_s: float | None = None
        self.last_packet_s: float | None = None
        """Of this track's own: other packets do not show that the video goes on."""
        self.jpeg_extension_size: tuple[int, int] | None = None
        """MJPEG: the size by ONVIF's RTP header extension."""
        self._other_ssrc: tuple[int, int] | None = None
        self._sender_changed = False
        self._fast_sequence = -1
        """The next number, while its packet can only continue the frame; else -1."""
        self._fast_timestamp = -1
        self._head = 0x2400 | plan.channel
        self._word = _VERSION | plan.payload_type

    def feed_interleaved(self, buffer: bytearray, at: int, end: int, now_s: float) -> int:
        """Take this track's packets from buffer[at:end]; returns where something else, or half a packet, begins."""
        unpack = _INTERLEAVED.unpack_from
        head, word, marked, ssrc = self._head, self._word, self._word | _MARKER, self.ssrc
        sequence, timestamp, size = self._fast_sequence, self._fast_timestamp, 0
        start = sequence
        last = end - _INTERLEAVED.size
        while at <= last:
            its_head, length, its_word, its_sequence, its_timestamp, its_ssrc = unpack(buffer, at)
            after = at + 4 + length
            if its_head != head or after > end or length < HEADER_BYTES:
                break
            if its_sequence == sequence and its_timestamp == timestamp and its_ssrc == ssrc:
                if its_word == word:
                    sequence += 1
                    size += length
                    at = after
                    continue
                if its_word == marked:
                    self._advance(sequence + 1 - start, size + length, now_s)
                    self.builder.end_with_marker(now_s)
                    start = sequence = timestamp = self._fast_sequence = self._fast_timestamp = -1
                    size = 0
                    at = after
                    continue
            self._advance(sequence - start, size, now_s)
            self._packet(buffer, at + _FRAMING_BYTES, after, now_s)
            ssrc = self.ssrc
            start = sequence = self._fast_sequence
            timestamp, size = self._fast_timestamp, 0
            at = after
        self._advance(sequence - start, size, now_s)
        return at

    def feed_datagram(self, buffer: bytearray, end: int, now_s: float) -> None:
        """Take one packet, as UDP brings it."""
        if end >= HEADER_BYTES:
            word, sequence, timestamp, ssrc = _DATAGRAM.unpack_from(buffer)
            if (
                sequence == self._fast_sequence
                and timestamp == self._fast_timestamp
                and word == self._word
                and ssrc == self.ssrc
            ):
                self._advance(1, end, now_s)
                return
        self._packet(buffer, 0, end, now_s)

    def finish(self) -> None:
        """The window is over: what was held for a late packet is counted, and a frame with its marker is whole."""
        if self.sequence is not None:
            for packet, gap in self.sequence.flush():
                self.builder.take(packet, gap)
        self.builder.finish()
        self._fast_sequence = -1

    def _advance(self, packets: int, size_bytes: int, now_s: float) -> None:
        """Book packets that took the fast path."""
        if packets and self.sequence is not None:
            self.last_packet_s, self._other_ssrc = now_s, None
            self.sequence.next += packets
            self._fast_sequence += packets
            self.builder.grow(size_bytes - HEADER_BYTES * packets)

    def _packet(self, buffer: bytearray, start: int, end: int, now_s: float) -> None:
        """Any packet: the next one of our sender with the plainest header, or whatever else it may be."""
        order = self.sequence
        if order is not None and end - start >= HEADER_BYTES and not order.waiting:
            word, sequence, timestamp, ssrc = _DATAGRAM.unpack_from(buffer, start)
            if word & ~_MARKER == self._word and sequence == order.next & 0xFFFF and ssrc == self.ssrc:
                order.next += 1
                self.last_packet_s, self._other_ssrc = now_s, None
                payload = bytes(buffer[start + HEADER_BYTES : end])
                self.builder.take(Packet(sequence, timestamp, bool(word & _MARKER), payload, now_s), False)
                self._set_fast_path()
                return
        self._unusual(buffer, start, end, now_s)

    def _unusual(self, buffer: bytearray, start: int, end: int, now_s: float) -> None:
        header = parse_rtp(buffer, start, end)
        if header is None or header.payload_type != self.plan.payload_type or not self._is_ours(header):
            self.stray_packets += 1
            return
        if self.sequence is None:
            self.sequence = SequenceOrder(header.sequence, self.plan.clock_hz)
            self.first_packet_s = now_s
        if header.extension is not None and self.jpeg_extension_size is None and self.plan.format.codec == "mjpeg":
            self.jpeg_extension_size = extension_size(bytes(buffer[header.extension[0] : header.extension[1]]))
        order, gap = self.sequence, self._sender_changed
        if gap:
            self._sender_changed = False
            for ready, lost in order.begin_anew(header.sequence):
                self.builder.take(ready, lost)
        packet = Packet(
            header.sequence, header.timestamp, header.marker, bytes(buffer[header.start : header.end]), now_s
        )
        if header.sequence == order.next & 0xFFFF and not order.waiting:
            order.next += 1
            self.last_packet_s = now_s
            self.builder.take(packet, gap)
        else:
            last_s = self.last_packet_s if self.last_packet_s is not None else now_s
            passed = order.push(packet, (self.builder.timestamp, last_s))
            if passed or order.waiting:  # a number from nowhere shows nothing yet
                self.last_packet_s = now_s
            for ready, lost in passed:
                self.builder.take(ready, lost)
        self._set_fast_path()

    def _is_ours(self, header: RtpHeader) -> bool:
        """Hold on to the first SSRC; another one that keeps coming is the camera's encoder started anew."""
        if header.ssrc == self.ssrc:
            self._other_ssrc = None
            return True
        if self.ssrc is None:
            self.ssrc = header.ssrc
            return True
        seen = self._other_ssrc[1] + 1 if self._other_ssrc and self._other_ssrc[0] == header.ssrc else 1
        if seen < SSRC_PATIENCE:
            self._other_ssrc = (header.ssrc, seen)
            return False
        self.ssrc, self._other_ssrc, self._sender_changed = header.ssrc, None, True
        self.ssrc_changes += 1
        return True

    def _set_fast_path(self) -> None:
        order, builder = self.sequence, self.builder
        if order is None or order.waiting or not builder.only_counts:
            self._fast_sequence = self._fast_timestamp = -1
        else:
            self._fast_sequence, self._fast_timestamp = order.next & 0xFFFF, builder.timestamp
