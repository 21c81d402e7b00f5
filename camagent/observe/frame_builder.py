"""Frames out of packets in sequence: kinds, sizes, times, parameter sets, and the keyframes that are to be kept.

Frames are told apart by their time stamps, never by the marker bit (moonfire-nvr#352). No sockets, no clock.
"""

from __future__ import annotations

from dataclasses import dataclass

from camagent.observe.depacketize.mjpeg import in_band_tables
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
from camagent.observe.rtp import Packet, unwrap

MAX_FRAMES = 20_000  # of one watch: 80 s at 250 fps; beyond it the peer is flooding us
MAX_PICTURE_BYTES = 8 * 1024 * 1024  # of one keyframe: a 4K intra picture at the best quality is under 6 MB
MAX_HELD_BYTES = 96 * 1024 * 1024  # of all watches together: 256 cameras with two heavy keyframes (165 kB) take 84 MB
MAX_PARAMETER_SETS = 64  # of one watch, changes included


class PictureMemory:
    """How much all watches of one loop may hold of pictures that nobody has decoded yet."""

    def __init__(self, limit_bytes: int = MAX_HELD_BYTES) -> None:
        self._left_bytes = limit_bytes

    def take(self, size_bytes: int) -> bool:
        """True where there is room; it is then the caller's until it gives it back."""
        if size_bytes > self._left_bytes:
            return False
        self._left_bytes -= size_bytes
        return True

    def give_back(self, size_bytes: int) -> None:
        """The bytes are no longer held."""
        self._left_bytes += size_bytes


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
    end_s: float = 0.0
    """When the last packet of it came that was looked at: the marker's, else one of the first."""


