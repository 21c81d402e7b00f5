"""The hot path: one video track's RTP packets become counters and a table of frames. No sockets, no clock.

Nine packets of ten continue the frame of the one before: they cost one unpack, five comparisons and an addition.
Whatever is different (a new frame, the first packets of one, a gap, a picture to be kept) goes through `_packet`.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from camagent.observe.depacketize.mjpeg import extension_size
from camagent.observe.depacketize.peek import (
    B_SLICE,
    EXACT,
    INTER,
    IRAP,
    PARAMETER_SET,
    RECOVERY,
    SLICE,
    START,
    is_keyframe,
)
from camagent.observe.frames import FrameTable
from camagent.observe.payloads import PayloadFormat, is_sps
from camagent.observe.rtp import HEADER_BYTES, Packet, RtpHeader, SequenceOrder, parse_rtp, unwrap

MAX_FRAMES = 20_000  # of one watch: 80 s at 250 fps; beyond it the peer is flooding us
MAX_PICTURE_BYTES = 8 * 1024 * 1024  # of one keyframe: a 4K intra picture at the best quality is under 6 MB
MAX_PARAMETER_SETS = 64  # of one watch, changes included
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


@dataclass(frozen=True, slots=True)
class KeptPicture:
    """The payloads of one whole keyframe."""

    payloads: tuple[bytes, ...]
    arrival_s: float


@dataclass(slots=True)
class _Frame:
    """The frame that is arriving."""

    arrival_s: float
    size_bytes: int = 0
    flags: int = 0
    damaged: bool = False


class TrackReceiver:
    """Counts one track's packets as they come; read its public fields when the window is over."""

    def __init__(self, plan: TrackPlan) -> None:
        self.plan = plan
        self.sequence: SequenceOrder | None = None
        self.stray_packets = 0
        self.ssrc: int | None = None
        self.ssrc_changes = 0
        self.first_packet_s: float | None = None
        self.last_packet_s: float | None = None
        self.parameter_sets: list[tuple[int, bytes]] = []
        """(frame they came with, NAL unit): each different PPS and VPS once, each change of the SPS."""
        self.jpeg_size: tuple[int, int] | None = None
        self.pictures: list[KeptPicture] = []
        self.b_slices = False
        self.flooded = False
        self.may_keep = True
        """Whether there is memory for a picture now; set from outside."""
        self._rows: list[tuple[int, float, int, bool, bool, bool]] = []
        self._second_field_of: _Frame | None = None
        self._time_stands_still = False
        self._frame: _Frame | None = None
        self._timestamp = -1
        self._after_marker = False
        self._payloads: list[bytes] | None = None
        self._kept_bytes = 0
        self._last_sps: bytes | None = None
        self._other_ssrc: tuple[int, int] | None = None
        self._fast_sequence = -1
        self._fast_timestamp = -1
        self._fast_size = 0
        self._head = 0x2400 | plan.channel
        self._word = _VERSION | plan.payload_type

    @property
    def frames(self) -> int:
        """Rows so far."""
        return len(self._rows)

    @property
    def keyframes(self) -> int:
        """Keyframes so far."""
        return sum(row[3] for row in self._rows)

    @property
    def mean_interval_s(self) -> float:
        """Seconds from frame to frame as they arrived; 0.0 before there are two."""
        rows = self._rows
        return (rows[-1][1] - rows[0][1]) / (len(rows) - 1) if len(rows) > 1 else 0.0

    def feed_interleaved(self, buffer: bytearray, at: int, end: int, now_s: float) -> int:
        """Take this track's packets from buffer[at:end]; returns where something else, or half a packet, begins."""
        unpack = _INTERLEAVED.unpack_from
        head, word, ssrc = self._head, self._word, self.ssrc
        sequence, timestamp, size = self._fast_sequence, self._fast_timestamp, 0
        start = sequence
        last = end - _INTERLEAVED.size
        first_at = at
        while at <= last:
            its_head, length, its_word, its_sequence, its_timestamp, its_ssrc = unpack(buffer, at)
            after = at + 4 + length
            if its_head != head or after > end or length < HEADER_BYTES:
                break
            if its_sequence == sequence and its_timestamp == timestamp and its_word == word and its_ssrc == ssrc:
                sequence += 1
                size += length
                at = after
                continue
            self._advance(sequence - start, size)
            self._packet(buffer, at + _FRAMING_BYTES, after, now_s)
            ssrc = self.ssrc
            start = sequence = self._fast_sequence
            timestamp, size = self._fast_timestamp, 0
            at = after
        self._advance(sequence - start, size)
        if at != first_at:
            self.last_packet_s = now_s
        return at

    def feed_datagram(self, buffer: bytearray, end: int, now_s: float) -> None:
        """Take one packet, as UDP brings it."""
        if end >= HEADER_BYTES:
            word, sequence, timestamp, ssrc = _DATAGRAM.unpack_from(buffer)
            self.last_packet_s = now_s
            if (
                sequence == self._fast_sequence
                and timestamp == self._fast_timestamp
                and word == self._word
                and ssrc == self.ssrc
            ):
                self._advance(1, end)
                return
        self._packet(buffer, 0, end, now_s)

    def table(self) -> FrameTable:
        """The frames so far; the one that is still arriving is left out."""
        rows = self._rows
        return FrameTable(
            timestamps=tuple(row[0] for row in rows),
            arrivals_s=tuple(row[1] for row in rows),
            sizes_bytes=tuple(row[2] for row in rows),
            keyframes=tuple(row[3] for row in rows),
            recovery_points=tuple(row[4] for row in rows),
            damaged=tuple(row[5] for row in rows),
            clock_hz=self.plan.clock_hz,
        )

    def finish(self) -> None:
        """The window is over: what was held for a late packet is counted, and a frame with its marker is whole."""
        if self.sequence is not None:
            for packet, gap in self.sequence.flush():
                self._take(packet, gap)
        if self._after_marker:
            self._close_frame()
        self._frame = None
        self._fast_sequence = -1

    def _advance(self, packets: int, size_bytes: int) -> None:
        """Book packets that took the fast path."""
        if packets and self._frame is not None and self.sequence is not None:
            self.sequence.next += packets
            self._fast_sequence += packets
            self._frame.size_bytes += size_bytes - HEADER_BYTES * packets

    def _packet(self, buffer: bytearray, start: int, end: int, now_s: float) -> None:
        header = parse_rtp(buffer, start, end)
        if header is None or header.payload_type != self.plan.payload_type or not self._is_ours(header):
            self.stray_packets += 1
            return
        if self.sequence is None:
            self.sequence = SequenceOrder(header.sequence, self.plan.clock_hz)
            self.first_packet_s = now_s
        if header.extension is not None and self.jpeg_size is None and self.plan.format.codec == "mjpeg":
            self.jpeg_size = extension_size(bytes(buffer[header.extension[0] : header.extension[1]]))
        order = self.sequence
        packet = Packet(
            header.sequence, header.timestamp, header.marker, bytes(buffer[header.start : header.end]), now_s
        )
        if header.sequence == order.next & 0xFFFF and not order.waiting:
            order.next += 1
            self._take(packet, False)
        else:
            last_s = self.last_packet_s if self.last_packet_s is not None else now_s
            for ready, gap in order.push(packet, (self._timestamp, last_s)):
                self._take(ready, gap)
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
        self.ssrc, self._other_ssrc = header.ssrc, None
        self.ssrc_changes += 1
        return True

    def _take(self, packet: Packet, gap: bool) -> None:
        """One packet in its turn."""
        frame = self._frame
        if frame is None or packet.timestamp != self._timestamp:
            if gap and frame is not None and not self._after_marker:
                frame.damaged = True  # its tail may be among the lost
            self._close_frame()
            frame = self._open_frame(packet)
        elif self._after_marker and packet.payload and self.plan.format.begins_picture(packet.payload):
            frame = self._split(frame, packet.arrival_s)
        self._after_marker = packet.marker
        frame.damaged |= gap
        frame.size_bytes += len(packet.payload)
        if not self._is_settled(frame):
            self._look(frame, packet.payload)
        if self._payloads is not None:
            self._keep(packet.payload)

    def _look(self, frame: _Frame, payload: bytes) -> None:
        flags = self.plan.format.peek(payload)
        if flags & SLICE and not frame.flags & SLICE and not flags & START:
            frame.damaged = True  # we came in the middle of it
        frame.flags |= flags
        if flags & PARAMETER_SET and len(self.parameter_sets) < MAX_PARAMETER_SETS:
            self._note_parameter_sets(payload)
        if frame.flags & SLICE and not is_keyframe(frame.flags) and self._second_field_of is None:
            self._payloads = None

    def _is_settled(self, frame: _Frame) -> bool:
        """What kind of frame it is cannot change any more."""
        flags = frame.flags
        return bool(flags & SLICE) and (flags & (IRAP | INTER) != 0 or not flags & EXACT)

    def _set_fast_path(self) -> None:
        frame, order = self._frame, self.sequence
        if (
            frame is None
            or order is None
            or order.waiting
            or self._after_marker
            or self._payloads is not None
            or not self._is_settled(frame)
        ):
            self._fast_sequence = self._fast_timestamp = -1
        else:
            self._fast_sequence, self._fast_timestamp = order.next & 0xFFFF, self._timestamp

    def _open_frame(self, packet: Packet) -> _Frame:
        previous = self._frame
        frame = _Frame(packet.arrival_s)
        if previous is not None and not previous.flags & SLICE:  # parameter sets sent with a time stamp of their own
            frame.size_bytes, frame.flags, frame.damaged = previous.size_bytes, previous.flags, previous.damaged
        else:
            self._payloads, self._kept_bytes = ([] if self._wants_picture(packet.arrival_s) else None), 0
        self._timestamp, self._frame, self._after_marker = packet.timestamp, frame, False
        return frame

    def _wants_picture(self, now_s: float) -> bool:
        times, kept = self.plan.picture_times_s, len(self.pictures)
        if kept >= len(times) or not self.may_keep or self.first_packet_s is None:
            return False
        return now_s >= self.first_packet_s + times[kept]

    def _keep(self, payload: bytes) -> None:
        assert self._payloads is not None
        self._kept_bytes += len(payload)
        if self._kept_bytes > MAX_PICTURE_BYTES:
            self._payloads = None
        else:
            self._payloads.append(payload)

    def _split(self, frame: _Frame, now_s: float) -> _Frame:
        """Another picture of the same time stamp: the second field of an interlaced frame, or a clock that stands."""
        if self._second_field_of is None and not self._time_stands_still:
            self._second_field_of = frame
        else:
            if self._second_field_of is not None:
                self._add_row(self._second_field_of)
                self._second_field_of, self._payloads, self._time_stands_still = None, None, True
            self._finish_picture(frame)
            self._add_row(frame)
            self._payloads, self._kept_bytes = ([] if self._wants_picture(now_s) else None), 0
        self._frame = _Frame(now_s)
        return self._frame

    def _close_frame(self) -> None:
        frame, first = self._frame, self._second_field_of
        self._second_field_of, self._time_stands_still = None, False
        if frame is None or not frame.flags & SLICE:
            return
        if first is not None:
            frame.arrival_s = first.arrival_s
            frame.size_bytes += first.size_bytes
            frame.flags |= first.flags
            frame.damaged |= first.damaged
        self._finish_picture(frame)
        self._add_row(frame)

    def _finish_picture(self, frame: _Frame) -> None:
        if self._payloads and is_keyframe(frame.flags) and not frame.damaged:
            self.pictures.append(KeptPicture(tuple(self._payloads), frame.arrival_s))
        self._payloads = None

    def _add_row(self, frame: _Frame) -> None:
        if len(self._rows) >= MAX_FRAMES:
            self.flooded = True
            return
        timestamp = unwrap(self._rows[-1][0], self._timestamp) if self._rows else self._timestamp
        key = is_keyframe(frame.flags)
        recovery = bool(frame.flags & RECOVERY) and not key
        self.b_slices |= bool(frame.flags & B_SLICE)
        self._rows.append((timestamp, frame.arrival_s, frame.size_bytes, key, recovery, frame.damaged))

    def _note_parameter_sets(self, payload: bytes) -> None:
        for nal in self.plan.format.parameter_sets(payload):
            if is_sps(self.plan.format.codec, nal):
                changed = nal != self._last_sps
                self._last_sps = nal
            else:
                changed = all(nal != known for _, known in self.parameter_sets)
            if changed and len(self.parameter_sets) < MAX_PARAMETER_SETS:
                self.parameter_sets.append((len(self._rows), nal))
