"""The hot path: one video track's RTP packets are counted, put in order and handed on. No sockets, no clock.

Nine packets of ten continue the frame of the one before: they cost one unpack, five comparisons and an
addition. Whatever is different (a new frame, the first packets of one, a gap, a picture to be kept) goes
through `_packet`.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from camagent.observe.codec.codec import Codec
from camagent.observe.frame_builder import FrameBuilder
from camagent.observe.kept_pictures import PictureMemory
from camagent.observe.numbering import Numbering
from camagent.observe.rtp import HEADER_BYTES, Packet, RtpHeader, SequenceOrder, parse_rtp

SSRC_PATIENCE = 8  # packets in a row of another SSRC before the sender is believed to have restarted
MAX_OTHERS = 4  # senders beside ours that are watched at a time
# "$" and channel, length, RTP's first two bytes, sequence, time stamp, SSRC
_INTERLEAVED = struct.Struct("!HHHHII")
_DATAGRAM = struct.Struct("!HHII")
_BEGINNING = struct.Struct("!HHIII")
"""… and the first four bytes of the payload."""
_FRAMING_BYTES = 4
_VERSION = 0x8000
_MARKER = 0x80


@dataclass(frozen=True, slots=True)
class TrackPlan:
    """What to expect and what to keep."""

    codec: Codec
    payload_type: int
    clock_hz: int
    channel: int = 0
    """Interleaved channel of the RTP packets."""
    picture_times_s: tuple[float, ...] = ()
    """After the first packet: from when on the first, second … keyframe is kept."""
    memory: PictureMemory | None = None
    """Shared by all watches; None: this track has its own."""
    parameter_sets: tuple[bytes, ...] = ()
    """Those of the description."""
    in_order: bool = False
    """Packets come as they were sent: inside one connection."""


class TrackReceiver:
    """Counts one track's packets as they come; read its public fields when the window is over."""

    def __init__(self, plan: TrackPlan) -> None:
        self.plan = plan
        self.builder = FrameBuilder(plan.codec, plan.picture_times_s, plan.memory, plan.parameter_sets)
        self.sequence: SequenceOrder | None = None
        self.stray_packets = 0
        self.ssrc: int | None = None
        self.ssrc_changes = 0
        self.first_packet_s: float | None = None
        self.last_packet_s: float | None = None
        """Of this track's own: other packets do not show that the video goes on."""
        self.extension_size_px: tuple[int, int] | None = None
        """MJPEG: the size by ONVIF's RTP header extension."""
        self._others: dict[int, list[Packet]] = {}
        """By SSRC, since our sender's last packet: held until one is believed to be the sender, restarted."""
        self._numbering: Numbering | None = None
        """None until the first packet."""
        self._odd = (-1, -1)
        """Number and time stamp of the latest packet out of turn."""
        self._foreign = 0
        """Packets of other payload types since one of ours was out of turn."""
        self._fast_sequence = -1
        """The next number, while its packet can only continue the frame; else -1."""
        self._fast_timestamp = -1
        self._head = 0x2400 | plan.channel
        self._word = _VERSION | plan.payload_type

    def feed_interleaved(self, buffer: bytearray, at: int, end: int, now_s: float) -> int:
        """Take this track's packets from buffer[at:end]; returns where something else, or half a packet,
        begins."""
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
                    self.builder.end_with_marker()
                    start = sequence = timestamp = self._fast_sequence = self._fast_timestamp = -1
                    size = 0
                    at = after
                    continue
            if sequence != start:
                self._advance(sequence - start, size, now_s)
            self._packet(buffer, at + _FRAMING_BYTES, after, now_s)
            ssrc = self.ssrc
            start = sequence = self._fast_sequence
            timestamp, size = self._fast_timestamp, 0
            at = after
        if sequence != start:
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

    @property
    def is_numbered(self) -> bool:
        """The sequence numbers count packets: loss can be told."""
        return self._numbering is None or not self._numbering.senseless

    @property
    def channel(self) -> int:
        """The interleaved channel of the RTP packets."""
        return self._head & 0xFF

    @channel.setter
    def channel(self, channel: int) -> None:
        self._head = 0x2400 | channel

    def looks_ours(self, buffer: bytearray, start: int, end: int) -> bool:
        """Nothing came yet, and this is a packet of our payload type."""
        if self.first_packet_s is not None:
            return False
        header = parse_rtp(buffer, start, end)
        return header is not None and header.payload_type == self.plan.payload_type

    def finish(self) -> None:
        """The window is over: what was held for a late packet is passed on, and a frame with its marker is
        whole."""
        self._drop_others()
        if self.sequence is not None:
            self._pass_on(self.sequence.flush() if self.plan.in_order else self.sequence.close())
        self.builder.finish()
        self._fast_sequence = -1

    def _advance(self, packets: int, size_bytes: int, now_s: float) -> None:
        """Book packets that took the fast path."""
        if packets and self.sequence is not None:
            self.last_packet_s = now_s
            if self._others:
                self._drop_others()
            self.sequence.next += packets
            self._fast_sequence += packets
            self.builder.grow(size_bytes - HEADER_BYTES * packets, now_s)

    def _packet(self, buffer: bytearray, start: int, end: int, now_s: float) -> None:
        """Any packet: the next one of our sender with the plainest header, or whatever else it may be."""
        order, builder = self.sequence, self.builder
        if order is not None and end - start >= _BEGINNING.size and not order.waiting:
            word, sequence, timestamp, ssrc, head = _BEGINNING.unpack_from(buffer, start)
            if word & ~_MARKER == self._word and sequence == order.next & 0xFFFF and ssrc == self.ssrc:
                begins = timestamp != builder.timestamp
                if begins:
                    order.begin_frame(timestamp)
                order.next += 1
                self.last_packet_s = now_s
                if self._others:
                    self._drop_others()
                size = end - start - HEADER_BYTES
                if not (begins and builder.begin_usual(head, timestamp, size, now_s)):
                    payload = bytes(buffer[start + HEADER_BYTES : end])
                    packet = Packet(sequence, timestamp, bool(word & _MARKER), payload, now_s)
                    builder.take(packet, False)
                elif word & _MARKER:
                    builder.end_with_marker()
                self._set_fast_path()
                return
        self._unusual(buffer, start, end, now_s)

    def _unusual(self, buffer: bytearray, start: int, end: int, now_s: float) -> None:
        header = parse_rtp(buffer, start, end)
        if header is None:
            self.stray_packets += 1
            return
        if header.payload_type != self.plan.payload_type:
            self._other_payload_type(header, now_s)
            return
        if header.extension is not None and self.extension_size_px is None:
            extension = bytes(buffer[header.extension[0] : header.extension[1]])
            self.extension_size_px = self.plan.codec.extension_size_px(extension)
        payload = bytes(buffer[header.start : header.end])
        packet = Packet(header.sequence, header.timestamp, header.marker, payload, now_s)
        if self.ssrc is None:
            self.ssrc = header.ssrc
        if header.ssrc != self.ssrc and not self._goes_on(packet):
            self._from_other_sender(header.ssrc, packet)
        else:
            if header.ssrc != self.ssrc:
                self.ssrc, self.ssrc_changes = header.ssrc, self.ssrc_changes + 1
            self._drop_others()
            self._in_order(packet)
        self._set_fast_path()

    def _goes_on(self, packet: Packet) -> bool:
        """Another SSRC, and the very next number with a new frame: the same sender under another name."""
        order = self.sequence
        if order is None or order.waiting or packet.sequence != order.next & 0xFFFF:
            return False
        return packet.timestamp != self.builder.timestamp

    def _in_order(self, packet: Packet) -> None:
        """A packet of our sender: its turn, or before or behind it."""
        order = self.sequence
        if order is None:
            order = self.sequence = SequenceOrder(packet.sequence, self.plan.clock_hz, packet.arrival_s)
            self.first_packet_s = packet.arrival_s
            self._numbering = Numbering(order.next, self.plan.in_order)
        if packet.sequence == order.next & 0xFFFF and not order.waiting:
            if packet.timestamp != self.builder.timestamp:
                order.begin_frame(packet.timestamp)
            order.next += 1
            self.last_packet_s = packet.arrival_s
            self.builder.take(packet, False)
            return
        if self._numbering is not None and self._counts_nothing(order, self._numbering, packet):
            return
        last_s = self.last_packet_s if self.last_packet_s is not None else packet.arrival_s
        after_whole = self.builder.is_begun_anew_by(packet)
        passed = order.push(packet, (self.builder.timestamp, last_s), after_whole)
        if passed or order.waiting:  # a number from nowhere shows nothing yet
            self.last_packet_s = packet.arrival_s
        self._pass_on(passed)
        if self._numbering is not None:
            self._numbering.went_on(order.next)

    def _counts_nothing(self, order: SequenceOrder, numbering: Numbering, packet: Packet) -> bool:
        """Numbers that count nothing: the packet was taken as it came."""
        made_sense = not numbering.senseless
        this = packet.sequence, packet.timestamp
        if made_sense and this != self._odd:  # one that is said over and over is noise beside the others
            numbering.note(packet.sequence, order.next, self._foreign, order.came_before(packet))
            self._foreign, self._odd = 0, this
        if not numbering.senseless:
            return False
        if made_sense:
            self._pass_on(order.take_back())
        order.follow(packet)
        self.last_packet_s = packet.arrival_s
        self.builder.take(packet, made_sense)
        return True

    def _pass_on(self, packets: Sequence[tuple[Packet, bool]]) -> None:
        for packet, gap in packets:
            self.builder.take(packet, gap)

    def _other_payload_type(self, header: RtpHeader, now_s: float) -> None:
        """Nothing of ours, but it may have taken a number of ours."""
        self.stray_packets += 1
        self._foreign += 1
        if self.sequence is not None:  # whoever sent it: some count all their packets in one sequence
            self._pass_on(self.sequence.other(header.sequence, now_s))
            self._set_fast_path()

    def _from_other_sender(self, ssrc: int, packet: Packet) -> None:
        """Hold on to the first SSRC; another one that keeps coming is the camera's encoder started anew."""
        held = self._others.pop(ssrc, [])
        held.append(packet)
        self._others[ssrc] = held  # the one that was heard last stands last
        if len(self._others) > MAX_OTHERS:
            self.stray_packets += len(self._others.pop(next(iter(self._others))))
        if len(held) < SSRC_PATIENCE or self.sequence is None:
            return
        del self._others[ssrc]
        self._drop_others()
        self.ssrc = ssrc
        self.ssrc_changes += 1
        self._pass_on(self.sequence.begin_anew(held[0].sequence))
        self.builder.damage()
        for each in held:
            self._in_order(each)

    def _drop_others(self) -> None:
        """They did not keep coming."""
        self.stray_packets += sum(map(len, self._others.values()))
        self._others.clear()

    def _set_fast_path(self) -> None:
        order, builder = self.sequence, self.builder
        if order is None or order.waiting or not builder.only_counts:
            self._fast_sequence = self._fast_timestamp = -1
        else:
            self._fast_sequence, self._fast_timestamp = order.next & 0xFFFF, builder.timestamp