class FrameBuilder:
    """Takes packets in their turn; read its public fields when the window is over."""

    def __init__(
        self,
        payload_format: PayloadFormat,
        picture_times_s: tuple[float, ...] = (),
        memory: PictureMemory | None = None,
    ) -> None:
        self.timestamp = -1
        """Of the frame that is arriving, as sent."""
        self.parameter_sets: list[tuple[int, bytes]] = []
        """(frame they came with, NAL unit): each different PPS and VPS once, each change of the SPS."""
        self.first_payload = b""
        """The beginning of the latest frame: MJPEG has its size there."""
        self.jpeg_tables: dict[int, bytes] = {}
        """By Q, 128 to 255."""
        self.pictures: list[KeptPicture] = []
        self.b_slices = False
        self.flooded = False
        self.only_counts = False
        """Another packet of this frame can change nothing but its size."""
        self._format = payload_format
        self._picture_times_s = picture_times_s
        self._memory = memory or PictureMemory()
        self._held_bytes = 0
        """By finished pictures."""
        self._began_s: float | None = None
        self._rows: list[tuple[int, float, int, bool, bool, bool, float]] = []
        self._second_field_of: _Frame | None = None
        self._time_stands_still = False
        self._frame: _Frame | None = None
        self._after_marker = False
        self._payloads: list[bytes] | None = None
        self._kept_bytes = 0
        self._last_sps: bytes | None = None

    @property
    def keyframes(self) -> int:
        """Keyframes so far."""
        return sum(row[3] for row in self._rows)

    @property
    def arrivals_s(self) -> list[float]:
        """When the frames so far began to come."""
        return [row[1] for row in self._rows]

    def table(self, clock_hz: int) -> FrameTable:
        """The frames so far; the one that is still arriving is left out."""
        rows = self._rows
        return FrameTable(
            timestamps=tuple(row[0] for row in rows),
            arrivals_s=tuple(row[1] for row in rows),
            sizes_bytes=tuple(row[2] for row in rows),
            keyframes=tuple(row[3] for row in rows),
            recovery_points=tuple(row[4] for row in rows),
            damaged=tuple(row[5] for row in rows),
            ends_s=tuple(row[6] for row in rows),
            clock_hz=clock_hz,
        )

    def grow(self, size_bytes: int) -> None:
        """More of the same frame."""
        if self._frame is not None:
            self._frame.size_bytes += size_bytes

    def end_with_marker(self, now_s: float) -> None:
        """The packet just booked by `grow` carried the marker."""
        self._after_marker, self.only_counts = True, False
        if self._frame is not None:
            self._frame.end_s = now_s

    def finish(self) -> None:
        """No packet follows: a frame whose marker was seen is whole, any other is left out."""
        if self._after_marker:
            self._close_frame()
        self._frame = None
        self._drop()

    def hand_over(self) -> list[KeptPicture]:
        """The pictures so far; they are the caller's from now on, and no more are kept."""
        pictures, self.pictures, self._picture_times_s = self.pictures, [], ()
        self._memory.give_back(self._held_bytes)
        self._held_bytes = 0
        return pictures

    def take(self, packet: Packet, gap: bool) -> None:
        """One packet in its turn; `gap`: a packet before it is lost."""
        frame = self._frame
        if frame is None or packet.timestamp != self.timestamp:
            if gap and frame is not None and not self._after_marker:
                frame.damaged = True  # its tail may be among the lost
            self._close_frame()
            frame = self._open_frame(packet)
        elif self._after_marker and frame.flags & SLICE and self._begins_picture(packet.payload):
            frame = self._split(frame, packet.arrival_s)
        frame.damaged |= gap
        frame.end_s = packet.arrival_s
        frame.size_bytes += len(packet.payload)
        settled = self._is_settled(frame)
        if not settled or self._after_marker:
            self._look(frame, packet.payload)
        self._after_marker = packet.marker or (settled and self._after_marker)
        if self._payloads is not None:
            self._keep(packet.payload)
        self.only_counts = self._payloads is None and not self._after_marker and self._is_settled(frame)

    def _begins_picture(self, payload: bytes) -> bool:
        return bool(payload) and self._format.begins_picture(payload)

    def _look(self, frame: _Frame, payload: bytes) -> None:
        flags = self._format.peek(payload)
        if flags & SLICE and not frame.flags & SLICE and not flags & START:
            frame.damaged = True  # we came in the middle of it
        frame.flags |= flags
        if flags & START:
            self.first_payload = payload
            if self._format.codec == "mjpeg" and (tables := in_band_tables(payload)) is not None:
                self.jpeg_tables[tables[0]] = tables[1]
        if flags & PARAMETER_SET and len(self.parameter_sets) < MAX_PARAMETER_SETS:
            self._note_parameter_sets(payload)
        unwanted = self._payloads is not None and frame.flags & SLICE and not is_keyframe(frame.flags)
        if unwanted and self._second_field_of is None:
            self._drop()

    def _is_settled(self, frame: _Frame) -> bool:
        """What kind of frame it is cannot change any more."""
        flags = frame.flags
        return bool(flags & SLICE) and (flags & (IRAP | INTER) != 0 or not flags & EXACT)

    def _open_frame(self, packet: Packet) -> _Frame:
        previous = self._frame
        frame = _Frame(packet.arrival_s)
        if previous is not None and not previous.flags & SLICE:  # parameter sets sent with a time stamp of their own
            frame.size_bytes, frame.flags, frame.damaged = previous.size_bytes, previous.flags, previous.damaged
        else:
            self._begin_picture(packet.arrival_s)
        self.timestamp, self._frame, self._after_marker = packet.timestamp, frame, False
        return frame

    def _begin_picture(self, now_s: float) -> None:
        """This frame is kept, if it turns out to be a keyframe and one is wanted by now."""
        if self._payloads is not None:
            self._drop()
        if self._began_s is None:
            self._began_s = now_s
        times, kept = self._picture_times_s, len(self.pictures)
        if kept < len(times) and now_s >= self._began_s + times[kept]:
            self._payloads = []

    def _keep(self, payload: bytes) -> None:
        assert self._payloads is not None
        if self._kept_bytes + len(payload) > MAX_PICTURE_BYTES or not self._memory.take(len(payload)):
            self._drop()
        else:
            self._kept_bytes += len(payload)
            self._payloads.append(payload)

    def _drop(self) -> None:
        """The picture that is arriving is not to be kept."""
        self._memory.give_back(self._kept_bytes)
        self._payloads, self._kept_bytes = None, 0

    def _split(self, frame: _Frame, now_s: float) -> _Frame:
        """Another picture of the same time stamp: the second field of an interlaced frame, or a clock that stands."""
        if self._second_field_of is None and not self._time_stands_still:
            self._second_field_of = frame
        else:
            if self._second_field_of is not None:
                self._add_row(self._second_field_of)
                self._second_field_of, self._time_stands_still = None, True
                self._drop()
            self._finish_picture(frame)
            self._add_row(frame)
            self._begin_picture(now_s)
        self._frame, self._after_marker = _Frame(now_s), False
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
        if self._payloads is None:
            return
        if self._payloads and is_keyframe(frame.flags) and not frame.damaged:
            self.pictures.append(KeptPicture(tuple(self._payloads), frame.arrival_s))
            self._held_bytes += self._kept_bytes
            self._payloads, self._kept_bytes = None, 0
        self._drop()

    def _add_row(self, frame: _Frame) -> None:
        if len(self._rows) >= MAX_FRAMES:
            self.flooded = True
            return
        timestamp = unwrap(self._rows[-1][0], self.timestamp) if self._rows else self.timestamp
        key = is_keyframe(frame.flags)
        recovery = bool(frame.flags & RECOVERY) and not key
        if frame.flags & B_SLICE:
            self.b_slices = True
        end_s = max(frame.arrival_s, frame.end_s)
        self._rows.append((timestamp, frame.arrival_s, frame.size_bytes, key, recovery, frame.damaged, end_s))

    def _note_parameter_sets(self, payload: bytes) -> None:
        for nal in self._format.parameter_sets(payload):
            if is_sps(self._format.codec, nal):
                changed = nal != self._last_sps
                self._last_sps = nal
            else:
                changed = all(nal != known for _, known in self.parameter_sets)
            if changed and len(self.parameter_sets) < MAX_PARAMETER_SETS:
                self.parameter_sets.append((len(self._rows), nal))
