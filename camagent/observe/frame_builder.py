"""Frames out of packets in sequence: kinds, sizes, times, parameter sets, and the keyframes that are to be
kept.

Frames are told apart by their time stamps, never by the marker bit (moonfire-nvr#352); slices and fields with
time stamps of their own are still one picture. No sockets, no clock.
"""

from __future__ import annotations

from camagent.observe.arriving_frame import LONG_FRAME_S, ArrivingFrame
from camagent.observe.codec.codec import Codec, Field
from camagent.observe.codec.payload_flags import (
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
from camagent.observe.frames import FrameTable, LongFrame
from camagent.observe.kept_pictures import KeptPicture, PictureKeeper, PictureMemory
from camagent.observe.parameter_sets import ParameterSets
from camagent.observe.rtp import Packet, unwrap

MAX_FRAMES = 20_000  # of one watch: 80 s at 250 fps; beyond it the peer is flooding us


class FrameBuilder:
    """Takes packets in their turn; read its public fields when the window is over."""

    def __init__(
        self,
        codec: Codec,
        picture_times_s: tuple[float, ...] = (),
        memory: PictureMemory | None = None,
        parameter_sets: tuple[bytes, ...] = (),
    ) -> None:
        """`parameter_sets`: those of the description."""
        self.timestamp = -1
        """Of the latest packet, as sent."""
        self.first_payload = b""
        """The beginning of the latest frame: MJPEG has its size there."""
        self.jpeg_tables: dict[int, bytes] = {}
        """By Q, 128 to 255."""
        self.b_slices = False
        self.flooded = False
        self.only_counts = False
        """Another packet of this frame can change nothing but its size."""
        self._codec = codec
        self._peek, self._begins_picture = codec.peek, codec.begins_picture
        self._usual_start = codec.usual_start
        self._keeper = PictureKeeper(picture_times_s, memory or PictureMemory())
        self._rows: list[tuple[int, float, int, bool, bool, bool, float]] = []
        self._long_frames: list[LongFrame] = []
        self._second_field_of: ArrivingFrame | None = None
        self._time_stands_still = False
        self._frame: ArrivingFrame | None = None
        self._after_marker = False
        self._first_slices = False
        """This sender's packets show where a picture begins."""
        self._asked_sps: bytes | None = None
        self._frames_only = False
        """That SPS knows no fields, whatever the slices say."""
        self._row_field: Field | None = None
        """The latest row is that field, and its frame's other one was not here yet."""
        self._sets = ParameterSets(codec, parameter_sets)

    @property
    def parameter_sets(self) -> list[tuple[int, bytes]]:
        """In band: (frame they came with, NAL unit), see `ParameterSets.changes`."""
        return self._sets.changes

    @property
    def pictures(self) -> list[KeptPicture]:
        """The keyframes kept so far."""
        return self._keeper.pictures

    @property
    def keyframes(self) -> int:
        """Keyframes so far."""
        return sum(row[3] for row in self._rows)

    @property
    def frame_count(self) -> int:
        """Frames so far."""
        return len(self._rows)

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
            long_frames=tuple(self._long_frames),
        )

    def grow(self, size_bytes: int, now_s: float) -> None:
        """More of the same frame."""
        frame = self._frame
        if frame is not None:
            frame.size_bytes += size_bytes
            if now_s - frame.end_s > frame.silence_s:
                frame.silence_s = now_s - frame.end_s
            frame.end_s = now_s

    def end_with_marker(self) -> None:
        """The packet just booked by `grow` carried the marker."""
        self._after_marker, self.only_counts = True, False

    def finish(self) -> None:
        """No packet follows: a frame whose marker was seen is whole, any other is left out."""
        if self._after_marker:
            self._close_frame()
        elif self._frame is not None and self._frame.flags & SLICE:
            self._long_frames.append(self._frame.so_far())
        self._frame = None
        self._keeper.drop()

    def damage(self) -> None:
        """Packets of the frame that is arriving may be missing."""
        if self._frame is not None and not self._after_marker:
            self._frame.damaged = True

    def is_begun_anew_by(self, packet: Packet) -> bool:
        """The frame that was arriving has ended with its marker, and this packet begins another."""
        return (
            self._after_marker and packet.timestamp != self.timestamp and self._begins_frame(packet.payload)
        )

    def hand_over(self) -> list[KeptPicture]:
        """The pictures so far; they are the caller's from now on, and no more are kept."""
        return self._keeper.hand_over()

    def take(self, packet: Packet, gap: bool) -> None:
        """One packet in its turn; `gap`: a packet before it is lost."""
        frame = self._place(packet, gap)
        frame.damaged |= gap
        frame.silence_s = max(frame.silence_s, packet.arrival_s - (frame.end_s or packet.arrival_s))
        frame.end_s = packet.arrival_s
        frame.size_bytes += len(packet.payload)
        settled = self._is_settled(frame)
        if not settled or self._after_marker:
            self._look(frame, packet.payload)
        self._after_marker = packet.marker or (settled and self._after_marker)
        self._keeper.keep(packet.payload)
        waits = self._keeper.payloads is not None or self._after_marker or self.timestamp != frame.timestamp
        self.only_counts = not waits and self._is_settled(frame)

    def begin_usual(self, head: int, timestamp: int, size_bytes: int, now_s: float) -> bool:
        """What `take` does for a packet in its turn that begins the most usual frame, for less.

        `head`: its first four bytes. Returns: False where nothing was done and `take` has to look at it.
        """
        frame, flags = self._frame, self._usual_start(head)
        if not flags or frame is None or not frame.flags & SLICE or frame.field is not None:
            return False
        if not self._frames_only or self._sets.active is not self._asked_sps:
            return False
        if self._second_field_of is not None or self._keeper.payloads is not None:
            return False
        self._time_stands_still, self._row_field = False, None
        self._add_row(frame)
        self._frame = ArrivingFrame(now_s, timestamp, size_bytes, flags, False, now_s, True)
        self.timestamp, self._after_marker, self.only_counts = timestamp, False, True
        self._first_slices = self._codec.pieces_show_order
        return True

    def _place(self, packet: Packet, gap: bool) -> ArrivingFrame:
        """The frame that a packet belongs to: the one that is arriving, or another that it begins."""
        frame = self._frame
        if frame is None or packet.timestamp != self.timestamp:
            if self._first_slices and frame is not None and not gap and self._continues(packet.payload):
                self.timestamp = packet.timestamp
                return frame
            if gap:
                self.damage()  # its tail may be among the lost
            return self._next_frame(packet)
        if not frame.flags & SLICE:
            return frame
        if packet.timestamp != frame.timestamp:  # that of a slice which was stamped ahead
            return self._next_frame(packet) if self._begins_frame(packet.payload) else frame
        if self._after_marker and self._begins_picture(packet.payload):
            return self._split(frame, packet)
        return frame

    def _continues(self, payload: bytes) -> bool:
        """A piece or slice of the same picture, whatever its time stamp says."""
        return not self._begins_picture(payload) and bool(self._peek(payload) & SLICE)

    def _begins_frame(self, payload: bytes) -> bool:
        """A first slice, or what stands in front of one."""
        flags = self._peek(payload)
        return self._begins_picture(payload) if flags & SLICE else bool(flags & START)

    def _next_frame(self, packet: Packet) -> ArrivingFrame:
        first = self._frame
        if first is not None and first.field is not None and self._second_field_of is None:
            field = self._field_of(packet.payload)
            if isinstance(field, Field) and field == Field(first.field.frame_num, not first.field.bottom):
                return self._begin_second_field(first, packet)
        self._close_frame()
        return self._open_frame(packet)

    def _field_of(self, payload: bytes) -> Field | bool | None:
        sps = self._sets.active
        if sps is not self._asked_sps:
            self._asked_sps = sps
            self._frames_only = sps is not None and self._codec.field_of(b"", sps) is False
        if self._frames_only:
            return False
        return None if sps is None else self._codec.field_of(payload, sps)

    def _look(self, frame: ArrivingFrame, payload: bytes) -> None:
        flags = self._peek(payload)
        if flags & SLICE and not frame.flags & SLICE and not flags & START:
            frame.damaged = True  # we came in the middle of it
        frame.flags |= flags
        if flags & START:
            self._look_at_start(frame, payload, flags)
        unwanted = self._keeper.payloads is not None and frame.flags & SLICE and not is_keyframe(frame.flags)
        if unwanted and self._second_field_of is None:
            self._keeper.drop()

    def _look_at_start(self, frame: ArrivingFrame, payload: bytes, flags: int) -> None:
        self.first_payload = payload
        if (tables := self._codec.tables(payload)) is not None:
            self.jpeg_tables[tables[0]] = tables[1]
        if flags & PARAMETER_SET:
            for nal in self._codec.parameter_sets(payload):
                self._sets.add(nal, len(self._rows))
        if flags & SLICE and not frame.begun and self._begins_picture(payload):
            frame.begun, self._first_slices = True, self._codec.pieces_show_order
            if frame.flags & (IRAP | PARAMETER_SET) or self._sets.active is None:
                self._sets.refer(self._codec.pps_id(payload), len(self._rows))
            if not self._frames_only or self._sets.active is not self._asked_sps:
                field = self._field_of(payload)
                frame.field = field if isinstance(field, Field) else None

    def _is_settled(self, frame: ArrivingFrame) -> bool:
        """What kind of frame it is cannot change any more."""
        flags = frame.flags
        return bool(flags & SLICE) and (flags & (IRAP | INTER) != 0 or not flags & EXACT)

    def _open_frame(self, packet: Packet) -> ArrivingFrame:
        previous = self._frame
        frame = ArrivingFrame(packet.arrival_s, packet.timestamp)
        # parameter sets sent with a time stamp of their own
        if previous is not None and not previous.flags & SLICE:
            frame.size_bytes, frame.flags = previous.size_bytes, previous.flags
            frame.damaged = previous.damaged
        else:
            self._keeper.begin(packet.arrival_s)
        self.timestamp, self._frame, self._after_marker = packet.timestamp, frame, False
        return frame

    def _split(self, frame: ArrivingFrame, packet: Packet) -> ArrivingFrame:
        """Another picture of the same time stamp: the second field of an interlaced frame, or a clock that
        stands."""
        field = self._field_of(packet.payload)
        if field is False:
            self._time_stands_still = True
        if self._second_field_of is None and not self._time_stands_still:
            return self._begin_second_field(frame, packet)
        if self._second_field_of is not None:
            self._add_row(self._second_field_of)
            self._second_field_of, self._time_stands_still = None, True
            self._keeper.drop()
        self._keeper.finish(is_keyframe(frame.flags) and not frame.damaged, frame.arrival_s)
        self._add_row(frame)
        self._keeper.begin(packet.arrival_s)
        self._frame, self._after_marker = ArrivingFrame(packet.arrival_s, packet.timestamp), False
        return self._frame

    def _begin_second_field(self, first: ArrivingFrame, packet: Packet) -> ArrivingFrame:
        self._second_field_of = first
        self._frame, self._after_marker = ArrivingFrame(packet.arrival_s, packet.timestamp), False
        self.timestamp = packet.timestamp
        return self._frame

    def _close_frame(self) -> None:
        frame, first = self._frame, self._second_field_of
        self._second_field_of, self._time_stands_still = None, False
        if frame is None or not frame.flags & SLICE:
            return
        if first is not None:
            frame.arrival_s, frame.timestamp = first.arrival_s, first.timestamp
            frame.size_bytes += first.size_bytes
            frame.flags |= first.flags
            frame.damaged |= first.damaged
            frame.field = None
        self._keeper.finish(is_keyframe(frame.flags) and not frame.damaged, frame.arrival_s)
        if frame.field is not None and self._row_field == Field(
            frame.field.frame_num, not frame.field.bottom
        ):
            self._complete_row(frame)
        else:
            self._add_row(frame)
            self._row_field = frame.field

    def _complete_row(self, second: ArrivingFrame) -> None:
        """The other field of the latest row's frame came with a time stamp of its own."""
        stamp, arrival_s, size, key, recovery, damaged, end_s = self._rows[-1]
        damaged, end_s = damaged or second.damaged, max(end_s, second.end_s)
        self._rows[-1] = stamp, arrival_s, size + second.size_bytes, key, recovery, damaged, end_s
        self._row_field = None

    def _add_row(self, frame: ArrivingFrame) -> None:
        if len(self._rows) >= MAX_FRAMES:
            self.flooded = True
            return
        if frame.end_s - frame.arrival_s > LONG_FRAME_S:
            self._long_frames.append(frame.so_far())
        timestamp = unwrap(self._rows[-1][0], frame.timestamp) if self._rows else frame.timestamp
        key = is_keyframe(frame.flags)
        recovery = bool(frame.flags & RECOVERY) and not key
        if frame.flags & B_SLICE:
            self.b_slices = True
        end_s = max(frame.arrival_s, frame.end_s)
        self._rows.append((timestamp, frame.arrival_s, frame.size_bytes, key, recovery, frame.damaged, end_s))
